-- Clusters of the asked runs that the reader may see, the largest first; of any run (runs null),
-- those of the newest first.
-- Parameters: runs, content_id, lineage (null: any), west, south, east, north (degrees or null),
-- since, until (days or null), patterns_only, limit.
select rtrim(cluster.content_id::text) as content_id,
       lineage.ref as lineage,
       lineage.opened_on as lineage_since,
       cluster.name,
       run.source,
       run.id as run_id,
       cluster.n_incidents as n,
       cluster.n_core,
       cluster.n_places,
       cluster.first_on,
       cluster.last_on,
       cluster.borough_counts,
       cluster.cross_borough,
       cluster.r1_span,
       cluster.r2_straddle,
       cluster.r3_flow,
       cluster.r4_link,
       cluster.cbc,
       cluster.reportable,
       cluster.active,
       cluster.why_not,
       cluster.p_emerging::float8,
       cluster.p_persistent::float8,
       cluster.stability,
       cluster.state,
       cluster.rank_weight,
       cluster.evidence,
       array[cluster.west_m, cluster.south_m, cluster.east_m, cluster.north_m] as bbox,
       ST_AsGeoJSON(ST_Transform(cluster.hull, 4326), 6) as hull,
       cluster.id,
       cluster.lineage_id,
       cluster.lead_agency,
       cluster.watch_until,
       place.ref as place_ref
from app.cluster
join app.cluster_run as run on run.id = cluster.run_id
join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
left join app.place on place.id = cluster.place_id
where run.state = 'DONE'
  and (cast(:runs as uuid[]) is null or run.id = any (cast(:runs as uuid[])))
  and (cast(:content_id as text) is null or cluster.content_id = cast(:content_id as text))
  and (cast(:lineage as text) is null or lineage.ref = cast(:lineage as text))
  and (cast(:west as float8) is null or cluster.hull && ST_Transform(
        ST_MakeEnvelope(cast(:west as float8), cast(:south as float8), cast(:east as float8),
                        cast(:north as float8), 4326), 27700))
  and (cast(:since as date) is null or cluster.last_on >= cast(:since as date))
  and (cast(:until as date) is null or cluster.first_on <= cast(:until as date))
  and (cluster.reportable or not cast(:patterns_only as boolean))
order by case when cast(:runs as uuid[]) is null then run.finished_at end desc,
         cluster.n_incidents desc, cluster.content_id, run.id
limit cast(:limit as int)
