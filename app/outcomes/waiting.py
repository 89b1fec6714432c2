"""Outcome reviews that are due, of every place that the reader sees."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.outcomes import reviewing, rules
from app.outcomes.models import Review
from app.places.models import Place
from app.plans.models import Plan


class Waiting(NamedTuple):
    """A place whose review is due, since when, and whether that is long ago."""

    ref: str
    name: str
    words: str
    on: date
    overdue: bool


def due(session: Session) -> list[Waiting]:
    """The oldest first; overdue by more than 20 working days is told to the panel."""
    today = clock.today()
    plans = session.execute(
        select(Plan, Place.ref, Place.name)
        .join(Place, Place.id == Plan.place_id)
        .where(
            Plan.state == "ACTIVE",
            Plan.active_on.is_not(None),
            Plan.deleted_at.is_(None),
            Place.deleted_at.is_(None),
            Place.state != "CLOSED",
        )
    ).all()
    held: dict[object, list[Review]] = {}
    keys = [plan.id for plan, _, _ in plans]
    for one in session.scalars(
        select(Review).where(Review.plan_id.in_(keys), Review.deleted_at.is_(None))
    ):
        held.setdefault(one.plan_id, []).append(one)
    found = []
    for plan, ref, name in plans:
        round_ = reviewing.next_round(plan, held.get(plan.id, []))
        day = reviewing.due(plan, round_)
        if day is not None and day <= today:
            late = rules.is_long_overdue(day, today)
            found.append(Waiting(ref, name, reviewing.ROUNDS[round_], day, late))
    return sorted(found, key=lambda one: (one.on, one.ref))
