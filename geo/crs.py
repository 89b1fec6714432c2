"""The one transformation between WGS84 degrees and British National Grid metres."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from geo.errors import GeoInputError

Points = NDArray[np.float64]

EAST_MAX_M = 700_000
NORTH_MAX_M = 1_300_000


def to_bng(lonlat_deg: ArrayLike) -> Points:
    """Convert longitude and latitude (EPSG:4326) to easting and northing (EPSG:27700).

    Parameters
    ----------
    lonlat_deg : array_like, shape (n, 2)

    Returns
    -------
    ndarray, shape (n, 2)
        Metres. Without the OSTN15 grid both this and PostGIS use the Helmert fallback, which is
        metres off in absolute terms and equal to 0.1 m between the two.

    Examples
    --------
    >>> to_bng([(-0.3064, 51.4104)]).round(-1)
    array([[517880., 169290.]])
    """
    return _through(_forward(), lonlat_deg)


def to_wgs84(xy_m: ArrayLike) -> Points:
    """Convert easting and northing (EPSG:27700) to longitude and latitude (EPSG:4326).

    Parameters
    ----------
    xy_m : array_like, shape (n, 2)

    Returns
    -------
    ndarray, shape (n, 2)
        Degrees.

    Examples
    --------
    >>> to_wgs84([(517880.0, 169290.0)]).round(3)
    array([[-0.306, 51.41 ]])
    """
    return _through(_backward(), xy_m)


def require_bng(xy_m: ArrayLike) -> Points:
    """Return the points as float64, or refuse what cannot be British National Grid metres.

    Parameters
    ----------
    xy_m : array_like, shape (n, 2)
        Easting and northing.

    Raises
    ------
    GeoInputError
        Degrees, a missing coordinate, or a point outside 0-700000, 0-1300000.

    Examples
    --------
    >>> require_bng([(-0.3, 51.4)])
    Traceback (most recent call last):
    geo.errors.GeoInputError: These coordinates look like degrees. Convert them with geo.crs.to_bng.
    """
    points = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
    missing = ~np.isfinite(points).all(axis=1)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no coordinates.")
    x, y = points[:, 0], points[:, 1]
    if len(points) and (np.abs(x) <= 180).all() and (np.abs(y) <= 90).all():
        raise GeoInputError(
            "These coordinates look like degrees. Convert them with geo.crs.to_bng."
        )
    outside = (x < 0) | (x > EAST_MAX_M) | (y < 0) | (y > NORTH_MAX_M)
    if outside.any():
        raise GeoInputError(
            f"{int(outside.sum())} of {len(points)} points lie outside the British National Grid "
            f"(0-700000, 0-1300000); first at row {int(outside.argmax())}."
        )
    return points


@cache
def definition(epsg: int) -> str:
    """The reference system in the words that geographical files carry (WKT 1)."""
    return str(CRS.from_epsg(epsg).to_wkt("WKT1_GDAL"))


def _through(transformer: Transformer, points: ArrayLike) -> Points:
    pairs = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    first, second = transformer.transform(pairs[:, 0], pairs[:, 1])
    return np.column_stack([first, second])


@cache
def _forward() -> Transformer:
    return Transformer.from_crs(4326, 27700, always_xy=True)


@cache
def _backward() -> Transformer:
    return Transformer.from_crs(27700, 4326, always_xy=True)
