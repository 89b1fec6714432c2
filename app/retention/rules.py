"""How long what hangs on a child or on a closed place is kept, and how a plan comes to its end.

Periods are of domain.md 7; all are to be confirmed by the data protection officers.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

LINK_YEARS = 2
EMPTY_DAYS = 90  # a reference that was opened and never linked


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
}
WORK = ("context_work", "meeting")  # erased each at once, whatever hangs on it
STATE_WORDS = {
    State.PLANNED: "Waits for approval",
    State.APPROVED: "Approved: erased within minutes",
    State.DONE: "Erased",
    State.REPLACED: "Replaced by a newer run",
}
WRONG_NUMBER = "Type the number of rows that are due, as it stands above."
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


def mark_of_work(kind: str, key: UUID, since: datetime) -> str:
    """The same of a place's work or a meeting; not of work after a place was opened again."""
    told = f"contextmap erased {kind} {key} {since.astimezone(UTC).isoformat()}"
    return hashlib.sha256(told.encode()).hexdigest()


def mark(child_id: UUID) -> str:
    """What the list of erasures keeps: it tells nothing, and finds the child in an old backup."""
    return hashlib.sha256(b"contextmap erased " + child_id.bytes).hexdigest()
