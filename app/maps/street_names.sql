-- The nearest street of each point, for what lies close together. Parameters: eastings, northings.
select coalesce(street.name || coalesce(', ' || street.district, ''), '')
from (select ST_SetSRID(ST_MakePoint(easting, northing), 27700) as middle, position
      from unnest(cast(:eastings as float8[]), cast(:northings as float8[]))
           with ordinality as given (easting, northing, position)) as at
left join lateral (
    select name, district from reference.street
    where geom && ST_Expand(at.middle, 500) and ST_DWithin(geom, at.middle, 500)
    order by geom <-> at.middle limit 1) as street on true
order by at.position
