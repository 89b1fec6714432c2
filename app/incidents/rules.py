"""When an incident was and how sure that is; what it may be called and become. Pure."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


class Precision(StrEnum):
    EXACT = "EXACT"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class Confidence(StrEnum):
    REPORTED = "REPORTED"
    CORROBORATED = "CORROBORATED"
    CONFIRMED = "CONFIRMED"


class DiscoveredBy(StrEnum):
    PUBLIC_REPORT = "PUBLIC_REPORT"
    PARTNER_REPORT = "PARTNER_REPORT"
    RETURN_INTERVIEW = "RETURN_INTERVIEW"
    CASEWORK = "CASEWORK"
    PROACTIVE_PATROL = "PROACTIVE_PATROL"
    STOP_SEARCH = "STOP_SEARCH"
    CUSTODY = "CUSTODY"
    ONLINE = "ONLINE"
    OPEN_DATA = "OPEN_DATA"
    OTHER = "OTHER"


class ChildCount(StrEnum):
    """How many children were there, as far as anybody said."""

    NONE = "NONE"
    B1_2 = "B1_2"
    B3_7 = "B3_7"
    B8_19 = "B8_19"
    B20_PLUS = "B20_PLUS"
    NOT_KNOWN = "NOT_KNOWN"


class Outcome(StrEnum):
    """What came of it, in five words and no more."""

    NFA = "NFA"
    SUPPORT = "SUPPORT"
    CRIMINAL_JUSTICE = "CRIMINAL_JUSTICE"
    ONGOING = "ONGOING"
    NOT_KNOWN = "NOT_KNOWN"


class State(StrEnum):
    RECORDED = "RECORDED"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"


# What was withdrawn stays so: it is recorded anew if it did happen after all.
MOVES: Mapping[str, Collection[str]] = {
    State.RECORDED: (State.CONFIRMED, State.WITHDRAWN),
    State.CONFIRMED: (State.WITHDRAWN,),
}
UNTIL_CONFIRMED = "until_confirmed"
# Harms of which a missing episode may be told, and its kind.
EPISODES = {"MISSING_HOME": "HOME", "MISSING_CARE": "CARE", "MISSING_EDU": "EDUCATION"}


def change_problem(state: str, condition: str | None) -> str | None:
    """Why this incident can no longer be corrected by somebody whose rule has this condition."""
    if state == State.WITHDRAWN:
        return "This incident was withdrawn and can no longer be changed. Record it anew."
    if state == State.CONFIRMED and condition == UNTIL_CONFIRMED:
        return "This incident is confirmed. Ask the lead to change it."
    return None


def interval(at: datetime, precision: Precision) -> tuple[datetime, datetime]:
    """The half-open period that "about then" stands for, in London's days, weeks and months.

    A vague "when" stays vague: nothing makes up an instant.
    """
    local = at.astimezone(LONDON)
    if precision is Precision.EXACT:
        return local, local
    if precision is Precision.HOUR:
        begin = local.replace(minute=0, second=0, microsecond=0)
        return begin, begin + timedelta(hours=1)
    first, last = _days(local.date(), precision)
    return midnight(first), midnight(last)


def _days(day: date, precision: Precision) -> tuple[date, date]:
    if precision is Precision.WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=7)
    if precision is Precision.MONTH:
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    return day, day + timedelta(days=1)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)


def time_problem(begin: datetime, end: datetime, now: datetime) -> str | None:
    if begin > end:
        return "The end is before the start."
    if begin > now:
        return "This is in the future."
    return None
