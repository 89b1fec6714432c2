"""Reads for the page of one cluster: its places and hours, what is like it, its origin."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.clusters.models import Row
from app.core.charts import Week, week
from app.reference import queries as reference

NEAR_M, MOST_ALIKE = 1000, 5


class Site(NamedTuple):
    """A place of a cluster; `ref` where it is a place of concern in sight.

    Spots that are no place with a name are one row together: `spots` says how many.
    """

    label: str
    ref: str | None
    n: int
    core: int
    first: date | None
    last: date | None
    spots: int = 1


class Alike(NamedTuple):
    """Another pattern near by that ended, or about which something was decided."""

    lineage: str
    name: str
    first_on: date
    last_on: date
    state: str
    reason: str | None
    place_ref: str | None
    place_state: str | None
    gone: bool


class Origin(NamedTuple):
    """Where a lineage comes from: its first day, what it split from, what went into it."""

    since: date
    split_from: str | None
    merged: Sequence[str]


class Rhythm(NamedTuple):
    """Hours of the week of its incidents; `untimed` have a day only, or less."""

    chart: Week
    timed: int
    untimed: int


def sites(session: Session, row: Row, *, limit: int) -> tuple[list[Site], int]:
    """Exact, most incidents first, and how many are not listed: analysts and leads, by policy."""
    found = [Site._make(one) for one in session.execute(SITES, {"id": row.id, "limit": limit})]
    all_of = session.scalar(
        text("select count(distinct site_id) from app.cluster_member where cluster_id = :id"),
        {"id": row.id},
    )
    return found, max(0, int(all_of or 0) - sum(site.spots for site in found))


def days(session: Session, row: Row) -> tuple[date | None, date | None]:
    """The first and last day of all its incidents; None where a row stands for several days."""
    asked = text("""
        select min(day), max(day), bool_or(day is null) from app.cluster_member
        where cluster_id = :id
    """)
    first, last, unknown = session.execute(asked, {"id": row.id}).one()
    return (None, None) if unknown else (first, last)


SITES = text("""
    with shown as materialized (
        select case when place_id is null and place_point_id is null then '~' else site_id end
                   as site, min(place_point_id) as place_point_id,
               min(place_id::text)::uuid as place_id, sum(n)::int as n,
               coalesce(sum(n) filter (where is_core), 0)::int as core,
               min(day) as first, max(day) as last, count(distinct site_id)::int as spots
        from app.cluster_member where cluster_id = :id
        group by 1
        order by bool_and(place_id is null and place_point_id is null), sum(n) desc, 1
        limit :limit
    ),
    street as (
        select event.place_point_id, min(label.label) as label
        from reference.police_event as event
        join reference.police_label as label on label.id = event.street_id
        where event.place_point_id in (select place_point_id from shown)
        group by event.place_point_id
    )
    select coalesce(place.name, street.label,
                    case when shown.spots = 1 then 'A spot that is no place of concern'
                         else shown.spots || ' spots that are no place of concern' end),
           place.ref, shown.n, shown.core, shown.first, shown.last, shown.spots
    from shown
    left join app.place on place.id = shown.place_id
    left join street on street.place_point_id = shown.place_point_id
    order by shown.site = '~', shown.n desc, shown.site
""")


def rhythm(session: Session, row: Row) -> Rhythm | None:
    """None where no incident of its own can be read: police data, or no right to members."""
    from geo import rhythms

    found = session.execute(TIMES, {"id": row.id}).all()
    if not found:
        return None
    begin, end = (np.array([_seconds(one[i]) for one in found]) for i in (0, 1))
    known = rhythms.rhythm(begin, end, precision=[one[2] for one in found])
    return Rhythm(week(known.hours.tolist()), len(found) - known.untimed, known.untimed)


TIMES = text("""
    select incident.occurred_from, incident.occurred_to, incident.time_precision
    from app.cluster_member as member join app.incident on incident.id = member.incident_id
    where member.cluster_id = :id order by incident.id
""")


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def alike(session: Session, row: Row) -> list[Alike]:
    """The nearest others within a kilometre, of the same source, that are over or were decided."""
    given = {"id": row.id, "near": NEAR_M, "most": MOST_ALIKE}
    return [Alike._make(one) for one in session.execute(ALIKE, given)]


ALIKE = text("""
    with here as (
        select cluster.hull, cluster.lineage_id, run.source, run.series
        from app.cluster join app.cluster_run as run on run.id = cluster.run_id
        where cluster.id = :id
    ),
    others as (
        select distinct on (cluster.lineage_id) cluster.*, lineage.ref as lineage_ref,
               lineage.state as lineage_state, lineage.series,
               ST_Distance(cluster.hull, here.hull) as away_m
        from here
        join app.cluster on cluster.hull && ST_Expand(here.hull, :near)
        join app.cluster_run as run on run.id = cluster.run_id and run.source = here.source
        join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
        where cluster.lineage_id <> here.lineage_id and cluster.reportable
        order by cluster.lineage_id, run.finished_at desc, cluster.id
    )
    select others.lineage_ref, others.name, others.first_on, others.last_on, others.state,
           decision.reason, place.ref, place.state, others.lineage_state <> 'OPEN'
    from others
    left join lateral (
        select reason from app.cluster_decision as said
        where said.lineage_id = others.lineage_id and said.undone_at is null
          and said.kind = others.state
        order by said.number desc limit 1
    ) as decision on true
    left join app.place on place.id = others.place_id
    where others.away_m <= :near
      and (others.state <> 'CANDIDATE' or others.lineage_state <> 'OPEN'
           and others.series = (select series from here))
    order by others.away_m, others.lineage_ref limit :most
""")


def origin(session: Session, row: Row) -> Origin:
    """Of the lineage, as the runs wrote it."""
    found = session.execute(ORIGIN, {"id": row.lineage_id}).one()
    return Origin(found.opened_on, found.split_from, found.merged)


ORIGIN = text("""
    select lineage.opened_on, parent.ref as split_from,
           array(select ref from app.cluster_lineage as joined
                 where joined.merged_into_id = lineage.id order by ref) as merged
    from app.cluster_lineage as lineage
    left join app.cluster_lineage as parent on parent.id = lineage.split_from_id
    where lineage.id = :id
""")


def labels(session: Session, name: str, counts: Any) -> list[tuple[str, int]]:  # noqa: ANN401 - codes to numbers
    """Counts by code in the words of a list, the most first."""
    words = dict(reference.codes(session, name))
    return sorted(((words.get(c, c), n) for c, n in counts.items()), key=lambda one: (-one[1], one))
