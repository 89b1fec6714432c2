"""How urgent a place looks, from what is known of it. Pure (context-work.md 5).

Five terms between 0 and 1. What police went looking for counts half, one source counts once a
week, and what is not known is left out instead of guessed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.places.ranking import BAND_WORDS, band

VERSION = "1"
WEIGHTS = {
    "severity": 0.35,
    "recency": 0.20,
    "reach": 0.15,
    "guardians": 0.15,
    "surroundings": 0.15,
}
DAYS = 365
HALF_LIFE_D, FULL_SUM, MOST_SEVERE = 90, 5.0, 5
MOST_OF_A_SOURCE, BUCKET_D = 1.0, 7
PROACTIVE = 0.5
REACH = ((0, 0.0), (2, 0.25), (7, 0.5), (19, 0.75))  # up to so many children; then 1
REACH_OF_BAND = {"NONE": 0.0, "B1_2": 0.25, "B3_7": 0.5, "B8_19": 0.75, "B20_PLUS": 1.0}
MOST_OF_BANDS = 0.5
MANY_AGENCIES, MANY_TERMS = 3, 4
OVERRIDE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Item:
    """A report, an item of intelligence or an incident: what of it decides, and nothing else."""

    source: str  # the agency; of the public the report itself
    age_d: int
    weight: float
    severity: int
    proactive: bool = False
    band: str = "NOT_KNOWN"
    by_child: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that decides about one place."""

    items: Sequence[Item] = ()
    linked_children: int = 0
    d2: int | None = None  # of the newest approved assessment of a year
    d3: int | None = None
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Priority:
    """P, and what it is made of; terms that are not known are None."""

    p: float
    p_without_proactive: float
    band: str
    confidence: str
    voice_items: int
    terms: dict[str, float | None]


def priority(known: Known) -> Priority:
    """The whole of it for one place."""
    items = sorted(
        (one for one in known.items if one.weight > 0 and 0 <= one.age_d <= DAYS),
        key=lambda one: (one.age_d, one.source, -one.weight, one.severity, one.proactive),
    )
    terms = _terms(known, items)
    unasked = [one for one in items if not one.proactive]
    without = terms | {"severity": severity(unasked), "recency": recency(unasked)}
    p = points(terms)
    return Priority(
        p=p,
        p_without_proactive=points(without),
        band="URGENT" if known.is_urgent else band(p),
        confidence=_confidence(terms, items),
        voice_items=sum(one.by_child for one in items),
        terms={name: None if term is None else round(term, 4) for name, term in terms.items()},
    )


def _terms(known: Known, items: Sequence[Item]) -> dict[str, float | None]:
    return {
        "severity": severity(items),
        "recency": recency(items),
        "reach": reach(known.linked_children, items),
        "guardians": None if known.d2 is None else known.d2 / 100,
        "surroundings": None if known.d3 is None else known.d3 / 100,
    }


def points(terms: dict[str, float | None]) -> float:
    """0 to 100, to one place; the weights of what is known add up to one."""
    there = {name: term for name, term in terms.items() if term is not None}
    total = sum(WEIGHTS[name] for name in there)
    return round(100 * sum(WEIGHTS[name] * term for name, term in there.items()) / total, 1)


def severity(items: Iterable[Item]) -> float:
    return max((one.severity for one in items), default=0) / MOST_SEVERE


def recency(items: Sequence[Item]) -> float:
    return min(1.0, weighed(items) / FULL_SUM)


def weighed(items: Sequence[Item]) -> float:
    """Newest first: of one source in one week no more than 1 counts, before it fades."""
    taken: dict[tuple[str, int], float] = {}
    found = 0.0
    for one in sorted(items, key=lambda one: (one.age_d, one.source, -one.weight)):
        bucket = (one.source, one.age_d // BUCKET_D)
        share = one.weight * (PROACTIVE if one.proactive else 1.0)
        counted = min(share, MOST_OF_A_SOURCE - taken.get(bucket, 0.0))
        taken[bucket] = taken.get(bucket, 0.0) + counted
        found += 0.5 ** (one.age_d / HALF_LIFE_D) * counted
    return found


def reach(linked: int, items: Iterable[Item]) -> float:
    """How many children: those who are linked, or at most half by what people estimate."""
    if linked:
        return next((share for most, share in REACH if linked <= most), 1.0)
    guessed = max((REACH_OF_BAND.get(one.band, 0.0) for one in items), default=0.0)
    return min(guessed, MOST_OF_BANDS)


def _confidence(terms: dict[str, float | None], items: Sequence[Item]) -> str:
    there = sum(term is not None for term in terms.values())
    agencies = {one.source for one in items if not one.public}
    if there == len(terms) and len(agencies) >= MANY_AGENCIES:
        return "H"
    return "M" if there >= MANY_TERMS else "L"


def usual_end(today: date) -> date:
    """The last day for which another band may be set."""
    return today + timedelta(days=OVERRIDE_DAYS)


def override_problems(
    chosen: str, reason: str, ends_on: date | None, today: date
) -> dict[str, str]:
    """What is wrong with another band, by field."""
    found = {}
    latest = today + timedelta(days=OVERRIDE_DAYS)
    if chosen not in BAND_WORDS:
        found["band"] = "Choose a band."
    if not 20 <= len(reason.strip()) <= 500:
        found["reason"] = "Give the reason, in 20 to 500 characters."
    if ends_on is None or not today < ends_on <= latest:
        found["ends_on"] = f"Enter a day within {OVERRIDE_DAYS} days."
    return found
