"""Where a home is drawn when something about it leaves: at a public point near it, always the same.

A point is moved from the middle of its 50 m square to one of the named public points between 120
and 360 m away: a street, a park, a station that many addresses are nearest to, so that no other
home is blamed. Which one, a keyed hash of the square decides. So the place does not matter that is
made for a home (made again, it is moved to the same point), and no average of many draws leads
back. The point is stored when it is first drawn and not drawn again: a new key or other points
change what has not been drawn yet, and nothing else.
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from geo.errors import GeoInputError

SQUARE_M = 50
NEAREST_M = 120
RINGS_M = (360, 540, 810)  # the first is meant; the others are for thin suburbs
FEWEST_POINTS = 5
FEWEST_POSTCODES = 2  # about eight addresses or more: marked as estimated
FEWEST_SQUARES = 6  # with a live postcode, that a point must be able to stand for

Array = NDArray[Any]


class Square(NamedTuple):
    """A square of 50 m of the British National Grid, by its column and row."""

    column: int
    row: int

    @property
    def centre_m(self) -> tuple[float, float]:
        return (self.column + 0.5) * SQUARE_M, (self.row + 0.5) * SQUARE_M

    @property
    def words(self) -> str:
        return f"{self.column}:{self.row}"


class Drawn(NamedTuple):
    """The public point that stands for a square, by its number in the list, and from which ring."""

    number: int
    ring_m: int


@dataclass(frozen=True)
class Points:
    """Named public points, in the order of their ids.

    Parameters
    ----------
    xy_m : array of shape (n, 2)
        On the British National Grid.
    borough : array of n texts
        Code of the borough that each lies in.
    usable : array of n bools
        Enough live postcodes are nearest to it, and enough squares lie in its first ring.
    """

    xy_m: Array
    borough: Array
    usable: Array

    @classmethod
    def of(cls, xy_m: ArrayLike, borough: ArrayLike, postcodes_m: ArrayLike) -> "Points":
        """Of named points and the live postcodes around them, both in metres."""
        points = np.asarray(xy_m, float)
        held = catchment(points, postcodes_m) >= FEWEST_POSTCODES
        return cls(
            points, np.asarray(borough), held & (behind(points, postcodes_m) >= FEWEST_SQUARES)
        )

    @cached_property
    def tree(self) -> KDTree:
        return KDTree(self.xy_m)


def square_of(easting_m: float, northing_m: float) -> Square:
    """The square that an address is masked by.

    >>> square_of(518_123, 169_349.9), square_of(518_123, 169_349.9).centre_m
    (Square(column=10362, row=3386), (518125.0, 169325.0))
    """
    return Square(int(easting_m // SQUARE_M), int(northing_m // SQUARE_M))


def catchment(points_m: ArrayLike, postcodes_m: ArrayLike) -> Array:
    """How many postcodes each point is the nearest of.

    >>> catchment([[0, 0], [100, 0]], [[10, 0], [20, 5], [90, 0]]).tolist()
    [2, 1]
    """
    points = np.asarray(points_m, float)
    _, nearest = KDTree(points).query(np.asarray(postcodes_m, float))
    return np.bincount(nearest, minlength=len(points))


def ring(points: Points, square: Square, borough: str) -> tuple[Array, int]:
    """Points that may stand for a square, by their place in the list, and how far was looked.

    Fewer than five within the last ring: none, and nothing but the ward may be told.
    """
    found = np.empty(0, np.int64)
    for reach_m in RINGS_M:
        found = _between(points, square, borough, reach_m)
        if len(found) >= FEWEST_POINTS:
            return found, reach_m
    return found[:0], RINGS_M[-1]


def draw(points: Points, square: Square, borough: str, key: bytes) -> Drawn | None:
    """The point of a square: the first eight bytes of HMAC-SHA256, modulo the ring.

    Raises
    ------
    GeoInputError
        The key is too short to keep anybody from trying all of them.
    """
    if len(key) < 16:
        raise GeoInputError("The key of masks has at least 16 bytes.")
    among, ring_m = ring(points, square, borough)
    if not len(among):
        return None
    digest = hmac.new(key, square.words.encode(), hashlib.sha256).digest()
    return Drawn(int(among[int.from_bytes(digest[:8]) % len(among)]), ring_m)


def behind(points_m: ArrayLike, postcodes_m: ArrayLike) -> Array:
    """How many squares with a postcode lie in the first ring around each point.

    >>> behind([[0, 0]], [[10, 0], [200, 0], [201, 0], [300, 0], [500, 0]]).tolist()
    [2]
    """
    squares = np.unique(np.asarray(postcodes_m, float) // SQUARE_M, axis=0)
    tree, points = KDTree((squares + 0.5) * SQUARE_M), np.asarray(points_m, float)
    far = tree.query_ball_point(points, RINGS_M[0], return_length=True)
    near = tree.query_ball_point(points, np.nextafter(NEAREST_M, 0), return_length=True)
    return np.asarray(far - near)


def _between(points: Points, square: Square, borough: str, reach_m: float) -> Array:
    near = np.sort(np.asarray(points.tree.query_ball_point(square.centre_m, reach_m), np.int64))
    if not len(near):
        return near
    away = np.hypot(*(points.xy_m[near] - square.centre_m).T)
    here = points.usable[near] & (points.borough[near] == borough)
    found: Array = near[(away >= NEAREST_M) & here]
    return found
