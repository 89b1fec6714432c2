"""What a MARVE panel sees across places: patterns, harms that rise, online spaces, what works."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.packs import content, marve_sql, naming
from app.packs.content import Json
from app.packs.marve_facts import Facts
from app.places import weeks
from geo.disclosure import bands, derived

GREW = 0.25  # a cluster counts as grown, or smaller, from a quarter more or less on
TAKEDOWN = {
    "REQUESTED": "removal was asked for on {asked}",
    "REMOVED": "removed on {removed}",
    "RETURNED": "it came back after it was removed",
    "REFUSED": "the platform refused to remove it",
}
DISTRICTS = text("""
    select distinct on (code) code, name from reference.area
    where kind in ('borough', 'district') order by code, vintage desc, id desc
""")


def themes(session: Session, facts: Facts) -> Iterator[Json]:
    for item in facts.agenda:
        if item.section == "T":
            for body in naming.sayable([item.body], home=False):
                yield content.line(body)
    districts = {row.code: row.name for row in session.execute(DISTRICTS)}
    for row in session.execute(marve_sql.LINEAGES, facts.values):
        yield from _cluster(facts, row, districts)
    rising = [row.label for row in session.execute(marve_sql.HARMS, facts.values) if _rises(row)]
    if rising:
        told = naming.joined([word[:1].lower() + word[1:] for word in rising])
        yield content.line(f"More was recorded than in as many days before: {told}.", tier="H0")
    for row in session.execute(marve_sql.ONLINE, facts.values):
        yield from _online(facts, row)


def _cluster(facts: Facts, row: Row[Any], districts: dict[str, str]) -> Iterator[Json]:
    """What happened to it in the window, and with which neighbours it is shared."""
    first, end = facts.values["first_on"], facts.values["end_on"]
    what = change(row, first, end)
    partners = facts.asked.boroughs
    outside = [districts.get(c, "elsewhere") for c in row.borough_codes if c not in partners]
    if what is None and not outside:
        return
    where = naming.where(row.borough_codes, partners)
    shared = f" Shared with {naming.joined(outside)}." if outside else ""
    told = f"Cluster {row.name}: {what or 'as before'}. {where}.{shared}"
    here = [code for code in row.borough_codes if code in partners]
    yield content.line(told, boroughs=here, statutory=True)


def change(row: Any, first: date, end: date) -> str | None:  # noqa: ANN401 - a row of LINEAGES
    """In a word; None where nothing did that a panel need talk about."""
    if row.closed_on is not None and first <= row.closed_on < end:
        return "merged into another" if row.is_merged else "closed"
    if first <= row.opened_on < end:
        return "split from another" if row.is_split else "new"
    if row.n_before is None or row.state != "OPEN":
        return None
    if row.n >= row.n_before * (1 + GREW):
        return "grown"
    return "smaller" if row.n <= row.n_before * (1 - GREW) else None


def _rises(row: Row[Any]) -> bool:
    """From printed numbers alone, so that the words give no more away than a release would."""
    return derived.change(bands.show(row.n), bands.show(row.before)).startswith("more")


def _online(facts: Facts, row: Row[Any]) -> Iterator[Json]:
    since = facts.values["first_on"]
    days = [day for day in (row.asked_on, row.removed_on) if day is not None and day >= since]
    if row.takedown_state not in TAKEDOWN or not (days or row.takedown_state == "RETURNED"):
        return
    words = TAKEDOWN[row.takedown_state].format(
        asked=_day(row.asked_on), removed=_day(row.removed_on)
    )
    told = f"Online, {row.platform or 'other platform'} ({row.ref}): {words}."
    yield content.line(told, boroughs=list(row.borough_codes), tier=row.tier)


def strengths(facts: Facts) -> Iterator[Json]:
    """What works, in the order of the pages: children's words, adults gained, goals met."""
    for item in facts.agenda:
        if item.section == "S":
            for body in naming.sayable([item.body], home=False):
                yield content.line(body)
    for standing in facts.pages:
        place = facts.places[standing.key]
        about, home = naming.about(place), naming.is_home(place)
        own = [sign.body for sign in facts.signs.get(place.id, ()) if sign.view == "CHILDREN"]
        for body in naming.sayable(own, home=home):
            yield content.line(f"{naming.called(place)}, children say: {body}", **about)
        for hours in _gained(facts, place):
            told = f"{naming.called(place)}: an adult is there now {hours}."
            yield content.line(told, **about)
        met = [goal.body for goal in facts.goals.get(place.id, ()) if goal.result == "MET"]
        for body in naming.sayable(met, home=home):
            yield content.line(f"{naming.called(place)}, goal met: {body}", **about)


def _gained(facts: Facts, place: Row[Any]) -> list[str]:
    since = facts.values["first_on"]
    return [
        "; ".join(weeks.in_words(weeks.hours(slot.week_grid)))
        for slot in facts.guardians.get(place.id, ())
        if slot.valid_from_on >= since
    ]


def _day(day: date | None) -> str:
    return "a day that is not known" if day is None else f"{day:%-d %B}"
