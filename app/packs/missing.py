"""The sheet of the missing panel: who is missing, who returned, where, when, what came too late.

Names live in the systems of the police and of social care; here are references, and only for those
who read them with a purpose. Partners read the parts about places and about times.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.incidents import away
from app.packs import content, naming
from app.packs.content import Asked, Json
from app.packs.missing_facts import Sheet, day, gather, hours, moment, times
from app.packs.missing_places import pattern, places

KINDS = {"HOME": "from home", "CARE": "from care", "EDUCATION": "from education"}
NO_NAMES = "Names are in the systems of the police and of social care, not here."
TIMES = "Times of interviews and decisions are to be confirmed with the partnership."
OF_OTHERS = "Nobody in your boroughs."
SEVERE = 3  # from this level on MARVE knows a place


def build(session: Session, asked: Asked) -> list[Json]:
    sheet = gather(session, asked)
    nobody = OF_OTHERS if sheet.open else sheet.nobody
    nobody_returned = OF_OTHERS if sheet.returned else sheet.nobody_returned
    return [
        _part("1", "Open: missing now", _open(sheet), nobody, note=NO_NAMES, statutory=True),
        _part("2", "Returned", _returned(sheet), nobody_returned, statutory=True),
        _part("3", "Places", places(sheet),
              "No place that you may read had two episodes or two children in 90 days."),
        _part("4", "Pattern of 12 weeks", pattern(sheet), sheet.nobody),
        _part("5", "Late", _late(sheet), "No interview and no decision is late.", note=TIMES,
              statutory=True),
        _part("6", "Links", _links(sheet), "No place to pass on.", statutory=True),
    ]  # fmt: skip


def _part(  # as content.section takes them
    code: str,
    title: str,
    items: Iterable[Json],
    empty: str,
    **more: Any,  # noqa: ANN401
) -> Json:
    return content.section(code, title, list(items), empty=empty, **more)


def _about(episode: Row[Any]) -> dict[str, Any]:
    return {"boroughs": list(episode.borough_codes), "tier": episode.tier}


def _open(sheet: Sheet) -> Iterator[Json]:
    for one in sheet.open:
        gone = hours(round(away.hours_away(times(one, sheet.until), sheet.until)))
        body = f"Missing {KINDS[one.kind]} for {gone}, since {moment(one.missing_from_at)}."
        yield from _with_places(sheet, one, body, ("Last places linked", "Last places linked"))


def _with_places(sheet: Sheet, one: Row[Any], body: str, words: tuple[str, str]) -> Iterator[Json]:
    """One line; a home is another one, for those who may read where homes are."""
    places = sheet.at.get(one.ref, [])
    about = _about(one) | {"children": list(one.children), "statutory": True}
    told = _told([place for place in places if not naming.is_home(place)], words)
    yield content.line(" ".join(filter(None, (body, told))), **about)
    if homes := [place for place in places if naming.is_home(place)]:
        yield content.line(_told(homes, words), home=True, **about)


def _told(places: Iterable[Row[Any]], words: tuple[str, str]) -> str:
    """The place of the incident first, and the others that belong to it."""
    found: dict[str, list[str]] = {}
    for place in places:
        word = words[0] if place.is_main else words[1]
        found.setdefault(word, []).append(naming.called(place))
    return " ".join(f"{word}: {naming.joined(names)}." for word, names in found.items())


def _returned(sheet: Sheet) -> Iterator[Json]:
    """What was done about each, and then P01 to P05 of them all."""
    found = [times(one, sheet.until) for one in sheet.returned]
    for one, told in zip(sheet.returned, found, strict=True):
        gone = hours(round(away.hours_away(told, sheet.until)))
        body = f"Missing {KINDS[one.kind]}, {_span(told)} ({gone}). {_listened(told)}"
        yield from _with_places(sheet, one, body, ("Found at", "Returned from, or on the way"))
    if found:
        yield _measured(away.measured(found))


def _span(told: away.Times) -> str:
    back = "still missing" if told.returned_at is None else moment(told.returned_at)
    return f"{moment(told.missing_from_at)} to {back}"


def _listened(told: away.Times) -> str:
    """The interview, the location, the decision, and what is next."""
    if told.held_at is not None:
        talked = f"Interview held on {day(told.held_at)}."
    elif told.declined:
        talked = "Interview declined."
    elif told.offered_at is not None:
        talked = f"Interview offered on {day(told.offered_at)}, not held yet."
    else:
        talked = "No interview offered yet."
    place = "Location captured." if away.location_captured(told) else "Location not captured."
    decided = "Manager decided." if told.decided_at is not None else "No manager's decision yet."
    return f"{talked} {place} {decided} Next: {_next(told)}."


def _next(told: away.Times) -> str:
    if told.offered_at is None and not told.declined:
        return "offer an interview"
    if told.held_at is None and not told.declined:
        return "hold the interview"
    if told.decided_at is None:
        return "a manager's decision"
    return "nothing is open" if away.location_captured(told) else "ask where the child was"


def _measured(found: away.Measured) -> Json:
    def told(n: float | None) -> str:
        return "-" if n is None else hours(round(n))

    rows: list[list[str | int]] = [
        ["Returned", found.returned],
        ["Median time away", told(found.median_hours)],
        ["Longest time away", told(found.longest_hours)],
        ["Interview offered within 72 hours", found.offered],
        ["Interview held", found.held],
        ["Interview declined", found.declined],
        ["Manager's decision within 24 hours", found.decided],
        ["Location captured", found.captured],
    ]
    title = "How returned children were met, both boroughs"
    return content.table(title, ("", "Episodes"), rows, statutory=True)


def _late(sheet: Sheet) -> Iterator[Json]:
    """By team: whose interview was not offered in 72 hours, whose decision not made in 24."""
    offers, decisions = Counter[str](), Counter[str]()
    for one in sheet.recent:
        told = times(one, sheet.until)
        offers[one.team] += away.offer_is_late(told, sheet.until)
        decisions[one.team] += away.decision_is_late(told, sheet.until)
    teams = sorted(team for team in offers if offers[team] or decisions[team])
    agencies = sheet.asked.agencies or {}
    rows: list[list[str | int]] = [
        [agencies.get(team, team), offers[team], decisions[team]] for team in teams
    ]
    if rows:
        columns = ("", "Interview not offered in 72 hours", "Decision not recorded in 24 hours")
        yield content.table("Late in 12 weeks, by team", columns, rows, statutory=True)


def _links(sheet: Sheet) -> Iterator[Json]:
    """Who else should hear of it: education, health, MARVE."""
    if any(one.kind == "EDUCATION" for one in sheet.recent):
        told = "{n} episodes from education in 12 weeks: pass the pattern to ROME."
        n = sum(one.kind == "EDUCATION" for one in sheet.recent)
        yield content.line(told, counts={"n": n}, statutory=True)
    waiting = [one for one in sheet.returned if not times(one, sheet.until).held_at]
    if waiting:
        told = "{n} returned without an interview: tell health, where a child is known to it."
        yield content.line(told, counts={"n": len(waiting)}, statutory=True)
    for place in sheet.repeated:
        about = naming.about(place) | {"statutory": True}
        if place.state in ("PROPOSED", "SCREENED", "DORMANT"):
            told = f"{naming.called(place)}: identify it as a place of concern."
        elif int(place.level[2:]) < SEVERE:
            told = f"{naming.called(place)}: bring it to MARVE."
        else:
            continue
        yield content.line(told, **about)
