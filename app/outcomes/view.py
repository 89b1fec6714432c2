"""What the pages of outcomes show: charts, tables and sentences from the same numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.core import charts, clock
from app.outcomes import comparing, designing, gathering, judging, reviewing, rules
from app.outcomes.gathering import Course, Row
from app.outcomes.judging import Seen
from app.outcomes.models import Review, WddResult
from app.places.models import Place
from app.plans.models import Goal, Measure, Plan
from geo.evaluation import Design

METHODS = {
    "CHILD_SESSION": "Session with children",
    "CHILD_SURVEY": "Survey of children",
    "SAFETY_MAP": "Safety map",
    "WALKABOUT": "Walk with children",
    "DESKTOP": "Desk review",
    "OBSERVATION": "Observation",
    "PARENT": "Parents and carers",
    "MANAGER": "Whoever manages the place",
    "RESIDENT_SURVEY": "Survey of residents",
    "PRACTITIONER_SURVEY": "Survey of practitioners",
    "ONLINE_SCAN": "Look at public posts",
    "PEER_COUNTS": "Numbers of peers",
}
AREAS = {
    "T": "This place",
    "C": "Control area",
    "D": "Ring around this place",
    "CD": "Ring around the control area",
}
ELSEWHERE = "a place that you do not see"


class Day(NamedTuple):
    """A row of the table beside a chart."""

    when: date
    words: str
    what: str


class Counted(NamedTuple):
    """An area of a comparison, its incidents before and after."""

    words: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A design, what it could see, and what it saw."""

    design: Design
    hash: str
    control: str
    planning: str
    result: WddResult | None
    sentences: Sequence[str]
    counts: Sequence[Counted]
    quotient: float | None
    series: Mapping[str, Any] | None
    over: bool

    @property
    def unconfirmed(self) -> bool:
        """It ran on its date, and no lead said yet how incidents were recorded."""
        return self.result is not None and comparing.ran_by_itself(self.result)


@dataclass(frozen=True, slots=True)
class Shown:
    """A measure: the chart, the table of the same days, and the sentence."""

    measure: Measure
    chart: charts.Course | None
    days: Sequence[Day]
    sentence: str
    target: str
    method: str
    comparison: Comparison | None

    @property
    def by_children(self) -> bool:
        return self.measure.method_code in gathering.VOICES


@dataclass(frozen=True, slots=True)
class GoalShown:
    goal: Goal
    result: str
    measures: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Due:
    """A review that is to be held."""

    round: str
    words: str
    on: date | None
    overdue: bool


def goals(session: Session, place: Place, plan: Plan) -> list[GoalShown]:
    courses = gathering.courses(session, plan.id)
    keys = [row.measure.id for course in courses for row in course.rows]
    results = gathering.results(session, keys)
    return [
        GoalShown(
            course.goal,
            result_words(course),
            [_measure(session, plan, row, results.get(row.measure.id)) for row in course.rows],
        )
        for course in courses
    ]


def result_words(course: Course) -> str:
    return rules.RESULT_WORDS[reviewing.result_of(course)]


def _measure(session: Session, plan: Plan, row: Row, result: WddResult | None) -> Shown:
    one, judged = row.measure, row.judged
    drawn = one.kind not in {judging.COUNTED, "EFFORT"}
    target = "" if one.target is None else judging.number(one.kind, one.unit, float(one.target))
    return Shown(
        measure=one,
        chart=_chart(plan, row) if drawn else None,
        days=_days(row),
        sentence="" if judged is None or not drawn else judging.verdict(judged),
        target=target,
        method=METHODS.get(one.method_code or "", ""),
        comparison=_comparison(session, one, result),
    )


def _seen(row: Row) -> list[Seen]:
    one = row.measure
    found = [gathering.as_seen(each) for each in row.seen]
    if one.baseline is not None and one.baseline_on is not None:
        found = [Seen(one.baseline_on, float(one.baseline), one.baseline_n), *found]
    return found


def _days(row: Row) -> list[Day]:
    kind, unit = row.measure.kind, row.measure.unit
    notes = {each.on_date: each.note or "" for each in row.seen}
    return [
        Day(one.on, capital(judging.value_words(kind, unit, one)), notes.get(one.on, "Baseline"))
        for one in _seen(row)
    ]


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _chart(plan: Plan, row: Row) -> charts.Course | None:
    """None where there is nothing to draw: numbers of fewer than eight people are not drawn."""
    one = row.measure
    marks = []
    for each in _seen(row):
        if judging.is_few(one.kind, each):
            continue
        band = judging.interval(one.kind, each) or (None, None)
        words = judging.number(one.kind, "", each.value)
        marks.append(charts.Measured(each.on, each.value, words, *band))
    if not marks:
        return None
    return charts.course(
        marks,
        target=None if one.target is None else float(one.target),
        plan_on=plan.active_on,
        most=judging.SCALES.get(one.kind),
    )


def _comparison(session: Session, one: Measure, result: WddResult | None) -> Comparison | None:
    design = designing.read(one)
    if design is None:
        return None
    control = UUID(design.areas[1].place_id)
    known = gathering.names(session, [control]).get(control)
    return Comparison(
        design=design,
        hash=one.design_hash or "",
        control=ELSEWHERE if known is None else f"{known[1]} ({known[0]})",
        planning=str((one.design or {}).get(designing.PLANNING, "")),
        result=result,
        sentences=[] if result is None else comparing.sentences(result, numbers=True),
        counts=[] if result is None else _counts(design, result),
        quotient=None if result is None else comparing.quotient(result),
        series=None if result is None else (result.u or {}).get("series"),
        over=design.windows.after[1] <= clock.today(),
    )


def _counts(design: Design, result: WddResult) -> list[Counted]:
    pairs = {
        "T": (result.t0, result.t1),
        "C": (result.c0, result.c1),
        "D": (result.d0, result.d1),
        "CD": (result.cd0, result.cd1),
    }
    return [Counted(AREAS[area.role], *pairs[area.role]) for area in design.areas]


def due(plan: Plan, held: list[Review]) -> Due | None:
    """The next review of an active plan."""
    if plan.active_on is None or plan.state == "COMPLETED":
        return None
    round_ = reviewing.next_round(plan, held)
    day = reviewing.due(plan, round_)
    if day is None:
        return None
    overdue = rules.is_long_overdue(day, clock.today())
    return Due(round_, reviewing.ROUNDS[round_], day, overdue)
