"""What the ratings of an assessment add up to, and whether they changed. Pure.

A score stands beside how much of it children said and how sure it is; there is no total.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.assessments.indicators import DOMAINS, indicators

ITEMS = 9  # of each domain
ENOUGH = 6
BETTER_BY, MOVED_ITEMS, TOO_FAR = 10, 3, 2
SURENESS = {"L": 1, "M": 2, "H": 3}
DIFFERENT = "Children and adults see this differently"

Ratings = Mapping[str, int | None]  # by indicator; None is not known


class Change(StrEnum):
    """Between two assessments, in one domain."""

    BETTER = "Better"
    WORSE = "Worse"
    SAME = "About the same"
    NOT_COMPARABLE = "Cannot be compared"


@dataclass(frozen=True, slots=True)
class Score:
    """One domain: 0 to 100, higher is more concern; None when too little is known."""

    domain: int
    value: int | None
    known: int
    voice_share: float
    confidence: str  # Low, Medium, High; "" when nothing is known

    @property
    def words(self) -> str:
        return str(self.value) if self.value is not None else f"Not enough known: {self.known} of 9"


@dataclass(frozen=True, slots=True)
class Compared:
    """How one domain changed, and every item that moved, with both ratings."""

    change: Change
    moved: tuple[tuple[str, int, int], ...]


def points(known: Sequence[int]) -> int:
    """`floor(25 * mean + 0.5)` in whole numbers: half goes up, whatever the platform.

    >>> points([4, 3, 3, 2, 1, 2, 3])
    64
    """
    return (50 * sum(known) + len(known)) // (2 * len(known))


def codes(domain: int) -> list[str]:
    return [one.code for one in indicators() if one.domain == domain]


def score(
    domain: int, settled: Ratings, confidence: Mapping[str, str], by_children: Collection[str]
) -> Score:
    """`by_children`: indicators that have an answer of children."""
    known = [code for code in codes(domain) if settled.get(code) is not None]
    ratings = [rating for code in known if (rating := settled[code]) is not None]
    return Score(
        domain=domain,
        value=points(ratings) if len(known) >= ENOUGH else None,
        known=len(known),
        voice_share=sum(code in by_children for code in known) / len(known) if known else 0.0,
        confidence=sureness([confidence.get(code, "M") for code in known]),
    )


def scores(
    settled: Ratings, confidence: Mapping[str, str], by_children: Collection[str]
) -> list[Score]:
    return [score(domain, settled, confidence, by_children) for domain in DOMAINS]


def sureness(said: Sequence[str]) -> str:
    """The mean of Low 1, Medium 2, High 3: below 1.5 Low, below 2.5 Medium."""
    if not said:
        return ""
    doubled = 2 * sum(SURENESS[one] for one in said)
    if doubled < 3 * len(said):
        return "Low"
    return "Medium" if doubled < 5 * len(said) else "High"


def compare(domain: int, before: Ratings, now: Ratings) -> Compared:
    """On the items that are known in both; a rating that fell is less concern."""
    both = [
        (code, was, rating)
        for code in codes(domain)
        if (was := before.get(code)) is not None and (rating := now.get(code)) is not None
    ]
    moved = tuple(item for item in both if item[1] != item[2])
    if len(both) < ENOUGH:
        return Compared(Change.NOT_COMPARABLE, moved)
    fell = points([was for _, was, _ in both]) - points([rating for _, _, rating in both])
    steps = [was - rating for _, was, rating in both]
    if _clearly(fell, steps):
        return Compared(Change.BETTER, moved)
    if _clearly(-fell, [-step for step in steps]):
        return Compared(Change.WORSE, moved)
    return Compared(Change.SAME, moved)


def _clearly(by: int, steps: Sequence[int]) -> bool:
    """By 10 or more, at least three items that way, and none the other way by two or more."""
    that_way = sum(step > 0 for step in steps)
    return by >= BETTER_BY and that_way >= MOVED_ITEMS and min(steps) > -TOO_FAR


def views_differ(by_view: Ratings) -> bool:
    """Two views of one indicator that are two apart, or more."""
    known = [rating for view, rating in by_view.items() if rating is not None and view != "SETTLED"]
    return bool(known) and max(known) - min(known) >= TOO_FAR
