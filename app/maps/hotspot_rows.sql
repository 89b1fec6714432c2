-- Squares of the hot-spot layer as the map's table lists them, by the conditions of hotspots.sql;
-- those without a record are listed where that itself is unusual.
with run as (
    select id, source from app.cluster_run
    where case when cast(:run as uuid) is null
               then state = 'DONE' and :source in ('all', source)
               else id = cast(:run as uuid) end
      and exists (select from app.hot_cell where run_id = cluster_run.id)
    order by source = 'partnership' desc, finished_at desc, id limit 1
),
seen as (
    select exists (select from app.hot_cell
                   where run_id = (select id from run) and side = 'ALL') as every_side
),
named as materialized (
    select distinct on (code) code, name from reference.area
    where kind in ('borough', 'district') order by code, vintage desc, id desc
),
agency as materialized (
    select code, label from reference.lookup where list = 'agency'
),
shown as (
    select distinct on (hot.cell) hot.*
    from app.hot_cell as hot
    where hot.run_id = (select id from run)
      and (hot.side = 'ALL') = (select every_side from seen)
      and (hot.n > 0 or hot.class in ('MORE', 'FEWER'))
      and (:borough = 'both' or :borough = any(hot.grounds))
    order by hot.cell, hot.n desc
)
select shown.cell, shown.name, shown.class,
       array(select coalesce(named.name, c) from unnest(shown.grounds) as c
             left join named on named.code = c order by 1),
       shown.n,
       array(select coalesce(agency.label, c) from unnest(shown.agencies) as c
             left join agency on agency.code = c order by 1),
       shown.days,
       ST_X(at.middle), ST_Y(at.middle),
       array(select array[round(ST_X(corner.geom)::numeric, 6), round(ST_Y(corner.geom)::numeric, 6)]
             from ST_DumpPoints(at.square) as corner)::float8[]
from shown
cross join lateral (
    select ST_Transform(ST_SetSRID(ST_MakePoint(column_no * 250.0 + 125, row_no * 250.0 + 125),
                                   27700), 4326) as middle,
           ST_Transform(ST_MakeEnvelope(column_no * 250.0, row_no * 250.0, column_no * 250.0 + 250,
                                        row_no * 250.0 + 250, 27700), 4326) as square
) as at
order by array_position(array['MORE', 'FEWER', 'EXPECTED', 'UNKNOWN'], shown.class),
         shown.n desc, shown.cell
