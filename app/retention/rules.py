"""Words for what is kept no longer, and how a plan comes to its end.

How long each record is kept is data: data/lookups/lists/retention.csv, by record and regime.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID


class Line(NamedTuple):
    """How many records fall under one rule, and when the next of them are due."""

    kind: str
    rule: str
    regime: str
    kept: int
    due: int
    held: int
    next_on: date | None

    def as_json(self) -> dict[str, str | int | None]:
        return self._asdict() | {"next_on": self.next_on and self.next_on.isoformat()}


def line_of(said: Mapping[str, Any]) -> Line:
    """The same, read again."""
    day = said["next_on"]
    return Line(**(dict(said) | {"next_on": day and date.fromisoformat(day)}))


class Look(NamedTuple):
    """What was counted last, on which day: for the page."""

    as_of: date
    at: datetime
    lines: list[Line]
    overdue: int


class Rule(NamedTuple):
    """As data/lookups/lists/retention.csv has it."""

    record: str
    regime: str
    label: str
    kept: str
    then: str
    by_auditor: bool


class State(StrEnum):
    PLANNED = "PLANNED"
    APPROVED = "APPROVED"
    DONE = "DONE"
    REPLACED = "REPLACED"


KINDS = {
    "child": ("reference", "references"),
    "child_place_link": ("link to a place", "links to places"),
    "child_incident_link": ("link to an incident", "links to incidents"),
    "context_work": ("closed place's work", "closed places' work"),
    "meeting": ("meeting", "meetings"),
    "report": ("report", "reports"),
    "incident": ("incident", "incidents"),
    "intelligence": ("item of intelligence", "items of intelligence"),
    "cluster_run": ("computed run of clusters", "computed runs of clusters"),
    "cluster_lineage": ("cluster over time", "clusters over time"),
    "place": ("place", "places"),
    "access_grant": ("grant of access", "grants of access"),
    "legal_hold": ("hold that ended", "holds that ended"),
    "user": ("disabled account", "disabled accounts"),
    "audit": ("event of the audit trail", "events of the audit trail"),
}
OF_AUDITOR = ("intelligence", "access_grant", "audit")  # nobody else sees how many
REOPENS = "context_work"
WORK = (REOPENS, "meeting")  # erased each at once, whatever hangs on it
# Erased in batches, in this order: a place after what happened there.
BATCHED = (
    *("report", "incident", "intelligence", "cluster_run", "cluster_lineage", "place"),
    *("access_grant", "legal_hold", "user"),
)
BATCH = 200
REGIMES = {"UK_GDPR": "UK GDPR", "PART3": "Part 3, police", "ANY": "Any"}
STATE_WORDS = {
    State.PLANNED: "Waits for approval",
    State.APPROVED: "Approved: erased within minutes",
    State.DONE: "Erased",
    State.REPLACED: "Replaced by a newer run",
}
WRONG_NUMBER = "Type the number of rows that are due, as it stands above."
LOST = (
    "Records were erased from this database, and the list of what was erased cannot be read at "
    "{path}: after a restore it is needed. Put it back where CONTEXTMAP_ERASED_FILE says. If it is "
    "lost for good, make an empty file there, and look at what is due under Retention."
)
STAYED = (
    "Records that had been erased are in this database again and could not be erased: {n}. "
    "The log says where (erasure.failed). Nobody is served until "
    "`contextmap retention replay` ends well."
)
HELD = (
    "Records that had been erased are in this database again and stay: a hold keeps them, or "
    "something that needs them: {n}. See Administration, Retention, Holds."
)
UNSURE = (
    "Erasing had begun and nothing says that it ended, so these are kept: {n} records. "
    "They are due under Retention."
)
UNDER_WAY = "Records are being erased at this moment. Try again when that has ended."
OWN = "Somebody else must approve this: not the person who asked."


def sentence(counts: Mapping[str, int]) -> str:
    """What is due, in words.

    >>> sentence({"child": 1, "child_place_link": 2, "child_incident_link": 0})
    '3 rows are due: 1 reference, 2 links to places'
    """
    parts = [f"{n:,} {KINDS[kind][n != 1]}" for kind, n in counts.items() if n and kind in KINDS]
    total = sum(counts.get(kind, 0) for kind in KINDS)
    if not parts:
        return "Nothing is due"
    return f"{total:,} {'row is' if total == 1 else 'rows are'} due: {', '.join(parts)}"


def table(lines: Iterable[Line], known: Sequence[Rule]) -> list[tuple[Rule, Line]]:
    """What there is, in the order of the rules."""
    by_rule = {(line.rule, line.regime): line for line in _together(lines)}
    both = ((rule, by_rule.get((rule.record, rule.regime))) for rule in known)
    return [(rule, line) for rule, line in both if line is not None]


def _together(lines: Iterable[Line]) -> list[Line]:
    """Of deleted records there are several kinds under one rule."""
    found: dict[tuple[str, str], Line] = {}
    for line in lines:
        key = line.rule, line.regime
        found[key] = _sum(found[key], line) if key in found else line
    return list(found.values())


def _sum(one: Line, other: Line) -> Line:
    days = [day for day in (one.next_on, other.next_on) if day is not None]
    return one._replace(
        kept=one.kept + other.kept,
        due=one.due + other.due,
        held=one.held + other.held,
        next_on=min(days, default=None),
    )


def shortened(known: Iterable[Rule]) -> list[Rule]:
    """The same rule of several regimes once, with the words of them all."""
    found: dict[tuple[str, str, str], Rule] = {}
    for rule in known:
        key = rule.label, rule.kept, rule.then
        words = REGIMES.get(rule.regime, rule.regime)
        had = found.get(key)
        found[key] = rule._replace(regime=words if had is None else f"{had.regime}; {words}")
    return list(found.values())


def standing(state: str, failed: int) -> str:
    """Where a run stands.

    >>> standing("APPROVED", 1)
    'Approved: 1 part could not be erased yet. It is tried again every five minutes.'
    """
    if state != State.APPROVED or not failed:
        return STATE_WORDS[State(state)]
    parts = "part" if failed == 1 else "parts"
    again = "It is" if failed == 1 else "They are"
    return (
        f"Approved: {failed:,} {parts} could not be erased yet. "
        f"{again} tried again every five minutes."
    )


def mark_of(kind: str, key: UUID, since: datetime | None) -> str:
    """The same of any other record; of work with its time, since a place can be opened again."""
    return _hash(f"{kind} {key}") if kind != REOPENS else _with_time(kind, key, since)


def marks_of(kind: str, key: UUID, since: datetime | None) -> set[str]:
    """Whatever a list may call it: lists of before named others with their time, too."""
    return {mark_of(kind, key, since), _with_time(kind, key, since)}


def _with_time(kind: str, key: UUID, since: datetime | None) -> str:
    return _hash(f"{kind} {key} {'' if since is None else since.astimezone(UTC).isoformat()}")


def _hash(told: str) -> str:
    return hashlib.sha256(f"contextmap erased {told}".encode()).hexdigest()


def mark(child_id: UUID) -> str:
    """What the list of erasures keeps: it tells nothing, and finds the child in an old backup."""
    return hashlib.sha256(b"contextmap erased " + child_id.bytes).hexdigest()
