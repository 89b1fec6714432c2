"""Dates and times as people type them: day, month, year and time, each in a box of its own."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from app.core import dates
from app.incidents.rules import LONDON, Precision, interval

BOXES = ("day", "month", "year", "time")
NOT_A_TIME = "Enter the time like 16:20 or 4:20pm."
NO_TIME = "Enter the time, or say that it is known to the day only."
TIME = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?\s*(am|pm)?", re.IGNORECASE)


def typed(
    sent: Mapping[str, str], names: Iterable[str], *, ends: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, str]]:
    """The answers with the boxes of each name put together, and what is wrong with them.

    A day without a time is its beginning; of one of `ends`, the end of that day.
    """
    fields: dict[str, Any] = dict(sent)
    errors = {}
    for name in names:
        boxes = {box: fields.pop(f"{name}_{box}", "").strip() for box in BOXES}
        if not any(boxes.values()):
            continue
        try:
            at = _instant(boxes, monthly=sent.get("time_precision") == Precision.MONTH)
            if not boxes["time"] and name in ends:
                at += timedelta(days=1)
            fields[name] = at.isoformat()
        except ValueError as problem:
            errors[name] = str(problem)
    return fields, errors


def needs_time(sent: Mapping[str, str]) -> dict[str, str]:
    """What is known to the minute or the hour has one."""
    exact = sent.get("time_precision") in {Precision.EXACT, Precision.HOUR}
    in_boxes = any(sent.get(f"occurred_from_{box}") for box in BOXES)
    missing = exact and in_boxes and not sent.get("occurred_from_time")
    return {"occurred_from": NO_TIME} if missing else {}


def _instant(boxes: Mapping[str, str], *, monthly: bool) -> datetime:
    day = boxes["day"] or ("1" if monthly else "")
    return datetime.combine(dates.real(day, boxes["month"], boxes["year"]), _time(boxes["time"]))


def _time(said: str) -> time:
    if not said:
        return time()
    found = TIME.fullmatch(said)
    if found is None:
        raise ValueError(NOT_A_TIME)
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            raise ValueError(NOT_A_TIME)
        hour = hour % 12 + (12 if found[3].lower() == "pm" else 0)
    try:
        return time(hour, minute)
    except ValueError as wrong:
        raise ValueError(NOT_A_TIME) from wrong


def boxed(name: str, at: datetime | None, *, end: bool = False) -> dict[str, str]:
    """The same the other way round, for a form that shows what is known."""
    if at is None:
        return {}
    here = at.astimezone(LONDON)
    whole = here.time() == time()
    if end and whole:
        here -= timedelta(days=1)
    boxes = {"day": str(here.day), "month": str(here.month), "year": str(here.year)}
    if not whole:
        boxes["time"] = f"{here:%H:%M}"
    return {f"{name}_{box}": text for box, text in boxes.items()}


def period_boxed(begin: datetime, end: datetime, precision: str) -> dict[str, str]:
    """The end is left empty when it follows from the precision."""
    follows = interval(begin, Precision(precision)) == (begin, end)
    return boxed("occurred_from", begin) | ({} if follows else boxed("occurred_to", end, end=True))


def in_words(begin: datetime, end: datetime, precision: str, *, about: bool = False) -> str:
    """As a reader is told: as vague as it is known."""
    first, last = begin.astimezone(LONDON), end.astimezone(LONDON)
    return ("About " if about else "") + _words(first, last, precision)


def _words(first: datetime, last: datetime, precision: str) -> str:
    if precision == Precision.EXACT and first == last:
        return moment(first)
    if interval(first, Precision(precision)) != (first, last):
        return f"between {_edge(first)} and {_edge(last, end=True)}"
    return {
        Precision.HOUR: f"{clock_time(first)} to {clock_time(last)}, {day(first)}",
        Precision.WEEK: f"the week of {day(first)}",
        Precision.MONTH: f"{first:%B %Y}",
    }.get(Precision(precision), day(first))


def _edge(at: datetime, *, end: bool = False) -> str:
    if at.time() != time():
        return moment(at)
    return day(at - timedelta(days=1) if end else at)


def day(at: date) -> str:
    return f"{at.day} {at:%B %Y}"


def clock_time(at: datetime) -> str:
    if at.time() == time():
        return "midnight"
    return f"{at.hour % 12 or 12}:{at:%M}{'am' if at.hour < 12 else 'pm'}"


def moment(at: datetime) -> str:
    return f"{day(at)}, {clock_time(at)}"
