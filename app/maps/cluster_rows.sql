-- Clusters of the chosen runs as the map's table lists them, by the conditions of clusters.sql.
with chosen as (
    select distinct on (source) id from app.cluster_run
    where case when cast(:run as uuid) is null
               then state = 'DONE' and :source in ('all', source)
               else id = cast(:run as uuid) end
    order by source, finished_at desc, id
),
named as materialized (
    select distinct on (code) code, name from reference.area
    where kind in ('borough', 'district') order by code, vintage desc, id desc
),
reader as materialized (
    select (select sec.all_boroughs()) as whole, (select sec.boroughs())::text[] as codes
)
select rtrim(cluster.content_id::text), 'cluster', cluster.name, '',
       case run.source when 'police' then 'Cluster of published police events'
            else 'Cluster of partnership incidents' end, '',
       counted.boroughs,
       '', cluster.state, counted.n, cluster.first_on, cluster.last_on,
       cluster.cross_borough, 'A', false,
       ST_X(at.point), ST_Y(at.point), '/clusters/' || rtrim(cluster.content_id::text),
       0, coalesce((select label from reference.lookup
                    where list = 'agency' and code = cluster.lead_agency), ''), null::date,
       jsonb_build_object('significance', coalesce(cluster.evidence->>'significance', 'not tested'),
                          'emerging', coalesce(cluster.evidence->'emerging', '{}'),
                          'persistent', coalesce(cluster.evidence->'persistent', '{}')),
       case when reader.whole then cluster.p_emerging::float8 end,
       not reader.whole, counted.across, null::text, null::text
from app.cluster
join app.cluster_run as run on run.id = cluster.run_id
cross join reader
-- Of one borough: its own numbers, and patterns only (analysis.md 4.8).
cross join lateral (
    select coalesce(sum(side.value::int), 0)::int as n,
           coalesce(array_agg(coalesce(named.name, side.key) || ' ' || side.value
                              order by side.value::int desc, side.key), '{}') as boroughs,
           count(*) < (select count(*) from jsonb_object_keys(cluster.borough_counts)) as across
    from jsonb_each_text(cluster.borough_counts) as side
    left join named on named.code = side.key
    where reader.whole or side.key = any (reader.codes)
) as counted
cross join lateral (
    select ST_Transform(ST_PointOnSurface(cluster.hull), 4326) as point) as at
where cluster.run_id in (select id from chosen) /* clusters */
  and (reader.whole or cluster.reportable)
  and cluster.first_on < :past_day and cluster.last_on >= :first_day
  and (:borough = 'both' or :borough = any(cluster.borough_codes)
       or (:borough = 'outside' and not cluster.borough_codes && cast(:partners as text[])))
order by counted.n desc, cluster.content_id
