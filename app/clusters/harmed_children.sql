-- Children harmed in a window: a number of each, the home district at the time, the district of harm.
-- Parameters: first_on, last_on (London days, both included). '' where a district is not known.
-- What is online has no district; a home is told by its borough alone, a restricted place not at all.
with harmed as (
    select link.child_id, place.sensitivity, place.id as place_id,
           coalesce(incident.borough_code, '') as lad,
           (incident.occurred_from at time zone 'Europe/London')::date as on_day
    from app.child_incident_link as link
    join app.incident on incident.id = link.incident_id
    left join app.place on place.id = incident.place_id
    where link.role = 'harmed_here' and incident.tier <> 'C'
      and incident.state <> 'WITHDRAWN' and incident.deleted_at is null
      and ((incident.occurred_from + (incident.occurred_to - incident.occurred_from) / 2)
           at time zone 'Europe/London')::date between %(first_on)s and %(last_on)s
    union all
    select link.child_id, place.sensitivity, place.id,
           case when cardinality(place.borough_codes) = 1 then place.borough_codes[1] else '' end,
           link.from_on
    from app.child_place_link as link
    join app.place on place.id = link.place_id
    where link.role = 'harmed_here' and place.tier <> 'C' and place.deleted_at is null
      and place.sensitivity not in ('RESTRICTED', 'DERIVED')
      and link.from_on <= %(last_on)s and (link.to_on is null or link.to_on > %(first_on)s)
)
select distinct dense_rank() over (order by harmed.child_id) as child,
       coalesce((select home.lad_code from app.child_home as home
                 where home.child_id = harmed.child_id and home.from_on <= harmed.on_day
                   and (home.to_on is null or home.to_on > harmed.on_day)
                 order by home.from_on desc, home.lad_code limit 1),
                child.home_lad_code, '') as home,
       case when harmed.sensitivity = 'ONLINE' then ''
            else coalesce((select area.lad_code from app.place_area as area
                           where area.place_id = harmed.place_id
                           order by area.share desc, area.lad_code limit 1), harmed.lad)
       end as lad
from harmed
join app.child as child on child.id = harmed.child_id
order by 1, 2, 3
