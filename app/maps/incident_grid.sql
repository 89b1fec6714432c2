-- Zooms 8 to 13 without a filter on published events: 64 x 64 cells a tile, kept ready by the
-- import (layer cells), and partnership incidents counted by the same cells (layer partnership).
-- A layer each: as one, the same bytes would say the source of every cell, and cost a third more.
-- Parameters: z, x, y, first_key, past_key, cell_shift, partnership, first_at, past_at, harm,
-- borough, partners.
with police as (
    select ST_MakePoint(px * 64 + 32, py * 64 + 32) as geom, n
    from reference.point_grid
    where z = %(z)s::int and tx = %(x)s::int and ty = %(y)s::int
),
near as materialized (
    -- By key alone: with dates beside it the planner reads the index of all dates for each tile.
    select incident.qk, incident.occurred_from, incident.harm_code, incident.borough_codes
    from app.incident
    where %(partnership)s::bool
      and incident.qk >= %(first_key)s::bigint and incident.qk < %(past_key)s::bigint
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN'
),
own as (
    -- The key's bits below the tile and above the cell: every second bit is one axis.
    select (qk >> (%(cell_shift)s::int - 8) * 2) & 4095 as cell, count(*)::int as n
    from near
    where occurred_from >= %(first_at)s::timestamptz and occurred_from < %(past_at)s::timestamptz
      and (%(harm)s::text = 'all' or harm_code = %(harm)s::text)
      and (%(borough)s::text = 'both' or %(borough)s::text = any(borough_codes)
           or (%(borough)s::text = 'outside' and not borough_codes && %(partners)s::text[]))
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
