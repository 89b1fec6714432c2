-- Squares of 250 m with what was counted in them, of the chosen run: from both sides of every
-- border for readers of all boroughs, else from the own borough's records alone.
-- Squares without a record, where none were expected to stand out, are left out.
-- Parameters: z, x, y, west, south, east, north (27700), run, source, borough.
with asked as (
    select ST_TileEnvelope(%(z)s::int, %(x)s::int, %(y)s::int) as square
),
run as (
    -- The one asked for, or the newest finished one: of partners' records, where they have squares.
    select id from app.cluster_run
    where case when %(run)s::uuid is null
               then state = 'DONE' and %(source)s::text in ('all', source)
               else id = %(run)s::uuid end
      and exists (select from app.hot_cell where run_id = cluster_run.id)
    order by source = 'partnership' desc, finished_at desc, id limit 1
),
seen as (
    select exists (select from app.hot_cell
                   where run_id = (select id from run) and side = 'ALL') as every_side
),
shown as (
    select distinct on (hot.cell) hot.cell, hot.class, hot.n,
           ST_AsMVTGeom(
               ST_Transform(ST_MakeEnvelope(hot.column_no * 250.0, hot.row_no * 250.0,
                                            hot.column_no * 250.0 + 250,
                                            hot.row_no * 250.0 + 250, 27700), 3857),
               asked.square, 4096, 128, true) as geom
    from asked
    cross join app.hot_cell as hot
    where hot.run_id = (select id from run)
      and (hot.side = 'ALL') = (select every_side from seen)
      and hot.column_no between %(west)s::float8 / 250 - 1 and %(east)s::float8 / 250
      and hot.row_no between %(south)s::float8 / 250 - 1 and %(north)s::float8 / 250
      and (hot.n > 0 or hot.class <> 'EXPECTED')
      and (%(borough)s::text = 'both' or %(borough)s::text = any(hot.grounds))
    order by hot.cell, hot.n desc
)
select ST_AsMVT(shown, 'hotspots', 4096, 'geom') from shown where geom is not null
