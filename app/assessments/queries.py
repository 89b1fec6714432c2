"""Reads of assessments. Row-level security has limited them to what the actor may see."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assessments.models import Answer, Assessment, Method, Scale, Sign, Weighting
from app.assessments.rules import Held, Known
from app.assessments.scoring import Ratings
from app.core import clock, references
from app.core.actor import Actor
from app.places.models import OnlineSpace, Place
from app.places.rules import Sensitivity
from app.places.rules import State as PlaceState


def find(session: Session, ref: str, *, lock: bool = False) -> Assessment:
    """By its reference; what may not be seen does not exist."""
    return references.find(session, Assessment, "AS", ref, lock=lock)


def of_place(session: Session, place: Place) -> Sequence[Assessment]:
    """Newest first."""
    return session.scalars(
        select(Assessment)
        .where(Assessment.place_id == place.id, Assessment.deleted_at.is_(None))
        .order_by(Assessment.created_at.desc(), Assessment.id)
    ).all()


def methods(session: Session, of: Assessment) -> Sequence[Method]:
    return session.scalars(
        select(Method)
        .where(Method.assessment_id == of.id, Method.deleted_at.is_(None))
        .order_by(Method.created_at, Method.id)
    ).all()


def answers(session: Session, of: Assessment) -> Sequence[Answer]:
    return session.scalars(
        select(Answer)
        .where(Answer.assessment_id == of.id, Answer.deleted_at.is_(None))
        .order_by(Answer.indicator_code, Answer.view)
    ).all()


def answer(session: Session, of: Assessment, indicator_code: str, view: str) -> Answer | None:
    return session.scalar(
        select(Answer)
        .where(
            Answer.assessment_id == of.id,
            Answer.indicator_code == indicator_code,
            Answer.view == view,
        )
        .with_for_update()
    )


def signs(session: Session, of: Assessment) -> Sequence[Sign]:
    return session.scalars(
        select(Sign)
        .where(Sign.assessment_id == of.id, Sign.deleted_at.is_(None))
        .order_by(Sign.column_code, Sign.position, Sign.created_at)
    ).all()


def scales(session: Session, of: Assessment) -> Sequence[Scale]:
    return session.scalars(
        select(Scale)
        .where(Scale.assessment_id == of.id, Scale.deleted_at.is_(None))
        .order_by(Scale.on_date, Scale.created_at)
    ).all()


def weightings(session: Session, place: Place) -> Sequence[Weighting]:
    """The own ones, and of meetings in which everybody has rated those of all."""
    return session.scalars(
        select(Weighting)
        .where(Weighting.place_id == place.id, Weighting.deleted_at.is_(None))
        .order_by(Weighting.session_id, Weighting.created_at)
    ).all()


def ratings(session: Session, of: Assessment) -> tuple[Ratings, dict[str, str], set[str]]:
    """Settled ratings, how sure each is, and which indicators children answered."""
    every = answers(session, of)
    settled = [one for one in every if one.view == "SETTLED"]
    return (
        {one.indicator_code: one.rating for one in settled},
        {one.indicator_code: one.confidence for one in settled},
        {one.indicator_code for one in every if one.view == "CHILDREN" and one.rating is not None},
    )


def held(session: Session, of: Assessment) -> list[Held]:
    return [
        Held(one.method_code, one.held_on, one.day_part, one.after_dark, one.n_children or 0)
        for one in methods(session, of)
        if one.planned or one.held_on is not None
    ]


def is_online(session: Session, place: Place) -> bool:
    return session.get(OnlineSpace, place.id) is not None


def known(session: Session, actor: Actor, of: Assessment, *, lint_stops: int = 0) -> Known:
    """What the guards of a step ask."""
    place = session.get_one(Place, of.place_id)
    online = is_online(session, place)
    in_words = place.sensitivity == Sensitivity.RESIDENTIAL  # no line shows where a home is
    settled, _, _ = ratings(session, of)
    return Known(
        place_is_assessing=place.state == PlaceState.ASSESSING,
        is_online=online,
        has_boundary=bool(of.scope) if online else in_words or of.boundary is not None,
        boundary_reason=of.boundary_reason,
        methods=held(session, of),
        slots_reason=of.slots_reason,
        no_voice_reason=of.no_voice_reason,
        voice_due_on=of.voice_due_on,
        settled=settled,
        panel_columns=frozenset(sign.column_code for sign in signs(session, of)),
        scale_parties=frozenset(scale.party for scale in scales(session, of)),
        lint_stops=lint_stops,
        today=clock.today(),
        approver_is_lead=actor.role == "cs_lead",
        approver_is_author=actor.id in {of.created_by, of.assessor_user_id},
    )
