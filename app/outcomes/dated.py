"""Comparisons on the date that was fixed for them: which are due, and which a lead still confirms.

A comparison that ran by itself cannot know whether incidents were recorded in the same way
throughout. A lead says that; until then its sentence stays on the pages of the place.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.outcomes import comparing, designing, gathering
from app.outcomes.models import WddResult
from app.places.models import Place
from app.plans.models import Goal, Measure, Plan

AGREED = ("AGREED", "ACTIVE", "REVIEWED", "COMPLETED")


class Dated(NamedTuple):
    """A measure with a design, its plan and place, the day it is due, and its newest answer."""

    measure: Measure
    plan: Plan
    place: Place
    on: date
    result: WddResult | None


def dated(session: Session) -> list[Dated]:
    """Of every plan that was agreed and that the reader sees, the oldest date first."""
    rows = session.execute(
        select(Measure, Plan, Place)
        .join(Goal, Goal.id == Measure.goal_id)
        .join(Plan, Plan.id == Goal.plan_id)
        .join(Place, Place.id == Plan.place_id)
        .where(
            Measure.kind == "INCIDENT_WDD",
            Measure.design.is_not(None),
            Plan.state.in_(AGREED),
            *(table.deleted_at.is_(None) for table in (Measure, Goal, Plan, Place)),
        )
        .order_by(Measure.id)
    ).all()
    results = gathering.results(session, [measure.id for measure, _, _ in rows])
    found = []
    for measure, plan, place in rows:
        design = designing.read(measure)
        if design is not None:
            on, result = design.windows.after[1], results.get(measure.id)
            found.append(Dated(measure, plan, place, on, result))
    return sorted(found, key=lambda one: (one.on, one.place.ref))


def due(session: Session, today: date) -> list[Dated]:
    """The window after is over, and nothing was compared by this design yet."""
    return [one for one in dated(session) if one.on <= today and not _is_of(one)]


def _is_of(one: Dated) -> bool:
    return one.result is not None and one.result.design_hash == one.measure.design_hash


class Unconfirmed(NamedTuple):
    """For the work list of leads."""

    ref: str
    name: str
    measure: UUID
    on: date


def unconfirmed(session: Session) -> Sequence[Unconfirmed]:
    """Compared by themselves, and nobody said yet how incidents were recorded."""
    return [
        Unconfirmed(one.place.ref, one.place.name, one.measure.id, one.on)
        for one in dated(session)
        if one.result is not None and comparing.ran_by_itself(one.result)
    ]
