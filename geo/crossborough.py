"""Cross-borough clusters (CBC v1), level 1: hot spots, and what makes one a matter of two boroughs.

Districts (LADs) are attributes of events, never a partition: clustering runs across every border.
Significance, stability and linked contexts (R3, R4) build on the result and are not here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import density, grids
from geo.boundaries import Lads
from geo.crs import require_bng

Array = NDArray[Any]

ACTIVE_DAYS = 90
STRADDLE_SHARE, STRADDLE_M2 = 0.01, 100.0


@dataclass(frozen=True, slots=True)
class Params:
    """Parameter set `cbc-1`, level 1. `eps_days` None is space only."""

    eps_m: float = 250.0
    eps_days: int | None = 28
    min_points: int = 5
    min_incidents: int = 5
    min_children: int = 3
    min_agencies: int = 2
    min_dates: int = 3
    span_min: int = 2
    span_share: float = 0.10
    mask_m: float = 500.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Events:
    """Events, collapsed where they are many. One entry a row in every array.

    `order` ranks the rows by id, so that the answer does not depend on theirs. `xy_m` is the
    representative point of the site (EPSG:27700), `site` its number, `lad` an index into the
    districts (-1 none). `agency` and `children` tell a pattern from one noisy reporter and from
    casework with one child; without them (open data) only the numbers count.
    """

    order: Array
    site: Array
    xy_m: Array
    day: Array
    weight: Array
    lad: Array
    may_be_core: Array
    agency: Array | None = None
    children: Sequence[tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One cluster: plain numbers, the rules R1 and R2, and why it may not be reported."""

    members: Array  # rows of the events
    core: Array  # bool per member
    n: int
    n_core: int
    n_places: int
    boroughs: dict[str, int]
    cross_borough: bool
    r1_span: bool
    r2_straddle: bool
    reportable: bool
    why_not: str | None
    active: bool
    first_day: int
    last_day: int
    bbox: tuple[float, float, float, float]
    hull: shapely.Polygon
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level1:
    """Hot spots by size, then first member; the share of all events in the largest."""

    hot_spots: list[HotSpot]
    largest_share: float


def run(
    events: Events,
    lads: Lads,
    params: Params,
    *,
    snapshot_day: int,
    neighbours: density.Pairs | None = None,
    partners: frozenset[str] = frozenset(),
) -> Level1:
    """Find the hot spots of a window.

    Parameters
    ----------
    events : Events
        EPSG:27700 metres; days since 1970-01-01.
    lads : Lads
        Districts with polygons, for the names and the footprint test R2.
    params : Params
    snapshot_day : int
        The day on which this is known; a hot spot is active within 90 days before it.
    neighbours : density.Pairs, optional
        Sites within reach of each other, where some are areas or lines.
    partners : frozenset of str
        GSS codes of the partnership. R1 asks for one of them; empty: any will do.

    Returns
    -------
    Level1

    Raises
    ------
    GeoInputError
        Degrees, or points off the grid.
    """
    require_bng(events.xy_m)
    labels = _labels(events, params, neighbours)
    number = int(labels.label.max(initial=-1)) + 1
    by = np.argsort(labels.label, kind="stable")
    edges = np.searchsorted(labels.label[by], np.arange(number + 1))
    border = np.zeros(len(labels.core), dtype=bool)
    border[labels.core] = _near_border(events.xy_m[labels.core], params.eps_m, lads)
    study = _Study(events, lads, params, snapshot_day, partners, labels.core, border)
    found = [_hot_spot(by[edges[k] : edges[k + 1]], study) for k in range(number)]
    found.sort(key=lambda spot: -spot.n)
    return Level1(found, density.largest_share(labels.label, events.weight))


def _labels(events: Events, params: Params, neighbours: density.Pairs | None) -> density.Labels:
    days = 0 if params.eps_days is None else params.eps_days
    day = events.day if params.eps_days is not None else np.zeros_like(events.day)
    same = {"order": events.order, "may_be_core": events.may_be_core}
    if neighbours is None:
        return density.st_dbscan(
            events.xy_m, day, events.weight, params.eps_m, days, params.min_points, **same
        )
    return density.st_dbscan_sites(
        events.site, neighbours, day, events.weight, days, params.min_points, **same
    )


@dataclass(frozen=True, slots=True)
class _Study:
    """What every hot spot of a run is worked out from; `core` and `border` are per row."""

    events: Events
    lads: Lads
    params: Params
    snapshot_day: int
    partners: frozenset[str]
    core: Array
    border: Array


def _hot_spot(rows: Array, study: _Study) -> HotSpot:
    events, lads, params = study.events, study.lads, study.params
    is_core = study.core[rows]
    weight = events.weight[rows]
    boroughs = _by_lad(events.lad[rows], weight, lads)
    core_counts = _by_lad(events.lad[rows[is_core]], weight[is_core], lads)
    n_core = int(weight[is_core].sum())
    r1 = _spans(core_counts, n_core, params, study.partners)
    close = not r1 and bool(study.border[rows[is_core]].any())
    straddled = _straddled(events.xy_m[rows[is_core]], params.eps_m, lads) if close else {}
    core_days = events.day[rows[is_core]]
    why_not = _why_not(rows, events, params)
    west, south = events.xy_m[rows].min(axis=0)
    east, north = events.xy_m[rows].max(axis=0)
    return HotSpot(
        members=rows,
        core=is_core,
        n=int(weight.sum()),
        n_core=n_core,
        n_places=len(np.unique(events.site[rows])),
        boroughs=boroughs,
        cross_borough=len(boroughs) >= 2,
        r1_span=r1,
        r2_straddle=len(straddled) >= 2,
        reportable=why_not is None,
        why_not=why_not,
        active=int(core_days.max()) >= study.snapshot_day - ACTIVE_DAYS,
        first_day=int(core_days.min()),
        last_day=int(core_days.max()),
        bbox=(float(west), float(south), float(east), float(north)),
        hull=grids.hull(events.xy_m[rows], params.mask_m),
        evidence={"r1": {"core": core_counts}, "r2": {"share": straddled}},
    )


def _by_lad(lad: Array, weight: Array, lads: Lads) -> dict[str, int]:
    """Events by district, the largest first, ties by code."""
    known = lad >= 0
    n = np.bincount(lad[known], weights=weight[known], minlength=len(lads.codes)).astype(int)
    pairs = [(lads.codes[i], int(n[i])) for i in np.flatnonzero(n)]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def _spans(
    core_counts: dict[str, int], n_core: int, params: Params, partners: frozenset[str]
) -> bool:
    """R1: core incidents in two districts or more, each with its least number; one a partner."""
    least = max(params.span_min, ceil(round(params.span_share * n_core, 9)))
    held = {code for code, n in core_counts.items() if n >= least}
    return len(held) >= 2 and (not partners or bool(held & partners))


def _near_border(core_xy_m: Array, eps_m: float, lads: Lads) -> Array:
    """Whether the buffer of each point reaches a district's edge: only these can straddle."""
    near = np.zeros(len(core_xy_m), dtype=bool)
    if not len(lads.codes) or not len(core_xy_m):
        return near
    west, south = core_xy_m.min(axis=0) - eps_m
    east, north = core_xy_m.max(axis=0) + eps_m
    edges = shapely.clip_by_rect(shapely.boundary(lads.shapes), west, south, east, north)
    lines = shapely.get_parts(edges)
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    joined = line[1:] == line[:-1]
    ends = np.stack([coordinates[:-1][joined], coordinates[1:][joined]], axis=1)
    tree = shapely.STRtree(shapely.linestrings(ends))
    hit = tree.query(shapely.points(core_xy_m), predicate="dwithin", distance=eps_m / 2)[0]
    near[hit] = True
    return near


def _straddled(core_xy_m: Array, eps_m: float, lads: Lads) -> dict[str, float]:
    """R2: districts holding at least 1 % and 100 m2 of the footprint of the core points."""
    points = shapely.points(np.unique(core_xy_m, axis=0))
    footprint = shapely.union_all(shapely.buffer(points, eps_m / 2, quad_segs=16))
    box = shapely.box(*footprint.bounds)
    near = np.flatnonzero(shapely.intersects(lads.shapes, box))
    area = shapely.area(shapely.intersection(lads.shapes[near], footprint))
    return {
        lads.codes[i]: round(float(a / footprint.area), 4)
        for i, a in zip(near, area, strict=True)
        if a >= STRADDLE_M2 and a / footprint.area >= STRADDLE_SHARE
    }


def _why_not(rows: Array, events: Events, params: Params) -> str | None:
    """The first reason against reporting it as a pattern, in words; None when it may be."""
    n = int(events.weight[rows].sum())
    if n < params.min_incidents:
        return f"Fewer than {params.min_incidents} incidents."
    dates = len(np.unique(events.day[rows]))
    if dates < params.min_dates:
        return f"Incidents on {dates} of at least {params.min_dates} dates: not yet a pattern."
    if events.agency is None or events.children is None:
        return None
    linked = [set(events.children[i]) for i in rows]
    everyone = set().union(*linked)
    if any(2 * sum(child in some for some in linked) > len(rows) for child in everyone):
        return "One child is linked to more than half of the incidents: casework, not a context."
    agencies = len(np.unique(events.agency[rows]))
    if len(everyone) < params.min_children and agencies < params.min_agencies:
        return (
            f"Fewer than {params.min_children} children and fewer than "
            f"{params.min_agencies} reporting agencies."
        )
    return None
