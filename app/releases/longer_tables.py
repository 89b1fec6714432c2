"""The true tables of half-years and years as SQL: they add up what their quarters counted."""

from sqlalchemy import text

# A half-year or a year is what its quarters counted, as they counted it: nothing else.
COUNTED_BEFORE = """
    insert into inc
    select i.id, said ->> 'borough', said ->> 'ward', said ->> 'harm_group',
        said ->> 'place_group', said ->> 'sv', (said ->> 'proactive')::boolean,
        said ->> 'day_part', said ->> 'day_type', (said ->> 'dark')::boolean,
        said ->> 'missing', said ->> 'organisation', null
    from app.incident as i, lateral (select i.counted_as as said) as counted
    where i.counted_in in (
        select code from app.release
        where state = 'APPROVED' and period_kind = 'Q' and period = any (:quarters))
"""
HALF: dict[str, str] = {
    "RH1": """
        insert into item select 'RH1', 'WARD', coalesce(ward, '?' || borough), 'ALL', 'ALL',
            id, organisation
        from inc where borough = any (:partners)
    """,
    "RH2": """
        insert into item select 'RH2', 'BOTH', 'BOTH', hg, pg, id, organisation
        from inc where borough = any (:partners)
    """,
    "RH3": """
        insert into item select 'RH3', 'BOTH', 'BOTH',
            case when day_part is null or day_type is null then 'TIME_UNKNOWN' else day_part end,
            case when day_part is null or day_type is null then 'ALL' else day_type end,
            id, organisation
        from inc where borough = any (:partners)
        union all
        select 'RH3', 'BOTH', 'BOTH', case when dark then 'AFTER_DARK' else 'NOT_AFTER_DARK' end,
            'ALL', id, organisation
        from inc where dark is not null and day_part is not null and day_type is not null
            and borough = any (:partners)
    """,
}
YEAR: dict[str, str] = {
    "RY1": """
        insert into item select 'RY1', 'AREA', area.code, hg, 'ALL', id, organisation
        from inc join unnest(cast(:wards as text[]), cast(:areas as text[])) as area (ward, code)
            on area.ward = coalesce(inc.ward, '?' || borough)
        where borough = any (:partners)
    """,
    "RY2": """
        insert into item select 'RY2', 'BOROUGH', borough, sv, 'ALL', id, organisation
        from inc where sv is not null and borough = any (:partners)
    """,
}
# What an organisation knows of its own records, in the finest crossings that the attack has.
FINEST: dict[str, str] = {
    "ward": """
        insert into item select 'RY1', 'AREA', coalesce(ward, '?' || borough), hg, 'ALL', id,
            organisation
        from inc where borough = any (:partners)
    """,
    "place group": """
        insert into item select 'RH2', 'BOROUGH', borough, hg, pg, id, organisation
        from inc where borough = any (:partners)
    """,
    "serious violence": """
        insert into item select 'RY2', 'BOROUGH', borough, sv, 'ALL', id, organisation
        from inc where sv is not null and borough = any (:partners)
    """,
}
PLATFORMS = text("""
    select platform_code, count(*) as n
    from app.online_space as space join app.place as p on p.id = space.place_id
    where p.deleted_at is null and p.state not in ('PROPOSED', 'CLOSED')
      and p.created_at <= :cut and p.tier in ('H0', 'H1')
    group by 1 order by 2 desc, 1
""")
