"""A page for everybody with totals of one frozen report, asked for by a lead, signed by an auditor.

What is printed is stored as it was signed. The page is off until somebody asks for it, comes a
quarter late, and goes by itself when its report is recalled or its release withdrawn. Running code
does not know what is added, and keeps working. Reversible: who published what is forgotten.
"""

from alembic import op

revision = "0044"
down_revision = "0039"

GUARD = """
create function app.public_summary_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    signs constant text[] := array['state', 'auditor_by', 'auditor_at', 'updated_at', 'updated_by',
        'version'];
    ends constant text[] := array['state', 'ended_by', 'ended_at', 'updated_at', 'updated_by',
        'version'];
begin
    if current_user not in ('cs_app', 'cs_job', 'cs_audit') then
        return new;
    end if;
    if tg_op = 'INSERT' then
        -- A guard is asked before the policies: its words must not be another answer than theirs.
        if sec.role() is distinct from 'cs_lead' then
            raise insufficient_privilege using message = 'a lead asks for a public page';
        end if;
        if new.state <> 'ASKED' or new.auditor_by is not null or new.ended_by is not null
           or new.lead_by <> sec.actor() then
            raise check_violation using message = 'a lead asks for a public page, in the own name';
        end if;
    elsif new.state = 'ENDED' and old.state <> 'ENDED' then
        if coalesce(sec.role(), '') not in ('cs_lead', 'auditor') or new.ended_by <> sec.actor()
           or to_jsonb(new) - ends is distinct from to_jsonb(old) - ends then
            raise check_violation using message = 'a lead or an auditor ends it, in the own name';
        end if;
        new.updated_at := now();
        return new;
    elsif new is distinct from old then
        if (old.state, new.state) is distinct from ('ASKED', 'SHOWN')
           or sec.role() is distinct from 'auditor' or new.auditor_by <> sec.actor()
           or to_jsonb(new) - signs is distinct from to_jsonb(old) - signs then
            raise check_violation using message = 'an auditor signs what a lead asked for';
        end if;
    else
        return new;
    end if;
    if not exists (
            select from app.briefing as b join app.release as r on r.id = any (b.release_ids)
            where b.id = new.briefing_id and r.id = new.release_id and r.state = 'APPROVED'
              and b.state in ('FROZEN', 'TABLED')
              and now() >= (b.window_to at time zone 'Europe/London' + interval '3 months')
                           at time zone 'Europe/London') then
        raise check_violation using message = 'it comes of a frozen report, a quarter late';
    end if;
    new.updated_at := now();
    return new;
end $$
"""
# For nobody in particular: no claim is asked, and nothing but the signed text is told.
SHOWN = """
create function intake.public_page() returns table (page text, shown_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select s.page, s.auditor_at from app.public_summary as s
    join app.briefing as b on b.id = s.briefing_id and b.state in ('FROZEN', 'TABLED')
    join app.release as r on r.id = s.release_id and r.state = 'APPROVED'
    where s.state = 'SHOWN'
$$
"""


def upgrade() -> None:
    op.execute("""
        create table app.public_summary (
            id uuid not null,
            created_at timestamptz not null default now(),
            created_by uuid not null,
            updated_at timestamptz not null default now(),
            updated_by uuid not null,
            version int not null default 1,
            briefing_id uuid not null references app.briefing (id),
            release_id uuid not null references app.release (id),
            state text not null default 'ASKED',
            page text not null,
            lead_by uuid not null,
            lead_at timestamptz not null,
            auditor_by uuid,
            auditor_at timestamptz,
            ended_by uuid,
            ended_at timestamptz,
            constraint public_summary_pkey primary key (id),
            constraint public_summary_state_check check (state in ('ASKED', 'SHOWN', 'ENDED')),
            constraint public_summary_two_people_check check (lead_by <> auditor_by),
            constraint public_summary_signed_check
                check (state <> 'SHOWN' or (auditor_by is not null and auditor_at is not null)),
            constraint public_summary_ended_check
                check ((state = 'ENDED') = (ended_by is not null and ended_at is not null))
        )
    """)
    op.execute("comment on table app.public_summary is 'Totals that everybody may read'")
    op.execute("comment on column app.public_summary.page is 'Canonical JSON, as it was signed'")
    op.execute(
        "create unique index public_summary_one_idx on app.public_summary (state) "
        "where state in ('ASKED', 'SHOWN')"
    )
    op.execute("create index public_summary_briefing_idx on app.public_summary (briefing_id)")
    op.execute("create index public_summary_release_idx on app.public_summary (release_id)")
    op.execute("alter table app.public_summary enable row level security")
    op.execute("alter table app.public_summary force row level security")
    op.execute(
        "create policy public_summary_owner on app.public_summary for all to cs_owner using (true)"
    )
    op.execute("grant select, insert, update on app.public_summary to cs_app")
    op.execute(GUARD)
    op.execute(SHOWN)
    op.execute("revoke execute on function app.public_summary_guard from public")
    op.execute("revoke execute on function intake.public_page from public")
    op.execute("grant execute on function intake.public_page to cs_app, cs_public")
    op.execute(
        "create trigger public_summary_guard before insert or update on app.public_summary "
        "for each row execute function app.public_summary_guard()"
    )


def downgrade() -> None:
    op.execute("drop table app.public_summary")
    op.execute("drop function intake.public_page, app.public_summary_guard")
