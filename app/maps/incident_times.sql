-- When and where the incidents within the filters happened. A home stands at its snap point; what is
-- online has no place. Parameters: most, and those of app/maps/conditions.py.
select extract(epoch from incident.occurred_from)::int8,
       extract(epoch from incident.occurred_to)::int8, incident.time_precision,
       ST_X(at.geom), ST_Y(at.geom)
from app.incident
left join app.place on place.id = incident.place_id
left join app.place_exact as exact on exact.place_id = incident.place_id
cross join lateral (
    select ST_Centroid(coalesce(incident.geom, place.geom, exact.snap_geom)) as geom
) as at
where incident.deleted_at is null and incident.state <> 'WITHDRAWN' /* incidents */ /* window */
order by incident.id
limit :most
