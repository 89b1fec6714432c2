-- What is around: schools, parks, stations and bus stops of the gazetteer, open data, never places
-- of concern. Fewer when far. Parameters: z, x, y, west, south, east, north (27700).
with asked as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square,
           ST_MakeEnvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8,
                           %(north)s::float8, 27700) as reach
),
near as materialized (
    select site.kind, site.name, site.geom
    from asked join reference.site on site.geom && asked.reach
    where site.kind = 'STATION' and %(z)s::int >= 11
       or site.kind in ('SCHOOL', 'PARK') and %(z)s::int >= 13
    union all
    select 'BUS_STOP', stop.name, stop.geom
    from asked join reference.stop on stop.geom && asked.reach
    where %(z)s::int >= 15
),
shown as (
    select near.kind, near.name,
           ST_AsMVTGeom(ST_Transform(near.geom, 3857), asked.square, 4096, 0, true) as geom
    from asked cross join near
    order by near.kind, near.name
    limit 4000
)
select ST_AsMVT(shown, 'context', 4096, 'geom') from shown where geom is not null
