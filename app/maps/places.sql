-- Places of concern the actor may see. Points by Morton range, lines and areas by the box test.
-- Residential and online places have no geometry here. Parameters: z, x, y, first_key, past_key,
-- west, south, east, north (margin included), and those of app/maps/conditions.py.
with asked as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square,
           ST_MakeEnvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8,
                           %(north)s::float8, 27700) as reach
),
-- Each row is read, and its policy asked, once: a join back by id asked it twice.
near as materialized (
    select id, ref, name, type_code, level, geom_kind, geom
    from app.place
    where qk >= %(first_key)s::bigint and qk < %(past_key)s::bigint
      and place.deleted_at is null /* places near */
    union all
    select id, ref, name, type_code, level, geom_kind, geom
    from asked join app.place on place.geom && asked.reach
    where geom_kind in ('L', 'A') and place.deleted_at is null /* places near */
),
grouped as materialized (
    select code, group_code from reference.place_type
),
shown as (
    select near.ref, near.name, near.type_code, coalesce(type.group_code, '') as "group",
           /* level */ near.geom_kind,
           ST_AsMVTGeom(ST_Transform(near.geom, 3857), asked.square, 4096, 128, true) as geom
    from asked
    cross join near
    join grouped as type on type.code = near.type_code
    where true /* near */
    order by near.ref
    limit 2000
)
select ST_AsMVT(shown, 'places', 4096, 'geom') from shown where geom is not null
