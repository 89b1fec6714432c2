"""What happened at a place, and how much of it is independent (domain.md 5.2). Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

PUBLIC = "PUBLIC"
WEEK = timedelta(days=7)
WELL_GRADED = frozenset({"1A", "1B"})
MOST = 500


class Kind(StrEnum):
    """What a row of the timeline is."""

    REPORT = "REPORT"
    INTELLIGENCE = "INTELLIGENCE"
    INCIDENT = "INCIDENT"
    STATE = "STATE"


KIND_WORDS = {
    Kind.REPORT: "Reports",
    Kind.INTELLIGENCE: "Intelligence",
    Kind.INCIDENT: "Incidents",
    Kind.STATE: "Changes of state",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A report, an item of intelligence or an incident, as far as the reader may see it."""

    kind: Kind
    ref: str
    at: datetime
    agency: str  # PUBLIC of a report from the public
    words: str = ""
    grade: str | None = None  # 1A to 3E, of intelligence
    repeats: str | None = None  # the reference of the one it repeats

    @property
    def is_false(self) -> bool:
        """Suspected to be false: it never counts."""
        return self.grade is not None and self.grade.endswith("E")


@dataclass(frozen=True, slots=True)
class Weight:
    """What the items of a place amount to."""

    independent: int = 0
    agencies: frozenset[str] = frozenset()
    public: int = 0
    well_graded: int = 0
    newest: datetime | None = None


def weigh(items: Collection[Item]) -> Weight:
    """Independent are different agencies; of the public, reports a week or more apart.

    Repeats of one another count once, and what is suspected to be false not at all.
    """
    counted = _without_repeats(item for item in items if not item.is_false)
    agencies = frozenset(item.agency for item in counted if item.agency != PUBLIC)
    public = apart(sorted(item.at for item in counted if item.agency == PUBLIC))
    return Weight(
        independent=len(agencies) + public,
        agencies=agencies,
        public=public,
        well_graded=sum(item.grade in WELL_GRADED for item in counted),
        newest=max((item.at for item in items), default=None),
    )


def _without_repeats(items: Iterable[Item]) -> Sequence[Item]:
    """The earliest of those that tell the same."""
    first: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: (item.at, item.ref)):
        first.setdefault(item.repeats or item.ref, item)
    return list(first.values())


def apart(moments: Sequence[datetime]) -> int:
    """How many of them, in order, are seven days or more after the one counted before."""
    last, found = None, 0
    for at in moments:
        if last is None or at - last >= WEEK:
            last, found = at, found + 1
    return found


@dataclass(frozen=True, slots=True)
class Subject:
    """What the sentence about a place needs to know of it."""

    state: str
    state_words: str
    label_expires_on: date
    is_proposed: bool
    is_closed: bool
    close_words: str = ""


def why(place: Subject, items: Collection[Item], names: dict[str, str]) -> list[str]:
    """Why a place is listed, in plain sentences."""
    if place.is_closed:
        return [f"It is no longer listed: {place.close_words or 'closed'}."]
    found = weigh(items)
    said = [_rests_on(items, found, names)]
    if place.is_proposed:
        said.append("It was proposed, and nobody has decided yet whether it is a concern.")
    if found.newest is not None:
        said.append(f"The newest of it is of {day(found.newest.date())}.")
    said.append(
        f"The label ends on {day(place.label_expires_on)}, unless something newer is known by then."
    )
    return said


def _rests_on(items: Collection[Item], found: Weight, names: dict[str, str]) -> str:
    if not items:
        return (
            "It is listed because somebody proposed it. Nothing that you may see is linked to it."
        )
    kinds = [
        number_of(sum(item.kind is kind for item in items), one, many)
        for kind, one, many in (
            (Kind.REPORT, "report", "reports"),
            (Kind.INTELLIGENCE, "item of intelligence", "items of intelligence"),
            (Kind.INCIDENT, "incident", "incidents"),
        )
    ]
    sources = sorted(names.get(code, code) for code in found.agencies)
    if found.public:
        sources.append("the public")
    told = joined([words for words in kinds if words])
    independent = (
        "one independent source"
        if found.independent == 1
        else (f"{found.independent} independent sources")
    )
    of = f", from {joined(sources)}" if sources else ""
    return f"It is listed because of {told}{of}: {independent}."


def number_of(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def joined(words: Sequence[str]) -> str:
    """In a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def day(when: date) -> str:
    return f"{when:%-d %B %Y}"


def nothing_since(when: date) -> str:
    """Of an empty list: no data is never shown as safe."""
    return f"Nothing has been recorded since {when:%-d %B}. This does not mean it is safe."
