-- Boroughs and districts, simplified for the zoom with their shared edges.
-- Parameters: z, x, y, partners.
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
parts as materialized (
    select newest.code, newest.name, newest.kind,
           newest.code = any(%(partners)s::text[]) as partner,
           ST_Dimension(shape.geom) as dimension,
           ST_AsMVTGeom(shape.geom, bounds.square, 4096, 128, true) as geom
    from bounds
    join reference.area_shape as shape on shape.geom && bounds.reach
    join newest on newest.id = shape.area_id
    where %(z)s::int between shape.min_zoom and shape.max_zoom
    order by newest.code
    limit 4000
),
filled as (
    select code, name, kind, partner, geom from parts where dimension = 2 and geom is not null
),
-- Borders apart from fills: the cuts between the pieces of a fill are not borders.
lines as (
    select code, partner, geom from parts where dimension = 1 and geom is not null
),
-- One label an area, in the one tile that holds its middle.
named as (
    select newest.name, newest.code = any(%(partners)s::text[]) as partner,
           ST_AsMVTGeom(at.middle, bounds.square, 4096, 0, true) as geom
    from bounds
    cross join newest
    -- The coarsest copy: reading the full shapes for their middles cost as much as the rest.
    join reference.area_shape as shape on shape.area_id = newest.id and shape.min_zoom = 0
    cross join lateral (select ST_Centroid(ST_Envelope(shape.geom)) as middle) as at
    where ST_Dimension(shape.geom) = 2 and at.middle && bounds.square
    order by newest.code
)
select (select coalesce(ST_AsMVT(filled, 'areas', 4096, 'geom'), '') from filled)
    || (select coalesce(ST_AsMVT(lines, 'area_lines', 4096, 'geom'), '') from lines)
    || (select coalesce(ST_AsMVT(named, 'area_names', 4096, 'geom'), '')
        from named where geom is not null)
