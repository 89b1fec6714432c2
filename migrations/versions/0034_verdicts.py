"""What a comparison says, for members of the VCA subgroup: a place's name and sentences.

They read no row of an outcome. One function tells the newest confirmed verdict of places that may
be named, in the words without numbers that were written when it was made: no estimate, interval or
count comes near whoever reads it. Running code does not know it. Reversible.
"""

from alembic import op

revision = "0034"
down_revision = "0035"

NAME = "app.outcome_verdicts()"


def upgrade() -> None:
    op.execute("""
        create function app.outcome_verdicts() returns table (place text, sentences text[])
        language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
        as $$
        declare
            asks text := sec.role();
            everywhere boolean := asks = 'vca_member' or sec.all_boroughs();
            mine text[] := sec.boroughs();
        begin
            if asks is null or asks not in
                    ('vca_member', 'cs_lead', 'police_analyst', 'practitioner') then
                return;
            end if;
            return query
            with newest as (
                select distinct on (measure.id) here.name, here.ref, found.u
                from app.wdd_result as found
                join app.plan_measure as measure on measure.id = found.measure_id
                join app.plan_goal as goal on goal.id = measure.goal_id
                join app.context_plan as plan on plan.id = goal.plan_id
                join app.place as here on here.id = plan.place_id
                where found.design_hash = measure.design_hash
                  and found.u ->> 'recording' is distinct from 'NOT_SAID'
                  and jsonb_typeof(found.u -> 'plain') = 'array'
                  and num_nonnulls(found.deleted_at, measure.deleted_at, goal.deleted_at,
                                   plan.deleted_at, here.deleted_at, here.merged_into_id) = 0
                  and plan.state in ('AGREED', 'ACTIVE', 'REVIEWED', 'COMPLETED')
                  and here.tier in ('H0', 'H1')
                  and (here.sensitivity = 'PUBLIC_REALM'
                       or here.sensitivity = 'MANAGED' and here.may_name)
                  and (everywhere or here.borough_codes && mine)
                order by measure.id, found.run_at desc, found.id desc
            )
            select newest.name, array(select jsonb_array_elements_text(newest.u -> 'plain'))
            from newest order by newest.name, newest.ref;
        end $$
    """)
    op.execute(f"revoke execute on function {NAME} from public")
    op.execute(f"grant execute on function {NAME} to cs_app")


def downgrade() -> None:
    op.execute(f"drop function {NAME}")
