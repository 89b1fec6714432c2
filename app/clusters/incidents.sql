-- Incidents of the window as events of sites, with the reason where one cannot be one.
-- Parameters: first_on, last_on (London days, both included).
-- A residential place stands at its snap point, never at the address.
with happened as (
    select incident.*,
           ((incident.occurred_from + (incident.occurred_to - incident.occurred_from) / 2)
               at time zone 'Europe/London')::date as day,
           extract(epoch from incident.occurred_to - incident.occurred_from)::float8 / 86400
               as interval_days
    from app.incident
    where incident.state <> 'WITHDRAWN' and incident.deleted_at is null
),
linked as (
    select incident_id, array_agg(child_id::text order by child_id) as children
    from app.child_incident_link
    where role in ('harmed_here', 'at_risk_here', 'found_here_missing')
    group by incident_id
)
select happened.id::text as id,
       happened.place_id,
       case when happened.place_id is null then 'own'
            when place.sensitivity = 'RESIDENTIAL' then
                case when exact.snap_geom is null then 'residential' else 'place' end
            when place.geom is null then 'online'
            else 'place' end as site,
       case when happened.place_id is null then ST_X(happened.geom) end as easting_m,
       case when happened.place_id is null then ST_Y(happened.geom) end as northing_m,
       happened.day,
       happened.interval_days,
       coalesce(case when happened.place_id is null then happened.uncertainty_m
                     else place.precision_m end, 0) as uncertainty_m,
       happened.source_agency,
       happened.discovered_by,
       happened.confidence,
       harm.severity,
       extract(epoch from happened.occurred_from)::int8 as from_s,
       extract(epoch from happened.occurred_to)::int8 as to_s,
       happened.time_precision,
       (happened.occurred_from at time zone 'Europe/London')::date as first_day,
       (happened.occurred_to at time zone 'Europe/London')::date as until_day,
       coalesce((select area.lad_code from app.place_area as area
                 where area.place_id = happened.place_id
                 order by area.share desc, area.lad_code limit 1), happened.borough_code) as lad,
       happened.tier in ('H0', 'H1') and place.sensitivity is distinct from 'RESIDENTIAL'
           as is_open,
       coalesce(linked.children, '{}') as children
from happened
join reference.harm as harm on harm.code = happened.harm_code
left join app.place on place.id = happened.place_id
left join app.place_exact as exact on exact.place_id = happened.place_id
left join linked on linked.incident_id = happened.id
where happened.day between %(first_on)s and %(last_on)s
order by happened.id
