"""What may be decided about a cluster, and how it is said. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

REASON_MIN, REASON_MAX, NAME_MAX, WATCH_DAYS = 20, 500, 80, 366
NEW_PLACE = "NEW"


class Kind(StrEnum):
    """As it is stored. The first three change the state of the cluster."""

    ADOPTED = "ADOPTED"
    WATCH = "WATCH"
    DISMISSED = "DISMISSED"
    NAMED = "NAMED"
    AGENCY = "AGENCY"


class What(StrEnum):
    """As it stands in an address."""

    ADOPT = "adopt"
    WATCH = "watch"
    DISMISS = "dismiss"
    RENAME = "rename"
    AGENCY = "agency"
    UNDO = "undo"


QUESTIONS = {
    What.ADOPT: "Which place of concern is this?",
    What.WATCH: "Until when do you want to watch this?",
    What.DISMISS: "Why is this not a cluster?",
    What.RENAME: "What should this be called?",
    What.AGENCY: "Which agency leads on this?",
    What.UNDO: "Do you want to take this decision back?",
}
STATES = {
    "CANDIDATE": "Not decided yet",
    "REVIEWED": "Looked at, not decided",
    "ADOPTED": "Adopted as a place",
    "WATCH": "Watched",
    "DISMISSED": "Not a cluster",
}


class Decision(NamedTuple):
    """One row of what was decided, as a page shows it; `own`: by the reader."""

    id: UUID
    number: int
    kind: str
    content_id: str
    reason: str | None
    name: str | None
    lead_agency: str | None
    watch_until: date | None
    place_ref: str | None
    place_name: str | None
    at: datetime
    by: UUID
    undone_at: datetime | None


def seen(made: Sequence[Decision]) -> str:
    """What a page was looking at: how many decisions there were, and how many taken back.

    >>> seen([])
    '0.0'
    """
    return f"{len(made)}.{sum(one.undone_at is not None for one in made)}"


def standing(made: Sequence[Decision]) -> Decision | None:
    """The last that was not taken back."""
    return next((one for one in made if one.undone_at is None), None)


def in_words(one: Decision, agencies: Mapping[str, str]) -> str:
    """`Watched until 3 May 2027`, without the reason."""
    if one.kind == Kind.ADOPTED:
        place = f"{one.place_name} ({one.place_ref})" if one.place_ref else "a place"
        return f"Adopted as {place}"
    if one.kind == Kind.WATCH and one.watch_until is not None:
        return f"Watched until {long_day(one.watch_until)}"
    if one.kind == Kind.NAMED:
        return f"Named {one.name}"
    if one.kind == Kind.AGENCY:
        return f"Lead agency: {agencies.get(one.lead_agency or '', one.lead_agency)}"
    return STATES["DISMISSED"]


def state_in_words(state: str, watch_until: date | None, today: date) -> str:
    """For lists: a watch that is over asks for a new decision."""
    if state != Kind.WATCH or watch_until is None:
        return STATES.get(state, state)
    if watch_until < today:
        return f"Watch ended on {long_day(watch_until)}. Decide again."
    return f"Watched until {long_day(watch_until)}"


def reason_problem(reason: str) -> str | None:
    if not reason:
        return "Enter a reason."
    if len(reason) < REASON_MIN:
        return f"Enter a reason of at least {REASON_MIN} characters."
    if len(reason) > REASON_MAX:
        return f"Use at most {REASON_MAX} characters."
    return None


def watch_problem(until: date | None, today: date) -> str | None:
    if until is None:
        return "Enter the day until which you want to watch this."
    if until <= today:
        return "Enter a day after today."
    if until > today + timedelta(days=WATCH_DAYS):
        return "Enter a day within a year."
    return None


def long_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
