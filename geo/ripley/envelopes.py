"""A curve beside those that chance alone makes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GeoInputError
from geo.nearrepeat.study import at_least_0
from geo.significance import monte_carlo_p

Array = NDArray[Any]
Alternative = Literal["two-sided", "clustered", "regular"]

TAIL = 0.025  # of the simulations lie outside the envelope, at each distance and side


@dataclass(frozen=True, slots=True)
class Curve:
    """A function of distance, and what chance makes of it.

    `value` as observed, `theory` of complete chance, `mean`, `low` and `high` of the simulations
    at each distance (95% of them lie within); `p` is of the whole curve (None if none were made).
    """

    r_m: Array
    value: Array
    theory: Array
    mean: Array
    low: Array
    high: Array
    p: float | None
    status: Literal["ok", "not enough data"] = "ok"
    reason: str = ""

    @property
    def l_m(self) -> Array:
        """L(r) = sqrt(K(r) / pi), in metres: r itself by chance."""
        return np.sqrt(self.value / np.pi)


def steps(r_m: ArrayLike) -> Array:
    """Distances of a curve, checked.

    Raises
    ------
    GeoInputError
        None, one below 0, or not ascending.

    Examples
    --------
    >>> steps([0, 50, 100]).tolist()
    [0.0, 50.0, 100.0]
    """
    r = np.asarray(r_m, dtype=np.float64).ravel()
    if not len(r) or not np.isfinite(r).all() or r[0] < 0 or (np.diff(r) <= 0).any():
        raise GeoInputError("The distances of a curve are 0 or more, and ascend.")
    return r


def compared(
    r: Array,
    value: Array,
    theory: Array,
    draw: Callable[[int], Array],
    simulations: int,
    alternative: Alternative = "two-sided",
    level: Callable[[Array], Array] = np.sqrt,
) -> Curve:
    """The curve beside `simulations` of it.

    The p of the whole curve is that of its largest distance from the mean, in standard deviations
    at each r (Myllymaki et al. 2017, Journal of the Royal Statistical Society B 79(2), 381-404).
    The mean is over all curves, the observed one among them, so that the test is exact.

    Parameters
    ----------
    r, value, theory : ndarray, shape (k,)
    draw : callable
        The curve of replicate 0, 1, 2 ...
    simulations : int
    alternative : {"two-sided", "clustered", "regular"}
        Whether p asks for curves as far off on both sides, above, or below.
    level : callable
        Makes the spread alike at all distances before curves are compared.

    Returns
    -------
    Curve

    Examples
    --------
    >>> r = np.array([1.0, 2.0])
    >>> compared(r, r * 9, r, lambda rep: r + rep % 3, 9, "clustered").p
    0.1
    """
    if alternative not in ("two-sided", "clustered", "regular"):
        raise GeoInputError("A curve is compared two-sided, or as clustered, or as regular.")
    at_least_0("The number of simulations", simulations)
    if not simulations:
        nothing = np.full(len(r), np.nan)
        return Curve(r, value, theory, nothing, nothing, nothing, None)
    drawn = np.array([draw(rep) for rep in range(simulations)])
    ranked = np.sort(drawn, axis=0)
    outside = max(int(TAIL * (simulations + 1)), 1)
    off = _off(level(np.vstack([value, drawn])), alternative)
    return Curve(
        r,
        value,
        theory,
        drawn.mean(axis=0),
        ranked[outside - 1],
        ranked[-outside],
        monte_carlo_p(float(off[0]), off[1:]),
    )


def too_few(r: Array, theory: Array, simulations: int, reason: str) -> Curve:
    """No curve, and why."""
    none = np.zeros(len(r))
    p = 1.0 if simulations else None
    return Curve(r, none, theory, none, none, none, p, "not enough data", reason)


def _off(curves: Array, alternative: Alternative) -> Array:
    """How far each curve strays from the mean of all, in standard deviations."""
    spread, mean = curves.std(axis=0), curves.mean(axis=0)
    told = spread > 1e-9 * np.abs(mean)  # where all curves are equal but for rounding, none is far
    off = np.where(told, curves - mean, 0) / np.where(told, spread, 1)
    sides = {"two-sided": np.abs(off), "clustered": off, "regular": -off}
    found: Array = sides[alternative].max(axis=1)
    return found
