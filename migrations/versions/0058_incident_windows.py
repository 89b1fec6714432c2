"""Incidents of some dates are found by their order; whose a pin is asks for no street.

An incident counts for a window that it reaches into, and that is no range of one column: a window
of some years ago read every incident. Few last longer than a month, which is the longest that
"about then" stands for. Those have an index, and a function says how early what reaches into a
window can begin. Running code does not know either. Reversible.
"""

from alembic import op

revision = "0058"
down_revision = "0057"

# First, and without what an attempt that gave way has left behind.
LONG = """create index concurrently incident_long_idx on app.incident (occurred_to)
    where occurred_to - occurred_from > interval '768 hours'"""
EARLIEST = """
    create or replace function app.earliest_reaching(since timestamptz) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
        -- Apart, or the first of all incidents is looked for in their order and never found.
        with lasting as materialized (
            select occurred_from from app.incident
            where occurred_to - occurred_from > interval '768 hours' and occurred_to >= since
        )
        select least(since - interval '768 hours', (select min(occurred_from) from lasting))
    $$
"""
LAD_NAME = """coalesce(
    (select area.name from reference.area where area.kind in ('borough', 'district')
        and area.code = lies.lad_code order by area.vintage desc, area.id desc limit 1),
    (select lookup.label from reference.lookup
        where lookup.list = 'lad' and lookup.code = lies.lad_code))"""
VERDICT = """
    select case when lies.lad_code = any (partners) then 'inside'
                when exists (
                    select from reference.area_piece as piece
                    join reference.area on area.id = piece.area_id
                    where area.code = any (partners) and area.kind in ('borough', 'district')
                      and piece.geom && ST_Expand(here, 10000)
                      and ST_DWithin(piece.geom, here, 10000)) then 'outside'
                else 'too_far' end,
"""
HEAD = """
create or replace function reference.reach(easting float8, northing float8, partners text[])
    returns table (verdict text, lad_code text, borough text)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp{plan} as $$
#variable_conflict use_column
declare
    here geometry := ST_SetSRID(ST_MakePoint(easting, northing), 27700);
begin
    return query
"""
# A postcode lends its borough only where no borough holds the point: in the river.
REACH = f"""{HEAD.format(plan=" set plan_cache_mode = force_generic_plan")}
    with lies as materialized (
        select coalesce(
            (select lad_code from app.boroughs_of(here) limit 1),
            (select code.lad_code
             from (select lad_code, geom from reference.postcode
                   order by geom <-> here limit 1) as code
             where ST_Distance(code.geom, here) <= 1000)) as lad_code
    )
    {VERDICT} lies.lad_code, {LAD_NAME}
    from lies;
end $$
"""
BEFORE = f"""{HEAD.format(plan="")}
    {VERDICT} lies.lad_code, lies.borough
    from reference.nearest_named(easting, northing) as lies;
end $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists app.incident_long_idx")
        op.execute(LONG)
    op.execute(EARLIEST)
    op.execute("revoke execute on function app.earliest_reaching(timestamptz) from public")
    everybody = "cs_app, cs_job, cs_audit"
    op.execute(f"grant execute on function app.earliest_reaching(timestamptz) to {everybody}")
    op.execute(REACH)


def downgrade() -> None:
    op.execute("drop function app.earliest_reaching(timestamptz)")
    op.execute("drop index app.incident_long_idx")
    op.execute(BEFORE)
