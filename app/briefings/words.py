"""Figures derived from shown numbers, in words: nothing here knows a true count. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

TOO_SMALL = "too small to compare"
NO_OTHER = "nothing to compare with"
NOT_SHOWN = "not shown, so not compared"
NO_RATE = "too small for a rate"
FEW = "fewer than 8, not shown"
BANDED_AS = 4  # the middle of 1 to 7
LEAST = 8


@dataclass(frozen=True, slots=True)
class Told:
    """One shown number: `n` only where it was printed as a number."""

    text: str
    n: int | None

    @property
    def banded(self) -> bool:
        return self.n is None


def told(shown: str) -> Told:
    """What was printed.

    >>> told("15").n, told("1 to 7").n
    (15, None)
    """
    return Told(shown, int(shown) if shown.isdigit() else None)


def change(now: str | None, before: str | None) -> str:
    """V06: never an arrow, and nothing from a band.

    >>> change("40", "25"), change("20", "25"), change("1 to 7", "25")
    ('more (40, was 25)', 'about the same (20, was 25)', 'too small to compare')
    """
    if now is None or before is None:
        return NO_OTHER
    a, b = told(now).n, told(before).n
    if "not shown" in {now, before}:
        return NOT_SHOWN
    if a is None or b is None:
        return TOO_SMALL
    if abs(a - b) <= 5:
        return f"about the same ({now}, was {before})"
    return f"{'more' if a > b else 'fewer'} ({now}, was {before})"


def share(part: str, whole: str) -> str:
    """Per cent to the nearest 5, halves up, from two printed numbers of 8 or more.

    >>> share("10", "40"), share("1 to 7", "40")
    ('25%', 'fewer than 8, not shown')
    """
    a, b = told(part).n, told(whole).n
    if a is None or b is None or a < LEAST or b < LEAST:
        return FEW
    return f"{5 * ((200 * a + 5 * b) // (10 * b))}%"


def rate(shown: str | None, residents: int) -> str:
    """V05: per 1,000 residents, a whole number, halves up; never of a band.

    >>> rate("60", 15400), rate("1 to 7", 15400)
    ('4', 'too small for a rate')
    """
    n = None if shown is None else told(shown).n
    if n is None:
        return NO_RATE
    return str((2000 * n + residents) // (2 * residents))


@dataclass(frozen=True, slots=True)
class Run:
    """V07: a run chart's middle, limits and verdict; `None`: too few for a chart."""

    mean: float
    low: float
    high: float
    verdict: str


def run(shown: Sequence[str]) -> Run | None:
    """Mean and three times the root of it; the last six on one side are a lasting shift.

    >>> run(["20"] * 8).verdict, run(["1 to 7"] * 5 + ["10"] * 3)
    ('within the usual range', None)
    """
    points = [told(one) for one in shown]
    banded = sum(point.banded for point in points)
    if len(points) < 4 or banded * 2 > len(points):
        return None
    values = [BANDED_AS if point.n is None else point.n for point in points]
    mean = sum(values) / len(values)
    spread = 3 * mean**0.5
    low, high = max(0.0, mean - spread), mean + spread
    verdict = "within the usual range"
    last = values[-6:]
    if not low <= values[-1] <= high:
        verdict = "outside the usual range"
    elif len(last) == 6 and (all(v > mean for v in last) or all(v < mean for v in last)):
        verdict = "a lasting shift"
    return Run(round(mean, 1), round(low, 1), round(high, 1), verdict)
