-- Zooms 8 to 13 without a filter on published events: 64 x 64 cells a tile, kept ready by the
-- import (layer cells), and partnership incidents counted by the same cells (layer partnership).
-- A layer each: as one, the same bytes would say the source of every cell, and cost a third more.
-- Parameters: z, x, y, first_key, past_key, cell_shift, and those of app/maps/conditions.py.
with police as (
    select ST_MakePoint(px * 64 + 32, py * 64 + 32) as geom, n
    from reference.point_grid
    where z = %(z)s::int and tx = %(x)s::int and ty = %(y)s::int
),
near as materialized (
    -- Not by date: with dates beside the key the planner reads the index of all dates each time.
    select incident.qk, incident.occurred_from
    from app.incident
    where incident.qk >= %(first_key)s::bigint and incident.qk < %(past_key)s::bigint
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN' /* incidents */
),
own as (
    -- The key's bits below the tile and above the cell: every second bit is one axis.
    select (qk >> (%(cell_shift)s::int - 8) * 2) & 4095 as cell, count(*)::int as n
    from near as incident
    where true /* window */
    group by 1
),
counted as (
    select ST_MakePoint(
               32 + 64 * (select sum(((cell >> (2 * bit)) & 1) << bit)
                          from generate_series(0, 5) as bit),
               32 + 64 * (select sum(((cell >> (2 * bit + 1)) & 1) << bit)
                          from generate_series(0, 5) as bit)) as geom,
           n, true as cell
    from own
)
select coalesce((select ST_AsMVT(police, 'cells', 4096, 'geom') from police), '')
    || coalesce((select ST_AsMVT(counted, 'partnership', 4096, 'geom') from counted), '')
