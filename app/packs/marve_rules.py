"""Which places a MARVE pack has a page for, why, and in which order. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

MOST_PAGES = 12
ENOUGH_ITEMS = 2  # independent of each other, within the window
REVIEW_SOON = timedelta(days=14)  # a review that falls due by then is talked about now
REVIEWS_AHEAD, LABELS_AHEAD = timedelta(days=60), timedelta(days=30)
WEEK = timedelta(days=7)
PUBLIC = "PUBLIC"
BANDS = ("URGENT", "HIGH", "MEDIUM", "LOW")
BAND_WORDS = {"URGENT": "Urgent", "HIGH": "High", "MEDIUM": "Medium", "LOW": "Low"}
NO_BAND = "Not worked out"
STATES = {
    "PROPOSED": "Proposed",
    "SCREENED": "Screened",
    "IDENTIFIED": "Identified",
    "ASSESSING": "Being assessed",
    "ASSESSED": "Assessed",
    "CONFERENCE": "Conference",
    "PLAN_ACTIVE": "Plan active",
    "MONITORING": "Monitoring",
    "DORMANT": "Dormant",
    "CLOSED": "Closed",
}
# Working days that a place should be in a state at most (domain.md 5.2); others have no target.
TARGET_DAYS = {"PROPOSED": 2, "SCREENED": 10, "IDENTIFIED": 10, "ASSESSING": 45, "CONFERENCE": 2}
TARGET_DAYS_AT_4 = {"IDENTIFIED": 2, "ASSESSING": 10, "ASSESSED": 15}
NEW = "New: {now}"
STATE_CHANGED = "State: {was} to {now}"
LEVEL_CHANGED = "Level: {was} to {now}"
BAND_CHANGED = "Priority: {was} to {now}"
URGENT = "Urgent since {day}"
ITEMS = "{n} new independent items"
REVIEW_OVERDUE = "Review overdue since {day}"
REVIEW_DUE = "Review due on {day}"
CLUSTER_CHANGED = "Its cluster changed"
BY_HAND = "On the agenda"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that became known of a place; `source` PUBLIC is somebody without an account."""

    kind: str  # REPORT, INCIDENT or INTELLIGENCE
    source: str
    at: datetime  # when it was said to have been
    known_at: datetime
    grade: str | None = None  # 1A to 3E
    proactive: bool = False
    repeats: str | None = None  # of a report: the one that it tells again
    ref: str = ""

    @property
    def counts(self) -> bool:
        """What is suspected to be false never counts."""
        return self.grade is None or not self.grade.endswith("E")

    @property
    def well_graded(self) -> bool:
        return self.grade is not None and self.grade[1] in "AB"


def independent(items: Iterable[Item]) -> int:
    """Different agencies, and reports of the public a week or more apart (domain.md 5.2).

    Reports that repeat each other count once.
    """
    first: dict[tuple[str, str], Item] = {}
    for item in sorted(items, key=lambda one: (one.at, one.ref)):
        if item.counts:
            first.setdefault((item.kind, item.repeats or item.ref), item)
    agencies = {item.source for item in first.values() if item.source != PUBLIC}
    last: datetime | None = None
    apart = 0
    for at in sorted(item.at for item in first.values() if item.source == PUBLIC):
        if last is None or at - last >= WEEK:
            last, apart = at, apart + 1
    return len(agencies) + apart


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a place has a page; `*_before`: when the window began."""

    key: UUID
    name: str
    state: str
    state_before: str | None
    level: str
    level_before: str | None
    band: str | None = None
    band_before: str | None = None
    urgent_since: datetime | None = None
    new_items: int = 0
    review_on: date | None = None
    cluster_changed: bool = False
    by_hand: bool = False


def reasons(place: Standing, today: date) -> list[str]:
    """Why it has a page, in words; empty when nothing has changed and nothing is due."""
    told = STATES.get(place.state, place.state)
    was = STATES.get(place.state_before or "", "")
    review, day = place.review_on, _day(place.review_on)
    pairs = (
        (place.urgent_since is not None, URGENT.format(day=_day(place.urgent_since))),
        (place.state_before is None, NEW.format(now=told)),
        (
            place.state_before not in (None, place.state),
            STATE_CHANGED.format(was=was, now=told),
        ),
        (
            place.level_before not in (None, place.level),
            LEVEL_CHANGED.format(was=(place.level_before or "CL0")[2:], now=place.level[2:]),
        ),
        (
            place.band_before is not None and place.band_before != place.band,
            BAND_CHANGED.format(was=band(place.band_before), now=band(place.band)),
        ),
        (place.new_items >= ENOUGH_ITEMS, ITEMS.format(n=place.new_items)),
        (review is not None and review < today, REVIEW_OVERDUE.format(day=day)),
        (
            review is not None and today <= review <= today + REVIEW_SOON,
            REVIEW_DUE.format(day=day),
        ),
        (place.cluster_changed, CLUSTER_CHANGED),
        (place.by_hand, BY_HAND),
    )
    return [words for holds, words in pairs if holds]


def band(code: str | None) -> str:
    return BAND_WORDS.get(code or "", NO_BAND)


def order(place: Standing) -> tuple[bool, int, int, str, UUID]:
    """Urgent ones first, then by level, band and name; never by a number of the priority.

    >>> a = Standing(UUID(int=1), "A", "IDENTIFIED", None, "CL2")
    >>> b = Standing(UUID(int=2), "B", "IDENTIFIED", None, "CL4")
    >>> [one.name for one in sorted([a, b], key=order)]
    ['B', 'A']
    """
    rank = BANDS.index(place.band) if place.band in BANDS else len(BANDS)
    return (place.urgent_since is None, -int(place.level[2:]), rank, place.name, place.key)


def chosen(places: Collection[Standing], today: date) -> tuple[list[Standing], list[Standing]]:
    """Those with a page, at most twelve, and those that are listed, both in order."""
    wanted = sorted((one for one in places if reasons(one, today)), key=order)
    rest = sorted((one for one in places if not reasons(one, today)), key=order)
    return wanted[:MOST_PAGES], [*wanted[MOST_PAGES:], *rest]


def target_days(state: str, level: str) -> int | None:
    """Working days in which the next step is due; the highest level has shorter ones."""
    if level == "CL4" and state in TARGET_DAYS_AT_4:
        return TARGET_DAYS_AT_4[state]
    return TARGET_DAYS.get(state)


def kinds(items: Sequence[Item], since: datetime) -> dict[str, tuple[int, int]]:
    """By kind: how many became known since then, and how many of all."""
    return {
        kind: (
            sum(one.kind == kind and one.known_at >= since for one in items),
            sum(one.kind == kind for one in items),
        )
        for kind in ("REPORT", "INCIDENT", "INTELLIGENCE")
    }


def _day(when: date | None) -> str:
    return "" if when is None else f"{when:%-d %B}"
