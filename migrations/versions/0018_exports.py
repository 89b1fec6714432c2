"""Exports: asked, approved, made, kept for a day.

Running code does not know the table. Reversible: the rows are lost, and with them the keys of the
files.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

# 500 is max_rows of the permission file: above it somebody else decides.
EXPORT = """
    create table app.export (
        id uuid not null,
        ref text not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        agency_code text not null,
        dataset text not null,
        filters jsonb not null default '{}',
        format text not null,
        rows_asked int not null,
        purpose text not null,
        recipient_agency text not null,
        recipient text,
        reason text,
        state text not null default 'QUEUED',
        decided_at timestamptz,
        decided_by uuid,
        made_at timestamptz,
        expires_at timestamptz,
        rows_made int,
        failure text,
        file_name text,
        file_key bytea,
        file_size int,
        row_ids uuid[] not null default '{}',
        is_synthetic boolean not null default false,
        constraint export_pkey primary key (id),
        constraint export_ref_key unique (ref),
        constraint export_dataset_check
            check (dataset in ('places', 'map', 'online', 'incidents', 'intelligence', 'reports')),
        constraint export_format_check check (format in ('csv', 'xlsx', 'geojson', 'gpkg', 'map')),
        constraint export_state_check check (state in ('REQUESTED', 'REFUSED', 'QUEUED', 'MAKING',
            'READY', 'FAILED', 'EXPIRED')),
        constraint export_rows_asked_check check (rows_asked > 0),
        constraint export_recipient_check check (length(recipient) between 1 and 120),
        constraint export_reason_check check (length(reason) between 20 and 200),
        constraint export_second_person_check check (rows_asked <= 500
            or state in ('REQUESTED', 'REFUSED', 'EXPIRED')
            or decided_by is not null and decided_by <> created_by),
        constraint export_decided_check check ((decided_at is null) = (decided_by is null)),
        constraint export_file_check check ((file_name is null) = (file_key is null))
    )
"""

# What was asked stays as it was asked, whoever writes.
GUARD = """
create function app.guard_export() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        if current_user = 'cs_app' and (new.decided_by is not null or new.file_name is not null
           or new.state not in ('REQUESTED', 'QUEUED')) then
            raise insufficient_privilege using message = 'an export begins with being asked for';
        end if;
        return new;
    end if;
    -- Somebody else decides, by app.decide_export; the rest is done by jobs.
    if current_user in ('cs_app', 'cs_audit') and new is distinct from old
       or (new.created_by, new.dataset, new.format, new.rows_asked, new.purpose)
          is distinct from (old.created_by, old.dataset, old.format, old.rows_asked, old.purpose)
       or current_user = 'cs_job' and new.decided_by is distinct from old.decided_by then
        raise insufficient_privilege using message = 'what was asked stays as it was asked';
    end if;
    return new;
end $$
"""

# Whoever decides sees what was asked and why, and never the rows.
WAITING = """
create function app.exports_waiting() returns table (
    ref text, asked_at timestamptz, person text, role text, agency text, dataset text,
    filters jsonb, format text, rows_asked int, purpose text, recipient_agency text,
    recipient text, reason text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select e.ref, e.created_at, u.name, u.role, e.agency_code, e.dataset, e.filters, e.format,
           e.rows_asked, e.purpose, e.recipient_agency, e.recipient, e.reason
    from app.export as e join app."user" as u on u.id = e.created_by
    where e.state = 'REQUESTED' and e.created_by <> sec.actor()
      and sec.role() in ('cs_lead', 'auditor') and sec.stepped()
    order by e.created_at, e.ref
$$
"""
DECIDE = """
create function app.decide_export(wanted text, agreed boolean) returns uuid
    language sql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
    update app.export as e
    set state = case when agreed then 'QUEUED' else 'REFUSED' end,
        decided_at = now(), decided_by = sec.actor()
    where e.ref = wanted and e.state = 'REQUESTED' and e.created_by <> sec.actor()
      and sec.role() in ('cs_lead', 'auditor') and sec.stepped()
    returning e.id
$$
"""
COMMENTS = {
    "table app.export": "One file that somebody asked for: what, for whom, why, and where it is",
    "column app.export.file_key": "Opens the file on the disk, and stands nowhere else",
    "column app.export.row_ids": "What is in it: looked at again before each download",
    "column app.export.recipient": "Forgotten with the file; recipient_agency and the audit stay",
    "column app.export.filters": "The query of the list that was exported; forgotten with the file",
}


def upgrade() -> None:
    op.execute(EXPORT)
    op.execute("create index export_created_by_idx on app.export (created_by, created_at desc)")
    op.execute("create index export_expires_at_idx on app.export (expires_at)")
    op.execute(GUARD)
    op.execute(
        "create trigger export_guard before insert or update on app.export "
        "for each row execute function app.guard_export()"
    )
    op.execute("alter table app.export enable row level security")
    op.execute("alter table app.export force row level security")
    op.execute("create policy export_owner on app.export for all to cs_owner using (true)")
    op.execute("grant select, insert on app.export to cs_app")
    op.execute("grant select, update, delete on app.export to cs_job")
    for function in (WAITING, DECIDE):
        op.execute(function)
    op.execute("revoke execute on all functions in schema app from public")
    op.execute("grant execute on function app.exports_waiting to cs_app, cs_audit")
    op.execute("grant execute on function app.decide_export to cs_app, cs_audit")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is $${comment}$$")


def downgrade() -> None:
    op.execute("drop function app.exports_waiting, app.decide_export")
    op.execute("drop table app.export")
    op.execute("drop function app.guard_export")
