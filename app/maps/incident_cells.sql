-- Below zoom 15: counts on a grid of 64 x 64 cells a tile; every event is counted once.
-- Parameters: z, x, y, first_key, past_key, cell_shift, grid (police from the pyramid), police (live),
-- partnership, by_date, first_month, past_month, first_at, past_at, harm.
with police as (
    select px, py, n from reference.point_grid
    where %(grid)s::bool and z = %(z)s::int and tx = %(x)s::int and ty = %(y)s::int
    union all
    select (mx >> %(cell_shift)s::int) & 63, (my >> %(cell_shift)s::int) & 63, sum(
           case when %(by_date)s::bool then (
               select coalesce(sum(packed & 65535), 0)::int from unnest(months) as packed
               where packed >> 16 >= %(first_month)s::int and packed >> 16 < %(past_month)s::int
           ) else n_events end)::int
    from reference.place_point
    where %(police)s::bool and n_events > 0
      and qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
    group by 1, 2
),
own as (
    -- The key's bits above the cell are its tile and cell: every second bit is one axis.
    select incident.qk >> (%(cell_shift)s::int - 8) * 2 as cell
    from app.incident
    where %(partnership)s::bool
      and incident.qk >= %(first_key)s::bigint and incident.qk < %(past_key)s::bigint
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN'
      and incident.occurred_from >= %(first_at)s::timestamptz
      and incident.occurred_from < %(past_at)s::timestamptz
      and (%(harm)s::text = 'all' or incident.harm_code = %(harm)s::text)
),
counted as (
    select (select sum(((cell >> (2 * bit)) & 1) << bit) from generate_series(0, 5) as bit)::int as px,
           (select sum(((cell >> (2 * bit + 1)) & 1) << bit) from generate_series(0, 5) as bit)::int as py,
           n
    from (select cell, count(*)::int as n from own group by cell) as grouped
),
shown as (
    select ST_MakePoint(px * 64 + 32, py * 64 + 32) as geom, n, true as cell, 'police' as source
    from police where n > 0
    union all
    select ST_MakePoint(px * 64 + 32, py * 64 + 32), n, true, 'partnership' from counted
)
select ST_AsMVT(shown, 'incidents', 4096, 'geom') from shown
