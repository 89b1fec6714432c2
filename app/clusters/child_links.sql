-- Links of children to incidents and places, from a day on; the child's home borough at the time.
-- Parameters: since, snapshot (London days).
-- What has not ended ends on the day of the snapshot. Withdrawn incidents link nobody.
with linked as (
    select link.child_id, link.role, link.incident_id, incident.place_id,
           (incident.occurred_from at time zone 'Europe/London')::date as first_on,
           (incident.occurred_to at time zone 'Europe/London')::date as last_on,
           coalesce((select area.lad_code from app.place_area as area
                     where area.place_id = incident.place_id
                     order by area.share desc, area.lad_code limit 1),
                    incident.borough_code, '') as lad
    from app.child_incident_link as link
    join app.incident as incident on incident.id = link.incident_id
    where incident.state <> 'WITHDRAWN' and incident.deleted_at is null
    union all
    select link.child_id, link.role, null, link.place_id, link.from_on,
           coalesce(link.to_on, %(snapshot)s),
           coalesce((select area.lad_code from app.place_area as area
                     where area.place_id = link.place_id
                     order by area.share desc, area.lad_code limit 1), '')
    from app.child_place_link as link
    join app.place on place.id = link.place_id
    where place.deleted_at is null
)
select linked.child_id::text, linked.role, linked.incident_id::text, linked.place_id::text,
       linked.first_on, linked.last_on, linked.lad,
       coalesce((select home.lad_code from app.child_home as home
                 where home.child_id = linked.child_id and home.from_on <= linked.first_on
                   and (home.to_on is null or home.to_on > linked.first_on)
                 order by home.from_on desc, home.lad_code limit 1),
                child.home_lad_code, '') as home
from linked
join app.child as child on child.id = linked.child_id
where linked.last_on >= %(since)s and linked.first_on <= %(snapshot)s
order by linked.child_id, linked.role, linked.incident_id, linked.place_id, linked.first_on
