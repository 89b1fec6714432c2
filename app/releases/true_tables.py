"""The true tables of lattice v1 as SQL. Run by `counting` alone, inside the building transaction.

`inc` holds each counted incident once, `item` each counted thing once for every cell it is in.
"""

from sqlalchemy import text

TABLES = (
    """create temporary table inc (
        id uuid, borough text, ward text, hg text, pg text, sv text, proactive boolean,
        day_part text, day_type text, dark boolean, missing text, organisation text,
        place_id uuid
    ) on commit drop
    """,
    """
    create temporary table item (
        table_code text, geo_kind text, geo_code text, dim_1 text, dim_2 text, id uuid,
        organisation text
    ) on commit drop
    """,
    # Its own copy: an index is not used on what row-level security stands before.
    """
    create temporary table area on commit drop as
    select area.code, area.kind, area.vintage, piece.geom
    from reference.area_piece as piece join reference.area as area on area.id = piece.area_id
    where area.kind in ('ward', 'borough', 'district')
    """,
    "create index on area using gist (geom)",
    "analyze area",
)
# One counting rule for every table of incidents: briefings.md 3, its paragraph "Counting rule".
# Where it was is where its place is, else its own point, and its borough is that of its ward: a
# place is within its ward and a ward within its borough, or two tables would contradict each other.
# A home has no point here, and so no ward: it is counted with its borough.
INCIDENTS = """
    insert into inc
    select i.id, coalesce(of_ward.borough, borough.code, i.borough_code), ward.code, h.group_code,
        coalesce(nullif(pt.group_code, ''), 'PG_NONE'),
        case
            when i.harm_code = 'DRUG_VIOLENCE' then 'SV_DRUG'
            when i.harm_code = 'SYV' then 'SV_YOUTH'
            when i.harm_code = 'KNIFE' then 'SV_KNIFE'
            when i.harm_code = 'FIREARM' then 'SV_FIREARM'
            when i.harm_code in ('OCN', 'GROUP_CONFLICT', 'GROUP_EXPLOIT') then 'SV_NETWORKS'
            when i.harm_code = 'ROBBERY' then 'SV_ROBBERY'
            when i.harm_code = 'NTE_DISORDER' then 'SV_NTE'
            when i.harm_code = 'THREAT_LIFE' then 'SV_THREAT'
            when i.harm_code in ('COUNTY_LINES', 'CUCKOOING')
                or (i.line_linked and i.harm_code in ('CCE', 'CSE', 'DRUG_EXPLOIT'))
                then 'SV_EXPLOIT'
        end,
        i.discovered_by in ('PROACTIVE_PATROL', 'STOP_SEARCH'), i.day_part, i.day_type,
        i.after_dark, m.kind, i.source_agency, i.place_id
    from app.incident as i
    join reference.harm as h on h.code = i.harm_code
    left join app.place as p on p.id = i.place_id
    left join reference.place_type as pt on pt.code = p.type_code
    left join app.missing_episode as m on m.incident_id = i.id and m.created_at <= :cut
    cross join lateral (
        select coalesce(ST_PointOnSurface(p.geom), i.geom) as geom
    ) as point
    left join lateral (
        select code from area where kind = 'ward' and geom && point.geom
          and ST_Intersects(geom, point.geom) order by vintage desc, code limit 1
    ) as ward on true
    left join lateral (
        select code from area where kind <> 'ward' and geom && point.geom
          and ST_Intersects(geom, point.geom) order by vintage desc, code limit 1
    ) as borough on true
    left join unnest(cast(:ward_codes as text[]), cast(:ward_boroughs as text[]))
        as of_ward (code, borough) on of_ward.code = ward.code
    where i.state <> 'WITHDRAWN' and i.tier <> 'C' and i.deleted_at is null
      and i.created_at <= :cut
      and i.occurred_from + (i.occurred_to - i.occurred_from) / 2 >= :from
      and i.occurred_from + (i.occurred_to - i.occurred_from) / 2 < :to
"""
QUARTER: dict[str, str] = {
    "RQ1": """
        insert into item select 'RQ1', geo.kind, geo.code, dim.code, 'ALL', id, organisation
        from inc
        cross join lateral (values ('BOROUGH', borough), ('BOTH', 'BOTH')) as geo (kind, code)
        cross join lateral (values (hg), ('ALL')) as dim (code)
        where borough = any (:partners)
    """,
    "RQ2": """
        insert into item select 'RQ2', geo.kind, geo.code, dim.code, 'ALL', id, organisation
        from inc
        cross join lateral (values ('BOROUGH', borough), ('BOTH', 'BOTH')) as geo (kind, code)
        cross join lateral (values (pg), ('ALL')) as dim (code)
        where borough = any (:partners)
    """,
    "RQ3": """
        insert into item select 'RQ3', 'BOTH', 'BOTH', sv, 'ALL', id, organisation
        from inc where sv is not null and borough = any (:partners)
    """,
    "RQ4": """
        insert into item select 'RQ4', 'BOTH', 'BOTH', case
                when reporter_kind = 'SCHOOL' then 'EDUCATION_REPORTER'
                when reporter_kind in ('COUNCIL', 'HOUSING') then 'COUNCIL_HOUSING'
                when reporter_kind in ('BUSINESS', 'TRANSPORT') then 'BUSINESS_TRANSPORT'
                when reporter_kind in ('VCS', 'FAITH') then 'VOLUNTARY_FAITH'
                when reporter_kind in ('POLICE', 'HEALTH') then 'POLICE_HEALTH'
                else 'PUBLIC' end, 'ALL', id, nullif(agency_code, 'PUBLIC')
        from app.report
        where state in ('DECIDED', 'FEEDBACK_SENT', 'CLOSED') and decided_at <= :cut
          and not outcome_codes && array['DUPLICATE', 'REJECTED_ABUSIVE']
          and deleted_at is null and created_at >= :from and created_at < :to
    """,
    "RQ5": """
        insert into item select distinct 'RQ5', geo.kind, geo.code, 'ALL', 'ALL', child.id,
            null::text
        from app.child
        join app.child_place_link as link on link.child_id = child.id
            and link.role in ('harmed_here', 'at_risk_here') and link.created_at <= :cut
            and link.from_on < :end and (link.to_on is null or link.to_on > :first)
        left join lateral (
            select lad_code from app.child_home
            where child_id = child.id and from_on < :end order by from_on desc limit 1
        ) as home on true
        cross join lateral (values
            (case when coalesce(home.lad_code, home_lad_code) = any (:partners)
                  then 'BOROUGH' else 'ELSEWHERE' end,
             case when coalesce(home.lad_code, home_lad_code) = any (:partners)
                  then coalesce(home.lad_code, home_lad_code) else 'ELSEWHERE' end),
            ('BOTH', 'BOTH')) as geo (kind, code)
        where child.deleted_at is null and link.tier <> 'C'
    """,
    "RQ6": """
        insert into item select 'RQ6', geo.kind, geo.code, dim.code, 'ALL', id, organisation
        from inc
        cross join lateral (values ('BOROUGH', borough), ('BOTH', 'BOTH')) as geo (kind, code)
        cross join lateral (values (missing), ('ALL')) as dim (code)
        where missing is not null and hg = 'HG_ABSENCE' and borough = any (:partners)
    """,
    "RQ7": """
        insert into item select 'RQ7', 'PLACE', p.ref, 'ALL', 'ALL', inc.id, inc.organisation
        from inc join app.place as p on p.id = inc.place_id
        where p.id = any (:named) and borough = any (:partners)
    """,
    "RQ8": """
        insert into item select 'RQ8', 'BOROUGH', borough, 'YES', 'ALL', id, organisation
        from inc where proactive and borough = any (:partners)
    """,
    "RQ9": """
        insert into item select 'RQ9', 'BOTH', 'BOTH', 'LATE', 'ALL', i.id, i.source_agency
        from app.incident as i
        where i.state <> 'WITHDRAWN' and i.tier <> 'C' and i.deleted_at is null
          and i.borough_code = any (:partners)
          and i.created_at > :cut_before and i.created_at <= :cut
          and i.occurred_from + (i.occurred_to - i.occurred_from) / 2 < :from
    """,
    "RQ10": """
        insert into item select distinct 'RQ10', 'BOTH', 'BOTH', 'CROSS_BOROUGH', 'ALL',
            inc.id, inc.organisation
        from inc
        join app.cluster_member as member on member.incident_id = inc.id
        join app.cluster on cluster.id = member.cluster_id and cluster.cross_borough
        where borough = any (:partners) and member.run_id = (
            select id from app.cluster_run
            where source = 'partnership' and state = 'DONE' and finished_at <= :cut
            order by finished_at desc, id limit 1)
        union all
        select 'RQ10', 'ELSEWHERE', 'ELSEWHERE', 'OUTSIDE', 'ALL', id, organisation
        from inc where borough is not null and not borough = any (:partners)
    """,
}
# `by`: how many are of each organisation.
CELLS = text("""
    with one as (
        select table_code, geo_kind, geo_code, dim_1, dim_2, count(*) as n
        from item group by 1, 2, 3, 4, 5
    ),
    organisation as (
        select table_code, geo_kind, geo_code, dim_1, dim_2,
               jsonb_object_agg(organisation, k) as told from (
            select table_code, geo_kind, geo_code, dim_1, dim_2, organisation, count(*) as k
            from item where organisation is not null group by 1, 2, 3, 4, 5, 6) as each
        group by 1, 2, 3, 4, 5
    ),
    child as (
        select table_code, geo_kind, geo_code, dim_1, dim_2, max(k) as most from (
            select table_code, geo_kind, geo_code, dim_1, dim_2, link.child_id,
                   count(distinct item.id) as k
            from item join app.child_incident_link as link on link.incident_id = item.id
            group by 1, 2, 3, 4, 5, 6) as each
        group by 1, 2, 3, 4, 5
    )
    select one.table_code, geo_kind, geo_code, dim_1, dim_2, n, coalesce(child.most, 0) as child,
           coalesce(organisation.told, '{}') as by
    from one
    left join organisation using (table_code, geo_kind, geo_code, dim_1, dim_2)
    left join child using (table_code, geo_kind, geo_code, dim_1, dim_2)
    order by 1, 2, 3, 4, 5
""")
# What may be named: a public place, or a managed one with a reason, worked with and not expired.
NAMED = text("""
    select p.id, p.ref, p.name, coalesce(ward.code, '?' || borough.code, '') as ward,
           coalesce(nullif(pt.group_code, ''), 'PG_NONE') as pg,
           count(distinct i.source_agency) as sources,
           count(distinct (i.occurred_from at time zone 'Europe/London')::date) as dates
    from app.place as p
    join reference.place_type as pt on pt.code = p.type_code
    cross join lateral (select ST_PointOnSurface(p.geom) as geom) as point
    left join lateral (
        select code from area where kind = 'ward' and geom && point.geom
          and ST_Intersects(geom, point.geom) order by vintage desc, code limit 1
    ) as ward on true
    left join lateral (
        select code from area where kind <> 'ward' and geom && point.geom
          and ST_Intersects(geom, point.geom) order by vintage desc, code limit 1
    ) as borough on true
    left join app.incident as i on i.place_id = p.id and i.state <> 'WITHDRAWN' and i.tier <> 'C'
        and i.deleted_at is null and i.created_at <= :cut
        and i.occurred_from >= :year_ago and i.occurred_from < :to
    where (p.sensitivity = 'PUBLIC_REALM' or (p.sensitivity = 'MANAGED' and p.may_name))
      and p.state in ('IDENTIFIED', 'ASSESSING', 'ASSESSED', 'CONFERENCE', 'PLAN_ACTIVE',
                      'MONITORING')
      and p.tier = 'H0' and p.deleted_at is null and p.created_at <= :cut
      and p.label_expires_on > :end and p.borough_codes && :partners
    group by p.id, p.ref, p.name, ward.code, borough.code, pt.group_code
    order by p.ref
""")
