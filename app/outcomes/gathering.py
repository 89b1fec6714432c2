"""Plan, measures and reviews of one place, together as its pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session

from app.assessments.models import Assessment, Method
from app.core.errors import NotFoundError
from app.core.references import NOT_FOUND
from app.outcomes import queries, rules
from app.outcomes.judging import Measured, Seen
from app.outcomes.models import Observation, Review, WddResult
from app.places.models import Place
from app.plans.models import Action, Goal, Measure, Plan

ABSENT = "There is no such measure."
VOICES = ("CHILD_SESSION", "CHILD_SURVEY", "SAFETY_MAP", "WALKABOUT")
OVER = ("DONE", "WITHDRAWN")
SEVERE_SINCE = text("""
    select (
        select count(distinct incident.id) from app.incident_place as link
        join app.incident on incident.id = link.incident_id
        join reference.harm on harm.code = any (incident.harm_code || incident.other_harm_codes)
        where link.place_id = :place and incident.deleted_at is null
          and incident.state <> 'WITHDRAWN' and incident.occurred_to >= :since
          and harm.severity >= :severe)
""")
HASH_NOW = text("select app.measures_hash(:plan)")


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of a goal and every day it was observed, the oldest first."""

    measure: Measure
    seen: Sequence[Observation]

    @property
    def judged(self) -> Measured | None:
        """As it is judged; None until it has a baseline and a target."""
        one = self.measure
        if one.baseline is None or one.target is None:
            return None
        newest = self.seen[-1] if self.seen else None
        return Measured(
            kind=one.kind,
            is_change=one.is_change,
            direction=one.direction,
            unit=one.unit,
            baseline=float(one.baseline),
            target=float(one.target),
            baseline_n=one.baseline_n,
            now=None if newest is None else as_seen(newest),
        )


def as_seen(one: Observation) -> Seen:
    return Seen(one.on_date, float(one.value), one.n)


@dataclass(frozen=True, slots=True)
class Course:
    """A goal and its measures: what children and the place itself show stands first."""

    goal: Goal
    rows: Sequence[Row]


class Done(NamedTuple):
    """Actions of a plan that were not withdrawn, and how many are done."""

    actions: int
    done: int


class Voice(NamedTuple):
    """A method that was held, and with how many children."""

    key: UUID
    code: str
    held_on: date
    n: int


def plan(session: Session, place: Place, *, lock: bool = False) -> Plan | None:
    """The newest plan of a place that was not given up."""
    wanted = (
        select(Plan)
        .where(Plan.place_id == place.id, Plan.deleted_at.is_(None), Plan.state != "ABANDONED")
        .order_by(Plan.created_at.desc(), Plan.ref)
        .limit(1)
    )
    return session.scalar(wanted.with_for_update() if lock else wanted)


def courses(session: Session, plan_id: UUID) -> list[Course]:
    goals = session.scalars(
        select(Goal)
        .where(Goal.plan_id == plan_id, Goal.deleted_at.is_(None))
        .order_by(Goal.position, Goal.id)
    ).all()
    measures = session.scalars(
        select(Measure)
        .where(Measure.goal_id.in_([goal.id for goal in goals]), Measure.deleted_at.is_(None))
        .order_by(Measure.id)
    ).all()
    seen = observations(session, [one.id for one in measures])
    rows = [Row(one, seen.get(one.id, [])) for one in sorted(measures, key=_first)]
    return [Course(goal, [r for r in rows if r.measure.goal_id == goal.id]) for goal in goals]


def _first(one: Measure) -> tuple[bool, bool, UUID]:
    return not one.is_change or one.kind == "INCIDENT_WDD", one.method_code not in VOICES, one.id


def observations(session: Session, keys: Sequence[UUID]) -> Mapping[UUID, list[Observation]]:
    found: dict[UUID, list[Observation]] = {}
    for one in session.scalars(
        select(Observation)
        .where(Observation.measure_id.in_(keys), Observation.deleted_at.is_(None))
        .order_by(Observation.on_date, Observation.id)
    ):
        found.setdefault(one.measure_id, []).append(one)
    return found


def measure(session: Session, place: Place, key: UUID, *, lock: bool = False) -> Measure:
    wanted = select(Measure).where(
        Measure.id == key, Measure.place_id == place.id, Measure.deleted_at.is_(None)
    )
    found = session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def plan_of(session: Session, one: Measure) -> Plan:
    found = session.scalar(
        select(Plan).join(Goal, Goal.plan_id == Plan.id).where(Goal.id == one.goal_id)
    )
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def reviews(session: Session, place: Place) -> list[Review]:
    """Newest first."""
    return list(
        session.scalars(
            select(Review)
            .where(Review.place_id == place.id, Review.deleted_at.is_(None))
            .order_by(Review.created_at.desc(), Review.ref)
        )
    )


def review(session: Session, place: Place, ref: str, *, lock: bool = False) -> Review:
    found = queries.find(session, ref, lock=lock)
    if found.place_id != place.id:
        raise NotFoundError(NOT_FOUND)
    return found


def results(session: Session, keys: Sequence[UUID]) -> dict[UUID, WddResult]:
    """The newest comparison of each measure."""
    found = session.scalars(
        select(WddResult)
        .where(WddResult.measure_id.in_(keys), WddResult.deleted_at.is_(None))
        .order_by(WddResult.run_at, WddResult.id)
    )
    return {one.measure_id: one for one in found}


def held(session: Session, place: Place) -> list[Voice]:
    """Every method that was held here, the newest first."""
    return _methods(session, place, Method.held_on.is_not(None))


def voices(session: Session, place: Place, since: date) -> list[Voice]:
    """Methods in which children were heard since a day, the newest first."""
    return _methods(
        session,
        place,
        Method.method_code.in_(VOICES),
        Method.held_on >= since,
        Method.n_children >= 1,
    )


def _methods(session: Session, place: Place, *which: ColumnElement[bool]) -> list[Voice]:
    rows = session.execute(
        select(Method.id, Method.method_code, Method.held_on, func.coalesce(Method.n_children, 0))
        .join(Assessment, Assessment.id == Method.assessment_id)
        .where(
            Assessment.place_id == place.id,
            Assessment.deleted_at.is_(None),
            Method.deleted_at.is_(None),
            *which,
        )
        .order_by(Method.held_on.desc(), Method.id)
    )
    return [Voice._make(row) for row in rows]


def done(session: Session, plan_id: UUID) -> Done:
    own = select(
        func.count().filter(Action.state != "WITHDRAWN"),
        func.count().filter(Action.state == "DONE"),
    ).where(Action.plan_id == plan_id, Action.deleted_at.is_(None))
    return Done._make(session.execute(own).one())


def approved(session: Session, place: Place) -> list[Assessment]:
    """Assessments that were approved, the newest first; those before it were superseded."""
    return list(
        session.scalars(
            select(Assessment)
            .where(
                Assessment.place_id == place.id,
                Assessment.deleted_at.is_(None),
                or_(Assessment.state == "APPROVED", Assessment.state == "SUPERSEDED"),
            )
            .order_by(Assessment.approved_at.desc(), Assessment.id)
        )
    )


def severe_since(session: Session, place: Place, since: date) -> int:
    """Incidents of the highest severities at the place."""
    asked = {"place": place.id, "since": since, "severe": rules.SERIOUS}
    return session.scalar(SEVERE_SINCE, asked) or 0


def measures_hash(session: Session, one: Plan) -> str | None:
    found: str | None = session.scalar(HASH_NOW, {"plan": one.id})
    return found


def names(session: Session, keys: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Reference and name of places that the reader sees."""
    rows = session.execute(select(Place.id, Place.ref, Place.name).where(Place.id.in_(keys)))
    return {row.id: (row.ref, row.name) for row in rows}
