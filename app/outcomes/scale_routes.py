"""The form of one score in an outcome review: the same question, asked again."""

from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.assessments import rules as scale
from app.assessments.models import Scale
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import gathering, scaling
from app.outcomes.models import Review
from app.outcomes.schemas import ScoreIn
from app.places import queries as places
from app.places.models import Place

scores = APIRouter(prefix="/places", include_in_schema=False)

Writer = Annotated[Actor, Depends(May("outcome_review.create"))]
Key = UUID | Literal["new"]
SAID = {
    "party": "Choose who was asked.",
    "n_people": "Enter how many people were asked, 1 or more.",
    "score": "Enter a whole number from 0 to 10.",
    "on_date": "Enter the day on which they were asked.",
    "why": "Use at most 300 characters.",
    "one_point": "Use at most 300 characters.",
}


class Page(NamedTuple):
    request: Request
    session: Session
    actor: Actor
    place: Place
    review: Review
    row: Scale | None


@scores.get("/{ref}/outcomes/reviews/{review}/scale/{key}")
def ask_score(
    ref: str, review: str, key: Key, request: Request, db: Db, actor: Writer, party: str = ""
) -> Response:
    with db.read(actor) as session:
        page = _page(request, session, actor, (ref, review, key))
        scaling.must_be_open(page.review)
        row = page.row
        values: dict[str, Any] = {"party": party, "on_date": clock.today(), "version": 0}
        if row is not None:
            values = {name: getattr(row, name) for name in (*scaling.FIELDS, "version")}
        return _asked(page, values, {})


@scores.post("/{ref}/outcomes/reviews/{review}/scale/{key}")
def send_score(
    ref: str, review: str, key: Key, request: Request, db: Db, actor: Writer, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        page = _page(request, session, actor, (ref, review, key), lock=True)
        if "remove" in sent and page.row is not None:
            scaling.remove(session, actor, page.review, page.row)
            return _back(page)
        wanted, errors = html.parse(ScoreIn, sent)
        if wanted is None:
            return _asked(page, sent, {name: SAID.get(name, w) for name, w in errors.items()})
        try:
            scaling.save(session, actor, (page.place, page.review), page.row, wanted)
        except InvalidError as wrong:
            return _asked(page, sent, wrong.fields)
        except RuleBrokenError as refused:
            version = 0 if page.row is None else page.row.version
            return _asked(page, sent | {"version": version}, {"form": refused.detail})
        return _back(page)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    names: tuple[str, str, Key],
    *,
    lock: bool = False,
) -> Page:
    place = places.find(session, names[0])
    review = gathering.review(session, place, names[1], lock=lock)
    key = names[2]
    row = None if key == "new" else scaling.find(session, review, key, lock=lock)
    return Page(request, session, actor, place, review, row)


def _back(page: Page) -> Response:
    return html.see(f"/places/{page.place.ref}/outcomes/reviews/{page.review.ref}#scale")


def _asked(page: Page, values: dict[str, Any], errors: dict[str, str]) -> Response:
    return html.render(
        page.request,
        "outcomes/score.html",
        page_title="Add a score" if page.row is None else "Change a score",
        place=page.place,
        review=page.review,
        key="new" if page.row is None else page.row.id,
        question=scale.SCALE_QUESTION,
        one_point=scale.ONE_POINT,
        parties=list(scale.PARTIES.items()),
        removable=page.row is not None and scaling.may_remove(page.actor),
        values=values,
        errors=errors,
    )
