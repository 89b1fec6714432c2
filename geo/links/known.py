"""Which children count for a hot spot, and for every other place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.bipartite.table import Incidence, incidence
from geo.errors import GeoInputError

Array = NDArray[Any]

LEVEL_1 = ("harmed_here", "at_risk_here", "found_here_missing")
LEVEL_2 = (*LEVEL_1, "frequents")
FLOW = ("harmed_here",)


@dataclass(frozen=True, slots=True)
class ChildLinks:
    """Links of children to incidents and sites. One entry a link in every array.

    `child` is an opaque number, `role` a code. `event` is the row of the incident, -1 for a link
    to a place as such; `site` the number of the site (of the incident, or the place), online
    ones included, -1 none. Days since 1970-01-01, both included; what has not ended ends on the
    day of the snapshot. `lad` is the district of the incident or site and `home` that of the
    child at the time, GSS codes, "" where not known.
    """

    child: Array
    role: Array
    event: Array
    site: Array
    first_day: Array
    last_day: Array
    lad: Array
    home: Array

    def __post_init__(self) -> None:
        if len({len(getattr(self, name)) for name in self.__slots__}) != 1:
            raise GeoInputError("Links of children have one entry each in every list.")

    def within(self, roles: Sequence[str], first_day: int, last_day: int) -> Array:
        """Which links have one of the roles and touch these days, shape (links,)."""
        touch = (self.first_day <= last_day) & (self.last_day >= first_day)
        some: Array = touch & np.isin(self.role, roles)
        return some


@dataclass(frozen=True, slots=True)
class Spot:
    """A hot spot: its incidents (rows of events), its sites, first and last core day."""

    events: Array
    sites: Array
    first_day: int
    last_day: int


@dataclass(frozen=True, slots=True)
class Nodes:
    """Contexts by children. Row r is hot spot `spot[r]`, or else site `site[r]`; the other is -1.

    Hot spots come first, then sites by number. Columns stand for children, in no stated order.
    """

    known: Incidence
    spot: Array
    site: Array


def children_of(links: ChildLinks, which: Array, spots: Sequence[Spot]) -> tuple[Array, Array]:
    """The links that count for each hot spot.

    Parameters
    ----------
    links : ChildLinks
    which : ndarray of bool, shape (links,)
        Those that may count, as `links.within(...)` gives them.
    spots : sequence of Spot

    Returns
    -------
    spot, link : ndarray of int, shape (pairs,)
        Number of the hot spot and row of the link: to one of its incidents, or to one of its
        sites on days that touch its own. In order of (spot, link).

    Examples
    --------
    >>> two = np.array([1, 2])
    >>> links = ChildLinks(two, np.array(["harmed_here"] * 2), np.array([0, -1]), np.array([7, 7]),
    ...     two, two, np.array(["E1"] * 2), np.array(["E1"] * 2))
    >>> spot = Spot(events=np.array([0]), sites=np.array([7]), first_day=5, last_day=9)
    >>> [x.tolist() for x in children_of(links, np.array([True, True]), [spot])]
    [[0], [0]]
    """
    numbers, rows = [], []
    for k, spot in enumerate(spots):
        member = (links.event >= 0) & np.isin(links.event, spot.events)
        there = (links.event < 0) & (links.site >= 0) & np.isin(links.site, spot.sites)
        then = (links.first_day <= spot.last_day) & (links.last_day >= spot.first_day)
        counted = np.flatnonzero(which & (member | (there & then)))
        numbers.append(np.full(len(counted), k))
        rows.append(counted)
    none = np.zeros(0, dtype=np.int64)
    return np.concatenate([none, *numbers]), np.concatenate([none, *rows])


def nodes(
    links: ChildLinks,
    spots: Sequence[Spot],
    *,
    first_day: int,
    last_day: int,
    min_children: int = 3,
) -> Nodes:
    """The contexts of level 2: each hot spot with its sites as one, and every other site.

    Parameters
    ----------
    links : ChildLinks
    spots : sequence of Spot
        The reportable ones.
    first_day, last_day : int
        Days since 1970-01-01 that a link has to touch.
    min_children : int
        Of a site outside all hot spots, to be a context.

    Returns
    -------
    Nodes

    Examples
    --------
    >>> three = np.arange(3)
    >>> links = ChildLinks(three, np.array(["frequents"] * 3), three * 0 - 1, three * 0 + 4,
    ...     three, three, np.array(["E1"] * 3), np.array(["E2"] * 3))
    >>> found = nodes(links, [], first_day=0, last_day=9)
    >>> found.site.tolist(), found.known.row_degree.tolist()
    ([4], [3])
    """
    which = links.within(LEVEL_2, first_day, last_day)
    spot, row = children_of(links, which, spots)
    inside = np.concatenate([np.zeros(0, dtype=np.int64), *(one.sites for one in spots)])
    outside = np.flatnonzero(which & (links.site >= 0) & ~np.isin(links.site, inside))
    child = np.unique(links.child, return_inverse=True)[1].ravel()
    sites, of = np.unique(links.site[outside], return_inverse=True)
    there = np.unique(np.column_stack([of.ravel(), child[outside]]), axis=0)
    many = np.bincount(there[:, 0], minlength=len(sites)) >= min_children
    there = there[many[there[:, 0]]]
    number = np.cumsum(many) - 1 + len(spots)
    col = np.concatenate([child[row], there[:, 1]])
    children, col = np.unique(col, return_inverse=True)
    known = incidence(
        np.concatenate([spot, number[there[:, 0]]]), col.ravel(),
        rows=len(spots) + int(many.sum()), cols=len(children),
    )  # fmt: skip
    none = np.full(int(many.sum()), -1)
    return Nodes(
        known,
        np.concatenate([np.arange(len(spots)), none]),
        np.concatenate([np.full(len(spots), -1), sites[many]]),
    )
