"""Streets, and points on them.

Segments lie between nodes and are walked both ways; a point lies on a segment, so many metres from
the segment's first node.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.nearrepeat.study import Array
from geo.numbers import decimals, points


@dataclass(frozen=True, slots=True)
class Streets:
    """Segments: nodes at both ends (int64, from 0), metres; lines, where there are any."""

    first: Array
    last: Array
    length_m: Array
    nodes: int
    lines: Array | None = None

    @property
    def per_m(self) -> float:
        """Parts of a metre that distances are rounded to: a thousand, more where all is small."""
        return float(10.0 ** decimals(np.array([0.0, self.length_m.sum()])))


class At(NamedTuple):
    """Points on streets: segment of each, and metres from the segment's first node along it."""

    segment: Array
    offset_m: Array


def streets(first: ArrayLike, last: ArrayLike, length_m: ArrayLike) -> Streets:
    """Streets given as a graph.

    Parameters
    ----------
    first, last : array_like of int, shape (s,)
        Nodes at the ends of each segment, numbered from 0. Segments may share both.
    length_m : array_like, shape (s,)

    Returns
    -------
    Streets

    Raises
    ------
    GeoInputError
        No segments, columns of different length, a length or node that is none.

    Examples
    --------
    >>> streets([0, 1], [1, 2], [100, 50]).nodes
    3
    """
    a, b = np.asarray(first).ravel(), np.asarray(last).ravel()
    length = np.asarray(length_m, dtype=np.float64).ravel()
    if not len(a) or not len(a) == len(b) == len(length):
        raise GeoInputError("Every segment has two nodes and a length; at least one is needed.")
    if not (np.isfinite(length) & (length >= 0)).all() or not length.sum() > 0:
        raise GeoInputError("Lengths are 0 or more, and not all 0.")
    if a.dtype.kind not in "iu" or b.dtype.kind not in "iu" or min(a.min(), b.min()) < 0:
        raise GeoInputError("Nodes are whole numbers from 0.")
    return Streets(a.astype(np.int64), b.astype(np.int64), length, int(max(a.max(), b.max())) + 1)


def streets_of(lines: ArrayLike) -> Streets:
    """Streets given as lines.

    Parameters
    ----------
    lines : array_like of shapely LineString, shape (s,)
        Metres in any plane. Lines meet where they end at the same millimetre, and only there: a
        bridge does not meet the street below.

    Returns
    -------
    Streets

    Raises
    ------
    GeoInputError
        Something that is no line.

    Examples
    --------
    >>> cross = [shapely.LineString([(0, 0), (0, 90)]), shapely.LineString([(0, 90), (40, 90)])]
    >>> streets_of(cross).length_m.tolist()
    [90.0, 40.0]
    """
    every = np.array(lines, dtype=object).ravel()
    if not len(every) or not (shapely.get_type_id(every) == shapely.GeometryType.LINESTRING).all():
        raise GeoInputError("Streets are lines, each of one piece; at least one is needed.")
    if shapely.is_empty(every).any():
        raise GeoInputError(f"Line {int(shapely.is_empty(every).argmax())} is empty.")
    ends = [shapely.get_coordinates(shapely.get_point(every, at)) for at in (0, -1)]
    corners = np.vstack(ends)
    _, node = np.unique(np.round(corners, decimals(corners)), axis=0, return_inverse=True)
    found = streets(node[: len(every)], node[len(every) :], shapely.length(every))
    return Streets(found.first, found.last, found.length_m, found.nodes, every)


def snapped(on: Streets, xy_m: ArrayLike) -> tuple[At, Array]:
    """The nearest point of a street to each point; of equally near streets the first.

    Parameters
    ----------
    on : Streets
        With lines.
    xy_m : array_like, shape (n, 2)

    Returns
    -------
    at : At
    away_m : ndarray, shape (n,)
        How far off the streets each point lies.

    Raises
    ------
    GeoInputError
        Streets without lines, a row without coordinates.

    Examples
    --------
    >>> at, away_m = snapped(streets_of([shapely.LineString([(0, 0), (0, 90)])]), [[5, 30]])
    >>> at.offset_m.tolist(), away_m.tolist()
    ([30.0], [5.0])
    """
    if on.lines is None:
        raise GeoInputError("Points can be put on streets that are lines only.")
    place = shapely.points(points(xy_m))
    which, line = shapely.STRtree(on.lines).query_nearest(place)
    by = np.lexsort((line, which))
    _, once = np.unique(which[by], return_index=True)
    segment = line[by][once].astype(np.int64)
    street = on.lines[segment]
    at = At(segment, shapely.line_locate_point(street, place))
    return at, shapely.distance(street, place)


def on_streets(on: Streets, at: At) -> At:
    """The points, each of which must lie on its segment.

    Raises
    ------
    GeoInputError
        One that does not: first or last to the millimetre.

    Examples
    --------
    >>> on_streets(streets([0], [1], [100]), At(np.array([0]), np.array([101.0])))
    Traceback (most recent call last):
    geo.errors.GeoInputError: Point 0 does not lie on its segment.
    """
    segment = np.asarray(at.segment).astype(np.int64).ravel()
    offset = np.asarray(at.offset_m, dtype=np.float64).ravel()
    if len(segment) != len(offset):
        raise GeoInputError("Every point has a segment and metres along it.")
    known = (segment >= 0) & (segment < len(on.length_m))
    length = on.length_m[np.where(known, segment, 0)]
    slack = 1 / on.per_m
    off = ~(known & (offset >= -slack) & (offset <= length + slack))
    if off.any():
        raise GeoInputError(f"Point {int(off.argmax())} does not lie on its segment.")
    return At(segment, np.clip(offset, 0, length))
