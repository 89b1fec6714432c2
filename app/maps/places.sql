-- Places of concern the actor may see. Points by Morton range, lines and areas by the box test.
-- Residential and online places have no geometry here. Parameters: z, x, y, first_key, past_key,
-- west, south, east, north (margin included), type, borough,
-- partners, harm.
with asked as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square,
           ST_MakeEnvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8,
                           %(north)s::float8, 27700) as reach
),
near as (
    select id from app.place
    where qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
    union all
    select place.id from asked join app.place on place.geom && asked.reach
    where place.geom_kind in ('L', 'A')
),
shown as (
    select place.ref, place.name, place.type_code, coalesce(type.group_code, '') as "group",
           place.level, place.geom_kind,
           ST_AsMVTGeom(ST_Transform(place.geom, 3857), asked.square, 4096, 128, true) as geom
    from asked
    cross join near
    join app.place on place.id = near.id
    join reference.place_type as type on type.code = place.type_code
    where place.deleted_at is null and place.state <> 'CLOSED'
      and (%(type)s::text = 'all' or place.type_code = %(type)s::text or type.group_code = %(type)s::text)
      and (%(harm)s::text = 'all' or %(harm)s::text = any(place.harm_codes))
      and (%(borough)s::text = 'both' or %(borough)s::text = any(place.borough_codes)
           or (%(borough)s::text = 'outside'
               and not place.borough_codes && %(partners)s::text[]))
    order by place.ref
    limit 2000
)
select ST_AsMVT(shown, 'places', 4096, 'geom') from shown where geom is not null
