-- How many events the incidents layer holds within the filters, by the conditions of incidents.sql.
with police as (
    select case when :by_date then (
               select coalesce(sum(packed & 65535), 0)::int from unnest(months) as packed
               where packed >> 16 >= :first_month and packed >> 16 < :past_month
           ) else n_events end as n
    from reference.place_point
    where :police and n_events > 0
      and (:borough = 'both' or lad_code = :borough
           or (:borough = 'outside'
               and (lad_code is null or lad_code <> all(cast(:partners as text[])))))
),
own as (
    select count(*)::int as n
    from app.incident
    where :partnership and deleted_at is null and state <> 'WITHDRAWN'
      and occurred_from >= :first_at and occurred_from < :past_at
      and (:harm = 'all' or harm_code = :harm)
      and (:borough = 'both' or :borough = any(borough_codes)
           or (:borough = 'outside' and not borough_codes && cast(:partners as text[])))
)
select coalesce((select sum(n) from police), 0)::int,
       (select count(*) from police where n > 0)::int,
       (select n from own)
