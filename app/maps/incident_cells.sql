-- Below zoom 15: counts on a grid of 64 x 64 cells a tile, published events in layer cells,
-- partnership incidents in layer partnership. Every event is counted once.
-- Parameters: as incidents.sql, with cell_shift for shift.
with police as materialized ( -- or each number is worked out twice
    select (mx >> %(cell_shift)s::int) & 63 as px, (my >> %(cell_shift)s::int) & 63 as py,
           sum(case when %(by_date)s::bool then (
               select coalesce(sum(packed & 65535), 0)::int from unnest(months) as packed
               where packed >> 16 >= %(first_month)s::int and packed >> 16 < %(past_month)s::int
           ) else n_events end)::int as n
    from reference.place_point
    where %(police)s::bool and n_events > 0
      and qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
      and (%(borough)s::text = 'both' or lad_code = %(borough)s::text
           or (%(borough)s::text = 'outside'
               and (lad_code is null or lad_code <> all(%(partners)s::text[]))))
    group by 1, 2
),
cells as (
    select ST_MakePoint(px * 64 + 32, py * 64 + 32) as geom, n from police where n > 0
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
