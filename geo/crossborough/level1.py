"""Level 1: hot spots, and what makes one a matter of two boroughs."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo import density, footprint, grids, reportable
from geo.boundaries import Lads
from geo.crossborough.grounds import labelled, why_not
from geo.crossborough.inputs import Events, Params
from geo.crs import require_bng
from geo.groups import Groups, grouped

Array = NDArray[Any]

ACTIVE_DAYS = 90


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
    labels: density.Labels | None = None,
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
    labels : density.Labels, optional
        Those of `labelled` or `labelled_again`, where they are known.

    Returns
    -------
    Level1

    Raises
    ------
    GeoInputError
        Degrees, or points off the grid.
    """
    require_bng(events.xy_m)
    if labels is None:
        labels = labelled(events, params, neighbours)
    study = _Study(events, lads, params, grouped(labels))
    found = _hot_spots(study, snapshot_day, partners)
    found.sort(key=lambda spot: -spot.n)
    return Level1(found, density.largest_share(labels.label, events.weight))


@dataclass(frozen=True, slots=True)
class _Study:
    """What the hot spots of a run are worked out from, all at once."""

    events: Events
    lads: Lads
    params: Params
    spots: Groups

    def boroughs(self, *, core: bool = False) -> tuple[Array, Array, Array]:
        """Hot spot, district and events of each pair; the most events first, ties by code."""
        lad = self.events.lad[self.spots.rows]
        some = (lad >= 0) & self.spots.core if core else lad >= 0
        width = len(self.lads.codes)
        key, at = np.unique(self.spots.of[some] * width + lad[some], return_inverse=True)
        n = np.bincount(at, weights=self.events.weight[self.spots.rows[some]]).astype(np.int64)
        code = np.argsort(np.argsort(np.array(self.lads.codes))) if width else np.zeros(0, int)
        by = np.lexsort((code[key % max(width, 1)], -n, key // max(width, 1)))
        return key[by] // max(width, 1), key[by] % max(width, 1), n[by]


def _hot_spots(study: _Study, snapshot_day: int, partners: frozenset[str]) -> list[HotSpot]:
    if study.spots.number == 0:
        return []
    events, params = study.events, study.params
    last = events.day if events.last_day is None else events.last_day
    boroughs = _dicts(study, study.boroughs())
    core_counts = _dicts(study, study.boroughs(core=True))
    n_core = study.spots.by(events.weight, core=True)
    spans = [
        reportable.spans(
            counts, int(n), least=params.span_min, share=params.span_share, partners=partners
        )
        for counts, n in zip(core_counts, n_core, strict=True)
    ]
    straddled = _straddled(study, np.array(spans))
    xy_m = events.xy_m[study.spots.rows]
    least, most = (f.reduceat(xy_m, study.spots.start) for f in (np.minimum, np.maximum))
    end = study.spots.core_limit(np.maximum, last)
    columns = zip(
        study.spots.split(study.spots.rows),
        study.spots.split(study.spots.core),
        study.spots.by(events.weight).tolist(),
        n_core.tolist(),
        study.spots.distinct(events.site).tolist(),
        boroughs,
        spans,
        why_not(events, params, study.spots),
        study.spots.core_limit(np.minimum, events.day).tolist(),
        end.tolist(),
        np.column_stack([least, most]).tolist(),
        grids.hulls(xy_m, study.spots.of, params.mask_m),
        core_counts,
        straddled,
        strict=True,
    )
    return [_hot_spot(column, snapshot_day) for column in columns]


def _hot_spot(column: tuple[Any, ...], snapshot_day: int) -> HotSpot:
    rows, core, n, n_core, n_places, boroughs, r1, why_not, first, last, bbox = column[:11]
    hull, core_counts, straddled = column[11:]
    return HotSpot(
        members=rows,
        core=core,
        n=n,
        n_core=n_core,
        n_places=n_places,
        boroughs=boroughs,
        cross_borough=len(boroughs) >= 2,
        r1_span=r1,
        r2_straddle=len(straddled) >= 2,
        reportable=why_not is None,
        why_not=why_not,
        active=last >= snapshot_day - ACTIVE_DAYS,
        first_day=first,
        last_day=last,
        bbox=tuple(bbox),
        hull=hull,
        evidence={"r1": {"core": core_counts}, "r2": {"share": straddled}},
    )


def _dicts(study: _Study, pairs: tuple[Array, Array, Array]) -> list[dict[str, int]]:
    """Events by code, for each hot spot."""
    found: list[dict[str, int]] = [{} for _ in range(study.spots.number)]
    codes = study.lads.codes
    for of, lad, n in zip(*(column.tolist() for column in pairs), strict=True):
        found[of][codes[lad]] = n
    return found


def _straddled(study: _Study, spans: Array) -> list[dict[str, float]]:
    """R2, asked only where R1 does not hold and the footprint reaches a border."""
    found: list[dict[str, float]] = [{} for _ in range(study.spots.number)]
    radius_m, lads = study.params.eps_m / 2, study.lads
    of, xy_m = (
        study.spots.of[study.spots.core],
        study.events.xy_m[study.spots.rows[study.spots.core]],
    )
    asked = np.unique(of[footprint.near_border(xy_m, radius_m, lads) & ~spans[of]])
    some = np.isin(of, asked)
    shares = footprint.shares(xy_m[some], np.searchsorted(asked, of[some]), radius_m, lads)
    for k, share in zip(asked.tolist(), shares, strict=True):
        found[k] = share
    return found
