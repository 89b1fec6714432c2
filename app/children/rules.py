"""Children are references. What a link may say: what happened at the place, never what a child is.

Only these roles exist; none of them describes a child's conduct.
"""

from datetime import date
from enum import StrEnum


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
