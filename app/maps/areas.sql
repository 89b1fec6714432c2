-- Boroughs and districts, simplified for the zoom with their shared edges. Parameters: z, x, y, partners.
with bounds as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square,
           ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int, margin => 0.03125) as reach
),
newest as (
    select distinct on (code) id, code, name, kind
    from reference.area
    where kind in ('borough', 'district')
    order by code, vintage desc, id desc
),
shown as (
    select newest.code, newest.name, newest.kind,
           newest.code = any(%(partners)s::text[]) as partner,
           ST_AsMVTGeom(shape.geom, bounds.square, 4096, 128, true) as geom
    from bounds
    join reference.area_shape as shape on shape.geom && bounds.reach
    join newest on newest.id = shape.area_id
    where %(z)s::int between shape.min_zoom and shape.max_zoom
    order by newest.code
    limit 2000
)
select ST_AsMVT(shown, 'areas', 4096, 'geom') from shown where geom is not null
