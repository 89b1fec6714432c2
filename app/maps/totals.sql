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
    where incident.deleted_at is null and incident.state <> 'WITHDRAWN' /* incidents */ /* window */
)
select coalesce((select sum(n) from police), 0)::int,
       (select count(*) from police where n > 0)::int,
       (select n from own)
