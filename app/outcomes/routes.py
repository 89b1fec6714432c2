"""Outcomes of a place: what changed, and another day of a measure."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import dated, gathering, judging, observing, reviewing, rules, view, waiting
from app.outcomes.schemas import ObservationIn, ReleaseIn
from app.places import queries as places
from app.places.models import Place
from app.plans.models import Measure
from app.safety_maps.releasing import Release

outcomes = APIRouter(prefix="/places", include_in_schema=False)
due_pages = APIRouter(include_in_schema=False)

Reader = Annotated[Actor, Depends(May("outcome_review.read"))]
Writer = Annotated[Actor, Depends(May("outcome_review.create"))]
SAID = {
    "on_date": "Enter the day on which it was measured.",
    "value": "Enter the value as a number of 0 or more.",
    "k": "Enter how many said so, as a whole number.",
    "n": "Enter how many were asked, as a whole number from 1.",
    "note": "Use at most 300 characters.",
    "release": "Choose the release.",
}


@due_pages.get("/outcomes")
def due(request: Request, db: Db, actor: Reader) -> Response:
    """The work list leads here."""
    with db.read(actor) as session:
        return html.render(
            request,
            "outcomes/due.html",
            page_title="Outcome reviews that are due",
            rows=waiting.due(session),
            unconfirmed=dated.unconfirmed(session),
        )


@outcomes.get("/{ref}/outcomes")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """Children's own measures first; counts of incidents below them."""
    with db.read(actor) as session:
        place = places.find(session, ref)
        plan = gathering.plan(session, place)
        held = gathering.reviews(session, place)
        return html.render(
            request,
            "outcomes/show.html",
            page_title=f"Outcomes of {place.name}",
            place=place,
            plan=plan,
            goals=[] if plan is None else view.goals(session, place, plan),
            reviews=held,
            due=None if plan is None else view.due(plan, held),
            rounds=reviewing.ROUNDS,
            decisions=rules.DECISIONS,
            displacement=rules.DISPLACEMENT,
        )


@outcomes.get("/{ref}/outcomes/measures/{key}")
def ask_observation(ref: str, key: UUID, request: Request, db: Db, actor: Writer) -> Response:
    with db.read(actor) as session:
        place = places.find(session, ref)
        measure = gathering.measure(session, place, key)
        return _observing(request, session, (place, measure), {"on_date": clock.today()}, {})


@outcomes.post("/{ref}/outcomes/measures/{key}")
def send_observation(
    ref: str, key: UUID, request: Request, db: Db, actor: Writer, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        place = places.find(session, ref)
        measure = gathering.measure(session, place, key)
        try:
            errors = _observed(session, actor, (place, measure), sent)
        except InvalidError as wrong:
            return _observing(request, session, (place, measure), sent, wrong.fields)
        except RuleBrokenError as refused:
            return _observing(request, session, (place, measure), sent, {"form": refused.detail})
        if errors:
            said = {name: SAID.get(name, words) for name, words in errors.items()}
            return _observing(request, session, (place, measure), sent, said)
    return html.see(f"/places/{place.ref}/outcomes#m-{key}")


def _observed(
    session: Session, actor: Actor, what: tuple[Place, Measure], sent: html.Form
) -> dict[str, str]:
    """Kept, or what is wrong with the form: of safety maps it asks for a release alone."""
    place, measure = what
    if measure.kind == judging.MAPS:
        again, errors = html.parse(ReleaseIn, sent)
        if again is not None:
            observing.observe_maps(session, actor, place, measure, again)
        return errors
    wanted, errors = html.parse(ObservationIn, sent)
    if wanted is not None:
        observing.observe(session, actor, place, measure, wanted)
    return errors


def _releases(session: Session, place: Place, measure: Measure) -> tuple[list[Release], str]:
    """Later releases of safety maps, or in words why there is none."""
    if measure.kind != judging.MAPS:
        return [], ""
    try:
        return observing.releases(session, place, measure), ""
    except RuleBrokenError as refused:
        return [], refused.detail


def _observing(
    request: Request,
    session: Session,
    what: tuple[Place, Measure],
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    place, measure = what
    releases, none_yet = _releases(session, place, measure)
    methods = [
        (one.key, f"{view.METHODS.get(one.code, one.code)}, {one.held_on:%-d %B %Y}")
        for one in gathering.held(session, place)
    ]
    return html.render(
        request,
        "outcomes/observe.html",
        page_title="Measure again",
        place=place,
        measure=measure,
        is_share=measure.kind in judging.SHARES,
        asks_people=measure.kind == "SAFETY_SCALE",
        most=judging.SCALES.get(measure.kind),
        method=view.METHODS.get(measure.method_code or ""),
        methods=methods,
        from_maps=measure.kind == judging.MAPS,
        releases=[(one.key, one.words) for one in releases],
        none_yet=none_yet,
        values=values,
        errors=errors,
    )
