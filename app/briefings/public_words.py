"""What everybody may read of a release: totals, coarser than they were released. Pure.

A text depends on what the release shows and on nothing else. So the page cannot say more than the
release does, not even together with it: every two counts that look alike there look alike here.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from app.core.clock import LONDON
from geo.disclosure import ALL, Cell, Rule

TABLE = "RQ1"
FEW = "fewer than 10"
FEW_OR_NOT = "fewer than 15"  # a shown 10 is 8 to 12
LATE_MONTHS = 3
NOT_SHOWN = "not shown"
ABSENT = "No numbers are published at the moment."
TOO_EARLY = "The numbers of this quarter may be published from {day} on."
NOT_OUT = "Only numbers of a frozen or tabled report are published."
NO_RELEASE = "The release of this report is no longer approved."
ASKED = "Somebody asked for this already."
NOT_ASKED = "A lead asks first."
SECOND = "A second person signs: you have asked for it."
NOTHING = "Nothing is published of this report."


def text_of(cell: Cell) -> str:
    """The threshold is ten; a number that may be on either side of it is told as under 15.

    >>> from geo.disclosure import Count, protect
    >>> counts = [Count("RQ1", "2026-Q3", "BOROUGH", "E", n=n) for n in (0, 5, 8, 12, 13, 61)]
    >>> [text_of(protect([count])[0]) for count in counts]
    ['fewer than 10', 'fewer than 10', 'fewer than 15', 'fewer than 15', 'about 15', 'about 60']
    """
    if cell.dropped or cell.high is None:
        return NOT_SHOWN
    if cell.rule in (Rule.ZERO, Rule.BAND):
        return FEW
    return FEW_OR_NOT if cell.low < 10 else f"about {cell.shown}"


def rows(cells: Sequence[Cell], boroughs: Mapping[str, str]) -> list[list[str]]:
    """Totals of each borough by name, and of all together."""
    totals = {
        cell.geo_code: cell
        for cell in cells
        if cell.table_code == TABLE and cell.dim_1 == ALL and cell.dim_2 == ALL
    }
    wanted = sorted(boroughs.items(), key=lambda one: one[1])
    named = [*wanted, ("BOTH", "Both boroughs together")]
    return [[name, text_of(totals[code])] for code, name in named if code in totals]


def open_from(window_to: datetime) -> date:
    """A quarter after the quarter's end.

    >>> from app.releases.rules import window
    >>> open_from(window("2026-Q3").end_at).isoformat()
    '2027-01-01'
    """
    end = window_to.astimezone(LONDON).date()
    months = end.year * 12 + end.month - 1 + LATE_MONTHS
    return date(months // 12, months % 12 + 1, 1)
