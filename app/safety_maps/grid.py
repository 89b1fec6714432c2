"""The squares of a drawing: eight by eight on the lines of the National Grid. Pure.

Squares lie on whole multiples of their size, so that drawings of different days fall into the
same ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

SIDE = 8
COLUMNS = "ABCDEFGH"
Cell = tuple[int, int]  # multiples of the size, from the corner of the National Grid
NAMES = tuple(f"{column}{row}" for row in range(1, SIDE + 1) for column in COLUMNS)


@dataclass(frozen=True, slots=True)
class Grid:
    """Its south-west square, and how wide squares are in metres (EPSG:27700)."""

    column: int
    row: int
    cell_m: int

    @classmethod
    def around(cls, x_m: float, y_m: float, cell_m: int) -> "Grid":
        """The squares whose middle is nearest to a point.

        >>> Grid.around(518010, 169040, 50)
        Grid(column=10356, row=3377, cell_m=50)
        """
        half = SIDE // 2
        return cls(round(x_m / cell_m) - half, round(y_m / cell_m) - half, cell_m)

    def cell(self, name: str) -> Cell:
        """A1 is in the north-west, as on a town map.

        >>> Grid(0, 0, 50).cell("A1"), Grid(0, 0, 50).cell("H8")
        ((0, 7), (7, 0))
        """
        return self.column + COLUMNS.index(name[0]), self.row + SIDE - int(name[1:])

    def cells(self) -> dict[str, Cell]:
        """By name, row by row from the north."""
        return {name: self.cell(name) for name in NAMES}

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres."""
        west, south = self.column * self.cell_m, self.row * self.cell_m
        return west, south, west + SIDE * self.cell_m, south + SIDE * self.cell_m


def shape(cells: Iterable[Cell], cell_m: int) -> MultiPolygon:
    """The squares as one shape.

    >>> shape([(0, 0), (1, 0)], 50).area
    5000.0
    """
    boxes = [
        shapely.box(x * cell_m, y * cell_m, (x + 1) * cell_m, (y + 1) * cell_m)
        for x, y in sorted(cells)
    ]
    return MultiPolygon(list(_polygons(shapely.union_all(boxes))))


def _polygons(found: BaseGeometry) -> Iterator[shapely.Polygon]:
    for part in shapely.get_parts(found):
        if isinstance(part, shapely.Polygon):
            yield part


def cells_of(drawn: BaseGeometry, cell_m: int) -> frozenset[Cell]:
    """The squares whose middle is in a shape: the way back from `shape`.

    >>> sorted(cells_of(shape([(0, 0), (1, 1)], 50), 50))
    [(0, 0), (1, 1)]
    """
    if drawn.is_empty:
        return frozenset()
    west, south, east, north = (int(side // cell_m) for side in drawn.bounds)
    xs, ys = np.meshgrid(np.arange(west, east + 1), np.arange(south, north + 1))
    inside = shapely.contains_xy(drawn, (xs + 0.5) * cell_m, (ys + 0.5) * cell_m)
    return frozenset((int(x), int(y)) for x, y in zip(xs[inside], ys[inside], strict=True))


def by_colour(cells: Mapping[Cell, str]) -> dict[str, list[Cell]]:
    """Squares of each colour that was used."""
    found: dict[str, list[Cell]] = {}
    for cell in sorted(cells):
        found.setdefault(cells[cell], []).append(cell)
    return found
