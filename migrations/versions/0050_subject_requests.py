"""Requests of people about what is held of them: a register, the files that answer, erasure.

Running code does not know what is added. Reversible: the register and its files are lost.
"""

from alembic import op

revision = "0050"
down_revision = "0049"

REQUEST = """
    create table app.subject_request (
        id uuid not null,
        ref text not null,
        kind text not null,
        about text not null,
        subject_id uuid,
        asked_by text not null,
        checked_by text not null,
        received_on date not null,
        due_on date not null,
        extended_on date,
        extension text,
        state text not null default 'OPEN',
        decision text,
        refusal text[] not null default '{}',
        note text,
        left_out text[] not null default '{}',
        run_id uuid,
        agency_code text not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        decided_at timestamptz,
        decided_by uuid,
        closed_at timestamptz,
        is_synthetic boolean not null default false,
        constraint subject_request_pkey primary key (id),
        constraint subject_request_ref_key unique (ref),
        constraint subject_request_kind_check check (kind in ('ACCESS', 'CHANGE', 'ERASURE')),
        constraint subject_request_about_check check (about in ('child', 'report')),
        constraint subject_request_asked_check
            check (asked_by in ('SELF', 'PARENT_CARER', 'REPRESENTATIVE')),
        constraint subject_request_checked_check
            check (checked_by in ('IN_PERSON', 'CASE_FILE', 'DOCUMENT', 'RECEIPT')),
        constraint subject_request_extension_check check (
            (extended_on is null) = (extension is null) and extension in ('COMPLEX', 'MANY')),
        constraint subject_request_state_check
            check (state in ('OPEN', 'ERASING', 'DECIDED', 'ANSWERED', 'WITHDRAWN')),
        constraint subject_request_decision_check
            check (decision in ('GIVEN', 'CHANGED', 'NOT_CHANGED', 'ERASED', 'REFUSED')),
        constraint subject_request_note_check check (length(note) between 20 and 500),
        constraint subject_request_decided_check check (
            (state in ('OPEN', 'WITHDRAWN') or decision is not null)
            and (decision is null) = (decided_by is null)
            and decided_by is distinct from created_by)
    )
"""
# What was put together for one person; the file itself is on the disk, sealed, for a day.
FILE = """
    create table app.subject_file (
        id uuid not null,
        request_id uuid not null references app.subject_request (id) on delete cascade,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        expires_at timestamptz not null,
        file_name text not null,
        file_key bytea not null,
        file_size int not null,
        constraint subject_file_pkey primary key (id)
    )
"""
# What a request says stays; who opened it, extends and closes it; who did not open it decides.
GUARD = """
create function app.guard_subject_request() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    may constant text[] := case when current_user = 'cs_audit'
        then array['due_on', 'extended_on', 'extension', 'state', 'closed_at']
        else array['state', 'decision', 'refusal', 'note', 'left_out', 'decided_at', 'decided_by']
    end;
begin
    if current_user not in ('cs_app', 'cs_audit') then
        return new;
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'OPEN' or new.decided_by is not null or new.run_id is not null then
            raise insufficient_privilege using message = 'a request begins as open';
        end if;
        return new;
    end if;
    if new is not distinct from old then
        return new;
    end if;
    if to_jsonb(new) - may is distinct from to_jsonb(old) - may
       or current_user = 'cs_audit' and (old.state, new.state) not in (
           ('OPEN', 'OPEN'), ('ERASING', 'ERASING'), ('DECIDED', 'DECIDED'),
           ('DECIDED', 'ANSWERED'), ('OPEN', 'WITHDRAWN'))
       or current_user = 'cs_app' and (
           (old.state, new.state) not in (('OPEN', 'DECIDED'), ('DECIDED', 'DECIDED'))
           or new.decision = 'ERASED' or new.decided_by is distinct from sec.actor()
           or not coalesce(sec.stepped(), false)) then
        raise insufficient_privilege using message = 'this is not yours to change';
    end if;
    return new;
end $$
"""
# By its receipt, whose keyed hash is all that is kept of it.
OF_RECEIPT = """
create function app.report_of_receipt(by_receipt bytea) returns uuid
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select s.report_id from intake.submission as s
    join app.report as r on r.id = s.report_id and r.deleted_at is null
    where s.receipt = by_receipt and sec.role() = 'auditor'
$$
"""
# A run of retention with one row in it: opened by an auditor, approved by a lead. It is of the day
# after the time of the record, which erasing asks of every run. Held, and a decoy: not.
ERASE = """
create function app.approve_subject_erasure(wanted uuid) returns text
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    asked app.subject_request;
    run uuid;
    held boolean;
    ends_on date;
begin
    if not coalesce(sec.role() = 'cs_lead' and sec.stepped(), false) then
        raise insufficient_privilege using message = 'a lead decides, with a fresh code';
    end if;
    select * into asked from app.subject_request where id = wanted for update;
    if asked.id is null or asked.kind <> 'ERASURE' or asked.state <> 'OPEN'
       or asked.created_by = sec.actor() then
        return 'closed';
    end if;
    if asked.subject_id is not null then
        select one.held, one.until_on into held, ends_on from app.kept_rows(asked.about) as one
        where one.kind = asked.about and one.id = asked.subject_id;
        if coalesce(held, true) then
            return 'held';
        end if;
        run := gen_random_uuid();
        insert into app.retention_run (id, ref, as_of, state, counts, total, created_by,
            approved_at, approved_by)
        values (run, asked.ref,
            greatest((now() at time zone 'Europe/London')::date, ends_on + 1), 'APPROVED',
            jsonb_build_object(asked.about, 1), 1, asked.created_by, now(), sec.actor());
        insert into app.retention_due (run_id, object_kind, object_id)
        values (run, asked.about, asked.subject_id);
    end if;
    -- Its time may be over and the record gone before anybody decides: then that is the answer.
    update app.subject_request
    set state = case when run is null then 'DECIDED' else 'ERASING' end, decision = 'ERASED',
        decided_at = now(), decided_by = sec.actor(), run_id = run
    where id = wanted;
    return 'approved';
end $$
"""
# With the record goes what would still lead to it: its key in the register, and files made of it.
# Of a report that stays counted the words are what was asked about.
GONE = """
create function app.subject_gone() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from app.subject_file as f using app.subject_request as r
    where r.id = f.request_id and r.subject_id = old.id;
    update app.subject_request
    set subject_id = null, state = case state when 'ERASING' then 'DECIDED' else state end
    where subject_id = old.id;
    return null;
end $$
"""
# A hold that came after the decision kept it: the request waits for a lead again.
STAYED = """
create function app.subject_stayed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.subject_request
    set state = 'OPEN', decision = null, decided_at = null, decided_by = null, run_id = null
    where run_id = new.id and state = 'ERASING';
    return null;
end $$
"""
FUNCTIONS = {
    "app.guard_subject_request()": (GUARD, ""),
    "app.report_of_receipt(bytea)": (OF_RECEIPT, "cs_audit"),
    "app.approve_subject_erasure(uuid)": (ERASE, "cs_app"),
    "app.subject_gone()": (GONE, ""),
    "app.subject_stayed()": (STAYED, ""),
}
TRIGGERS = {
    "child_subject_gone": "delete on app.child for each row execute function app.subject_gone()",
    "report_subject_gone": "delete on app.report for each row execute function app.subject_gone()",
    "report_subject_erased": (
        "update of erased_at on app.report for each row "
        "when (old.erased_at is null and new.erased_at is not null) "
        "execute function app.subject_gone()"
    ),
    "retention_run_subject": (
        "update of state on app.retention_run for each row when (new.state = 'DONE') "
        "execute function app.subject_stayed()"
    ),
}
COMMENTS = {
    "table app.subject_request": "Somebody asks to see, change or erase what is held of them",
    "column app.subject_request.subject_id": "Of a child or report; nothing once it is erased",
    "column app.subject_request.checked_by": "How it was made sure who asks",
    "column app.subject_request.left_out": "Closed codes of what the answer does not hold, and why",
    "column app.subject_request.run_id": "The run of retention that erases it",
    "table app.subject_file": "An answer to be handed over: a sealed file of a day, of one person",
    "column app.subject_file.file_key": "Opens the file on the disk, and stands nowhere else",
}


def upgrade() -> None:
    op.execute(REQUEST)
    op.execute(FILE)
    op.execute("create index subject_request_due_idx on app.subject_request (due_on)")
    op.execute("create index subject_request_subject_idx on app.subject_request (subject_id)")
    op.execute("create index subject_file_request_idx on app.subject_file (request_id)")
    for table in ("subject_request", "subject_file"):
        op.execute(f"alter table app.{table} enable row level security")
        op.execute(f"alter table app.{table} force row level security")
        op.execute(f"create policy {table}_owner on app.{table} for all to cs_owner using (true)")
    op.execute("grant select, update on app.subject_request to cs_app")
    op.execute("grant select, insert on app.subject_file to cs_app")
    op.execute("grant select, delete on app.subject_file, app.subject_request to cs_job")
    for name, (function, logins) in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {name} from public")
        if logins:
            op.execute(f"grant execute on function {name} to {logins}")
    op.execute(
        "create trigger subject_request_guard before insert or update on app.subject_request "
        "for each row execute function app.guard_subject_request()"
    )
    for name, event in TRIGGERS.items():
        op.execute(f"create trigger {name} after {event}")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is $${comment}$$")


def downgrade() -> None:
    for name, event in TRIGGERS.items():
        table = event.partition(" on ")[2].partition(" ")[0]
        op.execute(f"drop trigger {name} on {table}")
    op.execute("drop table app.subject_file, app.subject_request")
    for name in FUNCTIONS:
        op.execute(f"drop function {name}")
