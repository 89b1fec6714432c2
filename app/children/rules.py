"""Children are references. What a link may say: what happened at the place, never what a child is.

Only these roles exist; none of them describes a child's conduct.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    HARMED_HERE = "harmed_here"
    AT_RISK_HERE = "at_risk_here"
    FREQUENTS = "frequents"
    AVOIDS = "avoids"
    FEELS_SAFE = "feels_safe"
    FOUND_HERE_MISSING = "found_here_missing"
    TRAVELS_THROUGH = "travels_through"


class IncidentRole(StrEnum):
    HARMED_HERE = "harmed_here"
    AT_RISK_HERE = "at_risk_here"
    FOUND_HERE_MISSING = "found_here_missing"


class AgeBand(StrEnum):
    A10_12 = "A10_12"
    A13_15 = "A13_15"
    A16_17 = "A16_17"
    A18_25 = "A18_25"


class Confidence(StrEnum):
    REPORTED = "REPORTED"
    CORROBORATED = "CORROBORATED"
    CONFIRMED = "CONFIRMED"


def age_problems(as_of: date, today: date) -> dict[str, str]:
    if as_of > today:
        return {"age_band_as_of": "This date is in the future."}
    return {}


def period_problems(from_on: date, to_on: date | None) -> dict[str, str]:
    if to_on is not None and to_on <= from_on:
        return {"to_on": "The end is before the start."}
    return {}


WIDTH_YEARS = {AgeBand.A10_12: 3, AgeBand.A13_15: 3, AgeBand.A16_17: 2, AgeBand.A18_25: 8}
OUTGROWN = "This age band was noted so long ago that the child is older now. Look at it again."
NO_RECORD = "Enter the reference of a place (PL-...) or of an incident (IC-...)."


def trace(child_id: UUID) -> str:
    """What the audit calls a child: always the same, and nothing once the child is erased.

    The audit is kept for seven years and cannot be changed. A reference in it would outlive the
    erasure, and partners know references; this cannot be turned back, and what it was made from
    goes with the row.
    """
    return "CH#" + hashlib.sha256(b"contextmap child " + child_id.bytes).hexdigest()[:20]


def outgrown(band: str, as_of: date, today: date) -> bool:
    """Whether nobody who was in this band on that day can be in it now.

    A band never moves on by itself: how old a child is now is not known, only that it is older.
    """
    return today >= _years_later(as_of, WIDTH_YEARS[AgeBand(band)])


def _years_later(day: date, years: int) -> date:
    leap = (day.month, day.day) == (2, 29)
    return date(day.year + years, 3, 1) if leap else day.replace(year=day.year + years)


def move_problems(moved_on: date | None, since: date | None, today: date) -> dict[str, str]:
    """Of the day from which home is somewhere else."""
    if moved_on is None:
        return {"moved_on": "Enter the day of the move."}
    if moved_on > today:
        return {"moved_on": "This date is in the future."}
    if since is not None and moved_on <= since:
        return {"moved_on": "The move is before the home that is noted now."}
    return {}


MISSING = {
    "from_on": "Enter since when.",
    "source_agency": "Choose who told it.",
    "basis": "Say how it is known.",
}


def missing(said: Mapping[str, object], needed: Sequence[str]) -> dict[str, str]:
    return {name: MISSING[name] for name in needed if not said.get(name)}
