-- Single places from zoom 15: published points (layer incidents) and partnership incidents (layer
-- partnership), each point once with its number. A tile is one range of the Morton key, and its
-- coordinates are bit shifts: no index on shapes, no edge counted twice.
-- Parameters: first_key, past_key, shift, police, by_date, first_month, past_month, borough,
-- partners, and those of app/maps/conditions.py.
with police as materialized ( -- or each number is worked out twice
    select ST_MakePoint((mx >> %(shift)s::int) & 4095, (my >> %(shift)s::int) & 4095) as geom,
           case when %(by_date)s::bool then (
               select coalesce(sum(packed & 65535), 0)::int from unnest(months) as packed
               where packed >> 16 >= %(first_month)s::int and packed >> 16 < %(past_month)s::int
           ) else n_events end as n
    from reference.place_point
    where %(police)s::bool and n_events > 0
      and qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
      and (%(borough)s::text = 'both' or lad_code = %(borough)s::text
           or (%(borough)s::text = 'outside'
               and (lad_code is null or lad_code <> all(%(partners)s::text[]))))
),
near as materialized (
    -- Not by date: with dates beside the key the planner reads the index of all dates each time.
    select incident.geom, incident.occurred_from
    from app.incident
    where incident.qk >= %(first_key)s::bigint and incident.qk < %(past_key)s::bigint
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN' /* incidents */
),
own as (
    select ST_Transform(geom, 3857) as at, count(*)::int as n
    from near as incident
    where true /* window */
    group by geom
),
located as (
    -- Rounded down as the key is, or a point at the edge would jump across the tile.
    select ST_MakePoint(
               (floor((ST_X(at) + 20037508.342789244) / 40075016.685578488 * 1073741824)::bigint
                >> %(shift)s::int) & 4095,
               (floor((20037508.342789244 - ST_Y(at)) / 40075016.685578488 * 1073741824)::bigint
                >> %(shift)s::int) & 4095) as geom,
           n, false as cell
    from own
),
counted as (
    select geom, n from police where n > 0
)
select coalesce((select ST_AsMVT(counted, 'incidents', 4096, 'geom') from counted), '')
    || coalesce((select ST_AsMVT(located, 'partnership', 4096, 'geom') from located), '')
