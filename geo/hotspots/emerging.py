"""Hot and cold spots that are new, growing, lasting or gone: Gi* through time and its trend."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.hotspots.links import Links, Weights, linked, normal_p, values
from geo.numbers import floats
from geo.significance import bh
from geo.trends import mann_kendall_rows

Array = NDArray[Any]
Status = Literal["ok", "constant", "not enough history"]
Window = Literal["step", "cube"]

LEAST_BINS = 10
LEVELS = ((0.10, 90), (0.05, 95), (0.01, 99))
NAMES = (
    "no pattern",
    "new",
    "consecutive",
    "intensifying",
    "persistent",
    "diminishing",
    "sporadic",
    "oscillating",
    "historical",
)


@dataclass(frozen=True, slots=True)
class Emerging:
    """Category of each place, and what it was made from.

    `code` is the place of its name in `NAMES`, negative for cold; `z`, `q` and `bins` (0, +-90,
    +-95, +-99) are of shape (n, T); `trend_z` and `trend_p` are of the Mann-Kendall test of each z
    series. `status` is "ok", "constant" (no value differs) or "not enough history": then every
    code is 0, which says nothing.
    """

    code: Array
    z: Array
    q: Array
    bins: Array
    trend_z: Array
    trend_p: Array
    status: Status


def emerging(
    x: ArrayLike,
    weights: Weights,
    *,
    window: Window = "step",
    time_lag: int = 0,
    min_level: int = 95,
    alpha: float = 0.05,
) -> Emerging:
    """Sort places by the history of their Gi*.

    Parameters
    ----------
    x : array_like, shape (n, T)
        Counts of n places in T time steps, oldest first; 10 or more steps.
    weights : array_like, sparse matrix or geo.weights.Grid, shape (n, n)
        As for `gi`; each place is among its own neighbours.
    window : {"step", "cube"}
        What a value is compared with: the same time step (with `time_lag`, the earlier ones that
        are looked at too), or all steps.
    time_lag : int
        The same neighbours so many steps earlier are neighbours too.
    min_level : {95, 90, 99}
        From which confidence on a step counts as hot or cold.
    alpha : float
        Of the trend.

    Returns
    -------
    Emerging
        q by Benjamini and Hochberg over all places and steps.

    Raises
    ------
    GeoInputError
        A missing value, weights that do not fit, or a window of another name.

    References
    ----------
    Getis and Ord (1992), Geographical Analysis 24(3), 189-206; Mann (1945), Econometrica 13,
    245-259. Categories as published for emerging hot spot analysis, without their overlaps.

    Examples
    --------
    >>> x = np.ones((30, 12)); x[10:13, -1] = 9
    >>> line = np.eye(30, k=1) + np.eye(30, k=-1)
    >>> [NAMES[code] for code in emerging(x, line).code[9:13]]
    ['no pattern', 'no pattern', 'new', 'no pattern']
    """
    cube = values(x, ndim=2)
    n, steps = cube.shape
    if window not in ("step", "cube") or time_lag < 0 or min_level not in (90, 95, 99):
        raise GeoInputError(
            'The window is "step" or "cube", the lag 0 or more, the level 90, 95 or 99.'
        )
    links = linked(weights, n)
    z = np.round(_z(cube, links, window, time_lag), 9)  # equal by arithmetic is equal in a trend
    q = bh(normal_p(z, "two-sided").ravel()).reshape(z.shape)
    bins = levels(z, q)
    trend = mann_kendall_rows(z)
    code = np.zeros(n, dtype=np.int8)
    if steps < LEAST_BINS:
        return Emerging(code, z, q, bins, trend.z, trend.p, "not enough history")
    if not z.any():
        return Emerging(code, z, q, bins, trend.z, trend.p, "constant")
    code = classify(bins, trend.z, trend.p, alpha=alpha, min_level=min_level)
    return Emerging(code, z, q, bins, trend.z, trend.p, "ok")


def levels(z: Array, q: Array) -> Array:
    """Confidence of each value, with its side: 0, +-90, +-95 or +-99.

    Examples
    --------
    >>> levels(np.array([2.0, -3.0, 0.1]), np.array([0.06, 0.01, 0.9])).tolist()
    [90, -99, 0]
    """
    level = np.zeros(z.shape, dtype=np.int8)
    for limit, name in LEVELS:
        level[q <= limit] = name
    return np.asarray(level * np.sign(z).astype(np.int8))


def classify(
    bins: ArrayLike,
    trend_z: ArrayLike,
    trend_p: ArrayLike,
    *,
    alpha: float = 0.05,
    min_level: int = 95,
) -> Array:
    """Category of each place from the confidence of its steps and the trend of its z.

    Parameters
    ----------
    bins : array_like, shape (n, T) or (T,)
        0, +-90, +-95 or +-99, oldest first.
    trend_z, trend_p : array_like, shape (n,) or a number
        Of the Mann-Kendall test.
    alpha : float
    min_level : int
        From which confidence on a step counts as hot or cold.

    Returns
    -------
    ndarray of int8, shape (n,) or ()
        Places in `NAMES`, negative for cold: the mirror of a history has the mirror of its code.

    Raises
    ------
    GeoInputError
        Histories without a step, or trends of another number of places.

    Examples
    --------
    >>> NAMES[classify([0, 0, 95, 95], 1.0, 0.3)]
    'consecutive'
    """
    given = "Give each place a history of one step or more, and its trend."
    level, z, p = (floats(a, given) for a in (bins, trend_z, trend_p))
    table, z, p = np.atleast_2d(level), np.atleast_1d(z), np.atleast_1d(p)
    if not table.shape[-1] or not len(table) == len(z) == len(p):
        raise GeoInputError(given)
    rising, falling = (p <= alpha) & (z > 0), (p <= alpha) & (z < 0)
    hot, cold = table >= min_level, table <= -min_level
    one = _side(hot, cold, rising, falling)
    other = _side(cold, hot, falling, rising)
    # A side needs its own final step, or nine in ten before a neutral one: never both.
    return np.asarray((one - other).astype(np.int8).reshape(level.shape[:-1]))


def _side(hot: Array, cold: Array, rising: Array, falling: Array) -> Array:
    """Category of the hot side; of the cold one where cold comes first. First match wins."""
    steps = hot.shape[1]
    final, k = hot[:, -1], hot.sum(axis=1)
    run = np.logical_and.accumulate(hot[:, ::-1], axis=1).sum(axis=1)
    lasting = 10 * k >= 9 * steps
    rules = [
        (final & (k == 1), 1),
        (final & lasting & rising, 3),
        (final & lasting & falling, 5),
        (final & lasting, 4),
        (final & (run == k), 2),
        (final & cold.any(axis=1), 7),
        (final, 6),
        (~final & ~cold[:, -1] & lasting, 8),
    ]
    return np.select([rule for rule, _ in rules], [code for _, code in rules], 0)


def _z(cube: Array, links: Links, window: Window, time_lag: int) -> Array:
    """Gi* of each place and step."""
    steps = cube.shape[1]
    z = np.zeros(cube.shape)
    if not cube.size:
        return z
    apart = cube - cube.mean()
    lag = links.sums(apart) + links.own[:, None] * apart
    for t in range(steps):
        back = slice(max(0, t - time_lag), t + 1)
        seen = apart if window == "cube" else apart[:, back]
        depth = back.stop - back.start
        total, square = depth * (links.total + links.own), depth * (links.square + links.own**2)
        m, size = seen.mean(), seen.size
        room = size * square - total**2
        if seen.min() == seen.max():
            continue
        beyond = lag[:, back].sum(axis=1) - total * m
        under = seen.std() * np.sqrt(np.maximum(room, 0) / (size - 1))
        np.divide(beyond, under, out=z[:, t], where=room > 1e-9 * size * square)
    return z
