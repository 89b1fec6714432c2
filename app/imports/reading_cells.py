"""Cells of a file as answers: dates in the file's own order, numbers, yes and no. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

GRID = re.compile(r"([A-HJ-Z]{2})\s*(\d[\d\s]*)", re.ASCII)
TIME = re.compile(r"(\d{1,2})[:.]?(\d{2})(?:[:.]\d{2})?\s*(am|pm)?", re.IGNORECASE | re.ASCII)
YES = frozenset({"yes", "y", "true", "1", "t"})
NO = frozenset({"no", "n", "false", "0", "f"})
LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


class DateFormat(NamedTuple):
    """How a file writes days; the example is the fifth of November 2026."""

    code: str
    example: str
    patterns: tuple[str, ...]


DATE_FORMATS: Sequence[DateFormat] = (
    DateFormat("DMY", "05/11/2026", ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y")),
    DateFormat("ISO", "2026-11-05", ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")),
    DateFormat("DAY_MONTH", "5 November 2026", ("%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y")),
    DateFormat("MDY", "11/05/2026", ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y")),
    DateFormat("MONTH", "2026-11", ("%Y-%m",)),
)
BY_CODE = {known.code: known for known in DATE_FORMATS}


def guessed_format(samples: Sequence[str]) -> str:
    """The first that reads them all; of two that do, the British one."""
    given = [sample for sample in samples if sample.strip()]
    for known in DATE_FORMATS:
        if given and all(_moment(sample, known) for sample in given):
            return known.code
    return "DMY"


def instant(cell: str, code: str, time: str = "") -> str | None:
    """ISO, with a time only where one is given; None when it is no date of this format."""
    found = _moment(cell, BY_CODE.get(code, DATE_FORMATS[0]))
    if found is None:
        return None
    at, timed = found
    if time.strip() and not timed:
        clock = _time(time)
        if clock is None:
            return None
        at, timed = at.replace(hour=clock[0], minute=clock[1]), True
    return at.isoformat(timespec="minutes") if timed else at.date().isoformat()


def _moment(cell: str, known: DateFormat) -> tuple[datetime, bool] | None:
    """Whether a time stands beside the day is part of what was said."""
    words = cell.strip()
    day, _, rest = words.partition("T") if "T" in words[8:11] else words.partition(" ")
    if known.code == "DAY_MONTH":
        parts = words.split()
        cut = 1 if parts and "-" in parts[0] else 3
        day, rest = " ".join(parts[:cut]), " ".join(parts[cut:])
    for pattern in known.patterns:
        try:
            at = datetime.strptime(day, pattern)  # noqa: DTZ007 - London's, as the form's
        except ValueError:
            continue
        if not rest.strip():
            return at, False
        clock = _time(rest.split("+")[0].rstrip("Z"))
        return None if clock is None else (at.replace(hour=clock[0], minute=clock[1]), True)
    return None


def _time(words: str) -> tuple[int, int] | None:
    found = TIME.fullmatch(re.sub(r"\.\d{3,}$", "", words.strip()))
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if half:
        hour = hour % 12 + 12 * (half == "pm")
    return (hour, minute) if hour < 24 and minute < 60 else None


def yes(cell: str) -> bool | None:
    word = cell.strip().lower()
    return True if word in YES else False if word in NO else None


def number(cell: str) -> str:
    """Without the spaces and commas of thousands, which people type."""
    return re.sub(r"(?<=\d)[ ,](?=\d{3}\b)", "", cell.strip())


def grid_point(cell: str) -> tuple[float, float] | None:
    """Middle of the square of an Ordnance Survey grid reference, in metres.

    >>> grid_point("TQ 180 691")
    (518050.0, 169150.0)
    """
    found = GRID.fullmatch(cell.strip().upper())
    digits = re.sub(r"\s", "", found[2]) if found else ""
    if found is None or len(digits) % 2 or not 2 <= len(digits) <= 10:
        return None
    first, second = (LETTERS.index(letter) for letter in found[1])
    east = ((first - 2) % 5) * 5 + second % 5
    north = 19 - first // 5 * 5 - second // 5
    half = len(digits) // 2
    size = 10 ** (5 - half)
    x, y = int(digits[:half]) * size, int(digits[half:]) * size
    if not (0 <= east <= 6 and 0 <= north <= 12):
        return None
    return east * 100_000 + x + size / 2, north * 100_000 + y + size / 2
