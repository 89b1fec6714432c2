"""Signed claims and the audit trail: what every policy and every later table rests on.

First migration, so no running code. Not reversible on a live system: the audit would be lost.
"""

from alembic import op

revision = "0001"
down_revision = None

CLAIMS = """
create function sec.claims() returns jsonb
    language plpgsql stable parallel restricted security definer
    set search_path = pg_catalog, pg_temp as $$
declare
    body text := nullif(current_setting('cs.claims', true), '');
    signature text := current_setting('cs.sig', true);
    pads record;
    found jsonb;
begin
    if body is null then
        return null;
    end if;
    for pads in select k_ipad, k_opad from sec.key where retired_at is null loop
        if encode(sha256(pads.k_opad || sha256(pads.k_ipad || convert_to(body, 'UTF8'))), 'hex')
           = signature then
            found := body::jsonb;
            if (found->>'exp')::float8 < extract(epoch from clock_timestamp())
               or (found->>'pid')::int <> pg_backend_pid() then
                raise insufficient_privilege using message = 'claims expired';
            end if;
            return found;
        end if;
    end loop;
    raise insufficient_privilege using message = 'claims not signed';
end $$
"""

# One reader per claim. Policies call them as (select sec.x()): an initplan, once per query.
READERS = {
    "role() returns text": "sec.claims() ->> 'role'",
    "job() returns text": "sec.claims() ->> 'job'",
    "purpose() returns text": "sec.claims() ->> 'purpose'",
    "actor() returns uuid": "(sec.claims() ->> 'u')::uuid",
    "all_boroughs() returns boolean": "coalesce((sec.claims() ->> 'all_boroughs')::boolean, false)",
    "boroughs() returns text[]": (
        "array(select jsonb_array_elements_text(sec.claims() -> 'boroughs'))"
    ),
    "tiers() returns text[]": "array(select jsonb_array_elements_text(sec.claims() -> 'tiers'))",
}

AUDIT_EVENT = """
create table audit.event (
    id bigint generated always as identity,
    era int not null default 1,
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null default clock_timestamp(),
    actor uuid,
    role text not null,
    agency text,
    action text not null,
    object_type text not null,
    object_ref text,
    purpose text,
    outcome text not null,
    rows int not null,
    detail jsonb,
    constraint event_pkey primary key (id)
)
"""

AUDIT_LOG = """
create function audit.log(
    action text, object_type text, object_ref text, outcome text, rows int, detail jsonb
) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    who jsonb := sec.claims();
begin
    if who is null then
        raise insufficient_privilege using message = 'nobody to audit';
    end if;
    insert into audit.event (actor, role, agency, action, object_type, object_ref, purpose,
                             outcome, rows, detail)
    values ((who->>'u')::uuid, who->>'role', who->>'agency', action, object_type, object_ref,
            who->>'purpose', outcome, rows, detail);
end $$
"""


def upgrade() -> None:
    op.execute("create schema if not exists reference")
    op.execute("create schema app")
    op.execute("create schema queue")
    op.execute("grant usage on schema app, reference, queue to cs_app, cs_job, cs_audit")
    op.execute("set local role cs_sec")
    op.execute("create schema sec")
    op.execute("create schema audit")
    op.execute("grant usage on schema sec, audit to cs_app, cs_job, cs_audit, cs_owner")
    op.execute("""
        create table sec.key (
            id int generated always as identity primary key,
            k_ipad bytea not null,
            k_opad bytea not null,
            created_at timestamptz not null default now(),
            retired_at timestamptz
        )
    """)
    op.execute("comment on table sec.key is 'HMAC pads of the claims key; read by sec.claims only'")
    op.execute(CLAIMS)
    for signature, body in READERS.items():
        op.execute(
            f"create function sec.{signature} language sql stable parallel restricted "
            f"security definer set search_path = pg_catalog, pg_temp as $$ select {body} $$"
        )
    op.execute("revoke execute on all functions in schema sec from public")
    op.execute("grant execute on all functions in schema sec to cs_app, cs_job, cs_audit, cs_owner")
    op.execute(AUDIT_EVENT)
    op.execute(
        "comment on table audit.event is 'Who did or read what. Facts only: no names, no free text'"
    )
    op.execute("create index event_object_idx on audit.event (object_type, object_ref)")
    op.execute(AUDIT_LOG)
    op.execute("revoke execute on function audit.log from public")
    op.execute("grant execute on function audit.log to cs_app, cs_job, cs_audit")
    op.execute("grant select on audit.event to cs_app, cs_audit")
    for table in ("sec.key", "audit.event"):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
    op.execute(
        "create policy key_owner on sec.key for all to cs_sec using (true) with check (true)"
    )
    op.execute("create policy event_insert on audit.event for insert to cs_sec with check (true)")
    op.execute("create policy event_all on audit.event for select to cs_audit using (true)")
    op.execute(
        "create policy event_own on audit.event for select to cs_app "
        "using (actor = (select sec.actor()))"
    )
    op.execute("set local role cs_owner")


def downgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute("drop schema audit cascade")
    op.execute("drop schema sec cascade")
    op.execute("set local role cs_owner")
    op.execute("drop schema app, queue")
