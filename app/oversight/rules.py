"""What is unusual, and the sentences of the audit viewer."""

from dataclasses import dataclass
from datetime import date, datetime, time

PAGE_SIZE = 25
DOWNLOAD_ROWS = 100_000
SEEN_ROWS = 200
MONTHS = 6
UNUSUAL_DAYS = 30
UNUSUAL_ROWS = 100
LATE_S = 60

CHILD_READS_A_DAY = 100
DENIALS_IN_10_MIN = 20
OPENS, CLOSES = time(7, 0), time(19, 0)  # Monday to Friday, in London

JOB = "job"
SERVICE = "The service itself"
OUTCOMES = {
    "done": "Done",
    "refused": "Refused",
    "403": "Denied: not allowed",
    "404": "Denied: not found",
    "asked": "Asked for",
    "unchanged": "No change found",
    "changed": "Change found",
}


@dataclass(frozen=True, slots=True)
class Verification:
    """How the last one ended; `first_broken` is a seal, where one is broken."""

    at: datetime
    holds: bool
    first_broken: int | None


@dataclass(frozen=True, slots=True)
class Keeping:
    """How far the audit is sealed, anchored and verified. Times are London's."""

    sealed_to: int | None = None
    sealed_at: datetime | None = None
    anchored_at: datetime | None = None
    verified: Verification | None = None
    asked_at: datetime | None = None
    waiting_since: datetime | None = None


WORDS = {"place_exact": "exact address", "audit_event": "audit", "purpose": "reason given"}


def action_words(action: str) -> str:
    """`place_exact.read` as people read it: "Exact address: read"."""
    words = ": ".join(WORDS.get(part, part) for part in action.split(".")).replace("_", " ")
    return words[:1].upper() + words[1:]


def outcome_words(outcome: str) -> str:
    return OUTCOMES.get(outcome) or action_words(outcome)


def state_sentence(keeping: Keeping, today: date) -> str:
    return " ".join((_sealed(keeping, today), _anchored(keeping, today), _verified(keeping, today)))


def alarm(keeping: Keeping, contact: str) -> str | None:
    """First on the page when the last verification found a change."""
    found = keeping.verified
    if found is None or found.holds:
        return None
    where = "" if found.first_broken is None else f" at seal {found.first_broken:,}"
    return f"Verification failed{where}. Do not delete anything. Call {contact}."


def late(keeping: Keeping, now: datetime) -> str | None:
    since = keeping.waiting_since
    if since is None or (now - since).total_seconds() <= LATE_S:
        return None
    return f"Events have waited for their seal since {since:%H:%M}. Is the worker running?"


def _sealed(keeping: Keeping, today: date) -> str:
    if keeping.sealed_to is None or keeping.sealed_at is None:
        return "Nothing is sealed yet."
    return f"Sealed to event {keeping.sealed_to:,} {_at(keeping.sealed_at, today)}."


def _anchored(keeping: Keeping, today: date) -> str:
    at = keeping.anchored_at
    if at is None:
        return "There is no anchor yet."
    return f"Last anchor {at:%H:%M}." if at.date() == today else f"Last anchor {_at(at, today)}."


def _verified(keeping: Keeping, today: date) -> str:
    found = keeping.verified
    if found is None:
        return "Not verified yet."
    day = "today " if found.at.date() == today else ""
    ended = "no change found" if found.holds else "a change was found"
    return f"Verified {day}{_at(found.at, today)}: {ended}."


def _at(at: datetime, today: date) -> str:
    if at.date() == today:
        return f"at {at:%H:%M}"
    return f"on {at.day} {at:%B %Y} at {at:%H:%M}"
