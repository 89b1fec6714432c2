"""Incidents that partners recorded as input of a run: each an event of its place or own point."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely

from app.clusters import children
from app.clusters.rules import Settings
from app.clusters.study import Recorded, Study, epoch_day
from app.core.bulk import Array, Cursor
from geo import sites
from geo.boundaries import Lads
from geo.crossborough import Events
from geo.crs import to_wgs84
from geo.evidence.ranking import Facts
from geo.rhythms import after_dark

INCIDENTS = (Path(__file__).parent / "incidents.sql").read_bytes()
NEVER_CORE_DAYS, LEFT_OUT_DAYS = 31, 92
NONE = bytes(16)


@dataclass(frozen=True, slots=True)
class Incident:
    """One row of incidents.sql; `site` says where it stands or why it cannot."""

    id: str
    place_id: UUID | None
    site: str
    easting_m: float | None
    northing_m: float | None
    day: date
    interval_days: float
    uncertainty_m: int
    source_agency: str
    discovered_by: str
    confidence: str
    severity: int
    from_s: int
    to_s: int
    time_precision: str
    first_day: date
    until_day: date
    lad: str | None
    is_open: bool
    children: list[str]

    @property
    def site_id(self) -> str:
        if self.place_id is not None:
            return str(self.place_id)
        return f"pE{self.easting_m:.1f}N{self.northing_m:.1f}"

    def left_out(self, settings: Settings) -> str | None:
        if self.site in {"online", "residential"}:
            return self.site
        vague = settings.eps_days is not None and self.interval_days > LEFT_OUT_DAYS
        return "interval" if vague else None

    def may_be_core(self, settings: Settings) -> bool:
        return self.uncertainty_m <= settings.eps_m / 2 and (
            settings.eps_days is None or self.interval_days <= NEVER_CORE_DAYS
        )


SHAPES = """
    select place.id, ST_AsBinary(coalesce(place.geom, exact.snap_geom))
    from app.place left join app.place_exact as exact on exact.place_id = place.id
    where place.id = any (%s)
"""


def read(cursor: Cursor, settings: Settings, lads: Lads) -> Study:
    """Incidents that partners recorded, each an event of its place or of its own point."""
    given = {"first_on": settings.first_on, "last_on": settings.last_on}
    found = [Incident(*row) for row in cursor.execute(INCIDENTS, given)]
    kept = [incident for incident in found if incident.left_out(settings) is None]
    places = sorted({incident.place_id for incident in kept if incident.place_id is not None})
    shapes = dict(cursor.execute(SHAPES, (places,)).fetchall())
    left_out = Counter(why for i in found if (why := i.left_out(settings)) is not None)
    core = np.array([incident.may_be_core(settings) for incident in kept], dtype=bool)
    coverage = {
        "events": len(kept),
        "places": len({incident.site_id for incident in kept}),
        "left_out": dict(left_out),
        "never_core": int((~core).sum()),
    }
    study = _study(kept, shapes, core, settings, lads, coverage)
    rows = {incident.id: row for row, incident in enumerate(kept)}
    known = children.read(cursor, settings, rows, study.sites, study.events.site)
    return replace(study, children=known, events=replace(study.events, visits=known.visits()))


def _study(
    kept: Sequence[Incident],
    shapes: Mapping[UUID, bytes],
    core: Array,
    settings: Settings,
    lads: Lads,
    coverage: dict[str, Any],
) -> Study:
    names = sorted({incident.site_id for incident in kept})
    number = {name: i for i, name in enumerate(names)}
    site = np.array([number[incident.site_id] for incident in kept], dtype=np.int64)
    geometry = np.empty(len(names), dtype=object)
    for i, incident in zip(site, kept, strict=True):
        geometry[i] = _shape(incident, shapes)
    standing = shapely.get_coordinates(shapely.point_on_surface(geometry)).reshape(-1, 2)
    agencies = sorted({incident.source_agency for incident in kept})
    code = {gss: i for i, gss in enumerate(lads.codes)}
    day = np.array([epoch_day(incident.day) for incident in kept], dtype=np.int32)
    ids = [incident.id for incident in kept]
    spread = bool((shapely.get_dimensions(geometry) > 0).any())
    return Study(
        Events(
            order=np.lexsort((np.arange(len(kept)), day, site)).argsort(),
            site=site,
            xy_m=standing[site],
            day=day,
            weight=np.ones(len(kept), dtype=np.int64),
            lad=np.array([code.get(i.lad or "", -1) for i in kept], dtype=np.int32),
            may_be_core=core,
            agency=np.array([agencies.index(i.source_agency) for i in kept], dtype=np.int32),
            children=[tuple(i.children) for i in kept],
        ),
        sites.neighbours(geometry, settings.eps_m) if spread else None,
        _members(kept, site),
        coverage,
        lambda at: [ids[i] for i in at.tolist()],
        lambda at: [names[i] for i in site[at].tolist()],
        names,
        _facts(kept, agencies, standing[site]),
        lambda eps_m: sites.neighbours(geometry, eps_m) if spread else None,
        open_rows=np.array([i.is_open for i in kept], dtype=bool),
    )


def _facts(kept: Sequence[Incident], agencies: Sequence[str], xy_m: Array) -> Recorded:
    """What records say of each incident beside its place and day."""
    lonlat = to_wgs84(xy_m)
    dark = after_dark(
        [i.from_s for i in kept],
        [i.to_s for i in kept],
        lonlat[:, 0],
        lonlat[:, 1],
        precision=np.array([i.time_precision for i in kept], dtype=str),
    )
    facts = Facts(
        severity=np.array([i.severity for i in kept], dtype=np.int64),
        confidence=np.array([i.confidence for i in kept], dtype=str),
        discovered_by=np.array([i.discovered_by for i in kept], dtype=str),
        agency=np.array([agencies.index(i.source_agency) for i in kept], dtype=np.int32),
        after_dark=dark,
        first_day=np.array([epoch_day(i.first_day) for i in kept], dtype=np.int64),
        until_day=np.array([epoch_day(i.until_day) for i in kept], dtype=np.int64),
    )
    return Recorded(facts, agencies)


def _shape(incident: Incident, shapes: Mapping[UUID, bytes]) -> shapely.Geometry:
    """The place's, or the incident's own point to 0.1 m."""
    if incident.place_id is not None:
        return shapely.from_wkb(bytes(shapes[incident.place_id]))
    if incident.easting_m is None or incident.northing_m is None:
        raise ValueError("an incident without place and point")
    return shapely.Point(round(incident.easting_m, 1), round(incident.northing_m, 1))


def _members(kept: Sequence[Incident], site: Array) -> dict[str, Array]:
    """Ids as 16 bytes; zeros where there is none."""
    place = [i.place_id.bytes if i.place_id is not None else NONE for i in kept]
    return {
        "site": site.astype(np.int32),
        "place_id": np.array(place, dtype="V16"),
        "incident_id": np.array([UUID(i.id).bytes for i in kept], dtype="V16"),
    }
