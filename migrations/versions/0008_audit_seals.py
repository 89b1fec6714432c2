"""Audit events get a salt and a regime; seals chain them and anchors prove the chain elsewhere.

Running code keeps working through audit.log(). Not reversible on a live system: proof is lost.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

# 244 random bits without an extension: core gen_random_uuid() is cryptographically strong.
SALT = "sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"

TABLES = {
    # No row: the first era. A restore lets transaction numbers begin low again, so it begins one.
    "era": """
        only_row boolean not null default true,
        era int not null,
        began_at timestamptz not null default clock_timestamp(),
        constraint era_pkey primary key (only_row),
        constraint era_only_row_check check (only_row),
        constraint era_check check (era > 1)
    """,
    "seal": """
        n bigint not null,
        era int not null,
        lo_xid xid8 not null,
        hi_xid xid8 not null,
        count bigint not null,
        root bytea not null,
        previous bytea not null,
        hash bytea not null,
        at timestamptz not null default clock_timestamp(),
        constraint seal_pkey primary key (n),
        constraint seal_window_check check (lo_xid < hi_xid),
        constraint seal_count_check check (count > 0)
    """,
    "anchor": """
        id bigint generated always as identity,
        n bigint not null references audit.seal (n),
        key_id text not null,
        at timestamptz not null default clock_timestamp(),
        constraint anchor_pkey primary key (id)
    """,
}
COMMENTS = {
    "era": "Which life of the database: a logical restore begins another",
    "seal": "Merkle roots of windows of transactions, each holding the hash of the one before",
    "anchor": "Which seal was signed and written outside of the database, and when",
}

CURRENT_ERA = """
create function audit.current_era() returns int
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((select era from audit.era), 1)
$$
"""

# For the restore alone: no login may call it, the migrating one does as cs_sec.
BEGIN_ERA = """
create function audit.begin_era() returns int
    language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into audit.era as standing (era)
    select greatest(2, 1 + coalesce((select max(era) from audit.event), 0))
    on conflict (only_row) do update
    set era = greatest(standing.era + 1, excluded.era), began_at = clock_timestamp()
    returning era
$$
"""

LOG = """
create or replace function audit.log(
    action text, object_type text, object_ref text, outcome text, rows int, detail jsonb
) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    who jsonb := sec.claims();
begin
    if who is null then
        raise insufficient_privilege using message = 'nobody to audit';
    end if;
    insert into audit.event (era, actor, role, agency, regime, action, object_type, object_ref,
                             purpose, outcome, rows, detail)
    values (audit.current_era(), (who->>'u')::uuid, who->>'role', who->>'agency',
            coalesce(who->>'regime', 'UK_GDPR'), action, object_type, object_ref,
            who->>'purpose', outcome, rows, detail);
end $$
"""

# Position, previous hash and own hash are the database's: the sealer brings the root alone.
ADD_SEAL = """
create function audit.add_seal(of_era int, until xid8, events bigint, merkle_root bytea)
    returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last audit.seal;
    made audit.seal;
begin
    if sec.job() is distinct from 'audit:seal' then
        raise insufficient_privilege using message = 'only the sealer seals';
    end if;
    perform pg_advisory_xact_lock(72110420);
    select * into last from audit.seal order by n desc limit 1;
    made.n := coalesce(last.n, 0) + 1;
    made.era := of_era;
    made.lo_xid := case when last.era = of_era then last.hi_xid else '0'::xid8 end;
    made.hi_xid := until;
    made.count := events;
    made.root := merkle_root;
    made.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    if of_era < coalesce(last.era, 1) or of_era > audit.current_era() or length(merkle_root) <> 32
       or (of_era = audit.current_era() and until > pg_snapshot_xmin(pg_current_snapshot()))
       or events <> (select count(*) from audit.event
                     where era = of_era and xid >= made.lo_xid and xid < until) then
        raise check_violation using message = 'this is no window to seal';
    end if;
    made.hash := sha256(
        '\\x02'::bytea || int8send(made.n) || int8send(of_era::bigint)
        || xid8send(made.lo_xid) || xid8send(made.hi_xid) || int8send(events)
        || made.root || made.previous);
    made.at := clock_timestamp();
    insert into audit.seal select made.*;
    return made.n;
end $$
"""

ADD_ANCHOR = """
create function audit.add_anchor(of_seal bigint, signed_by text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if sec.job() is distinct from 'audit:seal' then
        raise insufficient_privilege using message = 'only the sealer anchors';
    end if;
    insert into audit.anchor (n, key_id) values (of_seal, signed_by);
end $$
"""

# The leaf holds H(salt || detail). With the salt replaced by it, the leaf stays what it was.
ERASE_DETAIL = """
create function audit.erase_detail(event_id bigint) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if sec.job() is distinct from 'retention:erase' then
        raise insufficient_privilege using message = 'only retention erases';
    end if;
    update audit.event
    set salt = sha256(coalesce(salt, '') || convert_to(detail::text, 'UTF8')), detail = null
    where id = event_id and detail is not null;
    if not found then
        return false;
    end if;
    perform audit.log('audit.erase_detail', 'audit_event', event_id::text, 'done', 1, null);
    return true;
end $$
"""

# Who has seen one record. Leads ask about places; the answer has no detail. The newest first.
SEEN_BY = """
create function audit.seen_by(ref text, at_most int)
    returns table (at timestamptz, actor uuid, role text, action text, purpose text, rows int)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    if not coalesce(sec.role() = 'auditor'
                    or sec.role() = 'cs_lead' and seen_by.ref like 'PL-%', false) then
        raise insufficient_privilege using message = 'this role does not see who has seen it';
    end if;
    return query
        select e.at, e.actor, e.role, e.action, e.purpose, e.rows
        from audit.event as e
        where e.object_ref = seen_by.ref and e.outcome = 'done' and e.object_type <> 'audit_event'
        order by e.id desc limit least(seen_by.at_most, 500);
end $$
"""

# How often each unit did what, by month in London. Nobody is named, no record either.
UNIT_TOTALS = """
create function audit.unit_totals(since timestamptz)
    returns table (agency text, action text, month date, events bigint)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    if sec.role() is distinct from 'cs_lead' then
        raise insufficient_privilege using message = 'only a lead sees the totals of units';
    end if;
    return query
        select e.agency, e.action, date_trunc('month', e.at at time zone 'Europe/London')::date,
               count(*)
        from audit.event as e
        where e.at >= since and e.agency is not null and e.role <> 'job'
        group by 1, 2, 3 order by 1, 2, 3;
end $$
"""

SEALER = "(select sec.job()) = 'audit:seal'"
POLICIES = {
    "event_owner on audit.event for select": "using (true)",
    "event_erase on audit.event for update": (
        "using ((select sec.job()) = 'retention:erase') with check (detail is null)"
    ),
    "era_owner on audit.era for all": "using (true) with check (true)",
    "seal_owner on audit.seal for select": "using (true)",
    "seal_insert on audit.seal for insert": f"with check ({SEALER})",
    "anchor_insert on audit.anchor for insert": f"with check ({SEALER})",
}
CALLERS = {
    "current_era()": "cs_audit",
    "seen_by(text, int)": "cs_app, cs_audit",
    "unit_totals(timestamptz)": "cs_app",
    "add_seal(int, xid8, bigint, bytea)": "cs_audit",
    "add_anchor(bigint, text)": "cs_audit",
    "erase_detail(bigint)": "cs_job",
}


def upgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute("alter table audit.event add column regime text")
    # Events from before have none and are sealed so: nobody may change them, a migration neither.
    op.execute("alter table audit.event add column salt bytea")
    op.execute(f"alter table audit.event alter column salt set default {SALT}")
    op.execute(
        "alter table audit.event add constraint event_salt_check "
        "check (salt is not null and length(salt) = 32) not valid"
    )
    op.execute("create index event_sealing_idx on audit.event (era, xid, id)")
    op.execute("create index event_at_idx on audit.event (at)")
    op.execute("create index event_actor_idx on audit.event (actor, at)")
    op.execute("create index event_action_idx on audit.event (action, id)")
    op.execute("create index event_ref_idx on audit.event (object_ref, id)")
    for table, columns in TABLES.items():
        op.execute(f"create table audit.{table} ({columns})")
        op.execute(f"comment on table audit.{table} is '{COMMENTS[table]}'")
        op.execute(f"alter table audit.{table} enable row level security")
        op.execute(f"alter table audit.{table} force row level security")
    for policy, condition in POLICIES.items():
        op.execute(f"create policy {policy} to cs_sec {condition}")
    for function in (
        CURRENT_ERA,
        BEGIN_ERA,
        LOG,
        ADD_SEAL,
        ADD_ANCHOR,
        ERASE_DETAIL,
        SEEN_BY,
        UNIT_TOTALS,
    ):
        op.execute(function)
    op.execute("revoke execute on all functions in schema audit from public")
    for function, login in CALLERS.items():
        op.execute(f"grant execute on function audit.{function} to {login}")
    op.execute("grant select on audit.seal, audit.anchor to cs_audit")
    op.execute("set local role cs_owner")


def downgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute(
        "drop function audit.current_era, audit.begin_era, audit.add_seal, audit.add_anchor, "
        "audit.erase_detail, audit.seen_by, audit.unit_totals cascade"
    )
    op.execute("drop table audit.anchor, audit.seal, audit.era")
    op.execute("drop policy event_owner on audit.event")
    op.execute("drop policy event_erase on audit.event")
    op.execute(
        "drop index audit.event_sealing_idx, audit.event_at_idx, audit.event_actor_idx, "
        "audit.event_action_idx, audit.event_ref_idx"
    )
    op.execute("alter table audit.event drop column salt, drop column regime")
    op.execute("set local role cs_owner")
