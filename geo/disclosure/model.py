"""What a reader with every release can write down: one linear model of a calendar year."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from geo.disclosure.cells import ALL, JOIN, Cell, Geo, Key, Ward
from geo.disclosure.lattice import (
    CLOSED,
    TABLES,
    quarters_of,
)

ENDLESS = float("inf")
Name = tuple[str, ...]
Terms = list[tuple[Name, float]]
OWN = ("reporter", "home", "platform", "late")  # universes of their own, joined to nothing


@dataclass(slots=True)
class Model:
    """Columns with limits, rows over them. The first letter of a name is its family."""

    wards: tuple[Ward, ...]
    columns: dict[Name, int] = field(default_factory=dict)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: list[tuple[list[int], list[float], float, float]] = field(default_factory=list)
    cells: list[tuple[str, Cell, int]] = field(default_factory=list)  # release, cell, column

    def column(self, name: Name, low: float = 0, high: float = ENDLESS) -> int:
        """The column of a name, made when first asked for."""
        if name not in self.columns:
            self.columns[name] = len(self.low)
            self.low.append(low)
            self.high.append(high)
        return self.columns[name]

    def row(self, terms: Terms, low: float, high: float) -> None:
        """`low` <= sum of the terms <= `high`."""
        at = [self.column(name) for name, _ in terms]
        self.rows.append((at, [value for _, value in terms], low, high))

    @property
    def cap(self) -> float:
        """Stands for "no limit": ten times more than anything that is printed."""
        return 10 * max((1000, *(high for high in self.high if high < ENDLESS)))

    @property
    def boroughs(self) -> tuple[str, ...]:
        """In order of code."""
        return tuple(sorted({ward.borough for ward in self.wards}))

    def finest(self) -> list[tuple[Name, int]]:
        """Wards by quarter and harm, boroughs by quarter, harm and place group.

        A borough of one ward is no ward: what is printed of it is a matter of its own cell.
        """
        homes = Counter(ward.borough for ward in self.wards)
        whole = {ward.code for ward in self.wards if homes[ward.borough] == 1}
        return [
            (name, at)
            for name, at in self.columns.items()
            if name[0] == "place" or (name[0] == "ward" and name[1] not in whole)
        ]


def terms(key: Key, model: Model) -> Terms:
    """Which finest numbers a cell adds up."""
    code, period, kind, place, dim_1, dim_2 = key
    table = TABLES[code]
    if table.family in (*OWN, "cluster", "time"):
        if code == "RQ5" and kind == Geo.BOTH:
            homes = [(Geo.BOROUGH, b) for b in model.boroughs] + [(Geo.ELSEWHERE, Geo.ELSEWHERE)]
            return [((table.family, period, h, c), 1.0) for h, c in homes]
        head = (period, kind, place) if table.family == "home" else (period, dim_1, dim_2)
        return [((table.family, *head), 1.0)]
    if table.family == "named":
        return [((table.family, period, place), 1.0)]
    places = model.boroughs if kind == Geo.BOTH else tuple(place.split(JOIN))
    groups = dict(zip(table.axes, (dim_1, dim_2), strict=False))
    asked = [_values(axis, groups) for axis in AXES[table.family]]
    return [((table.family, *name), 1.0) for name in product(places, quarters_of(period), *asked)]


AXES = {
    "harm": ("harm",),
    "ward": ("harm",),
    "place": ("harm", "place_group"),
    "sv": ("sv",),
    "missing": ("missing",),
    "proactive": ("proactive",),
}


def _values(axis: str, groups: Mapping[str, str]) -> tuple[str, ...]:
    value = groups.get(axis, ALL)
    return CLOSED[axis] if value == ALL else tuple(value.split(JOIN))
