"""Packs of panels: records for the people named in a meeting, for a time, frozen by its chairs.

Who is named, and until when, is what the meeting says. What is printed is the snapshot; what each
reader gets of it is decided when it is opened. Running code does not know what is added, and keeps
working. Reversible: packs are lost.
"""

from alembic import op

revision = "0038"
down_revision = "0043"

WHO = """
    created_at timestamptz not null default now(),
    created_by uuid not null,
    updated_at timestamptz not null default now(),
    updated_by uuid not null,
    version int not null default 1,
    is_synthetic boolean not null default false,
"""
OF_MEETING = """
    meeting_id uuid not null references app.meeting (id) on delete cascade,
    member_ids uuid[] not null default '{}',
    access_ends_at timestamptz,
    tier text not null default 'H1',
"""
TABLES = {
    "pack": f"""
        id uuid not null,
        ref text not null,
        {WHO} {OF_MEETING}
        kind text not null,
        period_code text not null,
        window_from timestamptz not null,
        window_to timestamptz not null,
        state text not null default 'DRAFT',
        marking text not null default 'OFFICIAL-SENSITIVE',
        checks jsonb not null default '[]',
        with_children boolean not null default false,
        with_homes boolean not null default false,
        snapshot text,
        snapshot_sha256 text,
        summary jsonb not null default '[]',
        method_version text,
        template_version text,
        signed_by uuid,
        signed_at timestamptz,
        police_by uuid,
        police_at timestamptz,
        frozen_at timestamptz,
        recalled_at timestamptz,
        recalled_by uuid,
        recalled_reason text,
        replaces_id uuid references app.pack (id),
        constraint pack_pkey primary key (id),
        constraint pack_ref_key unique (ref),
        constraint pack_kind_check check (kind in ('MARVE', 'MISSING', 'DAILY')),
        constraint pack_window_check check (window_from < window_to),
        constraint pack_state_check check (state in ('DRAFT', 'CHECKED', 'FROZEN', 'RECALLED')),
        constraint pack_snapshot_check check (num_nonnulls(snapshot, snapshot_sha256) in (0, 2)
            and snapshot_sha256 = encode(sha256(convert_to(snapshot, 'UTF8')), 'hex')),
        constraint pack_checked_check check (state = 'DRAFT' or snapshot is not null),
        constraint pack_two_people_check check (signed_by <> police_by),
        constraint pack_not_the_builder_check
            check (created_by <> signed_by and created_by <> police_by),
        constraint pack_frozen_check check (state in ('DRAFT', 'CHECKED') or (frozen_at is not null
            and signed_by is not null and (kind <> 'DAILY' or police_by is not null))),
        constraint pack_recalled_check check ((state = 'RECALLED')
            = (recalled_reason is not null and recalled_by is not null)),
        constraint pack_reason_check check (length(recalled_reason) between 20 and 300)
    """,
    "pack_entry": f"""
        id uuid not null,
        pack_id uuid not null references app.pack (id) on delete cascade,
        {WHO} {OF_MEETING}
        removed_at timestamptz,
        borough_codes text[] not null default '{{}}',
        section text not null,
        kind text not null,
        body text not null,
        n int,
        owner text,
        due text,
        agency_code text not null,
        conditions text,
        recipient_ids uuid[] not null default '{{}}',
        constraint pack_entry_pkey primary key (id),
        constraint pack_entry_kind_check
            check (kind in ('LINE', 'COUNT_LINE', 'DECISION', 'CONDITIONAL')),
        constraint pack_entry_body_check check (length(body) between 1 and 500),
        constraint pack_entry_n_check check (n between 0 and 999),
        constraint pack_entry_conditions_check check (length(conditions) <= 300),
        constraint pack_entry_owner_check check (length(owner) <= 100),
        constraint pack_entry_due_check check (length(due) <= 40)
    """,
}
# Who is named and until when is asked of the meeting each time; nobody writes it here.
SCOPE = """
create function app.pack_scope() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_table_name = 'pack_entry' then
        new.meeting_id := (select meeting_id from app.pack where id = new.pack_id);
    elsif tg_op = 'UPDATE' then
        new.meeting_id := old.meeting_id;
    end if;
    select member_ids, access_ends_at into new.member_ids, new.access_ends_at
    from app.meeting where id = new.meeting_id and deleted_at is null;
    new.member_ids := coalesce(new.member_ids, '{}');
    new.tier := 'H1';
    return new;
end $$
"""
FOLLOWS = """
create function app.pack_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.pack set tier = tier where meeting_id = new.id;
    update app.pack_entry set tier = tier where meeting_id = new.id;
    return null;
end $$
"""
BEGINS = """
create function app.pack_begins() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user in ('cs_app', 'cs_job') and not new.is_synthetic and (new.state <> 'DRAFT'
            or new.snapshot is not null or num_nonnulls(new.signed_by, new.police_by) > 0
            or now() < new.window_to) then
        raise check_violation using message = 'a pack begins as a draft, after its window';
    end if;
    return null;
end $$
"""
GUARD = """
create function app.pack_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    chair_sets constant text[] := array['with_children', 'with_homes'];
    signs constant text[] := array['signed_by', 'signed_at', 'police_by', 'police_at', 'state',
        'frozen_at', 'updated_at', 'updated_by', 'version', 'member_ids', 'access_ends_at', 'tier'];
    ends constant text[] := array['state', 'recalled_at', 'recalled_by', 'recalled_reason',
        'updated_at', 'updated_by', 'version', 'member_ids', 'access_ends_at', 'tier'];
    job constant boolean := coalesce(sec.job() = 'packs:build', false);
    chair boolean;
begin
    if current_user not in ('cs_app', 'cs_job') or new is not distinct from old
       or sec.job() = 'demo:load' then
        return new;
    end if;
    new.updated_at := now();
    chair := exists (
        select from app.meeting_member where meeting_id = new.meeting_id
        and user_id = sec.actor() and is_chair and deleted_at is null);
    if (new.with_children, new.with_homes) is distinct from
       (old.with_children, old.with_homes) and not chair then
        raise check_violation using message = 'a chair says what is shown';
    end if;
    if old.state = 'RECALLED' then
        raise check_violation using message = 'a recalled pack is not changed';
    end if;
    if old.state = 'FROZEN' then
        if to_jsonb(new) - ends is distinct from to_jsonb(old) - ends then
            raise check_violation using message = 'a frozen pack is not changed';
        end if;
        if new.state <> old.state and (new.state <> 'RECALLED'
                or sec.role() is distinct from 'cs_lead' or new.recalled_by <> sec.actor()) then
            raise check_violation using message = 'a lead recalls a pack, in the own name';
        end if;
        return new;
    end if;
    if not job and to_jsonb(new) - signs - chair_sets
                   is distinct from to_jsonb(old) - signs - chair_sets then
        raise check_violation using message = 'a pack is built by its job';
    end if;
    if (new.kind, new.period_code, new.window_from, new.window_to, new.created_by)
       is distinct from
       (old.kind, old.period_code, old.window_from, old.window_to, old.created_by) then
        raise check_violation using message = 'the window of a pack stays';
    end if;
    if new.state <> old.state and ((old.state, new.state) not in (('DRAFT', 'CHECKED'),
            ('CHECKED', 'DRAFT'), ('CHECKED', 'FROZEN')) or (new.state = 'CHECKED' and not job))
    then
        raise check_violation using message = 'this move of a pack is not allowed';
    end if;
    if new.state = 'DRAFT' then
        new.signed_by := null; new.signed_at := null;
        new.police_by := null; new.police_at := null;
    end if;
    if new.signed_by is distinct from old.signed_by and new.signed_by is not null and (
            old.state <> 'CHECKED' or not chair or new.signed_by <> sec.actor()
            or (new.kind = 'DAILY' and sec.role() = 'police_analyst')) then
        raise check_violation using message = 'a chair signs what was checked, in the own name';
    end if;
    if new.police_by is distinct from old.police_by and new.police_by is not null and (
            old.state <> 'CHECKED' or not chair or new.police_by <> sec.actor()
            or new.kind <> 'DAILY' or sec.role() is distinct from 'police_analyst') then
        raise check_violation using message = 'the chair of the police signs, in the own name';
    end if;
    return new;
end $$
"""
ENTRY_GUARD = """
create function app.pack_entry_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user not in ('cs_app', 'cs_job') or sec.job() = 'demo:load' then
        return null;
    end if;
    if tg_op = 'UPDATE' and (new.pack_id, new.created_by) is distinct from
            (old.pack_id, old.created_by) then
        raise check_violation using message = 'an entry stays where it was written';
    end if;
    if not exists (select from app.pack where id = new.pack_id
                   and state in ('DRAFT', 'CHECKED')) then
        raise check_violation using message = 'a frozen pack is not changed';
    end if;
    return null;
end $$
"""
# A builder need not have been named in the pack before: only where it ended is told.
ENDED = """
create function app.pack_ended(of_kind text) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select max(window_to) from app.pack where kind = of_kind and state = 'FROZEN'
        and coalesce(sec.role(), sec.job()) is not null
$$
"""
# Of a daily briefing: what anybody who works in a borough may read of it for a day.
SUMMARIES = """
create function app.daily_summaries()
    returns table (ref text, period_code text, frozen_at timestamptz, lines jsonb)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select pack.ref, pack.period_code, pack.frozen_at, coalesce((
            select jsonb_agg(line -> 'body' order by place)
            from jsonb_array_elements(pack.summary) with ordinality as said (line, place)
            where sec.all_boroughs() or array(
                select jsonb_array_elements_text(line -> 'boroughs')) && sec.boroughs()), '[]')
    from app.pack
    where pack.kind = 'DAILY' and pack.state = 'FROZEN'
      and pack.frozen_at > now() - interval '24 hours'
      and sec.role() in ('partner', 'practitioner', 'police_analyst', 'cs_lead')
    order by pack.frozen_at desc
$$
"""
FUNCTIONS = (SCOPE, FOLLOWS, BEGINS, GUARD, ENTRY_GUARD, ENDED, SUMMARIES)
COMMENTS = {
    "table app.pack": "Records for one panel; seen by who is named in its meeting, for a time",
    "column app.pack.snapshot": "Canonical JSON, as text; each reader gets what the rules allow",
    "column app.pack.summary": "Of a daily briefing: lines that name no record, with boroughs",
    "column app.pack.with_children": "A chair lets statutory members read references of children",
    "table app.pack_entry": "Lines that members add before the chairs freeze the pack",
    "column app.pack_entry.recipient_ids": "Of a conditional item: who may read it, by name",
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(f"create table app.{name} ({columns})")
        op.execute(f"alter table app.{name} enable row level security")
        op.execute(f"alter table app.{name} force row level security")
        op.execute(f"create policy {name}_owner on app.{name} for all to cs_owner using (true)")
        op.execute(f"grant select, insert, update on app.{name} to cs_app, cs_job")
        op.execute(f"grant delete on app.{name} to cs_job")
    for function in FUNCTIONS:
        op.execute(function)
    op.execute("revoke execute on all functions in schema app from public")
    op.execute("grant execute on function app.pack_ended to cs_app, cs_job")
    op.execute("grant execute on function app.daily_summaries to cs_app")
    for name in TABLES:
        op.execute(
            f"create trigger {name}_a_scope before insert or update on app.{name} "
            "for each row execute function app.pack_scope()"
        )
    op.execute(
        "create trigger pack_begins after insert on app.pack "
        "for each row execute function app.pack_begins()"
    )
    op.execute(
        "create trigger pack_guard before update on app.pack "
        "for each row execute function app.pack_guard()"
    )
    op.execute(
        "create trigger pack_entry_guard after insert or update on app.pack_entry "
        "for each row execute function app.pack_entry_guard()"
    )
    op.execute(
        "create trigger meeting_packs after update on app.meeting for each row "
        "when ((old.member_ids, old.access_ends_at, old.deleted_at) is distinct from "
        "(new.member_ids, new.access_ends_at, new.deleted_at)) "
        "execute function app.pack_follows()"
    )
    op.execute(
        "create unique index pack_standing_key on app.pack (kind, period_code) "
        "where state <> 'RECALLED'"
    )
    op.execute("create index pack_meeting_idx on app.pack (meeting_id)")
    op.execute("create index pack_replaces_idx on app.pack (replaces_id)")
    op.execute("create index pack_entry_pack_idx on app.pack_entry (pack_id)")
    op.execute("create index pack_entry_meeting_idx on app.pack_entry (meeting_id)")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute("drop trigger meeting_packs on app.meeting")
    for name in reversed(TABLES):
        op.execute(f"drop table app.{name}")
    op.execute("""
        drop function app.pack_scope, app.pack_follows, app.pack_begins, app.pack_guard,
            app.pack_entry_guard, app.pack_ended, app.daily_summaries
    """)
