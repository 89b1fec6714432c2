"""The daily risk briefing: what is new, and what tonight asks for. One page, read from the top."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.packs import daily_new, daily_sql
from app.packs import daily_night as night
from app.packs.content import Asked, Entry, Json, conditional, line, section
from app.packs.daily_day import Day, moment, statutory

PARTS = {
    "1": "Urgent",
    "2": "New",
    "3": "Custody and arrests",
    "4": "Missing now",
    "5": "Tonight",
    "6": "Guardians tonight",
    "7": "Due since the last briefing",
    "8": "Decide",
}
# With a line for what is left out of each, sixty at most.
MOST = {"1": 5, "2": 10, "3": 3, "4": 5, "5": 9, "6": 9, "7": 6, "8": 3}
DONE = {"DONE": "done", "DONE_PENDING_EVIDENCE": "done, to be confirmed"}


def build(session: Session, asked: Asked) -> list[Json]:
    day = Day(session, asked)
    places = list(night.places(day))
    told = {
        "1": _urgent(day),
        "2": daily_new.parts(day, [place.row.borough_codes for place in places]),
        "3": [],
        "4": _missing(day),
        "5": [*night.light(day), *(night.due(place, day.day) for place in places)],
        "6": [night.guardians(place, day.day) for place in places],
        "7": _actions(day),
        "8": [],
    }
    return [
        section(code, title, [*told[code], *_typed(asked.entries, code)], empty=EMPTY[code],
                most=MOST[code])
        for code, title in PARTS.items()
    ]  # fmt: skip


EMPTY = {
    "1": "No context is urgent.",
    "2": "Nothing is new.",
    "3": "Nothing was added.",
    "4": "Nobody is reported missing.",
    "5": "No context has hours of concern tonight.",
    "6": "No context has hours of concern tonight.",
    "7": "No action was due.",
    "8": "No decision is asked.",
}


def summary(session: Session, asked: Asked) -> list[Json]:
    """Parts 5 and 6 for places that every partner may see: no items, no numbers, no reasons."""
    day = Day(session, asked)
    found = [one for one in night.places(day) if one.row.tier == "H0" and one.row.listed]
    return [
        {"boroughs": sorted(one.row.borough_codes), "body": night.sharable(one, day.day)}
        for one in sorted(found, key=lambda one: (one.row.name, one.row.ref))
    ]


def _urgent(day: Day) -> list[Json]:
    return [
        line(
            f"{row.name}: urgent since {moment(row.urgent_since)}. {row.owner}"
            + (f", next review {row.next_review_on:%-d %B}." if row.next_review_on else "."),
            **statutory(row),
        )
        for row in day.rows(daily_sql.URGENT)
    ]


def _missing(day: Day) -> list[Json]:
    """How many children, and where they were linked last; never who."""
    rows = day.rows(daily_sql.MISSING)
    n_of: dict[str, set[Any]] = {code: set() for code in day.asked.boroughs}
    for row in rows:
        for code in row.borough_codes:
            n_of.setdefault(code, set()).add(row.id)
    told = [
        line("{n}" + f" missing, {day.asked.boroughs[code]}.", boroughs=[code],
             counts={"n": len(ids)})
        for code, ids in n_of.items()
        if ids and code in day.asked.boroughs
    ]  # fmt: skip
    seen = {row.ref: row for row in rows if row.ref}
    return told + [line(f"Linked to {row.name}.", **statutory(row)) for row in seen.values()]


def _actions(day: Day) -> list[Json]:
    return [
        line(
            f"{row.name}: {row.what or 'action'}, {row.owner}: {DONE.get(row.state, 'not done')}.",
            **statutory(row, f"/actions/{row.record}"),
        )
        for row in day.rows(daily_sql.ACTIONS)
    ]


def _typed(entries: Sequence[Entry], code: str) -> Iterator[Json]:
    for one in entries:
        if one.section == code:
            yield _line_of(one)


def _line_of(one: Entry) -> Json:
    if one.kind == "CONDITIONAL":
        said = f"1 conditional item, ask {one.body}."
        return line(said, boroughs=one.boroughs, conditional=conditional(one))
    if one.kind == "COUNT_LINE":
        return line("{n}, " + one.body, boroughs=one.boroughs, counts={"n": one.n or 0})
    if one.kind == "DECISION":
        said = f"{one.body} {one.owner or ''}, by {one.due or 'today'}."
        return line(said, boroughs=one.boroughs)
    return line(one.body, boroughs=one.boroughs)
