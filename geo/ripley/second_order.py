"""K, L, cross-K and pair correlation: at what distances points gather, beside chance alone."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.numbers import decimals
from geo.ripley.envelopes import Alternative, Array, Curve, compared, steps, too_few
from geo.ripley.window import Window
from geo.significance import stream

TRIM = 300  # no pair counts for more than this many
STOYAN = 0.15  # half-width of the kernel, by the root of the intensity


class Near(NamedTuple):
    """Pairs of points, each once: rows, distance, and 1 / area common to both moved windows."""

    i: Array
    j: Array
    apart: Array
    weight: Array


def k_function(
    xy_m: ArrayLike,
    window: shapely.Geometry,
    r_m: ArrayLike,
    *,
    simulations: int = 999,
    alternative: Alternative = "two-sided",
    key: str = "",
) -> Curve:
    """Ripley's K: area of the window times the mean share of other points within r of a point.

    Parameters
    ----------
    xy_m : array_like, shape (n, 2)
        Metres in any plane.
    window : shapely Polygon or MultiPolygon
        The area that was looked at. Compulsory: without it the edge would be taken for emptiness.
    r_m : array_like, shape (k,)
        Distances, ascending; a pair exactly r apart counts.
    simulations : int
        Sets of n points scattered over the window by chance.
    alternative : {"two-sided", "clustered", "regular"}
    key : str
        As for `nearrepeat.knox`.

    Returns
    -------
    Curve
        `value` in square metres, `theory` pi r^2; `l_m` is L. Status "not enough data" for fewer
        than two points.

    Raises
    ------
    GeoInputError
        A point outside the window, distances that do not ascend.

    Notes
    -----
    K(r) = A^2 / (n (n - 1)) * sum over ordered pairs at most r apart of 1 / |W and W moved by the
    pair's displacement| (translation correction); no pair counts for more than 300. Events at one
    point, as the police publish them, make K jump at 0: that is the publisher's doing.

    References
    ----------
    Ripley (1977), Journal of the Royal Statistical Society B 39(2), 172-212. Ohser (1983),
    Mathematische Operationsforschung und Statistik 14, 63-71.

    Examples
    --------
    >>> corner = [[10, 10], [10, 20], [20, 10], [90, 90]]
    >>> found = k_function(corner, shapely.box(0, 0, 100, 100), [10, 15], simulations=99)
    >>> found.value.round(1).tolist(), found.p
    ([3703.7, 5761.3], 0.01)
    """
    r, area = steps(r_m), Window(window)
    xy = area.inside(xy_m)
    theory = np.pi * r**2
    if len(xy) < 2:
        return too_few(r, theory, simulations, "Fewer than two points.")
    scale, grain = 2 * area.area**2 / (len(xy) * (len(xy) - 1)), decimals(xy)

    def curve(places: Array, *, exact: bool) -> Array:
        near = _near(places, area, float(r[-1]), grain, exact=exact)
        return scale * _within(near.apart, near.weight, r, grain)

    def draw(rep: int) -> Array:
        return curve(area.scattered(len(xy), stream(key, "ripley", rep)), exact=False)

    return compared(r, curve(xy, exact=True), theory, draw, simulations, alternative)


def cross_k(
    from_xy_m: ArrayLike,
    to_xy_m: ArrayLike,
    window: shapely.Geometry,
    r_m: ArrayLike,
    *,
    simulations: int = 999,
    alternative: Alternative = "two-sided",
    key: str = "",
) -> Curve:
    """Cross-K: whether points of one kind gather around those of another.

    Parameters
    ----------
    from_xy_m, to_xy_m : array_like, shape (n, 2), (m, 2)
    window, r_m, simulations, alternative, key
        As for `k_function`.

    Returns
    -------
    Curve
        Chance here is "random labelling": the places stand, and which of the two kinds each is of
        is drawn. Places where both kinds are common anyway do not count against it.

    Raises
    ------
    GeoInputError
        As for `k_function`.

    Notes
    -----
    K(r) = A^2 / (n m) * sum over pairs of both kinds at most r apart, weighted as in `k_function`.

    References
    ----------
    Lotwick and Silverman (1982), Journal of the Royal Statistical Society B 44(3), 406-413.

    Examples
    --------
    >>> stops, shops = [[20, 20], [80, 80]], [[20, 30], [80, 60], [10, 90]]
    >>> cross_k(stops, shops, shapely.box(0, 0, 100, 100), [10, 20], simulations=19).value.round(1)
    array([1851.9, 3935.2])
    """
    r, area = steps(r_m), Window(window)
    xy = np.concatenate([area.inside(from_xy_m), area.inside(to_xy_m)])
    theory = np.pi * r**2
    n = len(area.inside(from_xy_m))
    if not 0 < n < len(xy):
        return too_few(r, theory, simulations, "There are points of one kind only.")
    scale, grain = area.area**2 / (n * (len(xy) - n)), decimals(xy)
    first = np.arange(len(xy)) < n
    by = np.lexsort((first, xy[:, 1], xy[:, 0]))  # draws do not hang on the order of rows
    xy, first = xy[by], first[by]
    near = _near(xy, area, float(r[-1]), grain, exact=True)

    def curve(is_first: Array) -> Array:
        both = is_first[near.i] != is_first[near.j]
        return scale * _within(near.apart[both], near.weight[both], r, grain)

    def draw(rep: int) -> Array:
        return curve(stream(key, "cross-k", rep).permutation(first))

    return compared(r, curve(first), theory, draw, simulations, alternative)


def pair_correlation(
    xy_m: ArrayLike,
    window: shapely.Geometry,
    r_m: ArrayLike,
    *,
    bandwidth_m: float | None = None,
    simulations: int = 999,
    alternative: Alternative = "two-sided",
    key: str = "",
) -> Curve:
    """Pair correlation: how many times more pairs lie at distance r than by chance.

    Parameters
    ----------
    xy_m, window, simulations, alternative, key
        As for `k_function`.
    r_m : array_like, shape (k,)
        Distances above 0, ascending.
    bandwidth_m : float, optional
        Half the width of the kernel (Epanechnikov); 0.15 / root of the intensity when left out.

    Returns
    -------
    Curve
        `theory` is 1.

    Raises
    ------
    GeoInputError
        As for `k_function`; a distance of 0, a width that is not above 0.

    References
    ----------
    Stoyan and Stoyan (1994), Fractals, Random Shapes and Point Fields. Wiley.

    Examples
    --------
    >>> pair = [[40, 50], [60, 50]]
    >>> yard = shapely.box(0, 0, 100, 100)
    >>> pair_correlation(pair, yard, [15, 20], bandwidth_m=5, simulations=0).value.round(2)
    array([ 0.  , 14.92])
    """
    r, area = steps(r_m), Window(window)
    xy = area.inside(xy_m)
    theory = np.ones(len(r))
    if len(xy) < 2:
        return too_few(r, theory, simulations, "Fewer than two points.")
    width = STOYAN / np.sqrt(len(xy) / area.area) if bandwidth_m is None else bandwidth_m
    if not width > 0 or r[0] == 0:
        raise GeoInputError("Distances and the width of the kernel must be above 0.")
    scale, grain = area.area**2 / (len(xy) * (len(xy) - 1) * np.pi * r), decimals(xy)

    def curve(places: Array, *, exact: bool) -> Array:
        near = _near(places, area, float(r[-1]) + width, grain, exact=exact)
        found: Array = scale * np.array([_kernel(near, at, width) for at in r])
        return found

    def draw(rep: int) -> Array:
        return curve(area.scattered(len(xy), stream(key, "pair-correlation", rep)), exact=False)

    return compared(r, curve(xy, exact=True), theory, draw, simulations, alternative)


def _near(xy: Array, window: Window, reach_m: float, places: int, *, exact: bool) -> Near:
    from scipy.spatial import cKDTree

    slack = 0.5 * 10.0**-places
    pairs = cKDTree(xy).query_pairs(reach_m + slack, output_type="ndarray")
    i, j = pairs[:, 0], pairs[:, 1]
    move = xy[i] - xy[j]
    left = window.overlap(move, reach_m=reach_m + slack, exact=exact)
    weight = 1 / np.maximum(left, window.area / TRIM)
    return Near(i, j, np.round(np.hypot(*move.T), places), weight)


def _within(apart: Array, weight: Array, r: Array, places: int) -> Array:
    """Sum of the weights of pairs at most each r apart."""
    step = np.searchsorted(np.round(r, places), apart, "left")
    total: Array = np.bincount(step, weights=weight, minlength=len(r) + 1)
    total = np.cumsum(total)
    return total[: len(r)]


def _kernel(near: Near, at: float, width: float) -> float:
    off = (near.apart - at) / width
    some = np.abs(off) < 1
    return float((0.75 / width * (1 - off[some] ** 2)) @ near.weight[some])
