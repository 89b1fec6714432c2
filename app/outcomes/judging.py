"""What became of a measure, a goal and a place: pure, in words that claim no more than is known.

An observation of fewer than eight people is told in words alone. Counts of incidents never reach
a goal and never close a place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.outcomes import rules
from geo.evaluation import share_change
from geo.significance import wilson

FEW = 8
SHARES = frozenset({"SURVEY_SHARE", "SAFETY_MAP_SHARE"})
SCALES = {"SURVEY_SHARE": 100.0, "SAFETY_MAP_SHARE": 100.0, "SAFETY_SCALE": 10.0, "INDICATOR": 4.0}
COUNTED = "INCIDENT_WDD"
MAPS = "SAFETY_MAP_SHARE"


@dataclass(frozen=True, slots=True)
class Seen:
    """A measure on one day; `n` people, where it asked people."""

    on: date
    value: float
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure, where it began, where it should go, and the newest day since."""

    kind: str
    is_change: bool
    direction: str
    unit: str
    baseline: float
    target: float
    baseline_n: int | None = None
    now: Seen | None = None

    @property
    def counts(self) -> bool:
        """For a goal: a change that people or the place itself show."""
        return self.is_change and self.kind not in {COUNTED, "EFFORT"}

    @property
    def reached(self) -> bool:
        return self.plain.reached

    @property
    def plain(self) -> rules.Measured:
        now = None if self.now is None else Decimal(str(self.now.value))
        began, target = Decimal(str(self.baseline)), Decimal(str(self.target))
        return rules.Measured(began, target, now, up=self.direction == "UP")


def goal_result(measures: Sequence[Measured]) -> rules.Result:
    """By its measures of change that people or the place itself show."""
    return rules.result([one.plain for one in measures if one.counts])


def interval(kind: str, seen: Seen) -> tuple[float, float] | None:
    """95% of a share in per cent (Wilson); None where nobody or too few were asked.

    The green share of maps is a mean of shares, which varies no more than as many answers of
    yes or no: its range is at least wide enough.
    """
    if kind not in SHARES or seen.n is None or seen.n < FEW:
        return None
    low, high = wilson(_of(seen.value, seen.n), seen.n)
    return 100 * low, 100 * high


def number(kind: str, unit: str, value: float) -> str:
    """As it is said: "40%", "6 of 10", "12 lights"."""
    text = f"{round(value, 1):g}"
    if kind in SHARES:
        return f"{text}%"
    if kind == "SAFETY_SCALE":
        return f"{text} of 10"
    return f"{text} {unit}".strip()


def value_words(kind: str, unit: str, seen: Seen) -> str:
    """A value with how many were asked; no number of a group of fewer than eight."""
    if is_few(kind, seen):
        return "fewer than 8 were asked"
    said = number(kind, unit, seen.value)
    band = interval(kind, seen)
    if kind == MAPS:
        said = f"{said} green, the mean of {seen.n} drawings"
        return said if band is None else f"{said} (95% range {band[0]:.0f}% to {band[1]:.0f}%)"
    if band is None:
        return said if seen.n is None else f"{said}, {seen.n} asked"
    return f"{said} of {seen.n} asked (95% range {band[0]:.0f}% to {band[1]:.0f}%)"


def is_few(kind: str, seen: Seen) -> bool:
    """Too few people for a share of them in numbers."""
    return kind in SHARES and seen.n is not None and seen.n < FEW


def verdict(one: Measured) -> str:
    """One sentence about one measure. It says what moved, and never why."""
    if one.now is None:
        return "Not measured again yet."
    few = is_few(one.kind, one.now)
    moved = "No different from the start" if one.now.value == one.baseline else _moved(one)
    if few:
        return f"{moved}. Fewer than 8 were asked, so no number is shown."
    start = number(one.kind, one.unit, one.baseline)
    target = number(one.kind, one.unit, one.target)
    reached = "The target is reached" if one.reached else "The target is not reached yet"
    said = f"{moved}: {value_words(one.kind, one.unit, one.now)}; {start} at the start"
    return f"{said}. {reached} ({target}).{_chance(one)}"


def _moved(one: Measured) -> str:
    up = one.now is not None and one.now.value > one.baseline
    better = up == (one.direction == "UP")
    return "Better than at the start" if better else "Worse than at the start"


def _chance(one: Measured) -> str:
    """Whether so few answers could differ that much by chance; and what could not be seen."""
    now, n0 = one.now, one.baseline_n
    if one.kind not in SHARES or now is None or not now.n or not n0:
        return ""
    before = (_of(one.baseline, n0), n0)
    found = share_change(before, (_of(now.value, now.n), now.n))
    if found.low > 0 or found.high < 0:
        return ""
    return " So few answers could differ by that much by chance; a change may be there unseen."


def _of(percent: float, n: int) -> int:
    return min(n, max(0, round(percent * n / 100)))


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether counts may be compared at all."""

    design_changed: bool = False
    boundary_changed: bool = False
    recording_changed: bool = False
    control_has_plan: bool = False
    actions: int = 0
    actions_done: int = 0
    paired: bool = True
    items: int = 0
    items_without_place: int = 0
    cells: Sequence[Sequence[int]] = ()  # of each area and window, incidents by day


MANY_OUTSIDE = 0.2
HALF = 0.5
CROWDED = 5  # a cell of fewer incidents is on one day by chance


def withheld(known: Facts) -> str | None:
    """Why counts are not compared, as a clause; None when nothing speaks against it."""
    crowded = any(sum(c) >= CROWDED and max(c) > HALF * sum(c) for c in known.cells)
    pairs = [
        (known.design_changed, "the design was changed after it was agreed"),
        (known.boundary_changed, "the boundary of the place was changed"),
        (known.recording_changed, "incidents were recorded in another way"),
        (known.control_has_plan, "the control area got a response of its own"),
        (known.actions_done < HALF * known.actions, "fewer than half of the actions are done"),
        (not known.paired, "the seasons of the two windows differ"),
        (
            known.items_without_place > MANY_OUTSIDE * known.items,
            "more than 20% of the incidents have no place",
        ),
        (crowded, "more than half of the incidents of one area are of one day"),
    ]
    said = [words for is_so, words in pairs if is_so]
    return "; ".join(said) or None
