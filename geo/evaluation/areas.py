"""The areas that a comparison of counts looks at: a place, and the ring where harm may move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.crs import require_bng
from geo.errors import GeoInputError

HALF = 0.5  # of a ring must be left when other places are cut out
GRID_M = 0.1  # corners are whole decimetres: the same area has the same text
AREAL = 2
YEAR = 12


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A place as it is compared: its kind, its shape (EPSG:27700), its incidents by month.

    `months` are the incidents of the baseline, one number for each calendar month, the same months
    for every place. `planned`: it has, or had in the windows, a plan of its own.
    """

    id: str
    group: str
    borough: str
    shape: shapely.Geometry | None
    months: tuple[int, ...]
    planned: bool = False

    @property
    def baseline(self) -> int:
        """Incidents of the whole baseline."""
        return sum(self.months)


def area_of(shape: shapely.Geometry, reach_m: float) -> shapely.Geometry:
    """Where the incidents of a place are counted: its polygon, or all within reach of a line.

    Parameters
    ----------
    shape : shapely geometry, EPSG:27700
    reach_m : float
        Metres around a point or a line.

    Returns
    -------
    shapely geometry
        Corners in whole decimetres, in an order that does not depend on how it was drawn.

    Raises
    ------
    GeoInputError
        An empty shape, one that crosses itself or is not in metres of the British National Grid.

    Examples
    --------
    >>> round(area_of(shapely.Point(530000, 180000), 50).area)
    7844
    """
    if shapely.is_empty(shape):
        raise GeoInputError("A place without a shape has no area.")
    require_bng(shapely.get_coordinates(shape))
    whole = shape if shapely.get_dimensions(shape) == AREAL else _widened(shape, reach_m)
    if not shapely.is_valid(whole):
        raise GeoInputError("The outline of a place crosses itself.")
    return _plain(whole)


def ring_of(
    area: shapely.Geometry, ring_m: float, others: Sequence[shapely.Geometry] = ()
) -> shapely.Geometry | None:
    """The ring around an area in which harm may have moved, without other places with a plan.

    Parameters
    ----------
    area : shapely geometry, EPSG:27700
    ring_m : float
        Width of the ring in metres.
    others : sequence of shapely geometry
        Areas of other places with a plan: what happens there is not displacement from here.

    Returns
    -------
    shapely geometry or None
        None when less than half of the ring would be left.

    References
    ----------
    Bowers and Johnson (2003), Journal of Quantitative Criminology 19(3), 275-301 (buffers).

    Examples
    --------
    >>> square = shapely.box(530000, 180000, 530100, 180100)
    >>> round(ring_of(square, 250).area, -3)
    296000.0
    >>> ring_of(square, 250, [shapely.box(529000, 179000, 530100, 181000)]) is None
    True
    """
    whole = shapely.difference(_widened(area, ring_m), area)
    left = whole
    for other in others:
        left = shapely.difference(left, other)
    return _plain(left) if left.area >= HALF * whole.area else None


def apart_m(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """Metres between two areas, to the millimetre; 0 where they touch.

    Examples
    --------
    >>> apart_m(shapely.box(0, 0, 10, 10), shapely.box(1010, 0, 1020, 10))
    1000.0
    """
    return float(np.round(shapely.distance(one, other), 3))


def season_distance(one: Sequence[int], other: Sequence[int]) -> float:
    """How differently two places spread their incidents over the months: 0 alike, 1 not at all.

    Parameters
    ----------
    one, other : sequence of int
        Incidents by month, the same months; several years are added up month by month.

    Returns
    -------
    float
        Half the sum of the differences of shares (total variation); 1 when one has no incident.

    Examples
    --------
    >>> season_distance([2, 0] * 6, [0, 3] * 6)
    1.0
    >>> season_distance([2, 1] * 6, [4, 2] * 12)
    0.0
    """
    shares = [_profile(one), _profile(other)]
    if not all(share.sum() for share in shares):
        return 1.0
    return float(np.round(np.abs(shares[0] - shares[1]).sum() / 2, 9))


def _profile(months: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    year = np.zeros(YEAR)
    np.add.at(year, np.arange(len(months)) % YEAR, np.asarray(months, dtype=np.float64))
    return year / year.sum() if year.sum() else year


def _widened(shape: shapely.Geometry, by_m: float) -> shapely.Geometry:
    return shapely.buffer(shape, by_m, quad_segs=16)


def _plain(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.normalize(shapely.set_precision(shape, GRID_M))
