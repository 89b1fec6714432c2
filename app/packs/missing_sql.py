"""What the sheet of the missing panel reads. SQL alone: no name is stored anywhere here.

Episodes of every window that the sheet needs come in one read; Python counts them.
"""

from sqlalchemy import text

# Children who are missing, who returned in the window, and the last twelve weeks.
EPISODES = text("""
    select incident.ref, incident.borough_code, incident.borough_codes, incident.tier,
           incident.day_part, incident.day_type, incident.agency_code as team, episode.kind,
           episode.missing_from_at, episode.returned_at, episode.rhi_offered_at,
           episode.rhi_held_at, coalesce(episode.rhi_declined, false) as declined,
           episode.manager_decision_at, episode.location_captured,
           episode.repeat_of_id is not null as is_repeat,
           coalesce(who.refs, '{}') as children, coalesce(who.homes, '{}') as homes,
           (select count(*) from app.child_incident_link as found
            where found.incident_id = incident.id and found.role = 'found_here_missing')
           + (select count(*) from app.child_incident_link as of
              join app.child_place_link as link on link.child_id = of.child_id
              where of.incident_id = incident.id
                and link.role in ('found_here_missing', 'travels_through')
                and link.from_on between
                    (episode.missing_from_at at time zone 'Europe/London')::date
                    and (coalesce(episode.returned_at, :until)
                         at time zone 'Europe/London')::date) as linked_places
    from app.missing_episode as episode
    join app.incident on incident.id = episode.incident_id
    left join lateral (
        select array_agg(child.ref order by child.ref) as refs,
               array_agg(coalesce(home.lad_code, child.home_lad_code) order by child.ref) as homes
        from (select distinct child_id from app.child_incident_link
              where incident_id = incident.id) as link
        join app.child on child.id = link.child_id
        left join app.child_home as home on home.child_id = child.id
            and home.from_on <= (episode.missing_from_at at time zone 'Europe/London')::date
            and (home.to_on is null
                 or home.to_on > (episode.missing_from_at at time zone 'Europe/London')::date)
        where child.deleted_at is null) as who on true
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN' and incident.tier <> 'C'
      and episode.missing_from_at < :until
      and (episode.returned_at is null or episode.returned_at >= :earliest
           or episode.missing_from_at >= :earliest)
    order by episode.missing_from_at, incident.ref
""")
# Where each of these children was found, or set out from: by reference of the incident.
PLACES_OF = text("""
    select incident.ref as incident, place.ref, place.name, place.sensitivity, place.borough_codes,
           place.tier, coalesce(link.place_id = incident.place_id, false) as is_main
    from app.incident_place as link
    join app.incident on incident.id = link.incident_id
    join app.place on place.id = link.place_id
    where incident.ref = any (:incidents) and place.deleted_at is null
    order by incident.ref, is_main desc, place.ref
""")
# Places with two episodes or two children within 90 days, whatever their state.
REPEATED = text("""
    select place.id, place.ref, place.name, kind.label as kind, place.sensitivity,
           place.borough_codes, place.tier, place.level, place.state,
           place.week_grid::text as week_grid,
           count(distinct incident.id) as episodes, count(distinct found.child_id) as children
    from app.child_incident_link as found
    join app.incident on incident.id = found.incident_id
    join app.missing_episode as episode on episode.incident_id = incident.id
    join app.incident_place as link on link.incident_id = incident.id
    join app.place on place.id = link.place_id
    join reference.place_type as kind on kind.code = place.type_code
    where found.role = 'found_here_missing' and incident.deleted_at is null
      and incident.state <> 'WITHDRAWN' and incident.tier <> 'C' and place.deleted_at is null
      and place.state <> 'CLOSED'
      and episode.missing_from_at >= :ninety and episode.missing_from_at < :until
    group by place.id, kind.label
    having count(distinct incident.id) >= 2 or count(distinct found.child_id) >= 2
    order by count(distinct incident.id) desc, place.name, place.ref
""")
# What is done at them: the next action that is open.
OPEN_ACTIONS = text("""
    select distinct on (place_id) place_id, body, owner_agency, due_on
    from app.plan_action
    where place_id = any (:places) and deleted_at is null
      and state in ('OPEN', 'IN_PROGRESS', 'DONE_PENDING_EVIDENCE')
    order by place_id, due_on, id
""")
# Routes and neighbours that a person linked with these places.
ROUTES = text("""
    select place.id as place_id, other.ref, other.name, other.sensitivity, other.tier, other.state,
           other.borough_codes
    from app.place_link as link
    join app.place on place.id in (link.from_place_id, link.to_place_id)
    join app.place as other on other.id in (link.from_place_id, link.to_place_id)
        and other.id <> place.id
    where place.id = any (:places) and link.removed_at is null and link.relation = 'same_journey'
      and other.deleted_at is null and other.state <> 'CLOSED'
    order by place.id, other.ref
""")
LAST_MISSING = text("""
    select max(episode.missing_from_at) as at
    from app.missing_episode as episode join app.incident on incident.id = episode.incident_id
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN' and incident.tier <> 'C'
      and episode.missing_from_at < :until
""")
