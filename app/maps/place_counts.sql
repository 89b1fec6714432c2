-- How many places the filters leave, on the map and beside it, as app/maps/conditions.py says;
-- and the box in degrees around those on the map, where the map is to begin there.
with counted as (
    select count(*) filter (where place.geom is not null) as on_map,
           count(*) filter (where beside = 'online') as online,
           count(*) filter (where beside = 'address') as address,
           count(*) filter (where beside = 'line') as line,
           count(*) filter (where beside = 'area') as area,
           count(*) as matches,
           ST_Transform(ST_SetSRID(/* around */, 27700), 4326) as box
    from app.place
    cross join lateral (select case
        when place.geom is not null then null
        when place.sensitivity = 'RESIDENTIAL' then 'address'
        when place.sensitivity = 'ONLINE' then 'online'
        when place.type_code like 'ROUTE%' then 'line' else 'area' end as beside) as why
    where place.deleted_at is null /* places */
)
select on_map, online, address, line, area, matches,
       ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
from counted
