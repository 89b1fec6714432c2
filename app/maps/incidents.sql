-- Single places from zoom 15: published points and partnership incidents, each point once with its
-- number. A tile is one range of the Morton key, and its coordinates are bit shifts: no index on
-- shapes, no edge counted twice. Parameters: first_key, past_key, shift, police, partnership,
-- by_date, first_month, past_month, first_at, past_at, harm, z.
with police as (
    select (mx >> %(shift)s::int) & 4095 as px, (my >> %(shift)s::int) & 4095 as py,
           case when %(by_date)s::bool then (
               select coalesce(sum(packed & 65535), 0)::int from unnest(months) as packed
               where packed >> 16 >= %(first_month)s::int and packed >> 16 < %(past_month)s::int
           ) else n_events end as n
    from reference.place_point
    where %(police)s::bool and n_events > 0
      and qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
),
own as (
    select ((ST_X(at.point) + 20037508.342789244) / 40075016.685578488 * (1 << 30))::bigint as mx,
           ((20037508.342789244 - ST_Y(at.point)) / 40075016.685578488 * (1 << 30))::bigint as my
    from app.incident
    cross join lateral (select ST_Transform(incident.geom, 3857) as point) as at
    where %(partnership)s::bool
      and incident.qk >= %(first_key)s::bigint and incident.qk < %(past_key)s::bigint
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN'
      and incident.occurred_from >= %(first_at)s::timestamptz
      and incident.occurred_from < %(past_at)s::timestamptz
      and (%(harm)s::text = 'all' or incident.harm_code = %(harm)s::text)
),
shown as (
    select ST_MakePoint(px, py) as geom, n, 'police' as source from police where n > 0
    union all
    select ST_MakePoint(px, py), count(*)::int, 'partnership'
    from (select (mx >> %(shift)s::int) & 4095 as px, (my >> %(shift)s::int) & 4095 as py from own) as o
    group by px, py
)
select ST_AsMVT(shown, 'incidents', 4096, 'geom') from shown
