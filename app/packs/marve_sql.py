"""What a MARVE pack reads of places, clusters, plans and meetings. SQL alone.

A window is half-open, :since to :until. Things belong to the window in which they became known,
so that no record falls between two packs. Intelligence of code C is nowhere.
"""

from sqlalchemy import text

# Reports, incidents and intelligence of places, by when they became known here.
ITEMS = text("""
    select decided.place_id, 'REPORT' as kind, report.agency_code as source,
           report.created_at as at, decided.known_at, null as grade, false as proactive,
           report.ref, root.ref as repeats
    from (select place_id, report_id, min(created_at) as known_at from app.report_outcome
          where place_id is not null and undone_at is null group by 1, 2) as decided
    join app.report on report.id = decided.report_id
    left join lateral (
        select other.ref from app.report_outcome as told
        join app.report as other on other.id = told.other_report_id
        where told.report_id = report.id and told.code = 'DUPLICATE' and told.undone_at is null
        order by told.created_at desc limit 1) as root on true
    where report.deleted_at is null and report.state in ('DECIDED', 'FEEDBACK_SENT', 'CLOSED')
      and not 'REJECTED_ABUSIVE' = any (report.outcome_codes)
      and decided.known_at >= :first and decided.known_at < :until
    union all
    select link.place_id, 'INCIDENT', incident.source_agency, incident.occurred_to,
           incident.created_at, null, incident.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH'),
           incident.ref, null
    from app.incident_place as link join app.incident on incident.id = link.incident_id
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN' and incident.tier <> 'C'
      and incident.created_at >= :first and incident.created_at < :until
    union all
    select hung.place_id, 'INTELLIGENCE', item.agency_code,
           coalesce(item.occurred_from, item.valid_from_on::timestamp at time zone 'Europe/London'),
           item.released_at, item.source_eval || item.info_assess,
           item.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH'), item.ref, null
    from app.intel_item_place as hung join app.intel_item as item on item.id = hung.intel_item_id
    where hung.removed_at is null and item.deleted_at is null and item.tier = 'P'
      and item.handling = 'P' and item.state = 'RELEASED'
      and item.source_eval || item.info_assess not in ('3D', '3E')
      and item.released_at >= :first and item.released_at < :until
    order by 1, 5, 8
""")
# Every context that is worked with, and those that were closed within the window.
PLACES = text("""
    select place.id, place.ref, place.name, kind.label as kind, place.sensitivity, place.tier,
           place.borough_codes, place.state, place.level, place.urgent_since, place.geom_kind,
           place.label_expires_on, place.created_at, place.week_grid::text as week_grid,
           place.harm_codes, place.strengths, place.safe_features, place.last_information_at,
           before.to_state as state_before, told.content ->> 'level' as level_before,
           since.at as in_state_since, band.now as band, band_was.was as band_before,
           least(place.next_review_on, (
               select min(review.due_on) from app.outcome_review as review
               where review.place_id = place.id and review.deleted_at is null
                 and review.decided_at is null)) as review_on,
           exists (
               select from app.cluster_member as member
               join app.cluster on cluster.id = member.cluster_id
               join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
               where member.place_id = place.id and lineage.source = 'partnership'
                 and ((lineage.opened_on >= :first_on and lineage.opened_on < :end_on)
                      or (lineage.closed_on >= :first_on and lineage.closed_on < :end_on)))
               as cluster_changed
    from app.place
    join reference.place_type as kind on kind.code = place.type_code
    left join lateral (
        select change.to_state from app.place_state_change as change
        where change.place_id = place.id and change.at < :since and change.to_state <> 'PROPOSED'
        order by change.at desc, change.id desc limit 1) as before on true
    left join lateral (
        select max(at) as at from app.place_state_change
        where place_id = place.id and to_state = place.state) as since on true
    left join lateral (
        select content from app.place_version
        where place_id = place.id and at < :since order by version desc limit 1) as told on true
    left join lateral (
        select coalesce(band_override, band) as now from app.place_priority
        where place_id = place.id and run_on < :end_on order by run_on desc limit 1) as band on true
    left join lateral (
        select coalesce(band_override, band) as was from app.place_priority
        where place_id = place.id and run_on < :first_on order by run_on desc limit 1)
        as band_was on true
    where place.deleted_at is null and place.created_at < :until
      and (place.state in ('SCREENED', 'IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE',
                           'PLAN_ACTIVE', 'MONITORING')
           or (place.state = 'CLOSED' and place.closed_at >= :since and place.closed_at < :until))
    order by place.ref
""")
# The shape of a place, simplified to what a page of paper can show; never of a home.
SHAPES = text("""
    select id, ST_AsText(ST_SimplifyPreserveTopology(geom, 2), 0) as shape
    from app.place
    where id = any (:places) and geom is not null and sensitivity <> 'RESIDENTIAL'
""")
# Hours with somebody who looks out for children, by place, on a day.
GUARDIANS = text("""
    select place_id, kind, week_grid::text as week_grid, valid_from_on
    from app.guardian_slot
    where place_id = any (:places) and valid_from_on <= :day
      and (valid_to_on is null or valid_to_on > :day)
    order by place_id, kind, id
""")
# The newest two approved assessments, the newer first.
SCORES = text("""
    select place_id, id, d1, d2, d3, d1_known, d2_known, d3_known, approved_at
    from (select *, row_number() over (partition by place_id order by approved_at desc, id) as n
          from app.context_assessment
          where place_id = any (:places) and state in ('APPROVED', 'SUPERSEDED')
            and deleted_at is null and approved_at < :until) as made
    where n <= 2 order by place_id, n
""")
# Of the newest assessment or review that has any: what works, and the dots of the scale.
SIGNS = text("""
    select sign.place_id, sign.body, sign.view
    from app.signs_panel as sign
    join (select distinct on (place_id) place_id, coalesce(assessment_id, review_id) as subject
          from app.signs_panel where place_id = any (:places) and deleted_at is null
          order by place_id, created_at desc, id desc) as newest
      on newest.place_id = sign.place_id
     and newest.subject = coalesce(sign.assessment_id, sign.review_id)
    where sign.column_code = 'WORKING' and sign.deleted_at is null
    order by sign.place_id, sign.view <> 'CHILDREN', sign.position, sign.id
""")
SCALES = text("""
    select scale.place_id, scale.party, scale.n_people, scale.score, scale.on_date
    from app.safety_scale as scale
    join (select distinct on (place_id) place_id, coalesce(assessment_id, review_id) as subject
          from app.safety_scale where place_id = any (:places) and deleted_at is null
          order by place_id, on_date desc, created_at desc, id desc) as newest
      on newest.place_id = scale.place_id
     and newest.subject = coalesce(scale.assessment_id, scale.review_id)
    where scale.deleted_at is null
    order by scale.place_id, scale.party <> 'CHILDREN', scale.party, scale.id
""")
GOALS = text("""
    select goal.place_id, goal.body, goal.result
    from app.plan_goal as goal
    join (select distinct on (place_id) place_id, id from app.context_plan
          where place_id = any (:places) and deleted_at is null
            and state in ('AGREED', 'ACTIVE', 'REVIEWED', 'COMPLETED')
          order by place_id, active_on desc nulls last, id) as plan on plan.id = goal.plan_id
    where goal.deleted_at is null order by goal.place_id, goal.position, goal.id
""")
VERDICTS = text("""
    select distinct on (result.place_id) result.place_id, result.verdict, result.run_at
    from app.wdd_result as result
    where result.place_id = any (:places) and result.deleted_at is null and result.run_at < :until
    order by result.place_id, result.run_at desc, result.id
""")
# The last action that was done, and the next that is due.
ACTIONS = text("""
    select place_id, body, owner_agency, due_on, state,
           (done_at at time zone 'Europe/London')::date as done_on
    from app.plan_action
    where place_id = any (:places) and deleted_at is null and state <> 'WITHDRAWN'
    order by place_id, done_at desc nulls last, due_on, id
""")
VOICE = text("""
    select distinct made.place_id
    from app.assessment_method as method
    join app.context_assessment as made on made.id = method.assessment_id
    where made.place_id = any (:places) and method.deleted_at is null and made.deleted_at is null
      and method.held_on is not null and method.n_children >= 1 and method.held_on < :end_on
      and method.method_code in ('CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP', 'WALKABOUT')
""")
# What the last meeting of the panel decided, and what became of it.
DECIDED = text("""
    select item.id, item.section, item.decision, place.ref, place.name, place.sensitivity,
           place.borough_codes, place.tier, action.body, action.owner_agency, action.due_on,
           action.state, (action.done_at at time zone 'Europe/London')::date as done_on
    from (select id from app.meeting
          where kind = 'MARVE' and deleted_at is null and held_at < :until
            and state in ('HELD', 'MINUTES_AGREED') order by held_at desc, id limit 1) as last
    join app.meeting_item as item on item.meeting_id = last.id and item.decision is not null
    left join app.place on place.id = item.subject_id
    left join app.plan_action as action on action.id = any (item.action_ids)
        and action.deleted_at is null
    where item.deleted_at is null
    order by item.section, item.position, item.id, action.due_on, action.id
""")
AGENDA = text("""
    select item.section, item.subject_kind, item.subject_id, item.body
    from app.meeting_item as item
    where item.meeting_id = :meeting and item.deleted_at is null
    order by item.position, item.created_at, item.id
""")
# References for the part about children: only where the chair asked for it.
CHILDREN = text("""
    select child.ref, child.age_band, child.home_lad_code, link.role, place.ref as place,
           place.sensitivity, place.tier, place.borough_codes, min(link.from_on) as since
    from app.child_place_link as link
    join app.child on child.id = link.child_id
    join app.place on place.id = link.place_id
    where link.place_id = any (:places) and link.role in ('harmed_here', 'at_risk_here')
      and (link.to_on is null or link.to_on >= :first_on) and child.deleted_at is null
    group by child.ref, child.age_band, child.home_lad_code, link.role, place.ref,
             place.sensitivity, place.tier, place.borough_codes
    order by child.ref, place.ref, link.role
""")
LINEAGES = text("""
    select lineage.ref, lineage.opened_on, lineage.closed_on, lineage.split_from_id is not null
               as is_split, lineage.merged_into_id is not null as is_merged, lineage.state,
           now_is.name, now_is.borough_codes, now_is.n_incidents as n, was.n_incidents as n_before
    from app.cluster_lineage as lineage
    join lateral (
        select cluster.* from app.cluster join app.cluster_run as run on run.id = cluster.run_id
        where cluster.lineage_id = lineage.id and run.finished_at < :until
        order by run.finished_at desc limit 1) as now_is on true
    left join lateral (
        select cluster.n_incidents from app.cluster
        join app.cluster_run as run on run.id = cluster.run_id
        where cluster.lineage_id = lineage.id and run.finished_at < :since
        order by run.finished_at desc limit 1) as was on true
    where lineage.source = 'partnership' and now_is.reportable
    order by now_is.name, lineage.ref
""")
# Incidents by kind of harm, in the window and in as many days before it.
HARMS = text("""
    select harm.group_code, harm.label,
           count(*) filter (where incident.created_at >= :since) as n,
           count(*) filter (where incident.created_at < :since) as before
    from app.incident join reference.harm as harm on harm.code = incident.harm_code
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN' and incident.tier <> 'C'
      and incident.created_at >= :as_long_before and incident.created_at < :until
    group by harm.group_code, harm.label, harm.sort order by harm.sort
""")
ONLINE = text("""
    select place.ref, platform.label as platform, space.takedown_state,
           (space.takedown_requested_at at time zone 'Europe/London')::date as asked_on,
           (space.removed_at at time zone 'Europe/London')::date as removed_on,
           place.borough_codes, place.tier
    from app.online_space as space
    join app.place on place.id = space.place_id
    left join reference.lookup as platform
        on platform.list = 'platform' and platform.code = space.platform_code
    where place.deleted_at is null and place.state not in ('PROPOSED', 'DORMANT', 'CLOSED')
    order by platform.label, place.ref
""")
OBJECTIONS = text("""
    select objection.created_at, place.ref, place.name, place.sensitivity, place.borough_codes,
           place.tier
    from app.objection join app.place on place.id = objection.place_id
    where objection.state in ('RECEIVED', 'CONSIDERED') and objection.created_at < :until
    order by objection.created_at, objection.id
""")
CONFERENCES = text("""
    select meeting.held_at, place.ref, place.name, place.sensitivity, place.borough_codes,
           place.tier
    from app.meeting join app.place on place.id = any (meeting.place_ids)
    where meeting.kind = 'CONTEXT_CONFERENCE' and meeting.deleted_at is null
      and meeting.state in ('PLANNED', 'PACK_ISSUED') and meeting.held_at >= :until
    order by meeting.held_at, place.ref
""")
