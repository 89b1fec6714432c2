"""Where the parts of a chart go: numbers in, positions out. The macros of charts.html draw them.

A chart and its table show the same numbers, so both are made from one of these.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

WIDTH, HEIGHT, BASE = 640, 200, 168
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PARTS = ("Midnight to 4am", "4am to 8am", "8am to noon", "Noon to 4pm", "4pm to 8pm",
         "8pm to midnight")  # fmt: skip
CELL, LEFT, TOP = 24, 52, 22


class Bar(NamedTuple):
    """`n` at its place; `y` and `high` are 0 high for 0."""

    label: str
    n: int
    x: float
    y: float
    wide: float
    high: float

    @property
    def middle(self) -> float:
        return round(self.x + self.wide / 2, 1)


class Bars(NamedTuple):
    bars: Sequence[Bar]
    most: int
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


def bars(numbers: Sequence[tuple[str, int]]) -> Bars:
    """Vertical bars from zero, the highest filling the height.

    >>> [bar.high for bar in bars([("Oct", 0), ("Nov", 3), ("Dec", 6)]).bars]
    [0.0, 72.0, 144.0]
    """
    most = max((n for _, n in numbers), default=0)
    step = WIDTH / max(len(numbers), 1)
    found = []
    for i, (label, n) in enumerate(numbers):
        high = round(144 * n / most, 1) if most else 0.0
        at = round(i * step + step * 0.12, 1)
        found.append(Bar(label, n, at, round(BASE - high, 1), round(step * 0.76, 1), high))
    return Bars(found, most)


class Cell(NamedTuple):
    """An hour of a week; `level` 0 to 4 of the highest hour."""

    x: int
    y: int
    level: int


class Week(NamedTuple):
    """Hours of the week as cells, and the same in parts of days as rows of a table."""

    cells: Sequence[Cell]
    rows: Sequence[tuple[str, Sequence[str]]]
    busiest: str | None
    parts: Sequence[str] = PARTS
    width: int = LEFT + 24 * CELL
    height: int = TOP + 7 * CELL


def week(hours: Sequence[float]) -> Week:
    """168 numbers, Monday 00:00 first.

    >>> found = week([0.0] * 140 + [2.0] * 4 + [0.0] * 24)
    >>> found.busiest, found.rows[5][1][5]
    ('Saturday, 8pm to midnight', '8')
    """
    most = max(hours, default=0.0)
    cells = [
        Cell(LEFT + CELL * (n % 24), TOP + CELL * (n // 24), _level(value, most))
        for n, value in enumerate(hours)
    ]
    sums = [[sum(hours[24 * d + 4 * p : 24 * d + 4 * p + 4]) for p in range(6)] for d in range(7)]
    best = max(((sums[d][p], -d, -p) for d in range(7) for p in range(6)), default=(0.0, 0, 0))
    top = None
    if best[0] > 0:
        part = PARTS[-best[2]]
        top = f"{DAYS[-best[1]]}, {part[:1].lower()}{part[1:]}"
    rows = [(DAYS[d], [_number(value) for value in sums[d]]) for d in range(7)]
    return Week(cells, rows, top)


def _level(value: float, most: float) -> int:
    if value <= 0 or most <= 0:
        return 0
    return min(4, 1 + int(4 * value / most - 1e-9))


def _number(value: float) -> str:
    """One decimal, and none where it is whole; `0` for nothing."""
    return f"{round(value, 1):g}"


class Mark(NamedTuple):
    """One day of a measure; `top` and `bottom` of its interval, where it has one."""

    label: str
    words: str
    x: float
    y: float
    top: float | None
    bottom: float | None


class Course(NamedTuple):
    """A measure against time: its days, where it should go, and when the plan began."""

    marks: Sequence[Mark]
    line: str
    ticks: Sequence[tuple[str, float]]
    target: float | None
    plan: float | None
    left: int = 48
    top: int = 24
    width: int = WIDTH
    height: int = 240
    base: int = 200


class Measured(NamedTuple):
    """A day, its value in numbers and in words, and the interval around it."""

    day: date
    value: float
    words: str
    low: float | None = None
    high: float | None = None


def course(
    measured: Sequence[Measured], *, target: float | None, plan_on: date | None, most: float | None
) -> Course:
    """Days from left to right, values from zero up; `most` is the end of the scale, if it has one.

    >>> days = [Measured(date(2026, 1, 1), 2, "2"), Measured(date(2026, 7, 1), 8, "8", 6, 10)]
    >>> found = course(days, target=10, plan_on=date(2026, 4, 1), most=10)
    >>> [mark.y for mark in found.marks], found.target, found.marks[1].top
    ([164.8, 59.2], 24.0, 24.0)
    """
    blank = Course((), "", (), None, None)
    values = [v for one in measured for v in (one.value, one.high) if v is not None]
    values += [] if target is None else [target]
    end = most or max(values, default=0) or 1
    days = sorted([one.day for one in measured] + ([plan_on] if plan_on else []))
    span = max((days[-1] - days[0]).days, 1) if days else 1

    def across(day: date) -> float:
        room = WIDTH - blank.left - 60
        return round(blank.left + 20 + room * (day - days[0]).days / span, 1)

    def up(value: float) -> float:
        return round(blank.base - (blank.base - blank.top) * min(max(value, 0), end) / end, 1)

    marks = [
        Mark(
            f"{one.day:%-d %b %Y}",
            one.words,
            across(one.day),
            up(one.value),
            None if one.high is None else up(one.high),
            None if one.low is None else up(one.low),
        )
        for one in measured
    ]
    return blank._replace(
        marks=marks,
        line=" ".join(f"{mark.x},{mark.y}" for mark in marks),
        ticks=[(f"{end * part / 2:g}", up(end * part / 2)) for part in range(3)],
        target=None if target is None else up(target),
        plan=None if plan_on is None else across(plan_on),
    )
