-- Lines of routes of concern the actor may see: bus, rail, walking, vehicle; the conditions of
-- places.sql. A route without a line is on no tile. Parameters as places.sql.
with asked as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square,
           ST_MakeEnvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8,
                           %(north)s::float8, 27700) as reach
),
near as materialized (
    select id, ref, name, type_code, level, geom
    from asked join app.place on place.geom && asked.reach
    where geom_kind = 'L' and type_code like 'ROUTE%%' and place.deleted_at is null /* places near */
),
shown as (
    select near.ref, near.name, near.type_code,
           /* level */ ST_AsMVTGeom(ST_Transform(near.geom, 3857), asked.square, 4096, 128, true)
               as geom
    from asked
    cross join near
    where true /* near */
    order by near.ref
    limit 2000
)
select ST_AsMVT(shown, 'routes', 4096, 'geom') from shown where geom is not null
