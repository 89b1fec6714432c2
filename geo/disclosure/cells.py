"""What goes into the engine and what comes out: counts, cells, releases, and where wards lie."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from geo.disclosure.bands import BAND, FEW_SOURCES, NOT_SHOWN, THRESHOLD, Shown
from geo.errors import GeoInputError

ALL = "ALL"  # a margin: all groups of the dimension
JOIN = "+"  # groups or wards that were merged: "HG_SEXUAL+HG_ABSENCE"


class Rule(StrEnum):
    """By which rule a cell is told."""

    ZERO = "ZERO"
    BAND = "BAND"
    ROUND5 = "ROUND5"
    DROPPED = "DROPPED"


class Geo(StrEnum):
    """What `geo_code` of a cell names."""

    BOTH = "BOTH"  # code "BOTH": all boroughs of the partnership together
    BOROUGH = "BOROUGH"
    WARD = "WARD"
    AREA = "AREA"  # merged wards: their codes joined by "+"
    PLACE = "PLACE"
    ELSEWHERE = "ELSEWHERE"  # code "ELSEWHERE": outside the partnership


Key = tuple[str, str, str, str, str, str]


def _key(of: "Count | Cell") -> Key:
    return (of.table_code, of.period, of.geo_kind, of.geo_code, of.dim_1, of.dim_2)


@dataclass(frozen=True, slots=True)
class Count:
    """A true count of one cell; lives only while a release is built.

    `top_child` and `top_organisation` are items behind the one child or organisation with most of
    them (0: none). `sources` and `dates` of the last 12 months are read for named places only.
    """

    table_code: str
    period: str  # "2026-Q3", "2026-H2", "2026"
    geo_kind: str
    geo_code: str
    dim_1: str = ALL
    dim_2: str = ALL
    n: int = 0
    top_child: int = 0
    top_organisation: int = 0
    sources: int = 0
    dates: int = 0

    @property
    def key(self) -> Key:
        """What the cell is, without its number."""
        return _key(self)


@dataclass(frozen=True, slots=True)
class Cell:
    """A count as it is told. `n` is known only while a release is built, and is never stored."""

    table_code: str
    period: str
    geo_kind: str
    geo_code: str
    dim_1: str
    dim_2: str
    shown: str
    low: int
    high: int | None
    rule: Rule
    n: int | None = None

    @property
    def key(self) -> Key:
        """What the cell is, without its number."""
        return _key(self)

    @property
    def told(self) -> Shown:
        """Text and limits."""
        return Shown(self.shown, self.low, self.high)

    @property
    def banded(self) -> bool:
        """Whether a small number stands behind it: "1 to 7"."""
        return self.rule is Rule.BAND and self.high is not None and self.high <= THRESHOLD

    @property
    def dropped(self) -> bool:
        """Whether nothing is said."""
        return self.rule is Rule.DROPPED

    def not_shown(self) -> "Cell":
        """The same cell with nothing said: one symbol whatever the reason."""
        return replace(
            self,
            shown=NOT_SHOWN.text,
            low=NOT_SHOWN.low,
            high=NOT_SHOWN.high,
            rule=Rule.DROPPED,
        )


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward (or a pseudo-ward for points without one) and its borough."""

    code: str
    borough: str


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """Where a named place of RQ7 stood in a quarter, for the nesting of its band."""

    code: str
    period: str
    ward: str
    place_group: str


@dataclass(frozen=True, slots=True)
class Release:
    """All cells of one release, as built or as approved; withdrawn releases stay in the check.

    `erased`: rows counted in an earlier release of the year and erased before this one was built.
    `withdrawn`: it told something wrong, which a later release may contradict.
    """

    code: str
    cells: tuple[Cell, ...]
    places: tuple[NamedPlace, ...] = ()
    erased: int = 0
    withdrawn: bool = False


def cell_of(count: Count, told: Shown) -> Cell:
    """A cell from its count and how that is told."""
    return Cell(*count.key, told.text, told.low, told.high, _rule(told), count.n)


def sort_cells(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """In the order of table, period, geography and dimensions.

    Raises
    ------
    GeoInputError
        A cell twice.
    """
    ordered = sorted(cells, key=lambda cell: cell.key)
    for first, second in pairwise(ordered):
        if first.key == second.key:
            raise GeoInputError(f"The cell {' '.join(first.key)} stands twice in a release.")
    return tuple(ordered)


def _rule(told: Shown) -> Rule:
    if told in (NOT_SHOWN, FEW_SOURCES):
        return Rule.DROPPED
    if told == BAND or " " in told.text:
        return Rule.BAND
    return Rule.ZERO if told.high == 0 else Rule.ROUND5
