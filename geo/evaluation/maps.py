"""How good a map was at saying where incidents would be. It judges maps, never places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geo.errors import GeoInputError
from geo.numbers import floats
from geo.significance.tails import Array

TIE = 1e-12


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Cumulative by predicted rank; `order` holds the rows, the highest prediction first.

    `pai`: share of incidents over share of area. `pei`: of the best that any map could have had
    in that much area. `rri`: incidents predicted for each one observed. NaN where nothing was
    observed.
    """

    order: Array
    hits: Array
    area: Array
    pai: Array
    pei: Array
    rri: Array


def accuracy(observed: ArrayLike, predicted: ArrayLike, area: ArrayLike | None = None) -> Accuracy:
    """Predictive accuracy, efficiency and recovery of a map of predictions.

    Parameters
    ----------
    observed : array_like, shape (n,)
        Incidents in each cell after the prediction was made.
    predicted : array_like, shape (n,)
        Incidents predicted there.
    area : array_like, shape (n,), optional
        Size of each cell, or length of each street; all equal when left out.

    Returns
    -------
    Accuracy

    Raises
    ------
    GeoInputError
        Arrays of different length, a negative number, an area that is not above 0.

    Notes
    -----
    Ranked by predicted density, so that a large cell is not first for its size; equal densities
    the fewer observed first, so that ties flatter no map, then by row. PAI = (hits/N)/(area/Area).
    PEI divides it by the PAI of cells taken by observed density until the same area is full, a
    part of the last where cells differ in size: never above 1. RRI = sum predicted/sum observed.

    References
    ----------
    Chainey, Tompson and Uhlig (2008), Security Journal 21, 4-28 (PAI). Hunt (2016) (PEI).
    Levine (2008), Security Journal 21, 295-302 (RRI). Drawve and Wooditch (2019), Journal of
    Criminal Justice 64, 101625 (lengths of street). Wheeler and Steenbeek (2021), Journal of
    Quantitative Criminology 37(2), 445-480 (ties, ranks).

    Examples
    --------
    >>> found = accuracy([6, 3, 0], [3, 2, 1])
    >>> found.pai.tolist(), found.pei.tolist(), found.rri.round(4).tolist()
    ([2.0, 1.5, 1.0], [1.0, 1.0, 1.0], [0.5, 0.5556, 0.6667])
    """
    hits, expected, size = _checked(observed, predicted, area)
    order = np.lexsort((np.arange(len(hits)), hits, -expected / size))
    reached, taken = np.cumsum(hits[order]), np.cumsum(size[order])
    total, whole = float(hits.sum()), float(size.sum())
    best = np.argsort(-hits / size, kind="stable")
    most = np.interp(
        taken,
        np.concatenate([[0.0], np.cumsum(size[best])]),
        np.concatenate([[0.0], np.cumsum(hits[best])]),
    )
    return Accuracy(
        order=order,
        hits=reached,
        area=taken,
        pai=_over(_over(reached, np.full_like(reached, total)), taken / whole),
        pei=_over(reached, most),
        rri=_over(np.cumsum(expected[order]), reached),
    )


def _checked(
    observed: ArrayLike, predicted: ArrayLike, area: ArrayLike | None
) -> tuple[Array, Array, Array]:
    hits, expected = (floats(a, "Incidents are numbers.") for a in (observed, predicted))
    size = np.ones_like(hits) if area is None else floats(area, "Sizes are numbers.")
    if hits.ndim != 1 or not hits.shape == expected.shape == size.shape:
        raise GeoInputError("Each cell needs what was observed, what was predicted, and its size.")
    if not (
        np.isfinite([hits, expected, size]).all()
        and (hits >= 0).all()
        and (size > 0).all()
        and (expected >= 0).all()
    ):
        raise GeoInputError("Incidents are 0 or more in each cell, and its size is above 0.")
    return hits, expected, size


def _over(a: Array, b: Array) -> Array:
    """a/b; NaN where b is 0."""
    found: Array = np.divide(a, b, out=np.full(len(a), np.nan), where=np.abs(b) > TIE)
    return found
