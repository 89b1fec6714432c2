"""The filters of the map as SQL: what they mean is said in app/maps/rules.py.

Each is a text of app/maps/fragments.py, with its values bound; only those in force are added, so
that a request without filters pays for none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.core.ids import read_reference
from app.maps import fragments as say
from app.maps.rules import NOT_OF_CLUSTERS, OF_EVENTS, Filters
from app.places import weeks

LONDON = ZoneInfo("Europe/London")

# Hours of each part of the day, as app.day_part has them.
PARTS = {
    "MORNING": range(6, 8),
    "SCHOOL_RUN": range(8, 9),
    "DAYTIME": range(9, 15),
    "AFTER_SCHOOL": range(15, 18),
    "EVENING": range(18, 22),
    "LATE": (22, 23, *range(6)),
}
STATES = {
    "identification": ["PROPOSED", "SCREENED", "IDENTIFIED"],
    "assessment": ["ASSESSING", "ASSESSED"],
    "intervention": ["CONFERENCE", "PLAN_ACTIVE"],
    "monitoring": ["MONITORING"],
    "dormant": ["DORMANT"],
    "closed": ["CLOSED"],
}
FEWEST_AND_MOST = {"1-2": (1, 2), "3-7": (3, 7), "8": (8, 1_000_000)}


@lru_cache(maxsize=512)
def places(filters: Filters) -> str:
    """What the filters ask of `place`, each after an `and`."""
    found = [] if filters.children == "any" else [_children(filters)]
    return places_near(filters) + _and(found)


def _children(filters: Filters) -> str:
    return say.NO_CHILDREN if filters.children == "none" else say.CHILDREN


def near(filters: Filters) -> str:
    """What is asked of the places of a tile or a view once they are found: their children."""
    if filters.children == "any":
        return ""
    return _and([say.NO_CHILDREN_NEAR if filters.children == "none" else say.CHILDREN_NEAR])


@lru_cache(maxsize=512)
def places_near(filters: Filters) -> str:
    """The same of `place` without the linked children."""
    found = []
    if filters.stage != "any":
        found.append(say.OPEN if filters.stage == "open" else say.STAGE)
    if filters.type != "all":
        found.append(say.TYPE_GROUP if filters.type.startswith("PG_") else say.TYPE)
    if filters.level != "all":
        found.append(say.LEVEL)
    if filters.borough != "both":
        found.append(say.OUTSIDE if filters.borough == "outside" else say.BOROUGH)
    if filters.q:
        found.append(say.WORDS if filters.in_full else say.NAME)
    if filters.harm != "all" or filters.sets(OF_EVENTS):
        found.append(_by_what_happened(filters))
    found += [say.NO_HOMES] * filters.screen
    return _and(found)


def _by_what_happened(filters: Filters) -> str:
    """An event of all that was asked, or what the place itself says of harm and times."""
    own = _own(filters)
    ways = ["(" + " and ".join(own) + ")"] if own else []
    if filters.in_full:
        ways.append(say.AT_INCIDENTS + incidents(filters) + ")")
    if filters.grade == "reports":
        ways.append(say.OF_REPORTS + reports(filters) + ")")
    return "(" + " or ".join(ways) + ")"


def _own(filters: Filters) -> list[str]:
    """Conditions on the place's own words; none where only an event can answer."""
    if filters.sets(("agency", "grade")) or filters.day == "HOLIDAY":
        return []
    found = []
    if filters.harm != "all":
        found.append(say.OWN_HARM_GROUP if filters.harm.startswith("HG_") else say.OWN_HARM)
    if filters.dark != "all":
        found.append(say.OWN_DARK)
    if filters.sets(("part", "day")):
        found.append(say.OWN_HOURS)
    return found


@lru_cache(maxsize=512)
def incidents(filters: Filters, *, dated: bool = True) -> str:
    """What the event filters ask of `incident`, each after an `and`; the borough apart."""
    found = [say.NONE] if filters.source == "police" else []
    if dated and filters.by_date:
        found.append(say.WINDOW)
    if filters.harm != "all":
        found.append(say.HARM_GROUP if filters.harm.startswith("HG_") else say.HARM)
    if filters.agency != "all":
        found.append(say.AGENCY)
    if filters.grade != "all":
        found.append(say.REPORTED if filters.grade == "reports" else say.UNPROMPTED)
    if filters.part != "all":
        found.append(say.PART)
    if filters.dark != "all":
        found.append(say.AFTER_DARK)
    if filters.day != "all":
        found.append(say.DAY)
    return _and(found)


def window(filters: Filters) -> str:
    """The period alone, where the planner must not meet it beside other conditions."""
    return _and([say.WINDOW] if filters.by_date else [])


def incidents_in(filters: Filters, *, dated: bool = True) -> str:
    """The same with the borough that the incident itself is in: for incidents by themselves."""
    found = incidents(filters, dated=dated)
    if filters.borough == "both":
        return found
    return found + _and(
        [say.INCIDENT_OUTSIDE if filters.borough == "outside" else say.INCIDENT_BOROUGH]
    )


@lru_cache(maxsize=512)
def reports(filters: Filters) -> str:
    """What the event filters ask of `report`. A report has no time of its own but its coming."""
    found = [say.NONE] if filters.source == "police" or filters.sets(("dark", "day")) else []
    if filters.by_date:
        found.append(say.REPORT_WINDOW)
    if filters.harm != "all":
        found.append(say.REPORT_HARM_GROUP if filters.harm.startswith("HG_") else say.REPORT_HARM)
    if filters.agency != "all":
        found.append(say.REPORT_AGENCY)
    if filters.part != "all":
        found.append(say.REPORT_PART)
    return _and(found)


def clusters(filters: Filters) -> str:
    """What the filters ask of `cluster` beside run, window and borough."""
    if filters.sets(NOT_OF_CLUSTERS):
        return _and([say.NONE])
    return _and([say.CLUSTER_NAME] if filters.q else [])


def _and(found: Sequence[str]) -> str:
    return "".join(f"\n  and {one}" for one in found)


def numbers(filters: Filters, sort: str) -> str:
    """What the order of the table by a number needs of each place."""
    if sort == "reports":
        return say.N_REPORTS + reports(filters) + say.BY_PLACE
    return say.N_INCIDENTS + incidents(filters) + say.BY_PLACE if sort == "incidents" else ""


def police(filters: Filters) -> bool:
    """Published events have a month, a place and a number: other filters leave them out."""
    return filters.source != "partnership" and not filters.sets(("harm", *OF_EVENTS))


def values(filters: Filters, partners: Sequence[str]) -> dict[str, Any]:
    """Whatever the conditions may ask for."""
    first_at, past_at = instants(filters)
    fewest, most = FEWEST_AND_MOST.get(filters.children, (0, 0))
    return {
        "type": filters.type,
        "harm": filters.harm,
        "borough": filters.borough,
        "partners": list(partners),
        "agency": filters.agency,
        "level": filters.level,
        "states": STATES.get(filters.stage, []),
        "q_like": _like(filters.q),
        "q_ref": read_reference(filters.q, "PL"),
        "fewest_children": fewest,
        "most_children": most,
        "part": filters.part,
        "day": filters.day,
        "hours": _hours_of(filters.part, filters.day),
        "first_at": first_at,
        "past_at": past_at,
    }


@cache
def _hours_of(part: str, day: str) -> str:
    """Hours of the week as bits. A week does not know which of its days are holidays."""
    hours = PARTS.get(part, range(24))
    days = {"SCHOOL_DAY": range(5), "WEEKEND": range(5, 7)}.get(day, range(7))
    return weeks.bits({24 * one + hour for one in days for hour in hours})


def _like(words: str) -> str:
    r"""A pattern that holds the words as they are.

    >>> _like("50%_")
    '%50\\%\\_%'
    """
    for sign in ("\\", "%", "_"):
        words = words.replace(sign, "\\" + sign)
    return f"%{words}%"


def instants(filters: Filters) -> tuple[datetime, datetime]:
    """The window's London days as instants."""
    first = datetime.combine(filters.first_day, time(), LONDON)
    return first.astimezone(UTC), datetime.combine(filters.last_day, time(), LONDON).astimezone(UTC)
