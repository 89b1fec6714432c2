"""R3: more children harmed at a hot spot live elsewhere than its districts' own flows explain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geo.links.known import FLOW, ChildLinks, Spot, children_of
from geo.significance import bh, poisson_binomial_sf

Array = NDArray[Any]

Status = Literal["tested", "not enough data"]


@dataclass(frozen=True, slots=True)
class FlowParams:
    """Parameters of R3 in the set `cbc-1`."""

    baseline_days: int = 730
    min_baseline: int = 20
    flow_min: int = 3
    q_flow: float = 0.05


@dataclass(frozen=True, slots=True)
class Baseline:
    """What one district is like without the hot spot: `elsewhere` of `children` live elsewhere."""

    children: int
    elsewhere: int

    @property
    def share(self) -> float:
        """Half a child is added to those from elsewhere, one to all: never 0 or 1."""
        return (self.elsewhere + 0.5) / (self.children + 1)


@dataclass(frozen=True, slots=True)
class Flow:
    """R3 of one hot spot. Counts are of children harmed here whose home district is known.

    `homes` by home district, `unknown` without one. `p` where the test was made, `q` where
    enough live elsewhere to ask.
    """

    status: Status
    why: str | None
    holds: bool
    children: int
    elsewhere: int
    unknown: int
    expected: float | None = None
    p: float | None = None
    q: float | None = None
    homes: Mapping[str, int] = field(default_factory=dict)
    baseline: Mapping[str, Baseline] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Harmed:
    """One entry a child in every array: where it was harmed last, and its home then."""

    child: Array
    lad: Array
    home: Array

    @property
    def away(self) -> Array:
        elsewhere: Array = self.home != self.lad
        return elsewhere


def flows(
    links: ChildLinks, spots: Sequence[Spot], params: FlowParams, *, snapshot_day: int
) -> list[Flow]:
    """Test each hot spot against the districts it lies in.

    Parameters
    ----------
    links : ChildLinks
        Of the whole partnership; other roles than `harmed_here` are passed over.
    spots : sequence of Spot
        The family of tests.
    params : FlowParams
    snapshot_day : int
        Last day of the baseline, days since 1970-01-01.

    Returns
    -------
    list of Flow
        In the order of `spots`.

    Examples
    --------
    >>> n = np.arange(24)
    >>> links = ChildLinks(n, np.full(24, "harmed_here"), n, n, n, n, np.full(24, "E1"),
    ...     np.where(n < 4, "E2", "E1"))
    >>> spot = Spot(events=np.arange(4), sites=np.arange(4), first_day=0, last_day=4)
    >>> found, = flows(links, [spot], FlowParams(), snapshot_day=99)
    >>> found.elsewhere, round(found.expected, 3), found.holds
    (4, 0.095, True)

    Notes
    -----
    The chance that a child of a hot spot lives elsewhere is the share of the district where it
    was harmed, without the children of this hot spot: pupils cross borders every day, so plain
    counts say nothing. A child counts once, by its latest link; ties by district, then home.
    """
    which = links.within(FLOW, snapshot_day - params.baseline_days + 1, snapshot_day)
    placed = which & (links.home != "") & (links.lad != "")
    districts = {
        lad: _latest(links, np.flatnonzero(placed & (links.lad == lad)))
        for lad in np.unique(links.lad[placed]).tolist()
    }
    spot, row = children_of(links, which, spots)
    found = [_flow(links, row[spot == k], districts, params) for k in range(len(spots))]
    return _corrected(found, params)


def _flow(
    links: ChildLinks, rows: Array, districts: Mapping[str, _Harmed], params: FlowParams
) -> Flow:
    everyone = np.unique(links.child[rows])
    own = _latest(links, rows[(links.home[rows] != "") & (links.lad[rows] != "")])
    home, n = np.unique(own.home, return_counts=True)
    base = {lad: _without(districts[lad], everyone) for lad in np.unique(own.lad).tolist()}
    why = _why_not(base, params.min_baseline)
    share = np.sort([base[lad].share for lad in own.lad.tolist()])
    elsewhere = int(own.away.sum())
    return Flow(
        status="tested" if why is None else "not enough data",
        why=why,
        holds=False,
        children=len(own.child),
        elsewhere=elsewhere,
        unknown=len(everyone) - len(own.child),
        expected=float(share.sum()) if why is None else None,
        p=poisson_binomial_sf(elsewhere, share) if why is None else None,
        homes=dict(zip(home.tolist(), n.tolist(), strict=True)),
        baseline=base,
    )


def _latest(links: ChildLinks, rows: Array) -> _Harmed:
    by = rows[np.lexsort((links.home[rows], links.lad[rows], -links.last_day[rows]))]
    child, first = np.unique(links.child[by], return_index=True)
    return _Harmed(child, links.lad[by[first]], links.home[by[first]])


def _without(district: _Harmed, children: Array) -> Baseline:
    others = ~np.isin(district.child, children)
    return Baseline(int(others.sum()), int((others & district.away).sum()))


def _why_not(base: Mapping[str, Baseline], least: int) -> str | None:
    if not base:
        return "No child harmed here has a known home district."
    few = [lad for lad, one in base.items() if one.children < least]
    if few:
        return (
            f"Fewer than {least} other children with a known home district were harmed in "
            f"{', '.join(few)}."
        )
    return None


def _corrected(found: list[Flow], params: FlowParams) -> list[Flow]:
    """Whether R3 holds, by q over the hot spots where enough live elsewhere to ask."""
    asked = {
        k: one.p
        for k, one in enumerate(found)
        if one.p is not None and one.elsewhere >= params.flow_min
    }
    for k, q in zip(asked, bh(list(asked.values())).tolist(), strict=True):
        found[k] = replace(found[k], q=q, holds=q <= params.q_flow)
    return found
