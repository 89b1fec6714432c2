"""Kinds of packs, their windows, states and words. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.core import working_days
from app.core.clock import LONDON
from app.core.errors import InvalidError

METHOD_VERSION, TEMPLATE_VERSION = "1", "1"
ABSENT = "There is no such briefing."  # word for word what is said of any other reference
EXISTS = "There is a briefing of this kind and period already."
NOT_OVER = "This can be built from {when} on."
NOT_CHECKED = "Only a checked briefing is signed."
NOT_A_CHAIR = "A chair of the meeting signs."
IS_BUILDER = "Somebody signs who did not build it. Ask another chair."
SIGNED = "This signature is there already."
IS_FROZEN = "A frozen briefing is not changed."
NOT_FROZEN = "Only a frozen briefing is recalled."
REASON = "Enter a reason of 20 to 300 characters."
NO_MEETING = "Plan the meeting first, and name who takes part."
WORDS = "Enter 1 to 500 characters."
CLOSED = "Lines are added until 9am. A chair may still add one."
NO_LINES = "Lines are added to a daily briefing. Put it on the agenda of the meeting."
DECISIONS = "There are three decisions already."
NO_CONTENT = "This kind of briefing is not built yet."
PERIODS = {
    "MARVE": "Write a month as 2026-10.",
    "MISSING": "Write a day as 2026-11-25.",
    "DAILY": "Write a working day as 2026-11-23.",
}


class Kind(StrEnum):
    MARVE = "MARVE"
    MISSING = "MISSING"
    DAILY = "DAILY"


class State(StrEnum):
    DRAFT = "DRAFT"
    CHECKED = "CHECKED"
    FROZEN = "FROZEN"
    RECALLED = "RECALLED"


STATES = {
    State.DRAFT: "Draft: not checked",
    State.CHECKED: "Checked, waits for signatures",
    State.FROZEN: "Frozen",
    State.RECALLED: "Recalled",
}
OPEN = (State.DRAFT, State.CHECKED)
KINDS = {
    Kind.MARVE: "MARVE pack",
    Kind.MISSING: "Missing-panel sheet",
    Kind.DAILY: "Daily risk briefing",
}
PURPOSES = {Kind.MARVE: "MARVE", Kind.MISSING: "MISSING_PANEL", Kind.DAILY: "DRB"}
MEETINGS = {Kind.MARVE: "MARVE", Kind.MISSING: "MISSING", Kind.DAILY: "DRB"}
BUILT_AT, LINES_UNTIL = time(7, 30), time(9)
FORTNIGHT = timedelta(days=14)
MOST_DECISIONS = 3
SUMMARY_FOR = timedelta(hours=24)
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Window:
    """What a pack covers, half-open; `day` is the London day that it is for."""

    kind: Kind
    period: str
    start_at: datetime
    end_at: datetime

    @property
    def words(self) -> str:
        if self.kind is Kind.MARVE:
            return f"{date.fromisoformat(self.period + '-01'):%B %Y}"
        return f"{date.fromisoformat(self.period):%A %-d %B %Y}"


def window(kind: Kind, period: str, ended: datetime | None, now: datetime) -> Window:
    """From the end of the last frozen one of the kind, so that nothing falls between two.

    Without one: a day of work for the daily briefing (72 hours on a Monday), a fortnight, a month.
    A MARVE pack is built for a panel of its month or the next: it ends with the month, or with
    yesterday while the month lasts.

    >>> window(Kind.DAILY, "2026-11-23", None, datetime(2026, 11, 23, 12, tzinfo=LONDON)).start_at
    datetime.datetime(2026, 11, 20, 7, 30, tzinfo=zoneinfo.ZoneInfo(key='Europe/London'))
    """
    first, end = _first(kind, period, now)
    start = first if ended is None else ended
    if now < end or start >= end:
        when = f"{end.astimezone(LONDON):%-d %B %Y, %H:%M}"
        said = NOT_OVER.format(when=when) if now < end else EXISTS
        raise InvalidError(said, {"period": said})
    return Window(kind, period, start, end)


def _first(kind: Kind, period: str, now: datetime) -> tuple[datetime, datetime]:
    """Where the first pack of a kind begins, and where one of this period ends."""
    wrong = PERIODS[kind]
    if kind is Kind.MARVE:
        if not MONTH.fullmatch(period):
            raise InvalidError(wrong, {"period": wrong})
        month = date.fromisoformat(period + "-01")
        after = (month + timedelta(days=32)).replace(day=1)
        today = now.astimezone(LONDON).date()
        last = min(after, today) if today > month else after
        return midnight(month), midnight(last)
    try:
        day = date.fromisoformat(period)
    except ValueError:
        raise InvalidError(wrong, {"period": wrong}) from None
    if kind is Kind.MISSING:
        return midnight(day - FORTNIGHT), midnight(day)
    if not working_days.is_working_day(day):
        raise InvalidError(wrong, {"period": wrong})
    return built_at(working_day_before(day)), built_at(day)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, LONDON)


def built_at(day: date) -> datetime:
    return datetime.combine(day, BUILT_AT, LONDON)


def working_day_before(day: date) -> date:
    day -= timedelta(days=1)
    while not working_days.is_working_day(day):
        day -= timedelta(days=1)
    return day


def lines_open(kind: Kind, period: str, now: datetime) -> bool:
    """Whether members still add lines: to a daily briefing until nine."""
    if kind is not Kind.DAILY:
        return True
    return now < datetime.combine(date.fromisoformat(period), LINES_UNTIL, LONDON)


def signature_of(kind: Kind, role: str) -> str:
    """Which signature a chair gives: a daily briefing has one of the police beside it."""
    return "police_by" if kind is Kind.DAILY and role == "police_analyst" else "signed_by"


def complete(kind: Kind, signed: object, police: object) -> bool:
    """Whether everybody has signed who must."""
    return signed is not None and (kind is not Kind.DAILY or police is not None)


ENTRIES = {
    "LINE": "A line",
    "COUNT_LINE": "A number of children, with place and harm",
    "DECISION": "A decision asked for",
    "CONDITIONAL": "A conditional item",
}


def wrong_line(sent: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a line that was typed, by field."""
    wrong = {}
    if sent.get("kind") not in ENTRIES:
        wrong["kind"] = "Choose what it is."
    if not re.fullmatch(r"[0-9A-Z]{1,9}", sent.get("section", "")):
        wrong["section"] = "Choose the part that it belongs to."
    if not 1 <= len(" ".join(sent.get("body", "").split())) <= 500:
        wrong["body"] = WORDS
    if sent.get("kind") == "COUNT_LINE" and not re.fullmatch(r"\d{1,3}", sent.get("n", "")):
        wrong["n"] = "Enter a whole number."
    if sent.get("kind") == "DECISION" and not (sent.get("owner") and sent.get("due")):
        wrong["owner"] = "Say who does it, and by when."
    if len(sent.get("owner", "")) > 100 or len(sent.get("due", "")) > 40:
        wrong["owner"] = "Use fewer words for who and when."
    if sent.get("kind") == "CONDITIONAL" and not sent.get("conditions", "").strip():
        wrong["conditions"] = "Enter the conditions for sharing."
    return wrong
