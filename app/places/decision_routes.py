"""Decisions about a place that need no evidence: urgent, level, label, merge; its history."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.problems import documented
from app.places import history as kept
from app.places import merging, moves, near, queries, relations, view
from app.places.audiences import AnyPlace
from app.places.life_schemas import LevelIn, MergeIn, RenewalIn, UrgentIn
from app.places.models import Place
from app.places.section_routes import Editor, Form
from app.reference import queries as reference

decisions = APIRouter(prefix="/places", include_in_schema=False)
api = APIRouter(prefix="/api/v1/places", tags=["places"])

Lead = Annotated[Actor, Depends(May("place.approve"))]
Given = TypeVar("Given", bound=BaseModel)
REASON = "Give the reason, in 10 to 500 characters."
WORDS = {
    "reason": REASON,
    "level": "Choose a level.",
    "urgent": "Choose one.",
    "into": "Enter the reference of the other place.",
}


def said(model: type[Given], sent: dict[str, Any]) -> Given:
    """What a decision form says; raises InvalidError with words for each field."""
    wanted, errors = html.parse(model, sent)
    if wanted is None:
        found = {name: WORDS.get(name, words) for name, words in errors.items()}
        raise InvalidError(relations.WRONG, found)
    return wanted


def decided(
    form: Form, sent: dict[str, str], decide: Callable[[], object], part: str, first: str
) -> Response:
    """Decide, or show the page again with what stops it."""
    try:
        decide()
    except InvalidError as wrong:
        return form.shown(sent, wrong.fields)
    except RuleBrokenError as refused:
        return form.shown(sent, {first: refused.detail})
    return form.done(part)


@decisions.get("/{ref}/urgent")
def ask_urgent(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        return _urgent(request, session, actor, queries.find(session, ref)).shown({}, {})


@decisions.post("/{ref}/urgent")
def send_urgent(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        form = _urgent(request, session, actor, queries.lock(session, ref))
        wants = form.place.urgent_since is None

        def decide() -> None:
            moves.set_urgent(session, actor, form.place, said(UrgentIn, sent | {"urgent": wants}))

        return decided(form, sent, decide, "top", "reason")


def _urgent(request: Request, session: Session, actor: Actor, place: Place) -> Form:
    question = "Does this place need action within a day?"
    title = question if place.urgent_since is None else "Can this place wait again?"
    return Form(request, session, actor, place, "urgent", title)


@decisions.get("/{ref}/level")
def ask_level(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        form = _level(request, session, actor, queries.find(session, ref))
        return form.shown({"level": form.place.level}, {})


@decisions.post("/{ref}/level")
def send_level(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        form = _level(request, session, actor, queries.lock(session, ref))

        def decide() -> None:
            moves.set_level(session, actor, form.place, said(LevelIn, sent))

        return decided(form, sent, decide, "top", "level")


def _level(request: Request, session: Session, actor: Actor, place: Place) -> Form:
    levels = [(c, w) for c, w in reference.codes(session, "level") if c != "CL0"]
    title = "Which level of concern is this place?"
    return Form(request, session, actor, place, "level", title, {"levels": levels})


@decisions.get("/{ref}/label")
def ask_label(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        return _label(request, session, actor, queries.find(session, ref)).shown({}, {})


@decisions.post("/{ref}/label")
def send_label(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        form = _label(request, session, actor, queries.lock(session, ref))

        def decide() -> None:
            wanted = said(RenewalIn, sent)
            moves.renew(session, actor, form.place, wanted, moves.known(session, form.place))

        return decided(form, sent, decide, "top", "reason")


def _label(request: Request, session: Session, actor: Actor, place: Place) -> Form:
    problem = moves.renewal_problem(place, moves.known(session, place))
    title = "Does the label of this place go on?"
    return Form(request, session, actor, place, "label", title, {"problem": problem})


@decisions.get("/{ref}/merge")
def ask_merge(ref: str, request: Request, db: Db, actor: Lead) -> Response:
    with db.read(actor) as session:
        return _merge(request, session, actor, queries.find(session, ref)).shown({}, {})


@decisions.post("/{ref}/merge")
def send_merge(ref: str, request: Request, db: Db, actor: Lead, sent: html.Form) -> Response:
    """The first time shows both side by side; the second time, with `sure`, merges."""
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        form = _merge(request, session, actor, place)
        try:
            wanted = said(MergeIn, {n: v for n, v in sent.items() if n != "sure"})
            target = merging.target_of(session, place, wanted.into)
            if sent.get("sure") != "yes":
                form.more["target"] = target
                return form.shown(sent, {})
            merging.merge(session, actor, place, wanted)
        except InvalidError as wrong:
            return form.shown(sent, wrong.fields)
        except RuleBrokenError as refused:
            return form.shown(sent, {"into": refused.detail})
        return html.see(f"/places/{target.ref}#history")


def _merge(request: Request, session: Session, actor: Actor, place: Place) -> Form:
    alike = near.like(session, queries.shape_of(place), but=place.ref)
    title = "Which place is it part of?"
    more: dict[str, Any] = {"near": alike, "target": None}
    return Form(request, session, actor, place, "merge", title, more)


@decisions.post("/{ref}/merge/{merge_id}/undo")
def undo_merge(
    ref: str, merge_id: UUID, request: Request, db: Db, actor: Lead, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        place = queries.find(session, ref)
        why = sent.get("reason", "").strip()[:400]
        merging.undo(session, place, merge_id, f"Merge taken back. {why}".strip())
        return html.see(f"/places/{place.ref}#history")


@api.post("/{ref}/merge", responses=documented(404, 409, 422))
def merge(ref: str, wanted: MergeIn, db: Db, actor: Lead) -> AnyPlace:
    """Make this place part of another; the answer is the other."""
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        return view.shown(session, actor, merging.merge(session, actor, place, wanted))


@decisions.get("/{ref}/history")
def history(
    ref: str,
    request: Request,
    db: Db,
    actor: Annotated[Actor, Depends(May("place.read"))],
    older: int | None = None,
    newer: int | None = None,
) -> Response:
    with db.read(actor) as session:
        place = kept.whole(actor, queries.find(session, ref))
        found = kept.history(session, actor, place, older=older, newer=newer)
        return html.render(
            request,
            "places/history.html",
            page_title=f"History of {place.name}",
            place=place,
            history=found,
        )
