"""K along streets: at what walking distances points gather, beside chance alone."""

import numpy as np
from numpy.typing import ArrayLike

from geo.nearrepeat.study import Array
from geo.network.walking import Reach
from geo.network.ways import At, Streets, on_streets
from geo.ripley.envelopes import Alternative, Curve, compared, steps, too_few
from geo.significance import stream


def network_k(
    on: Streets,
    at: At,
    r_m: ArrayLike,
    *,
    simulations: int = 999,
    alternative: Alternative = "two-sided",
    key: str = "",
) -> Curve:
    """Length of the streets times the mean share of other points within a walk of r.

    Parameters
    ----------
    on : Streets
    at : At
        n points.
    r_m : array_like, shape (k,)
        Distances, ascending; a pair exactly r apart counts.
    simulations : int
        Sets of n points, each anywhere along the streets.
    alternative, key
        As for `ripley.k_function`.

    Returns
    -------
    Curve
        In metres of street. `theory` is not a number: what chance makes depends on the streets,
        and `mean` says it. Status "not enough data" for fewer than two points.

    Raises
    ------
    GeoInputError
        A point that is not on its segment, distances that do not ascend.

    Notes
    -----
    K(r) = L / (n (n - 1)) * ordered pairs with a walking distance of at most r. On streets plane K
    finds clusters where there are only streets.

    References
    ----------
    Okabe and Yamada (2001), Geographical Analysis 33(3), 271-290.

    Examples
    --------
    >>> from geo.network.ways import streets
    >>> row = streets([0, 1], [1, 2], [500, 500])
    >>> at = At(np.array([0, 0, 1]), np.array([450.0, 480.0, 20.0]))
    >>> found = network_k(row, at, [30, 70], simulations=99, alternative="clustered")
    >>> found.value.round(1).tolist(), found.p <= 0.05
    ([333.3, 1000.0], True)
    """
    r, at = steps(r_m), on_streets(on, at)
    n, unknown = len(at.segment), np.full(len(r), np.nan)
    if n < 2:
        return too_few(r, unknown, simulations, "Fewer than two points.")
    reach = Reach(on, float(r[-1]))
    until = np.append(0, np.cumsum(on.length_m))
    scale = 2 * float(until[-1]) / (n * (n - 1))

    def curve(places: At) -> Array:
        mm = np.sort(reach.pairs(places)[2])
        found: Array = scale * np.searchsorted(mm, r * on.per_m + 1e-3, "right")
        return found

    def draw(rep: int) -> Array:
        along = np.sort(stream(key, "network-k", rep).random(n)) * until[-1]
        segment = np.minimum(np.searchsorted(until, along, "right") - 1, len(on.length_m) - 1)
        return curve(At(segment, along - until[segment]))

    return compared(r, curve(at), unknown, draw, simulations, alternative)
