-- Places of concern in a box of the map, of each as little as grouping them needs.
-- The box test comes first, since it may use an index under a policy.
-- Parameters: min_x, min_y, max_x, max_y (27700, around the box), west, south, east, north (4326),
-- and those of app/maps/conditions.py.
with near as materialized (
    select id, ref, name, level,
           ST_Transform(case geom_kind when 'P' then geom else ST_PointOnSurface(geom) end, 4326)
               as point
    from app.place
    where geom && ST_MakeEnvelope(:min_x, :min_y, :max_x, :max_y, 27700)
      and place.deleted_at is null /* places near */
)
select ref, 'place', name, level, false, ST_X(point), ST_Y(point)
from near
where ST_X(point) between :west and :east and ST_Y(point) between :south and :north /* near */
order by name, ref
