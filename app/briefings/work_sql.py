"""What of the work with places a briefing counts, as it was known at the cut. SQL alone.

Only places that may be named: public ones, and managed ones with a reason. Homes, restricted
places and those of the police are never counted.
"""

from sqlalchemy import text

# A place's state at an instant is its newest change until then. `objected`: no table names it any
# more; `gone`: no list of places that are worked with does.
NAMEABLE = """
    named as materialized (
        select p.id, p.ref, p.borough_codes, p.type_code, p.sensitivity, p.created_at,
               case when said.content is null then p.next_review_on
                    else (said.content ->> 'next_review_on')::date end as next_review_on,
               case when said.content is null then p.week_grid::text
                    else said.content ->> 'week_grid' end as week_grid,
               coalesce(said.content ->> 'name', p.name) as name,
               coalesce(said.content ->> 'level', p.level) as level,
               now_is.to_state as state,
               now_objected.yes or p.deleted_at is not null as objected,
               now_objected.yes or p.deleted_at is not null or p.label_expires_on <= :cut_day
               or p.state in ('DORMANT', 'CLOSED', 'PROPOSED') as gone
        from app.place as p
        join lateral (
            select to_state from app.place_state_change
            where place_id = p.id and at <= :cut order by at desc, id desc limit 1
        ) as now_is on true
        left join lateral (
            select content from app.place_version
            where place_id = p.id and at <= :cut order by version desc limit 1
        ) as said on true
        cross join lateral (
            select exists (select from app.objection as said
                where said.place_id = p.id and said.decision is null) as yes
        ) as now_objected
        where p.tier = 'H0' and p.created_at <= :cut and p.borough_codes && :partners
          and (p.sensitivity = 'PUBLIC_REALM' or (p.sensitivity = 'MANAGED' and p.may_name))
          and (p.deleted_at is null or p.deleted_at > :cut)
    )
"""
PLACES = text(
    "with"
    + NAMEABLE
    + """
    select named.ref, named.name, kind.label as kind, named.borough_codes, named.level, named.state,
           named.next_review_on, held.band, held.p, held.p_without_proactive
    from named
    join reference.place_type as kind on kind.code = named.type_code
    left join lateral (
        select coalesce(band_override, band) as band, p, p_without_proactive
        from app.place_priority
        where place_id = named.id and run_on <= :cut_day order by run_on desc limit 1
    ) as held on true
    where named.state in ('IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE',
                          'PLAN_ACTIVE', 'MONITORING') and not named.gone
    order by named.ref
"""
)
STATES = text(
    "with"
    + NAMEABLE
    + """
    select state, case when cardinality(borough_codes) > 1 then 'BOTH' else borough_codes[1] end
           as borough, count(*) as n
    from named where state not in ('PROPOSED') group by 1, 2 order by 1, 2
"""
)
# Places that are worked with and not named: counted by borough, never by state.
OTHERS = text("""
    select case when cardinality(p.borough_codes) > 1 then 'BOTH' else p.borough_codes[1] end
           as borough, count(*) as n
    from app.place as p
    join lateral (
        select to_state from app.place_state_change
        where place_id = p.id and at <= :cut order by at desc, id desc limit 1
    ) as now_is on now_is.to_state in ('IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE',
                          'PLAN_ACTIVE', 'MONITORING')
    where p.tier in ('H0', 'H1') and p.created_at <= :cut and p.borough_codes && :partners
      and (p.sensitivity in ('SENSITIVE', 'ONLINE')
           or (p.sensitivity = 'MANAGED' and not p.may_name))
      and (p.deleted_at is null or p.deleted_at > :cut)
    group by 1 order by 1
""")
MOVED = text(
    "with"
    + NAMEABLE
    + """
    select named.ref, change.to_state, case when cardinality(named.borough_codes) > 1
               then 'BOTH' else named.borough_codes[1] end as borough
    from app.place_state_change as change join named on named.id = change.place_id
    where change.at >= :from and change.at < :to order by change.id
"""
)
DAYS = text(
    "with"
    + NAMEABLE
    + """
    select change.from_state as state, before.at as began, change.at as ended, named.level
    from app.place_state_change as change
    join named on named.id = change.place_id
    join lateral (
        select max(was.at) as at from app.place_state_change as was
        where was.place_id = change.place_id and was.at < change.at) as before on true
    where change.at >= :from and change.at < :to and before.at is not null
    order by change.id
"""
)
ACTIONS = text(
    "with"
    + NAMEABLE
    + """
    select action.kind, action.owner_agency, action.due_on, at_cut.to_state as state
    from app.plan_action as action
    join named on named.id = action.place_id
    join app.context_plan as plan on plan.id = action.plan_id
    join lateral (
        select to_state from app.plan_action_state_change
        where record_id = action.id and at <= :cut order by at desc, id desc limit 1
    ) as at_cut on true
    join lateral (
        select to_state from app.context_plan_state_change
        where record_id = plan.id and at <= :cut order by at desc, id desc limit 1
    ) as of_plan on true
    where at_cut.to_state <> 'WITHDRAWN' and of_plan.to_state in ('ACTIVE', 'REVIEWED', 'COMPLETED')
      and action.created_at <= :cut
    order by action.id
"""
)
PLANS = text(
    "with"
    + NAMEABLE
    + """
    select count(*) as active, count(*) filter (where exists (
        select from app.plan_goal as goal join app.plan_measure as measure
            on measure.goal_id = goal.id
        where goal.plan_id = plan.id and measure.is_change
          and goal.deleted_at is null and measure.deleted_at is null)) as with_measure
    from app.context_plan as plan
    join named on named.id = plan.place_id
    join lateral (
        select to_state from app.context_plan_state_change
        where record_id = plan.id and at <= :cut order by at desc, id desc limit 1
    ) as at_cut on true
    where at_cut.to_state = 'ACTIVE'
"""
)
APPROVED = text(
    "with"
    + NAMEABLE
    + """
    select count(*) as approved, count(*) filter (where exists (
        select from app.assessment_method as method
        where method.assessment_id = made.id and method.held_on is not null
          and method.n_children >= 1 and method.deleted_at is null
          and method.method_code in ('CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP', 'WALKABOUT')
        )) as with_voice
    from app.context_assessment as made join named on named.id = made.place_id
    where made.approved_at >= :from and made.approved_at < :to
"""
)
REVIEWS = text(
    "with"
    + NAMEABLE
    + """
    select case when named.objected then null else named.name end as name, named.ref,
           review.held_on, review.displacement, review.round, result.verdict, result.reason,
           cardinality(review.voice_method_ids) > 0 as with_voice,
           goal.goals, goal.met, goal.partly, goal.not_met, goal.not_measured
    from app.outcome_review as review
    join named on named.id = review.place_id
    left join app.wdd_result as result on result.id = review.wdd_result_id
    cross join lateral (
        select count(*) as goals, count(*) filter (where result = 'MET') as met,
               count(*) filter (where result = 'PARTLY') as partly,
               count(*) filter (where result = 'NOT_MET') as not_met,
               count(*) filter (where result = 'NOT_MEASURED' or result is null) as not_measured
        from app.plan_goal
        where plan_id = review.plan_id and deleted_at is null) as goal
    where review.held_on >= :first and review.held_on < :end and review.decided_at <= :cut
      and review.deleted_at is null
    order by named.name, review.held_on, review.id
"""
)
DUE = text(
    "with"
    + NAMEABLE
    + """
    select count(*) filter (where review.due_on >= :first) as due,
           count(*) filter (where review.decided_at is null or review.decided_at > :cut) as overdue
    from app.outcome_review as review join named on named.id = review.place_id
    where review.deleted_at is null and review.created_at <= :cut and review.due_on < :end
"""
)
# Hours of concern of places that are worked with, and hours in which somebody looks after children.
WATCHED = text(
    "with"
    + NAMEABLE
    + """
    select named.ref, named.name, named.week_grid, coalesce(slots.grids, '{}') as grids
    from named
    left join lateral (
        select array_agg(slot.week_grid::text order by slot.id) as grids
        from app.guardian_slot as slot
        where slot.place_id = named.id and slot.created_at <= :cut
          and slot.valid_from_on <= :cut_day
          and (slot.valid_to_on is null or slot.valid_to_on > :cut_day)
    ) as slots on true
    where named.state in ('IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE',
                          'PLAN_ACTIVE', 'MONITORING') and not named.gone
      and named.week_grid is not null
    order by named.name, named.ref
"""
)
