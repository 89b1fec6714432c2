-- Which calculation the squares of the hot-spot layer are of, as hotspots.sql chooses it.
select run.id, run.source, lower(run.data_window) as first_on, upper(run.data_window) - 1 as last_on,
       (run.finished_at at time zone 'Europe/London')::date as done_on,
       exists (select from app.hot_cell where run_id = run.id and side = 'ALL') as every_side,
       (select count(*) from app.hot_cell as hot
        where hot.run_id = run.id and hot.n = 0 and hot.class = 'EXPECTED'
          and (hot.side = 'ALL') = exists (select from app.hot_cell
                                           where run_id = run.id and side = 'ALL')
          and (:borough = 'both' or :borough = any(hot.grounds)))::int as without_record
from app.cluster_run as run
where case when cast(:run as uuid) is null
           then state = 'DONE' and :source in ('all', source)
           else id = cast(:run as uuid) end
  and exists (select from app.hot_cell where run_id = run.id)
order by source = 'partnership' desc, finished_at desc, id limit 1
