-- Places of concern in a box of the map, of each as little as grouping them needs.
-- The conditions of places.sql. The box test comes first, since it may use an index under a policy.
-- Parameters: min_x, min_y, max_x, max_y (27700, around the box), west, south, east, north (4326),
-- type, harm, borough, partners.
with hit as materialized (
    select ref, name, level,
           ST_Transform(case geom_kind when 'P' then geom else ST_PointOnSurface(geom) end, 4326)
               as point
    from app.place
    where geom && ST_MakeEnvelope(:min_x, :min_y, :max_x, :max_y, 27700)
      and deleted_at is null and state <> 'CLOSED'
      -- No join with the types: each of them would be met by each place.
      and (:type = 'all' or type_code = :type
           or type_code in (select code from reference.place_type where group_code = :type))
      and (:harm = 'all' or :harm = any(harm_codes))
      and (:borough = 'both' or :borough = any(borough_codes)
           or (:borough = 'outside' and not borough_codes && cast(:partners as text[])))
)
select ref, 'place', name, level, false, ST_X(point), ST_Y(point)
from hit
where ST_X(point) between :west and :east and ST_Y(point) between :south and :north
order by name, ref
