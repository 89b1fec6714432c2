"""The area that was looked at: nothing is known outside, and every curve must allow for it."""

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.numbers import points
from geo.ripley.envelopes import Array

RADII, ANGLES = 33, 96  # of the table of a window that is no rectangle
WORTH = 2_000_000  # corners worth looking at without a table
PART = 2_000  # moved windows held at a time


class Window:
    """A polygon, and how much of it is left when it is moved.

    Parameters
    ----------
    shape : shapely Polygon or MultiPolygon
        Metres in the plane of the points.

    Raises
    ------
    GeoInputError
        No valid area.

    Examples
    --------
    >>> yard = Window(shapely.box(0, 0, 400, 100))
    >>> yard.overlap(np.array([[0.0, 0.0], [100.0, 50.0]]), reach_m=200).tolist()
    [40000.0, 15000.0]
    """

    def __init__(self, shape: shapely.Geometry) -> None:
        if not (isinstance(shape, shapely.Polygon | shapely.MultiPolygon) and shape.area > 0):
            raise GeoInputError("The window is a polygon: the whole area that was looked at.")
        if not shape.is_valid:
            raise GeoInputError("The outline of the window crosses itself.")
        shapely.prepare(shape)
        self.shape, self.area = shape, float(shape.area)
        low_x, low_y, high_x, high_y = shape.bounds
        self._low, self._size = np.array([low_x, low_y]), np.array([high_x - low_x, high_y - low_y])
        self._is_box = bool(shape.equals(shapely.box(*shape.bounds)))
        self._table: tuple[float, Array] | None = None

    def inside(self, xy_m: ArrayLike) -> Array:
        """The points, all of which must lie in the window or on its edge.

        Raises
        ------
        GeoInputError
            One that does not.
        """
        xy = points(xy_m)
        outside = ~shapely.intersects_xy(self.shape, xy[:, 0], xy[:, 1])
        if outside.any():
            raise GeoInputError(
                f"{int(outside.sum())} of {len(xy)} points lie outside the window; "
                f"first at row {int(outside.argmax())}."
            )
        return xy

    def scattered(self, n: int, rng: np.random.Generator) -> Array:
        """Points anywhere in the window, by chance alone; shape (n, 2)."""
        found = np.zeros((0, 2))
        share = self.area / float(np.prod(self._size))
        while len(found) < n:
            tries = int((n - len(found)) / share * 1.1) + 10
            tried = self._low + rng.random((tries, 2)) * self._size
            inside = shapely.intersects_xy(self.shape, tried[:, 0], tried[:, 1])
            found = np.concatenate([found, tried[inside]])
        return found[:n]

    def overlap(self, move: Array, *, reach_m: float, exact: bool = True) -> Array:
        """Area common to the window and itself when moved.

        Parameters
        ----------
        move : ndarray, shape (m, 2)
        reach_m : float
            The longest move there will be.
        exact : bool
            If not, or where a window has many corners, from a table of 33 lengths and 96
            directions: within a thousandth.

        Returns
        -------
        ndarray, shape (m,)
        """
        if self._is_box:
            left = np.maximum(self._size - np.abs(move), 0)
            area: Array = left[:, 0] * left[:, 1]
            return area
        if exact and len(move) * shapely.get_num_coordinates(self.shape) <= WORTH:
            return self._common(move)
        return self._from_table(move, reach_m)

    def _common(self, move: Array) -> Array:
        corners = int(shapely.get_num_coordinates(self.shape))
        area = np.zeros(len(move))
        for start in range(0, len(move), PART):
            some = move[start : start + PART]
            copies = np.full(len(some), self.shape, dtype=object)
            by = np.repeat(some, corners, axis=0)
            moved = shapely.transform(copies, lambda xy, by=by: xy + by)
            area[start : start + PART] = shapely.area(shapely.intersection(moved, self.shape))
        return area

    def _from_table(self, move: Array, reach_m: float) -> Array:
        """By length and direction: along a direction the area falls almost evenly."""
        if self._table is None or self._table[0] < reach_m:
            length = np.linspace(0, reach_m, RADII)
            turn = np.linspace(0, np.pi, ANGLES + 1)
            every = np.stack([np.outer(length, np.cos(turn)), np.outer(length, np.sin(turn))], -1)
            known = self._common(every.reshape(-1, 2)).reshape(RADII, ANGLES + 1)
            self._table = reach_m, known
        reach_m, known = self._table
        row = np.hypot(*move.T) / reach_m * (RADII - 1)
        # Moved there or back, the same is left.
        column = np.arctan2(move[:, 1], move[:, 0]) % np.pi / np.pi * ANGLES
        i = np.minimum(row.astype(np.int64), RADII - 2)
        j = np.minimum(column.astype(np.int64), ANGLES - 1)
        u, v = row - i, column - j
        near = known[i, j] * (1 - v) + known[i, j + 1] * v
        far = known[i + 1, j] * (1 - v) + known[i + 1, j + 1] * v
        area: Array = near * (1 - u) + far * u
        return area
