"""Lineages: the same pattern through successive runs of one series (analysis.md 4.7)."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from app.clusters.rules import LINEAGE_DAYS, Source
from app.core import ids
from app.core.bulk import Cursor
from geo.lineage import Matches, match

Sites = Mapping[str, frozenset[str]]


class Series(NamedTuple):
    """Runs that are compared, and the last day of the window of this one."""

    source: Source
    series: str
    seen_on: date


class Lineage(NamedTuple):
    """Of one cluster; `told` is what its evidence says of it."""

    id: UUID
    told: dict[str, Any]


def carried(cursor: Cursor, done: Series, new: Sites) -> dict[str, Lineage]:
    """Lineage of each cluster by its content id; ids are never used again."""
    cursor.execute(
        "update app.cluster_lineage set state = 'CLOSED', closed_on = %(on)s "
        "where series = %(series)s and state = 'GONE' and last_seen_on < %(on)s::date - %(days)s",
        {"series": done.series, "on": done.seen_on, "days": LINEAGE_DAYS},
    )
    known = cursor.execute(
        "select id::text, site_ids from app.cluster_lineage "
        "where series = %s and state in ('OPEN', 'GONE') order by id for update",
        (done.series,),
    ).fetchall()
    matches = match({key: frozenset(site_ids) for key, site_ids in known}, new)
    lineage = {content: UUID(old) for content, old in matches.continues.items()}
    lineage |= {content: ids.new_id() for content in [*sorted(matches.splits), *matches.fresh]}
    _write(cursor, done, matches, lineage, new)
    told = _told(cursor, lineage, matches.continues)
    return {content: Lineage(key, told[content]) for content, key in lineage.items()}


def _write(
    cursor: Cursor, done: Series, matches: Matches, lineage: Mapping[str, UUID], new: Sites
) -> None:
    opened = [content for content in new if content not in matches.continues]
    drawn = ids.new_references("CL", len(opened), lambda drawn: _taken(cursor, drawn))
    refs = dict(zip(opened, drawn, strict=True))
    rows = [
        (lineage[content], refs.get(content), sorted(sites), matches.splits.get(content))
        for content, sites in new.items()
    ]
    cursor.execute(
        "create temporary table lineage_in (id uuid, ref text, site_ids text[], "
        "split_from_id uuid) on commit drop"
    )
    with cursor.copy("copy lineage_in from stdin") as copy:
        for row in rows:
            copy.write_row(row)
    given = {"source": done.source, "series": done.series, "on": done.seen_on}
    cursor.execute(CONTINUE, given)
    cursor.execute(OPEN, given)
    merged = [(UUID(old), lineage[content]) for old, content in sorted(matches.merges.items())]
    cursor.executemany(MERGE, [(into, done.seen_on, old) for old, into in merged])
    cursor.execute(GONE, ([UUID(old) for old in matches.gone],))


def _taken(cursor: Cursor, refs: Collection[str]) -> list[str]:
    asked = "select ref from app.cluster_lineage where ref = any (%s)"
    return [ref for (ref,) in cursor.execute(asked, (list(refs),))]


CONTINUE = """
    update app.cluster_lineage as lineage
    set site_ids = lineage_in.site_ids, state = 'OPEN', last_seen_on = %(on)s
    from lineage_in where lineage_in.ref is null and lineage.id = lineage_in.id
"""
OPEN = """
    insert into app.cluster_lineage
        (id, ref, source, series, site_ids, opened_on, last_seen_on, split_from_id)
    select id, ref, %(source)s, %(series)s, site_ids, %(on)s, %(on)s, split_from_id
    from lineage_in where ref is not null
"""
MERGE = """
    update app.cluster_lineage
    set state = 'CLOSED', merged_into_id = %s, closed_on = %s where id = %s
"""
GONE = "update app.cluster_lineage set state = 'GONE' where id = any (%s)"


def _told(
    cursor: Cursor, lineage: Mapping[str, UUID], continued: Collection[str]
) -> dict[str, dict[str, Any]]:
    """What evidence says of the lineage of each cluster."""
    rows = cursor.execute(LINEAGES, {"ids": list(lineage.values())}).fetchall()
    known = {row[0]: row[1:] for row in rows}
    return {
        content: {
            "continues": content in continued,
            "since": known[key][0].isoformat(),
            "split_from": known[key][1],
            "merged": known[key][2],
        }
        for content, key in lineage.items()
    }


LINEAGES = """
    with merged as (
        select merged_into_id as id, array_agg(ref order by ref) as refs
        from app.cluster_lineage where merged_into_id = any (%(ids)s) group by merged_into_id
    )
    select own.id, own.opened_on, was.ref, coalesce(merged.refs, '{}')
    from app.cluster_lineage as own
    left join app.cluster_lineage as was on was.id = own.split_from_id
    left join merged on merged.id = own.id
    where own.id = any (%(ids)s)
"""
