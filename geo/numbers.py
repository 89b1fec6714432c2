"""What callers hand in as numbers and times, in the one form that the methods take."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError

Array = NDArray[Any]

MILLIMETRE = 3  # decimals of a metre
SMALL = 100.0  # a study that is less wide is not in metres
FINE = 9  # decimals of its width that count then


def floats(values: ArrayLike, refusal: str) -> Array:
    """Numbers as float64; a missing one is NaN.

    Parameters
    ----------
    values : array_like
    refusal : str
        The sentence for what is no table of numbers.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    GeoInputError
        Words, or rows of different length.

    Examples
    --------
    >>> floats([1, None], "Counts are numbers.").tolist()
    [1.0, nan]
    >>> floats(["many"], "Counts are numbers.")
    Traceback (most recent call last):
    geo.errors.GeoInputError: Counts are numbers.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GeoInputError(refusal) from error


def points(xy_m: ArrayLike | None) -> Array:
    """Coordinates as float64, shape (n, 2), of any plane.

    Raises
    ------
    GeoInputError
        A row without coordinates, or not two columns.

    Examples
    --------
    >>> points([[1, 2], [3, np.nan]])
    Traceback (most recent call last):
    geo.errors.GeoInputError: Row 1 has no coordinates.
    """
    place = "A place is a row of two numbers: easting and northing."
    xy = floats([] if xy_m is None else xy_m, place)
    xy = xy.reshape(0, 2) if xy.size == 0 else xy
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise GeoInputError(place)
    missing = ~np.isfinite(xy).all(axis=1)
    if missing.any():
        raise GeoInputError(f"Row {int(missing.argmax())} has no coordinates.")
    return xy


def decimals(far: Array) -> int:
    """Decimals of a distance: whole millimetres, unless the plane is too small for metres.

    Parameters
    ----------
    far : ndarray, shape (n, d) or (n,)
        Coordinates, or distances.

    Returns
    -------
    int

    Examples
    --------
    >>> decimals(np.array([[0.0, 0.0], [5000.0, 300.0]])), decimals(np.array([[0.0], [1.0]]))
    (3, 9)
    """
    extent = float(np.ptp(far, axis=0).max()) if len(far) else 0.0
    if not 0 < extent < SMALL:
        return MILLIMETRE
    return FINE - int(np.floor(np.log10(extent)))


def times(values: ArrayLike) -> Array:
    """Times as numbers (float64) or as instants (datetime64[s], UTC where there is a zone).

    Parameters
    ----------
    values : array_like
        Numbers, or dates as of numpy, pandas or the standard library.

    Returns
    -------
    ndarray
        A missing time is NaN or NaT.

    Raises
    ------
    GeoInputError
        Neither numbers nor dates.

    Examples
    --------
    >>> times([datetime(2024, 7, 1, tzinfo=UTC)]).tolist()
    [datetime.datetime(2024, 7, 1, 0, 0)]
    >>> times([3, 4]).tolist()
    [3.0, 4.0]
    """
    try:
        raw = np.asarray(values)
    except ValueError as error:  # rows of different length
        raise GeoInputError("Times are numbers or dates.") from error
    if raw.dtype.kind in "iuf":
        return raw.astype(np.float64)
    if raw.dtype.kind == "M":
        return raw.astype("datetime64[s]")
    if raw.dtype.kind != "O":
        raise GeoInputError("Times are numbers or dates.")
    try:
        return raw.astype(np.float64)
    except (TypeError, ValueError):
        return _dates(raw)


def _dates(raw: Array) -> Array:
    plain = np.empty(raw.size, dtype=object)
    try:
        for at, one in enumerate(raw.ravel()):
            zoned = isinstance(one, datetime) and one.tzinfo is not None
            plain[at] = one.astimezone(UTC).replace(tzinfo=None) if zoned else one
            if one != one:  # noqa: PLR0124 - pandas' missing time
                plain[at] = None
        return plain.astype("datetime64[s]").reshape(raw.shape)
    except (TypeError, ValueError) as error:
        raise GeoInputError("Times are numbers or dates.") from error
