-- Places of concern as the map's table lists them; the numbers are of events in the filters.
-- What is on the map is in the table. Those of some references alone, or those not on the map.
-- Which of them first, by an index in the usual orders, then what is told of each: numbers are not
-- worked out of pages nobody sees.
with named as materialized (
    select distinct on (code) code, name from reference.area
    where kind in ('borough', 'district') order by code, vintage desc, id desc
),
agency as materialized (
    select code, label from reference.lookup where list = 'agency'
),
chosen as materialized (
    select listed.id, row_number() over () as nth
    from (
        select place.id
        from app.place
        join reference.place_type as type on type.code = place.type_code
        /* numbers */
        where place.deleted_at is null /* which */ /* places */
        order by /* order */ place.name, place.ref
        limit cast(:most as bigint) offset :skipped
    ) as listed
)
select place.ref, 'place', place.name, place.type_code, type.label,
       coalesce(type.group_code, ''),
       array(select coalesce(named.name, c) from unnest(place.borough_codes) as c
             left join named on named.code = c order by 1),
       place.level, place.state,
       (select count(*) from app.incident_place as link
        join app.incident on incident.id = link.incident_id
        where link.place_id = place.id and incident.deleted_at is null
          and incident.state <> 'WITHDRAWN' /* here */ /* window */)::int,
       null::date, (place.last_information_at at time zone 'Europe/London')::date,
       cardinality(place.borough_codes) > 1, place.geom_kind,
       place.sensitivity = 'RESIDENTIAL',
       ST_X(at.point), ST_Y(at.point), '/places/' || place.ref,
       (select count(distinct decided.report_id) from app.report_outcome as decided
        join app.report on report.id = decided.report_id
        where decided.place_id = place.id and decided.undone_at is null
          and report.deleted_at is null /* reports */)::int,
       coalesce(agency.label, place.lead_agency, ''), place.next_review_on,
       null::jsonb, null::float8, null::boolean, false,
       coalesce(ranked.band_override, ranked.band), ranked.confidence
from chosen
join app.place on place.id = chosen.id
join reference.place_type as type on type.code = place.type_code
left join agency on agency.code = place.lead_agency
left join lateral (
    select band, band_override, confidence from app.place_priority as night
    where night.place_id = place.id order by night.run_on desc limit 1) as ranked on true
cross join lateral (
    select ST_Transform(ST_PointOnSurface(place.geom), 4326) as point) as at
order by chosen.nth
