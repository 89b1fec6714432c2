"""An assessment with all that was written in it, and lists of assessments.

A method that was taken out of the plan and never held is no part of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.assessments import queries
from app.assessments.models import Answer, Assessment, AssessmentChange, Method, Scale, Sign
from app.assessments.rules import OPEN, State
from app.core.errors import NotFoundError
from app.core.references import NOT_FOUND
from app.places.models import Place


@dataclass(frozen=True, slots=True)
class Whole:
    """An assessment with its place and all that was written in it."""

    assessment: Assessment
    place: Place
    methods: Sequence[Method]
    answers: Sequence[Answer]
    signs: Sequence[Sign]
    scales: Sequence[Scale]
    is_online: bool


def read(session: Session, assessment: Assessment) -> Whole:
    place = session.get(Place, assessment.place_id)
    if place is None:
        raise NotFoundError(NOT_FOUND)
    return Whole(
        assessment,
        place,
        [one for one in queries.methods(session, assessment) if one.planned or one.held_on],
        queries.answers(session, assessment),
        queries.signs(session, assessment),
        queries.scales(session, assessment),
        queries.is_online(session, place),
    )


def states(session: Session, assessment: Assessment) -> Sequence[AssessmentChange]:
    return session.scalars(
        select(AssessmentChange)
        .where(AssessmentChange.record_id == assessment.id)
        .order_by(AssessmentChange.id)
    ).all()


class Listed(NamedTuple):
    """A row of a list of assessments."""

    ref: str
    place_ref: str
    place: str
    state: str
    due_on: date | None
    updated_at: datetime


def mine(reader: UUID) -> ColumnElement[bool]:
    """Those that somebody assesses or began, and that are not over."""
    own = or_(Assessment.assessor_user_id == reader, Assessment.created_by == reader)
    return own & Assessment.state.in_(sorted(OPEN))


def to_review(reader: UUID) -> ColumnElement[bool]:
    """Those that wait for another lead than their author."""
    own = or_(Assessment.assessor_user_id == reader, Assessment.created_by == reader)
    return ~own & (Assessment.state == State.PEER_REVIEW)


def listed(session: Session, which: ColumnElement[bool], *, limit: int = 200) -> list[Listed]:
    rows = session.execute(
        select(
            Assessment.ref,
            Place.ref,
            Place.name,
            Assessment.state,
            Assessment.due_on,
            Assessment.updated_at,
        )
        .join(Place, Place.id == Assessment.place_id)
        .where(Assessment.deleted_at.is_(None), which)
        .order_by(Assessment.due_on.nulls_last(), Assessment.created_at, Assessment.ref)
        .limit(limit)
    )
    return [Listed._make(row) for row in rows]


def counted(session: Session, which: ColumnElement[bool]) -> tuple[int, datetime | None]:
    """How many, and when the one that was left alone longest was changed."""
    n, oldest = session.execute(
        select(func.count(), func.min(Assessment.updated_at))
        .join(Place, Place.id == Assessment.place_id)
        .where(Assessment.deleted_at.is_(None), which)
    ).one()
    return n, oldest
