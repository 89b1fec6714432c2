-- Who recorded incidents in a period, of those the reader may see: how many, and on how many days.
with counted as (
    select source_agency,
           ((occurred_from + (occurred_to - occurred_from) / 2) at time zone 'Europe/London')::date
               as day
    from app.incident
    where deleted_at is null and state <> 'WITHDRAWN'
      and (:borough = 'both' or :borough = any(borough_codes))
)
select coalesce(known.label, counted.source_agency), count(*)::int, count(distinct day)::int
from counted
left join reference.lookup as known
    on known.list = 'agency' and known.code = counted.source_agency
where day between :first_on and :last_on
group by 1 order by 2 desc, 1
