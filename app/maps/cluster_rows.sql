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
)
select rtrim(cluster.content_id::text), 'cluster', cluster.name, '',
       case run.source when 'police' then 'Cluster of published police events'
            else 'Cluster of partnership incidents' end, '',
       array(select coalesce(named.name, c) || ' ' || (cluster.borough_counts ->> c)
             from unnest(cluster.borough_codes) as c left join named on named.code = c
             order by (cluster.borough_counts ->> c)::int desc, 1),
       '', cluster.state, cluster.n_incidents, cluster.first_on, cluster.last_on,
       cluster.cross_borough, 'A', false,
       ST_X(at.point), ST_Y(at.point), '/clusters/' || rtrim(cluster.content_id::text)
from app.cluster
join app.cluster_run as run on run.id = cluster.run_id
cross join lateral (
    select ST_Transform(ST_PointOnSurface(cluster.hull), 4326) as point) as at
where cluster.run_id in (select id from chosen)
  and cluster.first_on < :past_day and cluster.last_on >= :first_day
  and (:borough = 'both' or :borough = any(cluster.borough_codes)
       or (:borough = 'outside' and not cluster.borough_codes && cast(:partners as text[])))
order by cluster.n_incidents desc, cluster.content_id
