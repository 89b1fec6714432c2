"""The order of a list of clusters, and what it comes from: no part of what is found (4.7)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BY_SEVERITY = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
BY_CONFIDENCE = {"REPORTED": 0.5, "CORROBORATED": 0.8, "CONFIRMED": 1.0}
PROACTIVE = 0.5
RECENT_DAYS, SEVERE, SHOWN = 90, 4, 5


class Facts(NamedTuple):
    """What is known of each event beside place and day; one entry a row.

    `severity` 1 to 5; `confidence` and `discovered_by` codes; `agency` a number; `after_dark`
    1, 0, or -1 where it is not known; `first_day` and `until_day` the days it may have been.
    """

    severity: Array
    confidence: Array
    discovered_by: Array
    agency: Array
    after_dark: Array
    first_day: Array
    until_day: Array

    @property
    def proactive(self) -> Array:
        """Found because police went looking, which says less about a place."""
        found: Array = np.isin(self.discovered_by, ("PROACTIVE_PATROL", "STOP_SEARCH"))
        return found


class Contribution(NamedTuple):
    """`n` of `of`, and the share of it."""

    kind: str
    n: int
    of: int
    weight: float


def weights(facts: Facts, day: Array, *, snapshot_day: int, half_life_days: float) -> Array:
    """Weight of each event: severity, age, confidence, and half where police went looking.

    Parameters
    ----------
    facts : Facts
    day : ndarray of int, shape (n,)
    snapshot_day : int
        Age is counted from here, in days; later events have the age 0.
    half_life_days : float

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> one = Facts(np.array([5]), np.array(["CONFIRMED"]), np.array(["CASEWORK"]),
    ...             *[np.zeros(1, int)] * 4)
    >>> weights(one, np.array([0]), snapshot_day=180, half_life_days=180).tolist()
    [8.0]
    """
    age = np.maximum(snapshot_day - day, 0)
    sure = np.zeros(len(day))
    for code, share in BY_CONFIDENCE.items():
        sure[facts.confidence == code] = share
    sought = np.where(facts.proactive, PROACTIVE, 1.0)
    return np.asarray(
        BY_SEVERITY[facts.severity - 1] * 0.5 ** (age / half_life_days) * sure * sought
    )


def bands(weight: Sequence[float]) -> list[str]:
    """Third of each weight among all: high, medium, low; equal weights share a band.

    Examples
    --------
    >>> bands([1.0, 9.0, 4.0])
    ['low', 'high', 'medium']
    """
    given = np.asarray(weight, dtype=np.float64)
    above = np.array([(given > one).sum() for one in given]) / max(len(given), 1)
    return ["high" if a < 1 / 3 else "medium" if a < 2 / 3 else "low" for a in above.tolist()]


def why_here(
    facts: Facts, day: Array, rows: Array, *, snapshot_day: int, largest: int
) -> list[Contribution]:
    """What stands out about a cluster: the five largest shares.

    Parameters
    ----------
    facts : Facts
    day : ndarray of int, shape (n,)
    rows : ndarray of int
        Its members.
    snapshot_day : int
    largest : int
        Members of the largest cluster of the run.

    Returns
    -------
    list of Contribution
        Largest share first. Incidents beside the largest cluster, reports from the public and
        partners, agencies of all that reported, the last 90 days, after dark of those whose time
        is known, severe harm (4 and 5).

    Examples
    --------
    >>> two = Facts(np.array([5, 1]), np.array(["REPORTED"] * 2), np.array(["CASEWORK"] * 2),
    ...             np.array([0, 1]), *[np.array([1, -1])] * 3)
    >>> why_here(two, np.array([0, 0]), np.array([0, 1]), snapshot_day=365, largest=4)[0]
    Contribution(kind='agencies', n=2, of=2, weight=1.0)
    """
    n, dark = len(rows), facts.after_dark[rows]
    told = np.isin(facts.discovered_by[rows], ("PUBLIC_REPORT", "PARTNER_REPORT"))
    counted = [
        ("incidents", n, largest),
        ("reports", told.sum(), n),
        ("agencies", len(np.unique(facts.agency[rows])), len(np.unique(facts.agency))),
        ("recency", (day[rows] > snapshot_day - RECENT_DAYS).sum(), n),
        ("after_dark", (dark == 1).sum(), (dark >= 0).sum()),
        ("severity", (facts.severity[rows] >= SEVERE).sum(), n),
    ]
    found = [
        Contribution(kind, int(k), int(of), round(float(k / of), 4))
        for kind, k, of in counted
        if of and k
    ]
    return sorted(found, key=lambda one: -one.weight)[:SHOWN]
