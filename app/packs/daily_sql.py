"""What a daily risk briefing reads. SQL alone; a home gives its reference, and no name."""

from sqlalchemy import text

# Of a place: how it may be called, where it is, and whom it may be shown to.
CALLED = """
    p.ref, case when p.sensitivity = 'RESIDENTIAL' then 'Address ' || p.ref else p.name end as name,
    p.borough_codes, p.tier, p.listed, p.sensitivity = 'RESIDENTIAL' as home
"""
WORKED_ON = """('IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE', 'PLAN_ACTIVE', 'MONITORING')"""
NOWHERE = """
    coalesce(p.ref, '') as ref, coalesce(p.listed, false) as listed,
    coalesce(p.sensitivity = 'RESIDENTIAL', false) as home,
    case when p.sensitivity = 'RESIDENTIAL' then 'Address ' || p.ref
         else coalesce(p.name, 'No place recorded') end as name
"""
URGENT = text(
    """
    select """
    + CALLED
    + """, p.urgent_since, p.next_review_on,
           coalesce(agency.label, 'no owner yet') as owner
    from app.place as p
    left join reference.lookup as agency on agency.list = 'agency' and agency.code = p.lead_agency
    where p.urgent_since is not null and p.deleted_at is null and p.merged_into_id is null
      and p.state not in ('PROPOSED', 'DORMANT', 'CLOSED') and p.urgent_since < :until
    order by p.urgent_since, p.ref
"""
)
NEW = text("""
    select borough, sum(reports) as reports, sum(incidents) as incidents, sum(items) as items
    from (
        select unnest(borough_codes) as borough, 1 as reports, 0 as incidents, 0 as items
        from app.report where created_at >= :since and created_at < :until and deleted_at is null
          and state <> 'QUARANTINED'
        union all
        select unnest(borough_codes), 0, 1, 0 from app.incident
        where created_at >= :since and created_at < :until and deleted_at is null
          and state <> 'WITHDRAWN' and tier <> 'C'
        union all
        select unnest(borough_codes), 0, 0, 1 from app.intel_item
        where released_at >= :since and released_at < :until and deleted_at is null and shared
          and tier = 'P'
    ) as made
    where borough = any (:boroughs) group by borough order by borough
""")
# A report that nobody has decided about reaches no briefing but as a number.
REPORTS = text(
    """
    select report.ref as record, report.tier, report.borough_codes, """
    + NOWHERE
    + """,
           report.harm_codes, report.created_at
    from app.report
    left join lateral (
        select place_id from app.report_outcome
        where report_id = report.id and place_id is not null and undone_at is null
        order by place_id limit 1
    ) as decided on true
    left join app.place as p on p.id = decided.place_id
    where report.decided_at >= :since and report.decided_at < :until
      and report.deleted_at is null and report.state in ('DECIDED', 'FEEDBACK_SENT', 'CLOSED')
      and report.redaction <> 'NEEDED'
    order by report.decided_at, report.ref
"""
)
INCIDENTS = text(
    """
    select incident.ref as record, incident.tier, incident.borough_codes, """
    + NOWHERE
    + """,
           harm.label as harm, incident.occurred_from
    from app.incident
    join reference.harm as harm on harm.code = incident.harm_code
    left join app.place as p on p.id = incident.place_id
    where incident.created_at >= :since and incident.created_at < :until
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN' and incident.tier <> 'C'
    order by incident.created_at, incident.ref
"""
)
ITEMS = text("""
    select ref as record, tier, borough_codes, body, source_eval || info_assess as grade, identifies
    from app.intel_item
    where released_at >= :since and released_at < :until and deleted_at is null and shared
      and tier = 'P'
    order by released_at, ref
""")
OLDEST = text("""
    select unnest(borough_codes) as borough, count(*) as n, min(created_at) as oldest
    from app.report
    where state in ('RECEIVED', 'SCREENED', 'IN_TRIAGE', 'NEEDS_INFO') and deleted_at is null
      and created_at < :until
    group by 1 order by 1
""")
MISSING = text(
    """
    select incident.id, incident.borough_codes, incident.tier, """
    + NOWHERE
    + """
    from app.missing_episode as episode
    join app.incident on incident.id = episode.incident_id
    left join app.incident_place as link on link.incident_id = incident.id
    left join app.place as p on p.id = coalesce(link.place_id, incident.place_id)
    where episode.returned_at is null and episode.missing_from_at < :until
      and incident.deleted_at is null and incident.state <> 'WITHDRAWN'
    order by episode.missing_from_at, incident.id, p.ref
"""
)
TONIGHT = text(
    """
    select p.id, """
    + CALLED
    + """, p.week_grid::text as grid,
           coalesce(held.band_override, held.band) as band
    from app.place as p
    left join lateral (
        select band, band_override from app.place_priority
        where place_id = p.id and run_on <= :day order by run_on desc limit 1
    ) as held on true
    where p.week_grid is not null and p.deleted_at is null and p.merged_into_id is null
      and p.state in """
    + WORKED_ON
    + """ and p.created_at < :until
    order by array_position(array['URGENT', 'HIGH', 'MEDIUM', 'LOW'],
                            coalesce(held.band_override, held.band)), p.name, p.ref
"""
)
GUARDIANS = text("""
    select place_id, kind, week_grid::text as grid
    from app.guardian_slot
    where valid_from_on <= :day and (valid_to_on is null or valid_to_on > :day)
    order by place_id, kind, week_grid
""")
ACTIONS = text(
    """
    select """
    + CALLED
    + """, action.ref as record, action.state, coalesce(owner.label, 'Other') as owner,
           response.label as what
    from app.plan_action as action
    join app.place as p on p.id = action.place_id
    left join reference.lookup as owner
        on owner.list = 'agency' and owner.code = action.owner_agency
    left join reference.lookup as response
        on response.list = 'response' and response.code = action.response_code
    where action.due_on >= :first_day and action.due_on < :day and action.deleted_at is null
      and action.state <> 'WITHDRAWN'
    order by action.due_on, action.ref
"""
)
TERMS = text("""
    select extra ->> 'lad_code' as borough, (extra ->> 'first_day')::date as first_day,
           (extra ->> 'last_day')::date as last_day
    from reference.lookup where list = 'term' order by 1, 2
""")
HARMS = text("""
    select harm.code, coalesce(told.label, harm.label) as label
    from reference.harm as harm
    left join reference.lookup as told
        on told.list = 'harm_group' and told.code = harm.group_code
    order by 1
""")
