-- Zooms 8 to 13 by date or by borough: 64 x 64 cells a tile, kept ready with their events up to each
-- month (layer cells) while zoom 0 has its row, else counted live; and partnership incidents counted
-- by the same cells (layer partnership). Parameters: as incident_cells.sql, with tile z, x, y.
with whole as materialized (
    select exists (select from reference.month_grid where z = 0) as yes
),
ready as materialized (
    -- The sum of the last month before the end, less that of the last before the beginning.
    select px, py,
           (coalesce(months[width_bucket(%(past_month)s::bigint << 32, months)] & 4294967295, 0)
            - coalesce(months[width_bucket(%(first_month)s::bigint << 32, months)] & 4294967295,
                       0))::int as n
    from reference.month_grid
    where (select yes from whole)
      and z = %(z)s::int and tx = %(x)s::int and ty = %(y)s::int
      and case %(borough)s::text when 'both' then not shared
          when 'outside' then lad_code <> '*' and lad_code <> all(%(partners)s::text[])
          else lad_code = %(borough)s::text end
),
live as materialized (
    select (mx >> %(cell_shift)s::int) & 63 as px, (my >> %(cell_shift)s::int) & 63 as py,
           sum((select coalesce(sum(packed & 65535), 0)::int from unnest(months) as packed
                where packed >> 16 >= %(first_month)s::int
                  and packed >> 16 < %(past_month)s::int))::int as n
    from reference.place_point
    where not (select yes from whole) and n_events > 0
      and qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
      and (%(borough)s::text = 'both' or lad_code = %(borough)s::text
           or (%(borough)s::text = 'outside'
               and (lad_code is null or lad_code <> all(%(partners)s::text[]))))
    group by 1, 2
),
police as (
    select px, py, n from ready where n > 0 and %(borough)s::text <> 'outside'
    union all
    -- Of several boroughs outside, each cell once.
    select px, py, sum(n)::int from ready where n > 0 and %(borough)s::text = 'outside'
    group by px, py
    union all
    select px, py, n from live where n > 0
),
cells as (
    select ST_MakePoint(px * 64 + 32, py * 64 + 32) as geom, n from police
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
select coalesce((select ST_AsMVT(cells, 'cells', 4096, 'geom') from cells), '')
    || coalesce((select ST_AsMVT(counted, 'partnership', 4096, 'geom') from counted), '')
