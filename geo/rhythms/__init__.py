"""When incidents happen: hours of the week, unusual times, types of day, after dark."""

from geo.rhythms.aoristic import DayTypes, Rhythm, by_day_type, hour_of_week, open_hours, rhythm
from geo.rhythms.clock import from_local, local_s, offset_s
from geo.rhythms.dark import (
    Darker,
    DarkShare,
    after_dark,
    dark_fraction,
    dark_share,
    darker_than_hours,
)
from geo.rhythms.sun import elevation_deg
from geo.rhythms.unusual import Unusual, Wheel, unusual_times, wheel
from geo.rhythms.words import in_words

__all__ = [
    "DarkShare",
    "Darker",
    "DayTypes",
    "Rhythm",
    "Unusual",
    "Wheel",
    "after_dark",
    "by_day_type",
    "dark_fraction",
    "dark_share",
    "darker_than_hours",
    "elevation_deg",
    "from_local",
    "hour_of_week",
    "in_words",
    "local_s",
    "offset_s",
    "open_hours",
    "rhythm",
    "unusual_times",
    "wheel",
]
