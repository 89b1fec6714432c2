"""Changes to assessments. Every function runs inside the caller's transaction."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from app.assessments import queries, rules, scoring, weighting
from app.assessments.models import Answer, Assessment, Method, Scale, Sign, Weighting
from app.assessments.rules import State
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.places import recording
from app.places.models import Place

WRONG = "Some answers need another look."


def create(
    session: Session, actor: Actor, place: Place, *, assessor: UUID | None = None, **given: object
) -> Assessment:
    """A draft; its assessor is who makes it, unless another is named."""
    made = Assessment(
        **recording.record(actor, "AS", "CONTEXT_ASSESSMENT"),
        place_id=place.id,
        assessor_user_id=assessor or actor.id,
        started_on=clock.today(),
        **given,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    audit.record(session, "assessment.create", "assessment", made.ref, place=place.ref)
    return made


def add_method(
    session: Session, actor: Actor, of: Assessment, method_code: str, **given: object
) -> Method:
    """A method that is planned, or was held."""
    if method_code not in rules.METHODS:
        raise InvalidError(WRONG, {"method_code": "Choose a method."})
    made = Method(**recording.part(actor), assessment_id=of.id, method_code=method_code, **given)
    session.add(made)
    session.flush()
    _noted(session, of, "method", method_code)
    return made


def answer(
    session: Session,
    actor: Actor,
    of: Assessment,
    indicator_code: str,
    view: str,
    rating: int | None,
    **given: object,
) -> Answer:
    """One indicator as one view sees it: written, or changed."""
    made = queries.answer(session, of, indicator_code, view)
    if made is None:
        made = Answer(
            **recording.part(actor), assessment_id=of.id, indicator_code=indicator_code, view=view
        )
        session.add(made)
    else:
        recording.touch(made, actor)
    made.rating = rating
    for name, value in given.items():
        setattr(made, name, value)
    session.flush()
    _noted(session, of, "answer", f"{indicator_code} {view}")
    return made


def add_sign(
    session: Session, actor: Actor, of: Assessment, column_code: str, **given: object
) -> Sign:
    """One sentence of the panel."""
    made = Sign(**recording.part(actor), assessment_id=of.id, column_code=column_code, **given)
    session.add(made)
    session.flush()
    _noted(session, of, "sign", column_code)
    return made


def add_scale(session: Session, actor: Actor, of: Assessment, party: str, **given: object) -> Scale:
    """How safe one party says it is."""
    made = Scale(
        **recording.part(actor),
        assessment_id=of.id,
        party=party,
        on_date=given.pop("on_date", clock.today()),
        **given,
    )
    session.add(made)
    session.flush()
    _noted(session, of, "scale", party)
    return made


def rate(  # noqa: PLR0913 - one rating, and where it belongs
    session: Session,
    actor: Actor,
    place: Place,
    session_id: UUID,
    points: Mapping[str, int],
    must_change_first: str,
    rationale: str,
    *,
    rater_kind: str = "PRACTITIONER",
) -> Weighting:
    """100 points of the actor; nobody rates for somebody else."""
    if found := weighting.problems(points, must_change_first, rationale):
        raise InvalidError(WRONG, found)
    made = Weighting(
        **recording.part(actor),
        place_id=place.id,
        session_id=session_id,
        rater_id=actor.id,
        rater_kind=rater_kind,
        points=dict.fromkeys(weighting.CONTEXTS, 0) | dict(points),
        must_change_first=must_change_first,
        rationale=rationale,
    )
    session.add(made)
    session.flush()
    audit.record(session, "weighting.create", "place", place.ref)
    return made


def rate_again(
    session: Session,
    actor: Actor,
    place: Place,
    known: Weighting,
    points: Mapping[str, int],
    must_change_first: str,
    rationale: str,
) -> Weighting:
    """Other points of the actor, as long as not everybody has rated."""
    if found := weighting.problems(points, must_change_first, rationale):
        raise InvalidError(WRONG, found)
    known.points = dict.fromkeys(weighting.CONTEXTS, 0) | dict(points)
    known.must_change_first, known.rationale = must_change_first, rationale
    recording.touch(known, actor)
    session.flush()
    audit.record(session, "weighting.update", "place", place.ref)
    return known


def move(
    session: Session,
    actor: Actor,
    of: Assessment,
    to: State,
    *,
    reason: str | None = None,
    lint_stops: int = 0,
) -> Assessment:
    """One step further, or everything that is missing, in words."""
    known = queries.known(session, actor, of, lint_stops=lint_stops)
    rules.must_be_open(of.state, to, known)
    if to in {State.PEER_REVIEW, State.APPROVED}:
        settle(session, of)
    recording.because(session, reason)
    if to is State.APPROVED:
        of.approved_by, of.approved_at = actor.id, clock.now()
    was, of.state = of.state, to
    recording.touch(of, actor)
    session.flush()
    session.refresh(of)
    audit.record(session, "assessment.move", "assessment", of.ref, was=was, to=of.state)
    return of


def settle(session: Session, of: Assessment) -> list[scoring.Score]:
    """The three scores as they stand, kept with the assessment."""
    found = scoring.scores(*queries.ratings(session, of))
    of.d1, of.d2, of.d3 = (one.value for one in found)
    of.d1_known, of.d2_known, of.d3_known = (one.known for one in found)
    return found


def _noted(session: Session, of: Assessment, what: str, which: str) -> None:
    audit.record(session, "assessment.update", "assessment", of.ref, what=what, which=which)
