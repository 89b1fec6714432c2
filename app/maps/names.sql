-- Names to find one's way by: boroughs when far, towns, stations from the gazetteer, parks when
-- close. Open data, never the places of concern.
-- Parameters: min_x, min_y, max_x, max_y (27700), zoom.
with newest as (
    select distinct on (code) id, name from reference.area
    where kind in ('borough', 'district') and :zoom < 13
    order by code, vintage desc, id desc
),
found as (
    select 'BOROUGH' as kind, newest.name, ST_Transform(at.middle, 27700) as geom
    from newest
    -- The coarsest copy: reading the full shapes for their middles would cost as much as the rest.
    join reference.area_shape as shape on shape.area_id = newest.id and shape.min_zoom = 0
    cross join lateral (select ST_Centroid(ST_Envelope(shape.geom)) as middle) as at
    where ST_Dimension(shape.geom) = 2
    union all
    select kind, name, geom from reference.site
    where kind in ('TOWN', 'STATION') or kind = 'PARK' and :zoom >= 14
)
select kind, name, ST_X(geom), ST_Y(geom), ST_X(ST_Transform(geom, 4326)),
       ST_Y(ST_Transform(geom, 4326))
from found
where geom && ST_MakeEnvelope(:min_x, :min_y, :max_x, :max_y, 27700)
order by array_position(array['BOROUGH', 'TOWN', 'STATION', 'PARK'], kind), name, ST_X(geom)
