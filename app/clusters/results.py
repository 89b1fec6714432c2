"""Store a finished calculation: clusters, members, and the lineage that carries a pattern on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import shapely
from psycopg import sql

from app.clusters import lineages
from app.clusters.lineages import Lineage, Series
from app.clusters.rules import Source
from app.clusters.study import Study
from app.clusters.weighing import Weighed
from app.core import bulk, clock
from app.core.bulk import Array, Cursor
from app.core.db import BNG
from geo.crossborough import HotSpot

EPOCH = date(1970, 1, 1).toordinal()
CLUSTER = (
    "id, run_id, content_id, lineage_id, name, n_incidents, n_core, n_places, first_on, last_on, "
    "borough_counts, borough_codes, cross_borough, r1_span, r2_straddle, r3_flow, r4_link, cbc, "
    "reportable, active, why_not, p_emerging, p_persistent, stability, rank_weight, evidence, "
    "hull, west_m, south_m, east_m, north_m"
)
POLICE_MEMBER = {"place_point_id": "int4", "lon_e6": "int4", "lat_e6": "int4"}
MEMBER = {"site": "int4", "place_id": "uuid", "incident_id": "uuid"}
ANY_MEMBER = {"cluster_id": "uuid", "day": "date", "dates": "int4", "n": "int4", "is_core": "bool"}


@dataclass(frozen=True, slots=True)
class Found:
    """A hot spot with its ids, its name and the sites it is recognised by."""

    id: UUID
    content_id: str
    name: str
    spot: HotSpot
    weighed: Weighed
    site_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finished:
    """A calculation to store. `seen_on` is the last day of its window."""

    run: UUID
    source: Source
    series: str
    seen_on: date
    study: Study
    found: Sequence[Found]


def store(cursor: Cursor, done: Finished) -> None:
    """All of it or nothing: the caller's transaction."""
    sites = {found.content_id: found.site_ids for found in done.found}
    lineage = lineages.carried(cursor, Series(done.source, done.series, done.seen_on), sites)
    _clusters(cursor, done, lineage)
    _members(cursor, done)


def one_at_a_time(cursor: Cursor) -> None:
    """The command line and the worker may finish together; lineages take one after the other."""
    cursor.execute("select pg_advisory_xact_lock(72110422)")


def overtaken(cursor: Cursor, run_id: UUID) -> bool:
    """No longer wanted: finished by somebody else, or a later run of its series is done."""
    row = cursor.execute(OVERTAKEN, (run_id,)).fetchone()
    return row is None or bool(row[0])


OVERTAKEN = """
    select run.state <> 'RUNNING' or exists (
        select from app.cluster_run as later
        where later.series = run.series and later.state = 'DONE'
          and (later.requested_at, later.id) > (run.requested_at, run.id))
    from app.cluster_run as run where run.id = %s
"""


def finish(cursor: Cursor, run_id: UUID, outcome: Mapping[str, Any]) -> None:
    """Done or failed, with its figures; a run that is finished stays as it is."""
    given = dict.fromkeys(FIGURES) | dict(outcome) | {"id": run_id, "at": clock.now()}
    cursor.execute(FINISH, given)


FIGURES = (
    "failure", "snapshot_hash", "coverage", "largest_share", "n_events", "n_clusters",
    "n_cross_borough", "n_cbc",
)  # fmt: skip
FINISH = """
    update app.cluster_run set state = %(state)s, finished_at = %(at)s, failure = %(failure)s,
        snapshot_hash = %(snapshot_hash)s, coverage = %(coverage)s::jsonb,
        largest_share = %(largest_share)s, n_events = %(n_events)s, n_clusters = %(n_clusters)s,
        n_cross_borough = %(n_cross_borough)s, n_cbc = %(n_cbc)s
    where id = %(id)s and state in ('QUEUED', 'RUNNING')
"""


def day_of(number: int) -> date:
    """From days since 1970-01-01."""
    return date.fromordinal(EPOCH + number)


def _clusters(cursor: Cursor, done: Finished, lineage: Mapping[str, Lineage]) -> None:
    """Through a temporary table: COPY is refused where policies are."""
    cursor.execute(
        sql.SQL(
            "create temporary table cluster_in on commit drop as select {} from app.cluster limit 0"
        ).format(sql.SQL(CLUSTER))
    )
    with cursor.copy(sql.SQL("copy cluster_in ({}) from stdin").format(sql.SQL(CLUSTER))) as copy:
        for row in _cluster_rows(done, lineage):
            copy.write_row(row)
    cursor.execute(
        sql.SQL("insert into app.cluster ({0}) select {0} from cluster_in").format(sql.SQL(CLUSTER))
    )


def _cluster_rows(done: Finished, lineage: Mapping[str, Lineage]) -> Iterator[tuple[Any, ...]]:
    hulls = np.array([found.spot.hull for found in done.found], dtype=object)
    shapes = shapely.to_wkb(shapely.set_srid(hulls, BNG), hex=True, include_srid=True)
    for found, hull in zip(done.found, shapes, strict=True):
        spot, weighed = found.spot, found.weighed
        yield (
            found.id,
            done.run,
            found.content_id,
            lineage[found.content_id].id,
            found.name,
            spot.n,
            spot.n_core,
            spot.n_places,
            day_of(spot.first_day),
            day_of(spot.last_day),
            orjson.dumps(spot.boroughs).decode(),
            list(spot.boroughs),
            spot.cross_borough,
            spot.r1_span,
            spot.r2_straddle,
            weighed.r3_flow,
            weighed.r4_link,
            weighed.cbc,
            spot.reportable,
            spot.active,
            spot.why_not,
            weighed.p_emerging,
            weighed.p_persistent,
            weighed.stability,
            weighed.rank_weight,
            orjson.dumps(weighed.evidence | {"lineage": lineage[found.content_id].told}).decode(),
            hull,
            *spot.bbox,
        )


def _members(cursor: Cursor, done: Finished) -> None:
    """One row a site and day. Zeros stand for absent ids on the wire."""
    police = done.source is Source.POLICE
    kinds = ANY_MEMBER | (POLICE_MEMBER if police else MEMBER)
    bulk.create_temporary(cursor, "member_in", kinds)
    if done.found:
        bulk.copy_in(cursor, "member_in", kinds, _member_rows(done, kinds))
    statement = INSERT_POLICE_MEMBERS if police else INSERT_MEMBERS
    cursor.execute(statement, {"run": done.run, "sites": done.study.sites})


def _member_rows(done: Finished, kinds: Mapping[str, str]) -> dict[str, Array]:
    events, study = done.study.events, done.study
    rows = np.concatenate([found.spot.members for found in done.found])
    sizes = [len(found.spot.members) for found in done.found]
    keys = np.array([found.id.bytes for found in done.found], dtype="V16")
    found = {
        "cluster_id": np.repeat(keys, sizes),
        "day": bulk.pg_date(events.day[rows]),
        "dates": np.ones(len(rows)) if events.dates is None else events.dates[rows],
        "n": events.weight[rows],
        "is_core": np.concatenate([found.spot.core for found in done.found]).astype(np.uint8),
    }
    return found | {name: study.members[name][rows] for name in kinds if name not in found}


INSERT_POLICE_MEMBERS = """
    insert into app.cluster_member
        (run_id, cluster_id, site_id, place_point_id, day, n, is_core)
    select %(run)s, cluster_id, 'p' || lon_e6 || ',' || lat_e6, place_point_id,
           case when dates = 1 then day end, n, is_core
    from member_in
"""
INSERT_MEMBERS = """
    insert into app.cluster_member
        (run_id, cluster_id, site_id, place_id, incident_id, day, n, is_core)
    select %(run)s, cluster_id, (%(sites)s::text[])[site + 1],
           nullif(place_id, '00000000-0000-0000-0000-000000000000'),
           nullif(incident_id, '00000000-0000-0000-0000-000000000000'), day, n, is_core
    from member_in
"""
