"""Outcome reviews: the form in the order of the work, the decision, and the second person."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.assessments.rules import SCALE_QUESTION
from app.comments import service as comments
from app.comments.rules import KINDS as COMMENTED
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import gathering, nearby, reviewing, rules, scaling, view
from app.outcomes.models import Review
from app.outcomes.schemas import AgreeIn, DecisionIn, ReviewIn
from app.places import queries as places
from app.places.models import Place

reviewing_pages = APIRouter(prefix="/places", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("outcome_review.read"))]
Writer = Annotated[Actor, Depends(May("outcome_review.create"))]
Lead = Annotated[Actor, Depends(May("outcome_review.approve"))]
SAID = {
    "round": "Choose which review this is.",
    "held_on": "Enter the day of the review.",
    "voice": "Say whether children were asked again.",
    "no_voice_reason": reviewing.WHY_NOT,
    "displacement": "Say whether displacement was checked.",
    "displacement_text": "Use at most 500 characters.",
    "decision": "Choose what you decide.",
    "reason": "Give the reason, in 20 to 500 characters.",
}
AGAIN = "Open the review again and agree from there."
Wanted = TypeVar("Wanted", bound=BaseModel)


class Sent(NamedTuple):
    """A form of one review, and who sent it."""

    ref: str
    review: str
    request: Request
    db: Database
    actor: Actor
    fields: dict[str, str]


class Page(NamedTuple):
    request: Request
    session: Session
    actor: Actor
    place: Place


@reviewing_pages.get("/{ref}/outcomes/reviews/new")
def ask_review(ref: str, request: Request, db: Db, actor: Writer) -> Response:
    with db.read(actor) as session:
        page = Page(request, session, actor, places.find(session, ref))
        plan = reviewing.active_plan(session, page.place)
        round_ = reviewing.next_round(plan, gathering.reviews(session, page.place))
        return _asked(page, None, {"round": round_, "held_on": clock.today()}, {})


@reviewing_pages.post("/{ref}/outcomes/reviews/new")
def send_review(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    wanted, errors = html.parse(ReviewIn, sent)
    with db.begin(actor) as session:
        page = Page(request, session, actor, places.find(session, ref))
        if wanted is None:
            return _asked(page, None, sent, _said(errors))
        try:
            made = reviewing.begin(session, actor, page.place, wanted)
        except InvalidError as wrong:
            return _asked(page, None, sent, wrong.fields)
        except RuleBrokenError as refused:
            return _asked(page, None, sent, {"form": refused.detail})
    return html.see(f"/places/{page.place.ref}/outcomes/reviews/{made.ref}")


@reviewing_pages.get("/{ref}/outcomes/reviews/{review}")
def show_review(ref: str, review: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        page = Page(request, session, actor, places.find(session, ref))
        found = gathering.review(session, page.place, review)
        return _asked(page, found, _values(found), {})


@reviewing_pages.post("/{ref}/outcomes/reviews/{review}")
def change_review(
    ref: str, review: str, request: Request, db: Db, actor: Writer, sent: html.Form
) -> Response:
    return _sent(Sent(ref, review, request, db, actor, sent), ReviewIn, reviewing.change, "form")


@reviewing_pages.post("/{ref}/outcomes/reviews/{review}/decide")
def decide(
    ref: str, review: str, request: Request, db: Db, actor: Lead, sent: html.Form
) -> Response:
    said = Sent(ref, review, request, db, actor, sent)
    return _sent(said, DecisionIn, reviewing.decide, "decision")


@reviewing_pages.post("/{ref}/outcomes/reviews/{review}/agree")
def agree(
    ref: str, review: str, request: Request, db: Db, actor: Lead, sent: html.Form
) -> Response:
    return _sent(Sent(ref, review, request, db, actor, sent), AgreeIn, reviewing.agree, "agree")


def _sent(
    said: Sent,
    model: type[Wanted],
    do: Callable[[Session, Actor, Place, Review, Wanted], object],
    field: str,
) -> Response:
    """One form of a review: done, or shown again with what stopped it beside `field`."""
    wanted, errors = html.parse(model, said.fields)
    with said.db.begin(said.actor) as session:
        page = Page(said.request, session, said.actor, places.find(session, said.ref))
        found = gathering.review(session, page.place, said.review, lock=True)
        shown = _values(found) | said.fields
        if wanted is None:
            again = {"agree": AGAIN} if field == "agree" else _said(errors)
            return _asked(page, found, shown, again)
        try:
            do(session, said.actor, page.place, found, wanted)
        except InvalidError as wrong:
            return _asked(page, found, shown, wrong.fields)
        except RuleBrokenError as refused:
            return _asked(page, found, shown, {field: refused.detail})
    return html.see(f"/places/{page.place.ref}/outcomes/reviews/{found.ref}#decision")


def _said(errors: dict[str, str]) -> dict[str, str]:
    return {name: SAID.get(name, words) for name, words in errors.items()}


def _values(found: Review) -> dict[str, Any]:
    names = ("version", "round", "held_on", "no_voice_reason", "displacement", "displacement_text")
    values = {name: getattr(found, name) for name in names}
    return values | {"voice": "HEARD" if found.voice_method_ids else "NOT_HEARD"}


def _asked(
    page: Page, review: Review | None, values: dict[str, Any], errors: dict[str, str]
) -> Response:
    session, place = page.session, page.place
    plan = reviewing.active_plan(session, place)
    since = plan.active_on or clock.today()
    lacking: list[str] = []
    if review is not None and review.decided_by is None:
        courses = gathering.courses(session, plan.id)
        lacking = rules.closes_safer(reviewing.closing(session, place, review, courses))
    said = None
    if review is not None:
        said = comments.shown(session, page.actor, COMMENTED["OR"], review.id, review.ref)
    title = "Hold an outcome review" if review is None else f"Outcome review {review.ref}"
    return html.render(
        page.request,
        "outcomes/review.html",
        page_title=title,
        place=place,
        plan=plan,
        review=review,
        goals=view.goals(session, place, plan),
        voices=gathering.voices(session, place, since),
        methods=view.METHODS,
        scale=scaling.board(session, plan, review),
        question=SCALE_QUESTION,
        near=nearby.near(session, place, since),
        lacking=lacking,
        second=review is not None and review.decided_by not in {None, page.actor.id},
        rounds=list(reviewing.ROUNDS.items()),
        decisions=list(rules.DECISIONS.items()),
        displacement=list(rules.DISPLACEMENT.items()),
        comments=said,
        values=values,
        errors=errors,
    )
