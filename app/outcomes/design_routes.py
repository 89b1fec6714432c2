"""Pages on which a lead lets the service choose what a place is compared with, and compares."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import comparing, designing, gathering
from app.outcomes.designing import Proposal
from app.outcomes.schemas import CompareIn, DesignIn
from app.places import queries as places
from app.places.models import Place
from app.plans.models import Measure

designs = APIRouter(prefix="/places", include_in_schema=False)

Lead = Annotated[Actor, Depends(May("outcome_review.approve"))]
SAID = {
    "starts_on": "Enter when the plan will start.",
    "weeks": "Enter whole weeks, from 4 to 104.",
    "harms": "Choose which incidents are counted.",
    "weight": "Enter how many times as large it is: more than 1, at most 20.",
    "recording": "Say whether incidents were recorded in the same way throughout.",
}


class Page(NamedTuple):
    request: Request
    session: Session
    place: Place
    measure: Measure


class Refused(NamedTuple):
    """A place that cannot be the control, by the name that the lead knows."""

    ref: str
    name: str
    words: Sequence[str]


@designs.get("/{ref}/outcomes/measures/{key}/design")
def ask_design(ref: str, key: UUID, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        place = places.find(session, ref)
        page = Page(request, session, place, gathering.measure(session, place, key))
        return _designing(page, {"starts_on": clock.today(), "weeks": 26, "harms": "PLACE"}, {})


@designs.post("/{ref}/outcomes/measures/{key}/design")
def send_design(
    ref: str, key: UUID, request: Request, db: Db, actor: Lead, sent: html.Form
) -> Response:
    """Choose the control by rule; where there is none, every reason is told."""
    wanted, errors = html.parse(DesignIn, sent)
    with db.begin(actor) as session:
        place = places.find(session, ref)
        page = Page(request, session, place, gathering.measure(session, place, key, lock=True))
        if wanted is None:
            return _designing(page, sent, {n: SAID.get(n, w) for n, w in errors.items()})
        try:
            made = designing.write(session, actor, place, page.measure, wanted)
        except InvalidError as wrong:
            return _designing(page, sent, wrong.fields)
        except RuleBrokenError as refused:
            return _designing(page, sent, {"form": refused.detail})
        return _designing(page, sent, {}, made)


def _designing(
    page: Page, values: dict[str, Any], errors: dict[str, str], made: Proposal | None = None
) -> Response:
    refused: list[Refused] = []
    design = designing.read(page.measure)
    keys = [] if design is None else [UUID(design.areas[1].place_id)]
    if made is not None:
        keys += [UUID(one.id) for one in made.choice.refused]
    names = gathering.names(page.session, keys)
    if made is not None:
        refused = [
            Refused(*names[UUID(one.id)], one.words)
            for one in made.choice.refused
            if UUID(one.id) in names
        ]
    return html.render(
        page.request,
        "outcomes/design.html",
        page_title="What this place is compared with",
        place=page.place,
        measure=page.measure,
        draft=gathering.plan_of(page.session, page.measure).state == "DRAFT",
        design=design,
        control=None if design is None else names.get(keys[0]),
        planning=(page.measure.design or {}).get(designing.PLANNING, ""),
        made=made,
        refused=refused,
        values=values,
        errors=errors,
    )


@designs.get("/{ref}/outcomes/measures/{key}/compare")
def ask_comparison(ref: str, key: UUID, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        place = places.find(session, ref)
        return _comparing(Page(request, session, place, gathering.measure(session, place, key)), {})


@designs.post("/{ref}/outcomes/measures/{key}/compare")
def send_comparison(
    ref: str, key: UUID, request: Request, db: Db, actor: Lead, sent: html.Form
) -> Response:
    """Count as the design says, once both windows are over; the answer is kept whatever it is."""
    wanted, errors = html.parse(CompareIn, sent)
    with db.begin(actor) as session:
        place = places.find(session, ref)
        page = Page(request, session, place, gathering.measure(session, place, key))
        if wanted is None:
            return _comparing(page, {n: SAID.get(n, w) for n, w in errors.items()})
        try:
            comparing.run(session, actor, place, page.measure, wanted)
        except RuleBrokenError as refused:
            return _comparing(page, {"form": refused.detail})
    return html.see(f"/places/{place.ref}/outcomes#m-{key}")


def _comparing(page: Page, errors: dict[str, str]) -> Response:
    return html.render(
        page.request,
        "outcomes/compare.html",
        page_title="Compare the counts",
        place=page.place,
        measure=page.measure,
        design=designing.read(page.measure),
        values={},
        errors=errors,
    )
