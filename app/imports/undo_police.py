"""What hangs on police events besides their rows: places, the pyramid, streets, labels."""

from typing import LiteralString
from uuid import UUID

from app.core.bulk import Cursor

REMOVE: LiteralString = """
    with removed as (
        delete from reference.police_event where batch_id = %s
        returning place_point_id, month
    ),
    summed as (
        select place_point_id, month, count(*)::int as n from removed group by 1, 2
    )
    insert into gone
    select place_point_id,
           (extract(year from month)::int - 2000) * 12 + extract(month from month)::int - 1, n
    from summed
"""
LESS: LiteralString = """
    create temporary table less on commit drop as
    select gone.place_point_id as id, point.mx, point.my, sum(gone.n)::int as n
    from gone join reference.place_point as point on point.id = gone.place_point_id
    group by 1, 2, 3
"""
WITHOUT: LiteralString = """
    delete from reference.place_point as point using less
    where less.id = point.id and point.n_events = less.n
"""
MONTHS: LiteralString = """
    update reference.place_point as point set n_events = point.n_events - less.n, months = (
        select array_agg((number << 16) | n order by number) from (
            select packed >> 16 as number, (packed & 65535) - coalesce(gone.n, 0) as n
            from unnest(point.months) as packed
            left join gone on gone.place_point_id = point.id and gone.number = packed >> 16
        ) as rest where n > 0)
    from less where less.id = point.id
"""
GRID: LiteralString = """
    with cells as (
        select z, (mx >> 30 - z) as tx, (my >> 30 - z) as ty,
               (mx >> 24 - z) & 63 as px, (my >> 24 - z) & 63 as py, sum(n)::int as n
        from less cross join generate_series(8, 13) as z group by 1, 2, 3, 4, 5
    )
    update reference.point_grid as grid set n = grid.n - cells.n from cells
    where (grid.z, grid.tx, grid.ty, grid.px, grid.py)
        = (cells.z, cells.tx, cells.ty, cells.px, cells.py)
"""
# Where other police files name a street of this batch, too.
CLAIM_STREETS: LiteralString = """
    insert into claimed (key, batch, seq, part, counts)
    select distinct touched.key, batch.id, batch.seq, 0, true
    from touched
    join reference.street on lpad(to_hex(street.id), 32, '0')::uuid = touched.key
    join reference.police_label as label
      on label.kind = 'street' and label.label = 'On or near ' || street.name
    join reference.police_event as event on event.street_id = label.id
    join reference.place_point as point on point.id = event.place_point_id
     and round(point.easting_m) = street.easting_m and round(point.northing_m) = street.northing_m
    join app.import_batch as batch on batch.id = event.batch_id
    where touched.owner = %s
"""
# What names a label of the batch: an event, a later file about an event, or what it was before.
NAMING: LiteralString = """
    create temporary table naming on commit drop as
    with own as (select id from reference.police_label where batch_id = %(batch)s),
    named as (
        select distinct label, batch_id from reference.police_event as event
        cross join lateral unnest(array[category_id, outcome_id, reported_by_id, falls_within_id,
            street_id, lsoa_id, context_id]) as label
        where batch_id <> %(batch)s
        union
        select unnest(said || extra), batch_id from reference.import_claim as claim
        where target = 'police_event' and exists (
            select from app.import_batch as batch where batch.id = claim.batch_id
            and batch.id <> %(batch)s and batch.state = 'APPLIED')
        union
        select was, owner from (
            select distinct on (event.key) event.batch_id as owner, each.was,
                   claim.batch_id = event.batch_id as own
            from reference.import_claim as claim
            join app.import_batch as batch on batch.id = claim.batch_id
            cross join lateral unnest(claim.keys, claim.was) as each (key, was)
            join reference.police_event as event on event.key = each.key
            join app.import_batch as first on first.id = event.batch_id
            where claim.target = 'police_event' and claim.was is not null
              and batch.seq >= first.seq
            order by event.key, claim.batch_id <> event.batch_id, batch.seq, claim.part
        ) as base where not own
    )
    select distinct on (own.id) own.id, named.batch_id
    from own join named on named.label = own.id
    join app.import_batch as batch on batch.id = named.batch_id
    order by own.id, batch.seq
"""


def begin(cursor: Cursor) -> None:
    cursor.execute(
        "create temporary table gone (place_point_id int, number int, n int) on commit drop"
    )


def remove(cursor: Cursor, batch: UUID) -> int:
    cursor.execute(REMOVE, (batch,))
    row = cursor.execute("select coalesce(sum(n), 0) from gone").fetchone()
    return int(row[0]) if row else 0


def take_from_places(cursor: Cursor) -> int:
    """Counts and pyramid without the events of `gone`; the highest number of a point so far."""
    row = cursor.execute("select coalesce(max(id), 0) from reference.place_point").fetchone()
    cursor.execute("create index on gone (place_point_id, number)")
    for statement in (LESS, WITHOUT, MONTHS, GRID):
        cursor.execute(statement)
    cursor.execute("delete from reference.point_grid where n = 0")
    # A job counts by month again where a place was changed; without any there is nothing to count.
    cursor.execute(
        "delete from reference.month_grid where not exists (select from reference.place_point)"
    )
    cursor.execute("drop table gone, less")
    return int(row[0]) if row else 0


def claim_streets(cursor: Cursor, batch: UUID) -> None:
    """Into `claimed`.

    Right after an import the server does not know how large its tables have become, and one event
    after the other would be looked up for each street: minutes instead of seconds.
    """
    cursor.execute("set local enable_nestloop = off")
    cursor.execute(CLAIM_STREETS, (batch,))
    cursor.execute("set local enable_nestloop = on")


def drop_labels(cursor: Cursor, batch: UUID) -> None:
    """Words that no row uses any more; the others pass to a batch that uses them."""
    cursor.execute(NAMING, {"batch": batch})
    cursor.execute(
        "update reference.police_label as label set batch_id = naming.batch_id from naming "
        "where naming.id = label.id"
    )
    cursor.execute("delete from reference.police_label where batch_id = %s", (batch,))
    cursor.execute("drop table naming")
