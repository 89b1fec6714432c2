"""Clusters, online spaces, labels and objections as a briefing counts them. SQL alone."""

from sqlalchemy import text

from app.briefings.work_sql import NAMEABLE

RUN = """
    run as (
        select id from app.cluster_run
        where source = 'partnership' and state = 'DONE' and finished_at <= :cut
        order by finished_at desc, id limit 1
    )
"""
# A name made of a place that may not be named is cut to the postcode sector that it ends with.
CLUSTERS = text(
    "with"
    + RUN
    + """
    select lineage.ref, lineage.opened_on, cluster.borough_codes, cluster.cross_borough,
           cluster.r1_span, cluster.r2_straddle, cluster.r3_flow, cluster.r4_link,
           cluster.stability, cluster.state,
           coalesce(cluster.evidence ->> 'significance', 'not tested') as significance,
           cluster.evidence #>> '{rank,band}' as band,
           coalesce(cluster.evidence #> '{sources,agencies}', '{}') as agencies,
           coalesce(cluster.evidence #> '{sources,discovered_by}', '{}') as discovered_by,
           case when exists (
               select from app.place as p
               where position(p.name in cluster.name) > 0 and length(p.name) > 3
                 and not (p.tier = 'H0' and p.deleted_at is null and (
                     p.sensitivity = 'PUBLIC_REALM' or (p.sensitivity = 'MANAGED' and p.may_name))))
               then 'Around ' || coalesce(
                   substring(cluster.name from '[A-Z]{1,2}[0-9][0-9A-Z]? [0-9]$'),
                   'several places')
               else cluster.name end as name
    from app.cluster
    join run on run.id = cluster.run_id
    join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
    where cluster.reportable and cluster.active and cluster.state <> 'DISMISSED'
      and cluster.borough_codes && :partners
    order by lineage.ref
"""
)
RAN = text("with" + RUN + "select count(*) from run")
ONLINE = text("""
    select space.platform_code, p.borough_codes, p.level, held.band
    from app.online_space as space
    join app.place as p on p.id = space.place_id
    join lateral (
        select to_state from app.place_state_change
        where place_id = p.id and at <= :cut order by at desc, id desc limit 1
    ) as now_is on now_is.to_state in ('IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE',
                                       'PLAN_ACTIVE', 'MONITORING')
    left join lateral (
        select coalesce(band_override, band) as band from app.place_priority
        where place_id = p.id and run_on <= :cut_day order by run_on desc limit 1
    ) as held on true
    where p.tier in ('H0', 'H1') and p.deleted_at is null and p.created_at <= :cut
      and p.borough_codes && :partners
    order by 1, p.ref
""")
TAKEDOWN = text("""
    select space.takedown_state as state, space.takedown_requested_at as asked,
           space.removed_at as removed
    from app.online_space as space join app.place as p on p.id = space.place_id
    where p.tier in ('H0', 'H1') and p.deleted_at is null and p.borough_codes && :partners
      and (space.takedown_requested_at between :from and :cut
           or space.removed_at between :from and :cut)
    order by 2, 3
""")
LABELS = text(
    "with"
    + NAMEABLE
    + """
    select (select count(distinct change.place_id) from app.place_state_change as change
            join named on named.id = change.place_id
            where change.to_state = 'DORMANT' and change.at >= :from
              and change.at < :to) as expired,
           (select count(distinct now_said.place_id) from app.place_version as now_said
            join named on named.id = now_said.place_id
            join app.place_version as was on was.place_id = now_said.place_id
                and was.version = now_said.version - 1
            where now_said.at >= :from and now_said.at < :to
              and (now_said.content ->> 'label_expires_on')::date
                  > (was.content ->> 'label_expires_on')::date) as renewed
"""
)
OBJECTIONS = text(
    "with"
    + NAMEABLE
    + """
    select said.created_at as asked, case when said.decided_at <= :cut then said.decided_at end
           as answered, case when said.decided_at <= :cut then said.state end as state
    from app.objection as said join named on named.id = said.place_id
    where said.created_at <= :cut and (said.decided_at is null or said.decided_at >= :from)
    order by said.created_at, said.id
"""
)
