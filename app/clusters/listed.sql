-- Clusters of runs for a list: how sure, what became of them since the run before, what was decided.
-- Parameters: runs, own (boroughs whose counts alone may be told, or null), show (sure, chance, all),
-- borough, change, decided (text or null), since (an instant: what stood then is the run before, or
-- null). What is asked of `wanted` follows in lists.py.
with run as (
    select run.id, run.source, before.id as before_id
    from app.cluster_run as run
    left join lateral (
        select id from app.cluster_run as earlier
        where earlier.series = run.series and earlier.state = 'DONE'
          and case when cast(:since as timestamptz) is null
                   then (earlier.finished_at, earlier.id) < (run.finished_at, run.id)
                   else earlier.finished_at <= least(cast(:since as timestamptz), run.finished_at) end
        order by earlier.finished_at desc, earlier.id desc limit 1
    ) as before on true
    where run.id = any (cast(:runs as uuid[]))
),
found as (
    select cluster.id, rtrim(cluster.content_id::text) as content_id, lineage.ref as lineage,
           cluster.name, run.source, run.id as run_id, cluster.n_incidents, counted.n,
           cluster.borough_counts, cluster.first_on, cluster.last_on, cluster.reportable,
           cluster.active, cluster.why_not, cluster.p_emerging::float8 as p_emerging,
           cluster.state, cluster.watch_until, cluster.lead_agency, cluster.cross_borough,
           cluster.rank_weight,
           coalesce(cluster.evidence->>'significance', 'not tested') as significance,
           was.n as n_before,
           case when run.before_id is null and cast(:since as timestamptz) is null then null
                when was.id is null then 'new'
                when cast(:own as text[]) is null and was.content_id <> cluster.content_id
                    or was.n <> counted.n then 'changed'
                else 'same' end as change
    from run
    join app.cluster on cluster.run_id = run.id
    join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
    cross join lateral (
        select case when cast(:own as text[]) is null then cluster.n_incidents
                    else (select coalesce(sum(value::int), 0)::int
                          from jsonb_each_text(cluster.borough_counts)
                          where key = any (cast(:own as text[]))) end as n
    ) as counted
    left join lateral (
        select earlier.id, earlier.content_id,
               case when cast(:own as text[]) is null then earlier.n_incidents
                    else (select coalesce(sum(value::int), 0)::int
                          from jsonb_each_text(earlier.borough_counts)
                          where key = any (cast(:own as text[]))) end as n
        from app.cluster as earlier
        where earlier.run_id = run.before_id and earlier.lineage_id = cluster.lineage_id
        order by earlier.content_id limit 1
    ) as was on true
),
wanted as (
    select *, significance = 'chance' as may_be_chance
    from found
    where (reportable or cast(:show as text) = 'all')
      and (cast(:borough as text) is null or borough_counts ? cast(:borough as text))
      and (cast(:change as text) is null or change = cast(:change as text)
           or cast(:change as text) = 'moved' and change in ('new', 'changed'))
      and (cast(:decided as text) is null or state = cast(:decided as text))
)
