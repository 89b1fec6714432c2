"""Context weighting: which context must change first for safety to increase? Pure (section 4)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

CONTEXTS = {
    "HOME": "Home",
    "PEER": "Peers",
    "SCHOOL": "School",
    "NEIGHBOURHOOD": "Neighbourhood",
    "ONLINE": "Online",
    "SERVICES": "Services",
    "STRUCTURAL": "Structures",
}
QUESTION = "Which context must change first for safety to increase?"
TOTAL = 100
WIDE = 40
DISAGREE = "Talk about this: raters disagree."


@dataclass(frozen=True, slots=True)
class Spread:
    """What the raters gave one context. The median is never stored as a decision."""

    context: str
    points: tuple[int, ...]
    median: float
    low: int
    high: int
    first: int  # how many say that it must change first

    @property
    def words(self) -> str:
        return DISAGREE if self.high - self.low > WIDE else ""


def problems(points: Mapping[str, int], first: str, why: str) -> dict[str, str]:
    """What is wrong with one rating, by field; empty when it may be kept."""
    found = {}
    if words := points_problem(points):
        found["points"] = words
    if first not in CONTEXTS:
        found["must_change_first"] = "Choose the context that must change first."
    if not 1 <= len(why.strip()) <= 500:
        found["rationale"] = "Say why, in up to 500 characters."
    return found


def points_problem(points: Mapping[str, int]) -> str | None:
    """100 points, shared out.

    >>> points_problem({"HOME": 90})
    'The points add up to 90. Share out 10 more.'
    """
    if points.keys() - CONTEXTS.keys():
        return "Share the points out over the seven contexts."
    if any(given < 0 for given in points.values()):
        return "Points are whole numbers, 0 or more."
    total = sum(points.values())
    if total < TOTAL:
        return f"The points add up to {total}. Share out {TOTAL - total} more."
    return f"The points add up to {total}. Take {total - TOTAL} away." if total > TOTAL else None


def spread(raters: Sequence[tuple[Mapping[str, int], str]]) -> list[Spread]:
    """Of every rater the points and what must change first."""
    firsts = Counter(first for _, first in raters)
    return [
        Spread(
            context=context,
            points=(given := tuple(points.get(context, 0) for points, _ in raters)),
            median=float(median(given)) if given else 0.0,
            low=min(given, default=0),
            high=max(given, default=0),
            first=firsts[context],
        )
        for context in CONTEXTS
    ]
