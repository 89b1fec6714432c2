"""Parts 5 and 6 of a daily risk briefing: where it may be needed tonight, and who is there."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row

from app.core import working_days
from app.packs import daily_sql, tonight
from app.packs.content import Json, line
from app.packs.daily_day import Day, about
from app.places.ranking import BAND_WORDS

WITHIN = {
    "YOUTH_WORKER": "youth workers",
    "STAFF": "staff",
    "TRANSPORT": "transport staff",
    "POLICE": "police",
    "VOLUNTEER": "volunteers",
    "PARENTS": "parents and carers",
    "VENUE_OPEN": "an open venue",
}


class Place(NamedTuple):
    """A place with hours of concern tonight, and who is there."""

    row: Row[Any]
    due: frozenset[int]
    there: tuple[tuple[str, frozenset[int]], ...]

    @property
    def guarded(self) -> frozenset[int]:
        return frozenset[int]().union(*(hours for _, hours in self.there))


def places(day: Day) -> Iterator[Place]:
    there: dict[Any, list[tuple[str, frozenset[int]]]] = {}
    for slot in day.rows(daily_sql.GUARDIANS):
        hours = tonight.due(slot.grid, day.day)
        if hours:
            there.setdefault(slot.place_id, []).append((WITHIN[slot.kind], hours))
    for row in day.rows(daily_sql.TONIGHT):
        if due := tonight.due(row.grid, day.day):
            yield Place(row, due, tuple(there.get(row.id, ())))


def light(day: Day) -> list[Json]:
    terms: dict[str, list[tuple[date, date]]] = {}
    for row in day.rows(daily_sql.TERMS):
        terms.setdefault(row.borough, []).append((row.first_day, row.last_day))
    working = working_days.is_working_day(day.day)
    open_in = {
        name: tonight.school_day(day.day, terms.get(code, ()), is_working=working)
        for code, name in day.asked.boroughs.items()
    }
    return [line(f"Sunset {tonight.sunset(day.day):%H:%M}. {tonight.school_words(open_in)}")]


def due(place: Place, day: date) -> Json:
    said = f"{place.row.name}, {tonight.words(place.due, day)}"
    band = BAND_WORDS.get(place.row.band or "")
    inner = f" ({band.lower()} priority)" if band else ""
    return line(said, **about(place.row) | {"inner": inner})


def guardians(place: Place, day: date) -> Json:
    """Who is there, and in which hours nobody is (B03)."""
    there = [f"{kind} {tonight.words(hours, day)}" for kind, hours in place.there]
    alone = place.due - place.guarded
    if alone:
        there.append(f"nobody {tonight.words(alone, day)}")
    return line(f"{place.row.name}: {'; '.join(there)}.", **about(place.row))


def sharable(place: Place, day: date) -> str:
    said = f"Tonight: {place.row.name}, {tonight.words(place.due, day)}"
    there = [(kind, hours & place.due) for kind, hours in place.there if hours & place.due]
    told = "; ".join(f"{kind} {tonight.words(hours, day)}" for kind, hours in there)
    return f"{said}: {told}." if told else f"{said}."
