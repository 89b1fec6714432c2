"""Reports, incidents and missing episodes behind shares and medians. SQL alone.

What was counted in the release of the quarter (`counted_in`) is looked at, and nothing else, so
that a share never tells of a record that its table does not have.
"""

from sqlalchemy import text

# Days from arrival to the first decision, and to the first answer to whoever reported.
STEPS = text("""
    select first.step, report.created_at as began, first.at as ended
    from app.report
    join lateral (
        select to_state as step, min(at) as at from app.report_state_change
        where report_id = report.id and to_state in ('DECIDED', 'FEEDBACK_SENT') group by 1
    ) as first on first.at >= :from and first.at < :to
    where report.deleted_at is null
    order by 1, 2, 3
""")
TONES = text("""
    select count(*) as n, count(*) filter (where tone = 'CARE') as care,
           count(*) filter (where tone = 'COMPLAINT') as complaint,
           count(*) filter (where exists (
               select from app.report_state_change as change
               where change.report_id = report.id and change.to_state = 'FEEDBACK_SENT'
                 and change.at <= :cut)) as told
    from app.report where counted_in = :release
""")
# Of organisations alone: who a member of the public is, nobody knows here.
REPORTED = text("""
    select agency_code, count(*) filter (where created_at >= :from) as now, count(*) as year
    from app.report
    where agency_code <> 'PUBLIC' and created_at >= :year_ago and created_at < :to
      and deleted_at is null
    group by 1 order by 1
""")
LATENESS = text("""
    select source_agency,
           greatest(0, (created_at at time zone 'Europe/London')::date
               - ((occurred_from + (occurred_to - occurred_from) / 2)
                  at time zone 'Europe/London')::date) as days
    from app.incident where counted_in = :release
    order by 1, 2
""")
EPISODES = text("""
    select missing_from_at,
           case when returned_at <= :cut then returned_at end as returned_at,
           case when rhi_offered_at <= :cut then rhi_offered_at end as offered_at,
           case when rhi_held_at <= :cut then rhi_held_at end as held_at,
           coalesce(rhi_declined, false) as declined,
           case when manager_decision_at <= :cut then manager_decision_at end as decided_at,
           location_captured
    from app.missing_episode where counted_in = :release
    order by missing_from_at, incident_id
""")
