"""Reads of outcomes. Row-level security has limited them to what the actor may see."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core import references
from app.outcomes.models import Observation, Review
from app.plans.models import Goal, Measure, Plan

VERDICTS = text("select place, sentences from app.outcome_verdicts()")


def find(session: Session, ref: str, *, lock: bool = False) -> Review:
    return references.find(session, Review, "OR", ref, lock=lock)


def of_plan(session: Session, plan: Plan) -> Sequence[Review]:
    """Oldest first."""
    return session.scalars(
        select(Review)
        .where(Review.plan_id == plan.id, Review.deleted_at.is_(None))
        .order_by(Review.created_at, Review.id)
    ).all()


def observations(session: Session, measure: Measure) -> Sequence[Observation]:
    """Oldest first."""
    return session.scalars(
        select(Observation)
        .where(Observation.measure_id == measure.id, Observation.deleted_at.is_(None))
        .order_by(Observation.on_date, Observation.created_at)
    ).all()


def goals_met(session: Session, review: Review) -> int:
    """With a measure of change: effort never counts."""
    return (
        session.scalar(
            select(func.count(func.distinct(Goal.id)))
            .join(Measure, Measure.goal_id == Goal.id)
            .where(Goal.plan_id == review.plan_id, Goal.result == "MET", Measure.is_change)
        )
        or 0
    )


class Verdict(NamedTuple):
    """A place that may be named, and what its comparison says without numbers."""

    place: str
    sentences: Sequence[str]


def verdicts(session: Session) -> list[Verdict]:
    """The newest that a lead confirmed, by name; those who read no row of outcomes read this."""
    return [Verdict(row.place, row.sentences) for row in session.execute(VERDICTS)]
