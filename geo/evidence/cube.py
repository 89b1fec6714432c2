"""Events by site and day, in the form that a thousand replicates are made from."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geo.density import Pairs
from geo.neighbourhood import Array
from geo.sitepairs import site_pairs


class Links(NamedTuple):
    """Sites near each site: s has near[start[s]:start[s + 1]]."""

    start: Array
    near: Array


@dataclass(frozen=True, slots=True)
class Cube:
    """Rows sorted by site; `column` counts the distinct days, the only ones a replicate uses.

    `within` holds the sites within reach, itself among them; `around` those within half of it;
    `later` the sites within reach that have a higher number, so that a pair comes once.
    """

    site: Array
    column: Array
    weight: Array
    able: Array
    days: Array
    within: Links
    around: Links
    later: Links
    eps_days: int
    min_points: int

    @property
    def sites(self) -> int:
        return len(self.within.start) - 1

    @property
    def total(self) -> int:
        return int(self.weight.sum())


def cube(  # noqa: PLR0913 - what a run knows of its events, and the three limits
    site: Array,
    xy_m: Array,
    day: Array,
    weight: Array,
    may_be_core: Array,
    *,
    neighbours: Pairs | None,
    eps_m: float,
    eps_days: int,
    min_points: int,
) -> tuple[Cube, Array]:
    """Events of a run as a cube, and the site of each row by its new number.

    Parameters
    ----------
    site, day, weight, may_be_core : ndarray, shape (n,)
        As for `geo.crossborough.Events`.
    xy_m : ndarray, shape (n, 2)
        Metres in any plane; rows of a site share a point.
    neighbours : Pairs, optional
        Sites within reach, where some are areas or lines; found from the points when left out.
    eps_m, eps_days, min_points
        As for `geo.density.st_dbscan`.

    Returns
    -------
    cube : Cube
    site : ndarray of int64, shape (n,)

    Examples
    --------
    >>> at = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 0.0]])
    >>> made, of = cube(
    ...     np.array([7, 9, 7]), at, np.array([3, 5, 4]), np.ones(3, int), np.ones(3, bool),
    ...     neighbours=None, eps_m=250, eps_days=28, min_points=5,
    ... )
    >>> of.tolist(), made.days.tolist(), made.within.near.tolist()
    ([0, 1, 0], [3, 4, 5], [0, 1, 0, 1])
    """
    number, of, pairs = site_pairs(site, xy_m, eps_m, neighbours)
    days, column = np.unique(day, return_inverse=True)
    by = np.lexsort((column, of))
    half = np.asarray(pairs.mm) <= eps_m * 500 + 1e-6
    made = Cube(
        of[by],
        column[by],
        weight[by].astype(np.int64),
        may_be_core[by].astype(bool),
        days.astype(np.int64),
        _links(number, pairs.i, pairs.j),
        _links(number, pairs.i[half], pairs.j[half]),
        _later(number, pairs.i, pairs.j),
        eps_days,
        min_points,
    )
    return made, of


def _links(sites: int, i: Array, j: Array) -> Links:
    own = np.arange(sites)
    a, b = np.concatenate([i, j, own]), np.concatenate([j, i, own])
    by = np.lexsort((b, a))
    return Links(np.searchsorted(a[by], np.arange(sites + 1)), b[by])


def _later(sites: int, i: Array, j: Array) -> Links:
    a, b = np.minimum(i, j), np.maximum(i, j)
    by = np.lexsort((b, a))
    return Links(np.searchsorted(a[by], np.arange(sites + 1)), b[by])
