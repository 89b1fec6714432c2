"""How dense events are, smoothed: for analysts; never released."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import grids
from geo.errors import GeoInputError

Array = NDArray[Any]

TRUNCATE = 4.0  # bandwidths


@dataclass(frozen=True, slots=True)
class Surface:
    """Events per square kilometre, by cell from south to north; NaN outside the window.

    `corner` is the column and row of the grid of which density[0, 0] is; `outside` counts events
    that lie in no cell.
    """

    density: Array
    corner: tuple[int, int]
    cell_m: float
    outside: int


def kernel_density(
    xy_m: Array,
    weight: Array,
    window: shapely.Geometry,
    *,
    bandwidth_m: float = 200.0,
    cell_m: float = 50.0,
) -> Surface:
    """Gaussian kernel density on a grid, corrected at the edge of the window.

    Parameters
    ----------
    xy_m : ndarray, shape (n, 2), EPSG:27700 metres
    weight : ndarray of int, shape (n,)
        Events at each point.
    window : Polygon or MultiPolygon, EPSG:27700
        Where events can be; what lies outside is left out and counted.
    bandwidth_m : float
        Standard deviation of the kernel, cut at four of them.
    cell_m : float

    Returns
    -------
    Surface
        What the kernel of an event would lose outside the window is given back inside it, so that
        the events inside are all there: density times area adds up to their number.

    Raises
    ------
    GeoInputError
        Points that are no British National Grid metres, a window without ground, or a bandwidth
        below the side of a cell.

    References
    ----------
    Diggle (1985), Applied Statistics 34(2), 138-147; Silverman (1986), Density Estimation.

    Examples
    --------
    >>> here = np.array([[1000.0, 1000.0]])
    >>> found = kernel_density(here, np.array([3]), shapely.box(0, 0, 2000, 2000))
    >>> round(float(np.nansum(found.density)) * 0.05**2, 9)
    3.0
    """
    if not bandwidth_m >= cell_m:
        raise GeoInputError("The bandwidth is at least the side of a cell.")
    from scipy.ndimage import gaussian_filter

    held = grids.counts(xy_m, weight, cell_m, window)
    sigma, mask = bandwidth_m / cell_m, held.mask

    def smoothed(table: Array) -> Array:
        filtered = gaussian_filter(table, sigma, mode="constant", truncate=TRUNCATE)
        return np.asarray(filtered)

    kept = smoothed(mask.astype(np.float64))  # of the kernel of an event in each cell
    shared = np.divide(held.n, kept, out=np.zeros(mask.shape), where=mask)
    density = np.where(mask, smoothed(shared), np.nan) / (cell_m / 1000) ** 2
    return Surface(density, held.corner, cell_m, held.outside)
