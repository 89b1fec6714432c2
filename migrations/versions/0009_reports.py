"""Reports of places: what the public form writes, and what only the lead may open.

The form's database role executes eight functions and reads no table. Texts arrive sealed to keys
that the database never holds. Running code does not know the tables. Reversible: reports are lost.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

COMMON = """
    id uuid not null,
    ref text not null,
    agency_code text not null,
    borough_codes text[] not null default '{}',
    tier text not null default 'H1',
    purpose_code text not null default 'TRIAGE',
    controller text not null default 'AFC',
    regime text not null default 'UK_GDPR',
    retain_until date,
    review_due date,
    hold_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid not null,
    updated_by uuid not null,
    version int not null default 1,
    provenance jsonb,
    is_synthetic boolean not null default false,
    deleted_at timestamptz,
"""
SCOPE = """
    borough_codes text[] not null default '{}',
    tier text not null default 'H1',
"""

REPORT = f"""
    {COMMON}
    channel text not null,
    reporter_kind text not null default 'NOT_SAID',
    danger_answer text not null,
    where_kind text not null,
    geom geometry(Point, 27700),
    pin_accuracy_m int,
    out_of_area_lad text,
    platform_code text,
    mode_code text,
    audience text,
    what_ticks text[] not null default '{{}}',
    how_known text,
    child_count_band text not null default 'NOT_KNOWN',
    when_kind text not null,
    day_parts text[] not null default '{{}}',
    quarantine text[] not null default '{{}}',
    redaction text not null default 'NONE',
    redacted bytea,
    harm_codes text[] not null default '{{}}',
    discovered_by text,
    tone text,
    outcome_codes text[] not null default '{{}}',
    reason_code text,
    routed_police boolean not null default false,
    decided_at timestamptz,
    closed_at timestamptz,
    state text not null default 'RECEIVED',
    constraint report_pkey primary key (id),
    constraint report_ref_key unique (ref),
    constraint report_ref_check check (ref ~ '^RP-[0-9A-Z]{{3}}-[0-9A-Z]{{4}}$'),
    -- Codes and nothing else: whoever breaks into the form's role puts no text into the inbox.
    constraint report_codes_check check (
        concat_ws('_', reporter_kind, mode_code, platform_code, how_known, child_count_band,
                  out_of_area_lad) ~ '^[A-Z0-9_]{{1,200}}$'
        and array_to_string(what_ticks || day_parts || quarantine || borough_codes, '_')
            ~ '^[A-Z0-9_]*$'
        and cardinality(what_ticks || day_parts || quarantine || borough_codes) <= 200),
    constraint report_tier_check check (tier in ('H0', 'H1', 'P', 'C')),
    constraint report_regime_check check (regime in ('UK_GDPR', 'PART3')),
    constraint report_channel_check check (channel in ('WEB', 'PHONE', 'EMAIL_IMPORT',
        'PARTNER_ACCOUNT', 'DRB', 'RHI', 'WALK_ABOUT')),
    constraint report_danger_answer_check check (danger_answer in ('YES', 'NO', 'NOT_SURE')),
    constraint report_where_kind_check
        check (where_kind in ('PLACE', 'ROUTE', 'ONLINE', 'DESCRIBED')),
    constraint report_online_check check (where_kind <> 'ONLINE' or geom is null),
    constraint report_when_kind_check
        check (when_kind in ('OFTEN', 'D7', 'D30', 'LONGER', 'NOT_SURE')),
    constraint report_audience_check check (audience in ('PUBLIC', 'CLOSED', 'UNKNOWN')),
    constraint report_pin_accuracy_m_check check (pin_accuracy_m between 0 and 100000),
    constraint report_redaction_check check (redaction in ('NONE', 'NEEDED', 'DONE')),
    constraint report_tone_check check (tone in ('CARE', 'COMPLAINT', 'UNCLEAR')),
    constraint report_state_check check (state in ('RECEIVED', 'QUARANTINED', 'SCREENED',
        'IN_TRIAGE', 'NEEDS_INFO', 'DECIDED', 'FEEDBACK_SENT', 'CLOSED'))
"""

# report_id and the scope of the report, so that no policy joins.
DETAILS = {
    "report_original": f"""
        report_id uuid not null references app.report (id) on delete cascade,
        {SCOPE}
        sealed bytea not null,
        mailbox_key bytea not null,
        pii_flags text[] not null default '{{}}',
        spam_score numeric(4, 2) not null default 0,
        match_hash bytea,
        suggestion jsonb,
        assigned_to uuid,
        duplicate_of_id uuid references app.report (id),
        screened_at timestamptz,
        constraint report_original_pkey primary key (report_id)
    """,
    "report_contact": f"""
        report_id uuid not null references app.report (id) on delete cascade,
        {SCOPE}
        sealed bytea not null,
        expires_on date,
        constraint report_contact_pkey primary key (report_id)
    """,
    "report_message": f"""
        id uuid not null,
        report_id uuid not null references app.report (id) on delete cascade,
        {SCOPE}
        direction text not null,
        template_code text,
        sealed bytea not null,
        sealed_for_reporter bytea not null,
        at timestamptz not null default now(),
        by uuid,
        read_at timestamptz,
        constraint report_message_pkey primary key (id),
        constraint report_message_direction_check check (direction in ('IN', 'OUT')),
        constraint report_message_template_check
            check (direction = 'IN' or template_code is not null)
    """,
    "report_outcome": f"""
        id uuid not null,
        report_id uuid not null references app.report (id) on delete cascade,
        {SCOPE}
        code text not null,
        place_id uuid references app.place (id),
        other_report_id uuid references app.report (id),
        reason_code text,
        note text,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        undone_at timestamptz,
        constraint report_outcome_pkey primary key (id),
        constraint report_outcome_code_check check (code in ('LINKED_PLACE', 'NEW_PLACE',
            'DUPLICATE', 'REFERRED_SPA', 'REFERRED_POLICE', 'OUT_OF_AREA_SENT', 'NFA',
            'REJECTED_ABUSIVE')),
        constraint report_outcome_note_check check (length(note) <= 300)
    """,
    "report_state_change": f"""
        id bigint generated always as identity,
        report_id uuid not null references app.report (id) on delete cascade,
        {SCOPE}
        from_state text,
        to_state text not null,
        at timestamptz not null default now(),
        by uuid not null,
        reason text,
        constraint report_state_change_pkey primary key (id)
    """,
}
WRITTEN_BY_PEOPLE = ("report_message", "report_outcome")

INTAKE = {
    "draft": """
        id bytea not null,
        cipher bytea not null,
        touched_at timestamptz not null default now(),
        constraint draft_pkey primary key (id),
        constraint draft_cipher_check check (length(cipher) <= 40000)
    """,
    "submission": """
        idem bytea not null,
        body bytea not null,
        receipt bytea not null,
        report_id uuid not null references app.report (id) on delete cascade,
        constraint submission_pkey primary key (idem),
        constraint submission_receipt_key unique (receipt),
        constraint submission_report_key unique (report_id)
    """,
    "rate": """
        kind text not null,
        source bytea not null,
        hour timestamptz not null,
        n int not null,
        constraint rate_pkey primary key (kind, source, hour)
    """,
}
COMMENTS = {
    "table app.report": "What somebody told us of a place, without its words",
    "table app.report_original": "The words, sealed to the triage key; for the lead alone",
    "column app.report_original.mailbox_key": "Public half of a key that only the receipt makes",
    "column app.report_original.match_hash": "HMAC of the online address or route, to find equals",
    "column app.report.redacted": "The words after triage, sealed to the triage key",
    "table app.report_contact": "How to reach the reporter, sealed to a key of its own",
    "table app.report_message": "The mailbox: each message sealed for the team and the reporter",
    "table intake.draft": "Answers of an open form, encrypted with a key that the cookie holds",
    "table intake.submission": "What was sent already; receipts as HMAC only",
    "table intake.rate": "Sends an hour, by HMAC of where from; no address is kept",
}

STATE_CHANGE = """
create function app.report_after() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into app.report_state_change (report_id, borough_codes, tier, from_state, to_state,
                                             by, reason)
        values (new.id, new.borough_codes, new.tier, case tg_op when 'UPDATE' then old.state end,
                new.state, new.updated_by, nullif(current_setting('cs.reason', true), ''));
    end if;
    if tg_op = 'UPDATE' and (new.borough_codes, new.tier) is distinct from
                            (old.borough_codes, old.tier) then
        update app.report_original set tier = tier where report_id = new.id;
        update app.report_contact set tier = tier where report_id = new.id;
        update app.report_message set tier = tier where report_id = new.id;
        update app.report_outcome set tier = tier where report_id = new.id;
        update app.report_state_change set tier = tier where report_id = new.id;
    end if;
    return null;
end $$
"""
BEFORE = """
create function app.report_before() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.updated_at := now();
    if new.geom is not null
       and (tg_op = 'INSERT' or old.geom is null or not ST_OrderingEquals(new.geom, old.geom)) then
        new.borough_codes := array(select lad_code from app.boroughs_of(new.geom) order by 1);
    end if;
    -- domain.md 7: short by default; what helped to find a place stays longest.
    new.retain_until := (coalesce(new.decided_at, new.created_at, now())
                         at time zone 'Europe/London')::date
        + case
            when new.outcome_codes && array['LINKED_PLACE', 'NEW_PLACE'] then interval '2 years'
            when new.decided_at is null or 'REJECTED_ABUSIVE' = any (new.outcome_codes)
                then interval '90 days'
            when new.outcome_codes = array['NFA'] then interval '6 months'
            else interval '12 months'
        end;
    return new;
end $$
"""
SCOPE_FROM_REPORT = """
create function app.scope_from_report() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select borough_codes, tier into new.borough_codes, new.tier
    from app.report where id = new.report_id;
    return new;
end $$
"""
# Who reported is forgotten 30 days after the report was closed; opened again, it is kept.
CONTACT_EXPIRES = """
create function app.report_contact_expires() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.report_contact
    set expires_on = (new.closed_at at time zone 'Europe/London')::date + 30
    where report_id = new.id;
    return null;
end $$
"""
# A purpose given for a report opens the contact that hangs on it.
PURPOSE_RECORD = """
create or replace function app.purpose_record() returns uuid
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    wanted text := sec.purpose_for();
begin
    return case left(wanted, 3)
        when 'CH-' then (select id from app.child where ref = wanted)
        when 'PL-' then (select id from app.place where ref = wanted)
        when 'IC-' then (select id from app.incident where ref = wanted)
        {}
    end;
end $$
"""
WITH_REPORTS = "when 'RP-' then (select id from app.report where ref = wanted)"

DRAFTS = [
    """
    create function intake.draft_read(wanted bytea) returns bytea
        language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select cipher from intake.draft
        where id = wanted and touched_at > now() - interval '60 minutes'
    $$
    """,
    """
    create function intake.draft_write(wanted bytea, answers bytea) returns void
        language sql security definer set search_path = pg_catalog, pg_temp as $$
        insert into intake.draft (id, cipher) values (wanted, answers)
        on conflict (id) do update set cipher = excluded.cipher, touched_at = now()
    $$
    """,
    """
    create function intake.draft_drop(wanted bytea) returns void
        language sql security definer set search_path = pg_catalog, pg_temp as $$
        delete from intake.draft where id = wanted
    $$
    """,
    # How often it was done this hour, this time included.
    """
    create function intake.counted(what text, from_where bytea) returns int
        language sql security definer set search_path = pg_catalog, pg_temp as $$
        insert into intake.rate (kind, source, hour, n)
        values (what, from_where, date_trunc('hour', now()), 1)
        on conflict (kind, source, hour) do update set n = intake.rate.n + 1
        returning n
    $$
    """,
    # The same without counting: what the check page asks before anything is sent.
    """
    create function intake.so_far(what text, from_where bytea) returns int
        language sql stable security definer set search_path = pg_catalog, pg_temp as $$
        select coalesce((select n from intake.rate where kind = what and source = from_where
                         and hour = date_trunc('hour', now())), 0)
    $$
    """,
    # Drafts that are over, counters of earlier hours: what the worker does every few minutes.
    """
    create function intake.tidied() returns void
        language sql security definer set search_path = pg_catalog, pg_temp as $$
        delete from intake.draft where touched_at <= now() - interval '60 minutes';
        delete from intake.rate where hour < date_trunc('hour', now());
    $$
    """,
]

SUBMIT = """
create function intake.submit(
    by_key bytea, body bytea, facts jsonb, sealed bytea, receipt bytea, mailbox_key bytea,
    contact bytea, draft_id bytea, done bytea
) returns text
    -- The queue library names its tables without a schema.
    language plpgsql security definer set search_path = pg_catalog, public, queue, pg_temp as $$
#variable_conflict use_variable
declare
    known bytea;
    made uuid := (facts->>'id')::uuid;
    who uuid := sec.actor();
begin
    if (case when facts->>'channel' = 'EMAIL_IMPORT'
             then coalesce(sec.job(), '') not in ('imports:mailbox', 'demo:load')
             else facts->>'channel' <> 'WEB' and sec.agency() is null and sec.job() is null end)
    then
        raise insufficient_privilege using message = 'not the channel of this sender';
    end if;
    insert into app.report (
        id, ref, agency_code, created_by, updated_by, channel, reporter_kind, danger_answer,
        where_kind, geom, pin_accuracy_m, out_of_area_lad, platform_code, mode_code, audience,
        what_ticks, how_known, child_count_band, when_kind, day_parts, quarantine, borough_codes,
        is_synthetic, created_at, state)
    select made, facts->>'ref', coalesce(sec.agency(), 'PUBLIC'), who, who, facts->>'channel',
        coalesce(facts->>'reporter_kind', 'NOT_SAID'), facts->>'danger_answer',
        facts->>'where_kind',
        ST_SetSRID(ST_Point((facts->>'easting')::float8, (facts->>'northing')::float8), 27700),
        (facts->>'pin_accuracy_m')::int, facts->>'out_of_area_lad', facts->>'platform_code',
        facts->>'mode_code', facts->>'audience',
        array(select jsonb_array_elements_text(facts->'what_ticks')), facts->>'how_known',
        coalesce(facts->>'child_count_band', 'NOT_KNOWN'), facts->>'when_kind',
        array(select jsonb_array_elements_text(facts->'day_parts')),
        array(select jsonb_array_elements_text(facts->'quarantine')),
        array(select jsonb_array_elements_text(facts->'borough_codes')),
        coalesce((facts->>'is_synthetic')::boolean, false),
        -- Demonstration records are dated back; nobody else says when a report came.
        case when sec.job() = 'demo:load' then coalesce((facts->>'came_at')::timestamptz, now())
             else now() end,
        case when facts->'quarantine' = '[]' then 'RECEIVED' else 'QUARANTINED' end;
    insert into intake.submission (idem, body, receipt, report_id)
    values (by_key, body, receipt, made) on conflict (idem) do nothing;
    if not found then
        -- The same key again: nothing new is kept, and whoever sends it is told the same.
        delete from app.report where id = made;
        select s.body into known from intake.submission as s where s.idem = by_key;
        return case when known = body then 'again' else 'other' end;
    end if;
    insert into app.report_original (report_id, sealed, mailbox_key)
    values (made, sealed, mailbox_key);
    if contact is not null then
        insert into app.report_contact (report_id, sealed) values (made, contact);
    end if;
    if draft_id is not null then
        update intake.draft set cipher = done, touched_at = now() where id = draft_id;
    end if;
    perform audit.log('report.create', 'report', facts->>'ref', 'done', 1,
                      jsonb_build_object('channel', facts->>'channel'));
    perform queue.procrastinate_defer_jobs_v1(array[row('default', 'reports:screen', 0, null, null,
        jsonb_build_object('report', made), null)::queue.procrastinate_job_to_defer_v1]);
    return 'new';
end $$
"""

# What a receipt opens: state, day, and the mailbox, sealed to a key that the receipt makes.
STATUS = """
create function intake.status(by_receipt bytea) returns jsonb
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select jsonb_build_object(
        'report', report.id, 'state', report.state,
        'received_on', (report.created_at at time zone 'Europe/London')::date,
        'received_at', report.created_at,
        'closed_on', (report.closed_at at time zone 'Europe/London')::date,
        'mailbox_key', encode(original.mailbox_key, 'hex'),
        'messages', coalesce((
            select jsonb_agg(jsonb_build_object(
                'id', message.id, 'direction', message.direction,
                'on', (message.at at time zone 'Europe/London')::date,
                'sealed', encode(message.sealed_for_reporter, 'hex')) order by message.at desc)
            from app.report_message as message where message.report_id = report.id), '[]'))
    from intake.submission
    join app.report on report.id = submission.report_id
    join app.report_original as original on original.report_id = report.id
    where submission.receipt = by_receipt and report.deleted_at is null
      and coalesce(report.closed_at > now() - interval '30 days', true)
$$
"""
REPLY = """
create function intake.reply(
    by_receipt bytea, message_id uuid, sealed bytea, sealed_for_reporter bytea
) returns boolean
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_variable
declare
    wanted uuid;
    known_as text;
begin
    select report.id, report.ref into wanted, known_as
    from intake.submission join app.report on report.id = submission.report_id
    where submission.receipt = by_receipt and report.deleted_at is null
      and coalesce(report.closed_at > now() - interval '30 days', true)
    for update of report;
    if wanted is null then
        return false;
    end if;
    if (select count(*) from app.report_message
        where report_id = wanted and direction = 'IN') >= 50 then
        return false;
    end if;
    insert into app.report_message (id, report_id, direction, sealed, sealed_for_reporter)
    values (message_id, wanted, 'IN', sealed, sealed_for_reporter) on conflict (id) do nothing;
    update app.report set state = 'IN_TRIAGE', updated_by = sec.actor()
    where id = wanted and state = 'NEEDS_INFO';
    perform audit.log('report.message', 'report', known_as, 'done', 1, null);
    return true;
end $$
"""
PUBLIC = (
    "intake.draft_read(bytea)",
    "intake.draft_write(bytea, bytea)",
    "intake.draft_drop(bytea)",
    "intake.counted(text, bytea)",
    "intake.so_far(text, bytea)",
    "intake.submit(bytea, bytea, jsonb, bytea, bytea, bytea, bytea, bytea, bytea)",
    "intake.status(bytea)",
    "intake.reply(bytea, uuid, bytea, bytea)",
)
QUEUE = (
    "procrastinate_workers",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_events",
)
INDEXES = [
    "create index report_inbox_idx on app.report (state, created_at)",
    "create index report_geom_idx on app.report using gist (geom)",
    "create index report_agency_idx on app.report (agency_code, created_at)",
    "create index report_original_match_idx on app.report_original (match_hash)",
    "create index report_message_report_idx on app.report_message (report_id, at)",
    "create index report_outcome_report_idx on app.report_outcome (report_id)",
    "create index report_outcome_place_idx on app.report_outcome (place_id)",
    "create index report_state_change_report_idx on app.report_state_change (report_id)",
    "create index draft_touched_idx on intake.draft (touched_at)",
]


def upgrade() -> None:
    op.execute("create schema intake")
    op.execute("grant usage on schema intake to cs_public, cs_app, cs_job")
    for name, columns in ({"report": REPORT} | DETAILS).items():
        op.execute(f"create table app.{name} ({columns})")
        protect("app", name)
        # A report comes in by intake.submit alone; people add outcomes and messages to it.
        verbs = "select, insert, update" if name in WRITTEN_BY_PEOPLE else "select, update"
        op.execute(f"grant {verbs} on app.{name} to cs_app")
        op.execute(f"grant select, insert, update, delete on app.{name} to cs_job")
    for name, columns in INTAKE.items():
        op.execute(f"create table intake.{name} ({columns})")
        protect("intake", name)
    for name in QUEUE:  # a report and its job are one commit, both written by intake.submit
        op.execute(
            f"create policy {name}_owner on queue.{name} for all to cs_owner "
            "using (true) with check (true)"
        )
    create_functions()
    for statement in INDEXES:
        op.execute(statement)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def protect(schema: str, name: str) -> None:
    """Policies of staff come from the permission file; this one is for our own functions."""
    op.execute(f"alter table {schema}.{name} enable row level security")
    op.execute(f"alter table {schema}.{name} force row level security")
    op.execute(
        f"create policy {name}_owner on {schema}.{name} for all to cs_owner "
        "using (true) with check (true)"
    )


def create_functions() -> None:
    for function in (
        *(BEFORE, STATE_CHANGE, CONTACT_EXPIRES, SCOPE_FROM_REPORT),
        *(*DRAFTS, SUBMIT, STATUS, REPLY),
    ):
        op.execute(function)
    op.execute(PURPOSE_RECORD.format(WITH_REPORTS))
    op.execute(
        "create trigger report_before before insert or update on app.report "
        "for each row execute function app.report_before()"
    )
    op.execute(
        "create trigger report_changed_by before insert or update on app.report "
        "for each row execute function app.changed_by()"
    )
    op.execute(
        "create trigger report_after after insert or update on app.report "
        "for each row execute function app.report_after()"
    )
    op.execute(
        "create trigger report_contact_expires after update on app.report for each row "
        "when (new.closed_at is distinct from old.closed_at) "
        "execute function app.report_contact_expires()"
    )
    for table in DETAILS:
        op.execute(
            f"create trigger {table}_scope before insert or update on app.{table} "
            "for each row execute function app.scope_from_report()"
        )
    op.execute("revoke execute on all functions in schema intake from public")
    op.execute("revoke execute on all functions in schema app from public")
    for function in PUBLIC:
        op.execute(f"grant execute on function {function} to cs_public, cs_app, cs_job")
    op.execute("grant execute on function intake.tidied() to cs_job")
    op.execute("set local role cs_sec")
    op.execute("grant execute on function audit.log to cs_owner")
    op.execute("set local role cs_owner")


def downgrade() -> None:
    op.execute("drop schema intake cascade")
    for name in QUEUE:
        op.execute(f"drop policy {name}_owner on queue.{name}")
    for name in reversed(DETAILS):
        op.execute(f"drop table app.{name}")
    op.execute("drop table app.report")
    op.execute(
        "drop function app.report_before, app.report_after, app.report_contact_expires, "
        "app.scope_from_report"
    )
    op.execute(PURPOSE_RECORD.format(""))
    op.execute("set local role cs_sec")
    op.execute("revoke execute on function audit.log from cs_owner")
    op.execute("set local role cs_owner")
