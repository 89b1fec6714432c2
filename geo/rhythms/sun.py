"""How high the sun stands. Geometric, without refraction."""

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.rhythms.clock import DAY_S, Array, instants

CENTURY_D = 36_525.0
EPOCH_D = 2_440_587.5 - 2_451_545.0  # 1970-01-01 from noon of 2000-01-01
AT_ONCE = 50_000  # instants whose arrays stay in the cache of a core


def elevation_deg(t_utc: ArrayLike, lon_deg: ArrayLike, lat_deg: ArrayLike) -> Array:
    """Height of the sun's centre above the horizon.

    Parameters
    ----------
    t_utc : array_like of int
        Seconds UTC.
    lon_deg, lat_deg : array_like of float
        Degrees east and north, of the same shape or one of each for all.

    Returns
    -------
    ndarray of float64
        Degrees; below 0 at night. Within 0.013 of the algorithm of the National Renewable Energy
        Laboratory in 2024 to 2026.

    Raises
    ------
    GeoInputError
        A missing coordinate, or metres for degrees.

    References
    ----------
    Meeus (1998), Astronomical Algorithms, 2nd edition, chapters 25 and 28.

    Examples
    --------
    >>> noon = 1797854400  # 21 December 2026, 12:00 UTC
    >>> elevation_deg([noon], -0.30, 51.41).round(2).tolist()
    [15.15]
    """
    times = instants(t_utc)
    lon, lat = located(lon_deg, lat_deg)
    shape = np.broadcast_shapes(times.shape, lon.shape)
    if lon.size == 1:
        return _in_parts(times, lon, lat, shape)
    spread = [np.broadcast_to(a, shape).ravel() for a in (times, lon, lat)]
    return _in_parts(spread[0], spread[1], spread[2], shape)


def located(lon_deg: ArrayLike, lat_deg: ArrayLike) -> tuple[Array, Array]:
    """Longitudes and latitudes of one shape.

    Raises
    ------
    GeoInputError
        A missing coordinate, or metres for degrees.

    Examples
    --------
    >>> located(-0.3, [51.4, 51.5])[0].tolist()
    [-0.3, -0.3]
    """
    lon, lat = np.broadcast_arrays(
        np.asarray(lon_deg, dtype=np.float64), np.asarray(lat_deg, dtype=np.float64)
    )
    missing = ~(np.isfinite(lon) & np.isfinite(lat))
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no coordinates.")
    if ((np.abs(lon) > 180) | (np.abs(lat) > 90)).any():
        raise GeoInputError(
            "These coordinates look like metres. Convert them with geo.crs.to_wgs84."
        )
    return lon, lat


def _in_parts(times: Array, lon: Array, lat: Array, shape: tuple[int, ...]) -> Array:
    flat, found = times.ravel(), np.empty(times.size)
    for at in range(0, len(flat), AT_ONCE):
        part = slice(at, at + AT_ONCE)
        here = (lon, lat) if lon.size == 1 else (lon[part], lat[part])
        found[part] = _elevation(flat[part], *(a.ravel() for a in here))
    return found.reshape(shape)


def _elevation(t: Array, lon: Array, lat: Array) -> Array:
    """Symbols as in the source: L mean longitude, M mean anomaly, e eccentricity, E minutes."""
    century = (t / DAY_S + EPOCH_D) / CENTURY_D
    mean = np.radians(280.46646 + century * (36000.76983 + century * 0.0003032))
    anomaly = np.radians(357.52911 + century * (35999.05029 - century * 0.0001537))
    e = 0.016708634 - 0.000042037 * century
    sin_m, cos_m = np.sin(anomaly), np.cos(anomaly)
    sin_2m = 2 * sin_m * cos_m
    centre = (
        (1.914602 - 0.004817 * century) * sin_m
        + 0.019993 * sin_2m
        + 0.000289 * sin_m * (3 - 4 * sin_m * sin_m)
    )
    node = np.radians(125.04 - 1934.136 * century)
    apparent = mean + np.radians(centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.4392911 - 0.0130042 * century + 0.00256 * np.cos(node))
    sin_dec = np.sin(tilt) * np.sin(apparent)
    y = np.tan(tilt / 2) ** 2
    sin_2l, cos_2l = np.sin(2 * mean), np.cos(2 * mean)
    minutes = 4 * np.degrees(
        y * sin_2l
        - 2 * e * sin_m
        + 4 * e * y * sin_m * cos_2l
        - y * y * sin_2l * cos_2l
        - 1.25 * e * e * sin_2m
    )
    turned = np.radians((t % DAY_S / 60 + minutes + 4 * lon) / 4 - 180)
    north = np.radians(lat)
    height = np.sin(north) * sin_dec + np.cos(north) * np.sqrt(1 - sin_dec**2) * np.cos(turned)
    found: Array = np.degrees(np.arcsin(np.clip(height, -1, 1)))
    return found
