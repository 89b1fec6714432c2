-- Places of concern as the map's table lists them; the number is of incidents in the filters.
-- The same conditions as places.sql: what is on the map is in the table. With refs, those alone.
with named as materialized (
    select distinct on (code) code, name from reference.area
    where kind in ('borough', 'district') order by code, vintage desc, id desc
)
select place.ref, 'place', place.name, place.type_code, type.label,
       coalesce(type.group_code, ''),
       array(select coalesce(named.name, c) from unnest(place.borough_codes) as c
             left join named on named.code = c order by 1),
       place.level, place.state,
       (select count(*) from app.incident_place as link
        join app.incident on incident.id = link.incident_id
        where link.place_id = place.id and :partnership
          and incident.deleted_at is null and incident.state <> 'WITHDRAWN'
          and incident.occurred_from >= :first_at and incident.occurred_from < :past_at
          and (:harm = 'all' or incident.harm_code = :harm))::int,
       null::date, (place.last_information_at at time zone 'Europe/London')::date,
       cardinality(place.borough_codes) > 1, place.geom_kind,
       place.sensitivity = 'RESIDENTIAL',
       ST_X(at.point), ST_Y(at.point), '/places/' || place.ref
from app.place
join reference.place_type as type on type.code = place.type_code
cross join lateral (
    select ST_Transform(ST_PointOnSurface(place.geom), 4326) as point) as at
where place.deleted_at is null and place.state <> 'CLOSED'
  and (cast(:refs as text[]) is null or place.ref = any(cast(:refs as text[])))
  and (:type = 'all' or place.type_code = :type or type.group_code = :type)
  and (:harm = 'all' or :harm = any(place.harm_codes))
  and (:borough = 'both' or :borough = any(place.borough_codes)
       or (:borough = 'outside' and not place.borough_codes && cast(:partners as text[])))
order by place.name, place.ref
