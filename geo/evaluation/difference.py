"""Weighted displacement difference: whether counts fell by more than they fell elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo.errors import GeoInputError
from geo.evaluation.noise import smallest_detectable_change
from geo.numbers import floats

Pair = Sequence[float]

PAIR = "Counts come as (before, after), each 0 or more."


class Difference(NamedTuple):
    """An estimate with its standard error, z, two-sided p and interval; below 0 = fewer."""

    est: float
    se: float
    z: float
    p: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Wdd:
    """What changed, beyond what changed elsewhere; below 0 = fewer incidents than expected.

    `total` is local + displacement. `displacement` is None without rings. `n` counts the
    incidents of all areas and both windows. `constant`: not one incident, so nothing to compare.
    """

    total: Difference
    local: Difference
    displacement: Difference | None
    n: float
    phi: float
    level: float
    constant: bool

    @property
    def smallest_detectable(self) -> float:
        """A smaller change than this would probably have gone unseen."""
        return smallest_detectable_change(self.total.se)


def wdd(  # noqa: PLR0913 - four areas in the published order, the rest by name
    control: Pair,
    treated: Pair,
    disp_control: Pair | None = None,
    disp_treated: Pair | None = None,
    *,
    time_weights: Pair = (1.0, 1.0),
    area_weights: Pair = (1.0, 1.0, 1.0, 1.0),
    phi: float = 1.0,
    level: float = 0.95,
) -> Wdd:
    """Weighted displacement difference of counts before and after.

    Parameters
    ----------
    control, treated : pair of float
        Incidents (before, after).
    disp_control, disp_treated : pair of float, optional
        Of the rings around the two, where harm may have moved; both or neither.
    time_weights : pair of float
        Lengths of the two windows, in any unit: the answer is per that unit.
    area_weights : four floats
        Sizes of control, treated, ring of control, ring of treated; the last two may be left out.
    phi : float
        How much more counts vary than Poisson counts do, see `dispersion`. 1: the published form.
    level : float
        Of the interval.

    Returns
    -------
    Wdd

    Raises
    ------
    GeoInputError
        A negative count, a weight that is not above 0, one ring without the other.

    Notes
    -----
    d = (after/w1 - before/w0)/area; est = d_T - d_C + d_D - d_CD, variance phi * sum of
    count/(w area)^2, interval by the normal distribution: it holds for about 20 incidents or more.

    References
    ----------
    Wheeler and Ratcliffe (2018), Crime Science 7:11.

    Examples
    --------
    >>> found = wdd((308, 318), (207, 110), (150, 140), (178, 157))
    >>> round(found.total.est), round(found.total.se, 3), round(found.total.z, 2)
    (-118, 39.598, -2.98)
    >>> round(found.total.low), round(found.total.high)
    (-196, -40)
    """
    areas = [float(a) for a in area_weights]
    whole = len(areas) in {2, 4} and len(time_weights) == 2
    if not whole or not all(0 < w < np.inf for w in [*areas, *time_weights]):
        raise GeoInputError("Windows and areas need a length and a size above 0.")
    if not 1 <= phi < np.inf or not 0 < level < 1:
        raise GeoInputError("The dispersion is 1 or more, a level between 0 and 1.")
    local = _contrast(treated, control, time_weights, (areas[1], areas[0]))
    ring = _ring(disp_control, disp_treated, time_weights, [*areas, 1.0, 1.0])
    rest = ring or (0.0, 0.0, 0.0)
    total = (local[0] + rest[0], local[1] + rest[1])
    n = local[2] + rest[2]
    return Wdd(
        total=_tested(*total, phi=phi, level=level),
        local=_tested(*local[:2], phi=phi, level=level),
        displacement=None if ring is None else _tested(*ring[:2], phi=phi, level=level),
        n=n,
        phi=float(phi),
        level=level,
        constant=n == 0,
    )


def wdd_harm(found: Sequence[Wdd], weights: Sequence[float]) -> Difference:
    """Several kinds of harm as one figure: sum of weight * estimate.

    Parameters
    ----------
    found : sequence of Wdd
        Of different incidents: no incident stands in two of them.
    weights : sequence of float
        Harm of one incident of each kind.

    Returns
    -------
    Difference
        In units of harm; level as that of the first.

    Raises
    ------
    GeoInputError
        No kinds, or not as many weights as kinds.

    References
    ----------
    Wheeler (2020), weights of harm for the weighted displacement difference.

    Examples
    --------
    >>> robbery, theft = wdd((20, 20), (20, 10)), wdd((80, 60), (70, 20))
    >>> round(wdd_harm([robbery, theft], [10, 1]).est)
    -130
    """
    needs = "Each kind of harm needs one weight."
    harm = floats(weights, needs)
    if not found or harm.shape != (len(found),) or not np.isfinite(harm).all():
        raise GeoInputError(needs)
    est = sum(h * one.total.est for h, one in zip(harm.tolist(), found, strict=True))
    var = sum((h * one.total.se) ** 2 for h, one in zip(harm.tolist(), found, strict=True))
    return _tested(est, var, phi=1.0, level=found[0].level)


def wdq(control: Pair, treated: Pair, disp_treated: Pair) -> float | None:
    """Weighted displacement quotient: what happened next door for each unit of success.

    Parameters
    ----------
    control, treated, disp_treated : pair of float
        Incidents (before, after); the last of the ring around the treated area.

    Returns
    -------
    float or None
        Above 0 the gain spread to the ring, below 0 harm moved there, below -1 more moved than
        was gained. None when the treated area did no better than the control area: then the
        quotient has no meaning.

    References
    ----------
    Bowers and Johnson (2003), Journal of Quantitative Criminology 19(3), 275-301.

    Examples
    --------
    >>> round(wdq((308, 318), (207, 110), (178, 157)), 3)
    0.258
    >>> wdq((100, 100), (50, 60), (40, 40)) is None
    True
    """
    (t0, t1), (c0, c1), (d0, d1) = _pair(treated), _pair(control), _pair(disp_treated)
    if min(c0, c1) == 0:
        return None
    gain = t1 / c1 - t0 / c0
    return (d1 / c1 - d0 / c0) / gain if gain < 0 else None


def power(found: Wdd, change: float) -> float:
    """Chance that a study with this standard error notices a change of so many incidents.

    Parameters
    ----------
    found : Wdd
        Of the counts that are expected: the same before and after, the treated area's after too.
    change : float
        Incidents, up or down.

    Returns
    -------
    float
        Two-sided, by the normal distribution.

    Examples
    --------
    >>> four = wdd((60, 60), (60, 30), (60, 60), (60, 60))
    >>> round(power(four, 30), 2)
    0.29
    """
    from scipy.special import ndtr, ndtri

    if found.total.se == 0:
        return 0.0
    limit, shift = float(ndtri(0.5 + found.level / 2)), abs(change) / found.total.se
    return float(ndtr(shift - limit) + ndtr(-shift - limit))


def _ring(
    control: Pair | None, treated: Pair | None, time: Pair, areas: Sequence[float]
) -> tuple[float, float, float] | None:
    if (control is None) != (treated is None):
        raise GeoInputError("Rings around the treated and the control area: both or neither.")
    if control is None or treated is None:
        return None
    return _contrast(treated, control, time, (areas[3], areas[2]))


def _contrast(one: Pair, other: Pair, time: Pair, areas: Pair) -> tuple[float, float, float]:
    """Change of one less change of the other, its Poisson variance, and the incidents behind it."""
    est, var, n = 0.0, 0.0, 0.0
    for sign, counts, area in ((1, _pair(one), areas[0]), (-1, _pair(other), areas[1])):
        for side, count, window in zip((-1, 1), counts, time, strict=True):
            est += sign * side * count / (window * area)
            var += count / (window * area) ** 2
            n += count
    return est, var, n


def _pair(counts: Pair) -> tuple[float, float]:
    found = floats(counts, PAIR)
    if found.shape != (2,) or not (np.isfinite(found) & (found >= 0)).all():
        raise GeoInputError(PAIR)
    return float(found[0]), float(found[1])


def _tested(est: float, var: float, *, phi: float, level: float) -> Difference:
    from scipy.special import ndtr, ndtri

    se = float(np.sqrt(phi * var))
    z = est / se if se > 0 else 0.0
    half = float(ndtri(0.5 + level / 2)) * se
    return Difference(est, se, z, min(1.0, 2 * float(ndtr(-abs(z)))), est - half, est + half)
