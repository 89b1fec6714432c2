-- Outlines of the clusters of the chosen runs: of cells, never of points.
-- Parameters: z, x, y, west, south, east, north (27700), run, source,
-- first_day, past_day, borough, partners.
with asked as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square,
           ST_MakeEnvelope(%(west)s::float8, %(south)s::float8, %(east)s::float8,
                           %(north)s::float8, 27700) as reach
),
run as (
    -- The one asked for, or the newest finished one of each source shown.
    select distinct on (source) id from app.cluster_run
    where case when %(run)s::uuid is null
               then state = 'DONE' and %(source)s::text in ('all', source)
               else id = %(run)s::uuid end
    order by source, finished_at desc, id
),
named as (
    select distinct on (code) code, name from reference.area
    where kind in ('borough', 'district') order by code, vintage desc, id desc
),
reader as materialized (
    select (select sec.all_boroughs()) as whole, (select sec.boroughs())::text[] as codes
),
shown as (
    select rtrim(cluster.content_id::text) as id, lineage.ref as lineage, cluster.name,
           counted.n, cluster.cross_borough, coalesce(counted.boroughs, '') as boroughs,
           to_char(cluster.first_on, 'YYYY-MM-DD') as "from",
           to_char(cluster.last_on, 'YYYY-MM-DD') as "to",
           ST_AsMVTGeom(ST_Transform(cluster.hull, 3857), asked.square, 4096, 128, true) as geom
    from asked
    join app.cluster on cluster.hull && asked.reach
    join app.cluster_lineage as lineage on lineage.id = cluster.lineage_id
    cross join reader
    -- Of one borough: its own numbers, and patterns only (analysis.md 4.8).
    cross join lateral (
        select coalesce(sum(side.value::int), 0)::int as n,
               string_agg(coalesce(named.name, side.key) || ' ' || side.value, ', '
                          order by side.value::int desc, side.key) as boroughs
        from jsonb_each_text(cluster.borough_counts) as side
        left join named on named.code = side.key
        where reader.whole or side.key = any (reader.codes)
    ) as counted
    where cluster.run_id in (select id from run) /* clusters */
      and (reader.whole or cluster.reportable)
      and cluster.first_on < %(past_day)s::date and cluster.last_on >= %(first_day)s::date
      and (%(borough)s::text = 'both' or %(borough)s::text = any(cluster.borough_codes)
           or (%(borough)s::text = 'outside'
               and not cluster.borough_codes && %(partners)s::text[]))
    order by cluster.n_incidents desc, cluster.content_id
    limit 2000
)
select ST_AsMVT(shown, 'clusters', 4096, 'geom') from shown where geom is not null
