-- How many places the filters leave, on the map and beside it, by the conditions of places.sql.
select count(*) filter (where place.geom is not null),
       count(*) filter (where place.geom is null and place.geom_kind = 'N'),
       count(*) filter (where place.geom is null and place.sensitivity = 'RESIDENTIAL'),
       count(*) filter (where place.geom is null and place.geom_kind = 'L'),
       count(*) filter (where place.geom is null and place.geom_kind = 'A'),
       count(*)
from app.place
where place.deleted_at is null and place.state <> 'CLOSED'
  and (:type = 'all' or place.type_code = :type
       or place.type_code in (select code from reference.place_type where group_code = :type))
  and (:harm = 'all' or :harm = any(place.harm_codes))
  and (:borough = 'both' or :borough = any(place.borough_codes)
       or (:borough = 'outside' and not place.borough_codes && cast(:partners as text[])))
