"""Identities of children, apart and sealed; links that are corrected; erasure of a reference.

Running code does not know what is added: columns have defaults. Reversible: identities, requests
for them, holds and what links said before are lost.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = {
    # Keyed on the child: no column points here. Who it is stands in `sealed` alone, under a key of
    # its own that is in no database.
    "vault.identity": """
        child_id uuid not null references app.child (id),
        borough_codes text[] not null default '{}',
        tier text not null default 'H1',
        sealed bytea not null,
        key_id uuid not null,
        key_version int not null,
        blind bytea not null,
        blind_version int not null,
        blind_next bytea,
        blind_next_version int,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        updated_at timestamptz not null default now(),
        is_synthetic boolean not null default false,
        constraint identity_pkey primary key (child_id),
        constraint identity_key_key unique (key_id),
        constraint identity_next_check
            check ((blind_next is null) = (blind_next_version is null))
    """,
    # One line a reading: a second factor that opened one opens no second.
    "vault.reading": """
        id bigint generated always as identity,
        grant_id uuid not null references app.access_grant (id),
        at timestamptz not null default clock_timestamp(),
        constraint reading_pkey primary key (id)
    """,
    "vault.question": """
        id bigint generated always as identity,
        actor uuid not null,
        at timestamptz not null default clock_timestamp(),
        constraint question_pkey primary key (id)
    """,
    # Keys whose identity is gone, until their file is, too. Whose they were is not known.
    "vault.spent_key": """
        key_id uuid not null,
        at timestamptz not null default now(),
        constraint spent_key_pkey primary key (key_id)
    """,
    # Never linked to work: whoever opens one is looked at.
    "vault.decoy": """
        child_id uuid not null references app.child (id),
        constraint decoy_pkey primary key (child_id)
    """,
    "app.child_link_was": """
        id uuid not null default gen_random_uuid(),
        link_id uuid,
        child_id uuid not null references app.child (id),
        place_id uuid,
        incident_id uuid,
        borough_codes text[] not null default '{}',
        tier text not null,
        role text not null,
        from_on date,
        to_on date,
        confidence text,
        source_agency text,
        basis text,
        withdrawn boolean not null default false,
        why text,
        at timestamptz not null default clock_timestamp(),
        by uuid,
        constraint child_link_was_pkey primary key (id),
        constraint child_link_was_why_check check (length(why) <= 200)
    """,
    "app.legal_hold": """
        id uuid not null,
        ref text not null,
        object_kind text not null default 'child',
        object_ids uuid[] not null,
        reason text not null,
        until_on date,
        agency_code text not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        approved_at timestamptz,
        approved_by uuid,
        ended_at timestamptz,
        ended_by uuid,
        constraint legal_hold_pkey primary key (id),
        constraint legal_hold_ref_key unique (ref),
        constraint legal_hold_kind_check check (object_kind in ('child')),
        constraint legal_hold_reason_check check (length(reason) between 1 and 300),
        constraint legal_hold_approved_check
            check ((approved_at is null) = (approved_by is null) and approved_by <> created_by),
        constraint legal_hold_ended_check check ((ended_at is null) = (ended_by is null))
    """,
    "app.retention_run": """
        id uuid not null,
        ref text not null,
        as_of date not null,
        state text not null default 'PLANNED',
        counts jsonb not null,
        total int not null,
        agency_code text,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        approved_at timestamptz,
        approved_by uuid,
        done_at timestamptz,
        erased jsonb,
        failed int not null default 0,
        constraint retention_run_pkey primary key (id),
        constraint retention_run_ref_key unique (ref),
        constraint retention_run_state_check
            check (state in ('PLANNED', 'APPROVED', 'DONE', 'REPLACED')),
        constraint retention_run_approved_check
            check ((approved_at is null) = (approved_by is null) and approved_by <> created_by),
        constraint retention_run_state_approved_check
            check (state not in ('APPROVED', 'DONE') or approved_by is not null)
    """,
    # What one run is to erase; gone when it is done or replaced.
    "app.retention_due": """
        run_id uuid not null references app.retention_run (id),
        object_kind text not null,
        object_id uuid not null,
        other_id uuid,
        constraint retention_due_kind_check
            check (object_kind in ('child', 'child_place_link', 'child_incident_link'))
    """,
    "app.retention_event": """
        id uuid not null default gen_random_uuid(),
        run_id uuid,
        object_kind text not null,
        action text not null default 'erased',
        at timestamptz not null default now(),
        counts jsonb not null,
        agency_code text,
        constraint retention_event_pkey primary key (id)
    """,
}
COMMENTS = {
    "table vault.identity": "Who a reference stands for: one sealed box under a key of its own",
    "column vault.identity.sealed": "AES-256-GCM; bound to schema, table, column, row and version",
    "column vault.identity.key_id": "Name of the file that holds the wrapped key, on no backup",
    "column vault.identity.blind": "HMAC-SHA256 of surname and date of birth, for equality only",
    "table app.child_link_was": "What a link said before it was corrected or withdrawn",
    "table app.retention_event": "Tombstones: what was erased, counted. Never what it said",
}

# Who may act as custodian of identities: a duty, given by one person and confirmed by an auditor.
CUSTODIAN = """
create function vault.custodian() returns boolean
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return coalesce(sec.role() = 'cs_lead' and exists (
        select from app.access_grant as g
        where g.kind = 'CUSTODIAN' and g.user_id = sec.actor() and g.approved_by is not null
          and g.revoked_at is null and g.from_at <= clock_timestamp()
          and g.until_at > clock_timestamp()), false);
end $$
"""
# The reason in the claims was given for this child, who is still there.
ABOUT = """
create function vault.about(child uuid) returns boolean
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return sec.purpose() is not null and exists (
        select from app.child as c
        where c.id = about.child and c.ref = sec.purpose_for() and c.deleted_at is null);
end $$
"""
PUT = """
create function vault.put(child uuid, box bytea, key uuid, version int, mac bytea, mac_version int)
    returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    old uuid;
begin
    if not (vault.custodian() and sec.stepped() and vault.about(child)) then
        raise insufficient_privilege using message = 'only a custodian enters an identity';
    end if;
    select i.key_id into old from vault.identity as i where i.child_id = child for update;
    if old is not null then
        insert into vault.spent_key (key_id) values (old);
        delete from vault.identity as i where i.child_id = child;
    end if;
    insert into vault.identity (child_id, sealed, key_id, key_version, blind, blind_version,
                                created_by, is_synthetic)
    select child, box, key, put.version, mac, mac_version, sec.actor(), c.is_synthetic
    from app.child as c where c.id = child;
end $$
"""
HELD = """
create function vault.held(child uuid) returns boolean
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(vault.about(child) and (sec.role() = 'cs_lead'
            or child = any (sec.named('child'))), false) then
        return null;
    end if;
    return exists (select from vault.identity as i where i.child_id = held.child);
end $$
"""
# Known, yes or no: never whom. Twenty questions an hour and person.
KNOWN = """
create function vault.known(macs bytea[], but uuid) returns boolean
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if sec.role() is distinct from 'cs_lead' or sec.purpose() is null or not sec.stepped() then
        raise insufficient_privilege using message = 'only a lead asks, with a reason';
    end if;
    if (select count(*) from vault.question as q
        where q.actor = sec.actor() and q.at > clock_timestamp() - interval '1 hour') >= 20 then
        return null;
    end if;
    insert into vault.question (actor) values (sec.actor());
    return exists (select from vault.identity as i
                   where (i.blind = any (macs) or i.blind_next = any (macs))
                     and i.child_id is distinct from but);
end $$
"""
REQUEST = """
create function vault.request(id uuid, ref text, child uuid, reason text) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    at timestamptz := clock_timestamp();
begin
    if vault.held(child) is distinct from true then
        raise insufficient_privilege using message = 'nothing to ask for';
    end if;
    if exists (select from app.access_grant as g
               where g.kind = 'IDENTITY' and g.object_id = child and g.user_id = sec.actor()
                 and g.revoked_at is null and g.until_at > clock_timestamp()) then
        raise unique_violation using message = 'asked already';
    end if;
    insert into app.access_grant (id, ref, user_id, agency_code, kind, object_type, object_id,
                                  purpose, reason, from_at, until_at, created_by)
    values (request.id, request.ref, sec.actor(), coalesce(sec.agency(), 'OTHER'), 'IDENTITY',
            'child_identity', child, sec.purpose(), request.reason, at,
            at + interval '7 days', sec.actor());
end $$
"""
# A day, from the approval on, by a custodian who neither asked nor is who it is for.
APPROVE = """
create function vault.approve(asked uuid) returns boolean
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    at timestamptz := clock_timestamp();
begin
    if not (vault.custodian() and sec.stepped()) then
        raise insufficient_privilege using message = 'only a custodian approves';
    end if;
    update app.access_grant as g
    set approved_at = at, approved_by = sec.actor(), from_at = at,
        until_at = at + interval '24 hours'
    where g.id = asked and g.kind = 'IDENTITY' and g.approved_by is null and g.revoked_at is null
      and g.until_at > clock_timestamp() and sec.actor() not in (g.user_id, g.created_by);
    return found;
end $$
"""
# Which child a request is about, for the custodian who decides on it.
CHILD_OF = """
create function vault.child_of(asked uuid) returns text
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not (vault.custodian() and sec.stepped()) then
        return null;
    end if;
    return (select c.ref from app.access_grant as g join app.child as c on c.id = g.object_id
            where g.id = asked and g.kind = 'IDENTITY' and c.deleted_at is null);
end $$
"""
# Declined, withdrawn or ended early: by a custodian, an auditor, or whose request it is.
CLOSE = """
create function vault.close(asked uuid) returns boolean
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.access_grant as g
    set revoked_at = clock_timestamp(), revoked_by = sec.actor()
    where g.id = asked and g.kind = 'IDENTITY' and g.revoked_at is null
      and g.until_at > clock_timestamp()
      and (g.user_id = sec.actor() or vault.custodian() or sec.role() = 'auditor');
    return found;
end $$
"""
# Before each reading. The second factor must be newer than the last reading: one for each.
NOTE_READING = """
create function vault.note_reading(child uuid) returns text
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    live app.access_grant;
    shown timestamptz := to_timestamp((sec.claims() ->> 'stepped_at')::float8);
begin
    select * into live from app.access_grant as g
    where g.kind = 'IDENTITY' and g.object_id = child and g.user_id = sec.actor()
      and g.approved_by is not null and g.revoked_at is null
      and g.from_at <= clock_timestamp() and g.until_at > clock_timestamp()
    order by g.until_at desc limit 1 for update;
    if live.id is null or not vault.about(child) then
        return 'closed';
    end if;
    if not sec.stepped() or exists (
            select from vault.reading as r join app.access_grant as g on g.id = r.grant_id
            where g.user_id = sec.actor() and r.at >= shown) then
        return 'again';
    end if;
    insert into vault.reading (grant_id) values (live.id);
    return live.ref;
end $$
"""
IS_DECOY = """
create function vault.is_decoy(child uuid) returns boolean
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return vault.about(child) and exists (select from vault.decoy as d where d.child_id = child);
end $$
"""
# Who is told when an identity is read: auditors and custodians.
WATCHERS = """
create function vault.watchers() returns text[]
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if sec.actor() is null then
        return '{}';
    end if;
    return array(
        select distinct u.email from app."user" as u
        where u.state = 'ACTIVE' and u.email is not null
          and (u.role = 'auditor' or u.role = 'cs_lead' and exists (
              select from app.access_grant as g
              where g.kind = 'CUSTODIAN' and g.user_id = u.id and g.approved_by is not null
                and g.revoked_at is null and g.until_at > clock_timestamp()))
        order by 1);
end $$
"""

# What the page of grants can do, it must not do with these.
GUARD = """
create function app.guard_identity_grant() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user not in ('cs_app', 'cs_audit') or sec.job() is not null then
        return new;
    end if;
    if new.kind = 'IDENTITY' and (tg_op = 'INSERT'
            or new.approved_by is distinct from old.approved_by) then
        raise insufficient_privilege using message = 'a custodian decides on identities';
    end if;
    if new.kind = 'CUSTODIAN' and (
            tg_op = 'INSERT' and (new.object_type <> 'duty' or new.object_id <> new.user_id)
            or tg_op = 'UPDATE' and new.approved_by is distinct from old.approved_by
               and sec.role() is distinct from 'auditor') then
        raise insufficient_privilege using message = 'an auditor confirms this duty';
    end if;
    return new;
end $$
"""

LINK_CHANGED = """
create function app.child_place_link_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into app.child_link_was (link_id, child_id, place_id, borough_codes, tier, role, from_on,
        to_on, confidence, source_agency, basis, by)
    values (old.id, old.child_id, old.place_id, old.borough_codes, old.tier, old.role, old.from_on,
        old.to_on, old.confidence, old.source_agency, old.basis, sec.actor());
    return null;
end $$
"""
# Taken back: it counts nowhere from now on, and what it said is kept with the child.
WITHDRAW = """
create function app.withdraw_link(link uuid, of_child uuid, of_incident uuid, reason text)
    returns boolean
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(sec.role() = 'cs_lead' and vault.about(of_child), false) then
        raise insufficient_privilege using message = 'a lead takes links back, with a reason';
    end if;
    if link is not null then
        with gone as (
            delete from app.child_place_link as l where l.id = link and l.child_id = of_child
            returning l.*
        )
        insert into app.child_link_was (link_id, child_id, place_id, borough_codes, tier, role,
            from_on, to_on, confidence, source_agency, basis, by, withdrawn, why)
        select id, child_id, place_id, borough_codes, tier, role, from_on, to_on, confidence,
            source_agency, basis, sec.actor(), true, reason from gone;
    else
        with gone as (
            delete from app.child_incident_link as l
            where l.child_id = of_child and l.incident_id = of_incident returning l.*
        )
        insert into app.child_link_was (child_id, incident_id, borough_codes, tier, role, by,
            withdrawn, why)
        select child_id, incident_id, borough_codes, tier, role, sec.actor(), true, reason
        from gone;
    end if;
    return found;
end $$
"""
# How many, without who: for those who may count, without a reason.
CHILDREN_AT = """
create function app.children_at(of_place uuid) returns int
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if coalesce(sec.role() not in ('practitioner', 'police_analyst', 'cs_lead'), true) then
        return null;
    end if;
    return (
        select count(distinct l.child_id) from app.child_place_link as l
        join app.child as c on c.id = l.child_id and c.deleted_at is null
        where l.place_id = of_place and l.tier = 'H1'
          and (sec.all_boroughs() or l.borough_codes && sec.boroughs()));
end $$
"""

# Wherever somebody typed the reference, or a program kept the key: words that say it was there.
SCRUB = """
create function app.scrub(ref text, child uuid) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    spot record;
begin
    if coalesce(sec.job() not in ('retention:erase', 'retention:replay'), true) then
        raise insufficient_privilege using message = 'only retention erases';
    end if;
    for spot in
        select c.table_name, c.column_name,
               case c.data_type when 'ARRAY' then 'text[]' else c.data_type end as kind
        from information_schema.columns as c
        join information_schema.tables as t using (table_schema, table_name)
        where c.table_schema = 'app' and t.table_type = 'BASE TABLE'
          and (c.data_type in ('text', 'jsonb') or c.udt_name = '_text')
          and c.is_generated = 'NEVER'
          and not (c.table_name = 'child' and c.column_name = 'ref')
    loop
        execute format(
            'update app.%1$I set %2$I = regexp_replace(%2$I::text, $1, $2, ''gi'')::%3$s '
            'where %2$I::text ilike $3 or %2$I::text ilike $4',
            spot.table_name, spot.column_name, spot.kind)
        using ref || '|' || child, '[erased]', '%' || ref || '%', '%' || child || '%';
    end loop;
end $$
"""

ON_HOLD = """
create function app.on_hold(child uuid) returns boolean
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return coalesce(sec.job() like 'retention:%', false) and (
        exists (select from app.legal_hold as h
                where child = any (h.object_ids) and h.approved_by is not null
                  and h.ended_at is null
                  and coalesce(h.until_on >= (now() at time zone 'Europe/London')::date, true))
        or exists (select from app.child as c where c.id = child and c.hold_id is not null));
end $$
"""
# Everything of one child, at once; how many rows of each kind that was. Only what an auditor has
# approved, or what a list of erasures says after a restore; never what is held.
ERASE_CHILD = """
create function app.erase_child(child uuid, run uuid) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    its_ref text;
    links int;
    happened int;
    boxes int;
begin
    if not coalesce(sec.job() = 'retention:replay' or sec.job() = 'retention:erase' and exists (
            select from app.retention_due as d join app.retention_run as r on r.id = d.run_id
            where d.run_id = run and d.object_kind = 'child' and d.object_id = child
              and r.state = 'APPROVED'), false) then
        raise insufficient_privilege using message = 'only an approved run erases';
    end if;
    select c.ref into its_ref from app.child as c where c.id = child for update;
    if its_ref is null or app.on_hold(child) and sec.job() = 'retention:erase' then
        return null;
    end if;
    insert into vault.spent_key (key_id)
    select i.key_id from vault.identity as i where i.child_id = child;
    delete from vault.identity as i where i.child_id = child;
    get diagnostics boxes = row_count;
    delete from vault.reading as r using app.access_grant as g
    where g.id = r.grant_id and g.object_id = child;
    delete from app.access_grant as g where g.object_id = child;
    delete from app.purpose_held as h where h.object_ref = its_ref;
    delete from app.intel_child as i where i.child_id = child or i.child_ref = its_ref;
    perform app.scrub(its_ref, child);
    delete from vault.decoy as d where d.child_id = child;
    delete from app.child_link_was as w where w.child_id = child;
    delete from app.child_incident_link as l where l.child_id = child;
    get diagnostics happened = row_count;
    delete from app.child_place_link as l where l.child_id = child;
    get diagnostics links = row_count;
    update app.legal_hold as h set object_ids = array_remove(h.object_ids, child)
    where child = any (h.object_ids);
    delete from app.child_home as h where h.child_id = child;
    delete from app.retention_due as d where d.object_id = child;
    delete from app.child as c where c.id = child;
    insert into app.retention_event (run_id, object_kind, counts)
    values (run, 'child', jsonb_build_object('child_place_link', links,
        'child_incident_link', happened, 'identity', boxes));
    return jsonb_build_object('child', 1, 'child_place_link', links,
        'child_incident_link', happened, 'identity', boxes);
end $$
"""
ERASE_LINKS = """
create function app.erase_links(run uuid) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    links int;
    happened int;
begin
    if not coalesce(sec.job() = 'retention:erase' and exists (
            select from app.retention_run as r where r.id = run and r.state = 'APPROVED'), false)
    then
        raise insufficient_privilege using message = 'only an approved run erases';
    end if;
    delete from app.child_link_was as w using app.retention_due as d
    where d.run_id = run and d.object_kind = 'child_place_link' and w.link_id = d.object_id
      and not app.on_hold(w.child_id);
    delete from app.child_place_link as l using app.retention_due as d
    where d.run_id = run and d.object_kind = 'child_place_link' and l.id = d.object_id
      and not app.on_hold(l.child_id);
    get diagnostics links = row_count;
    delete from app.child_incident_link as l using app.retention_due as d
    where d.run_id = run and d.object_kind = 'child_incident_link' and l.child_id = d.object_id
      and l.incident_id = d.other_id and not app.on_hold(l.child_id);
    get diagnostics happened = row_count;
    insert into app.retention_event (run_id, object_kind, counts)
    select run, kind, jsonb_build_object(kind, n)
    from (values ('child_place_link', links), ('child_incident_link', happened)) as done (kind, n)
    where n > 0;
    return jsonb_build_object('child_place_link', links, 'child_incident_link', happened);
end $$
"""

# Only an approval changes a run that people see; the number that was typed is checked above.
GUARD_RUN = """
create function app.guard_retention() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user in ('cs_app', 'cs_audit') and sec.job() is null and (
            tg_op = 'UPDATE' and (
                to_jsonb(new) - array['approved_at', 'approved_by', 'ended_at', 'ended_by', 'state']
                is distinct from
                to_jsonb(old) - array['approved_at', 'approved_by', 'ended_at', 'ended_by', 'state']
                or new.approved_by is distinct from old.approved_by
                   and new.approved_by is distinct from sec.actor()
                or old.approved_by is not null and new.approved_by is distinct from old.approved_by)
            or tg_op = 'INSERT' and new.approved_by is not null) then
        raise insufficient_privilege using message = 'somebody else must do this';
    end if;
    return new;
end $$
"""

FUNCTIONS = {
    "vault.custodian()": (CUSTODIAN, "cs_app, cs_audit"),
    "vault.about(uuid)": (ABOUT, "cs_app"),
    "vault.put(uuid, bytea, uuid, int, bytea, int)": (PUT, "cs_app"),
    "vault.held(uuid)": (HELD, "cs_app"),
    "vault.known(bytea[], uuid)": (KNOWN, "cs_app"),
    "vault.request(uuid, text, uuid, text)": (REQUEST, "cs_app"),
    "vault.approve(uuid)": (APPROVE, "cs_app"),
    "vault.child_of(uuid)": (CHILD_OF, "cs_app"),
    "vault.close(uuid)": (CLOSE, "cs_app, cs_audit"),
    "vault.note_reading(uuid)": (NOTE_READING, "cs_app"),
    "vault.is_decoy(uuid)": (IS_DECOY, "cs_app"),
    "vault.watchers()": (WATCHERS, "cs_app, cs_job"),
    "app.guard_identity_grant()": (GUARD, ""),
    "app.child_place_link_changed()": (LINK_CHANGED, ""),
    "app.withdraw_link(uuid, uuid, uuid, text)": (WITHDRAW, "cs_app"),
    "app.children_at(uuid)": (CHILDREN_AT, "cs_app"),
    "app.on_hold(uuid)": (ON_HOLD, "cs_job"),
    "app.scrub(text, uuid)": (SCRUB, ""),
    "app.erase_child(uuid, uuid)": (ERASE_CHILD, "cs_job"),
    "app.erase_links(uuid)": (ERASE_LINKS, "cs_job"),
    "app.guard_retention()": (GUARD_RUN, ""),
}
TRIGGERS = {
    "identity_scope before insert or update on vault.identity": "scope_from_child",
    "access_grant_identity before insert or update on app.access_grant": "guard_identity_grant",
    "legal_hold_guard before insert or update on app.legal_hold": "guard_retention",
    "retention_run_guard before insert or update on app.retention_run": "guard_retention",
}
JOBS = "(select sec.job()) in ('retention:erase', 'retention:replay', 'vault:keys', 'demo:load')"
GRANTS = {
    "vault.identity": "select on vault.identity to cs_app",
    "app.child_link_was": "select on app.child_link_was to cs_app",
    "app.legal_hold": "select, insert, update on app.legal_hold to cs_app",
    "app.retention_run": "select, update on app.retention_run to cs_app",
    "app.retention_event": "select on app.retention_event to cs_app",
}
# The jobs of this slice keep these; people have functions, or the policies of the permission file.
OF_JOBS = ("vault.identity", "vault.spent_key", "vault.decoy", "app.retention_due")
OF_JOBS_TOO = ("app.retention_run", "app.retention_event", "app.legal_hold", "vault.question")
KINDS = """
    'PACK_MARVE', 'PACK_MISSING', 'PACK_DRB', 'INTEL_C', 'CHILD_LINK', 'CASE', 'BREAK_GLASS'
"""
UNTIL = """
    until_at > from_at and until_at <= from_at + case kind when 'PACK_MARVE' then interval '14 days'
        when 'PACK_MISSING' then interval '7 days' when 'PACK_DRB' then interval '48 hours'
        when 'BREAK_GLASS' then interval '4 hours' {} else interval '90 days' end
"""
IDENTITY_UNTIL = """
    when 'IDENTITY' then case when approved_at is null then interval '7 days'
                              else interval '24 hours' end
"""


def upgrade() -> None:
    op.execute("create schema vault")
    op.execute("grant usage on schema vault to cs_app, cs_job, cs_audit")
    create_tables()
    create_functions()
    op.execute("create index identity_blind_idx on vault.identity (blind)")
    op.execute("create index question_actor_idx on vault.question (actor, at)")
    op.execute("create index child_link_was_child_idx on app.child_link_was (child_id)")
    op.execute("create index retention_due_run_idx on app.retention_due (run_id)")
    _constrain(f"{KINDS}, 'IDENTITY', 'CUSTODIAN'", UNTIL.format(IDENTITY_UNTIL))
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is $${comment}$$")


def create_tables() -> None:
    for table, columns in TABLES.items():
        name = table.split(".")[1]
        op.execute(f"create table {table} ({columns})")
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy {name}_owner on {table} for all to cs_owner using (true)")
    for table in (*OF_JOBS, *OF_JOBS_TOO):
        name = table.split(".")[1]
        op.execute(
            f"create policy {name}_system on {table} for all to cs_job "
            f"using ({JOBS}) with check ({JOBS})"
        )
        op.execute(f"grant select, insert, update, delete on {table} to cs_job")
    for granted in GRANTS.values():
        op.execute(f"grant {granted}")
    op.execute("grant select, insert, update, delete on app.child_link_was to cs_job")
    op.execute("alter table app.child_place_link add column version int not null default 1")


def create_functions() -> None:
    for function, _ in FUNCTIONS.values():
        op.execute(function)
    op.execute("revoke execute on all functions in schema app, vault from public")
    for function, (_, logins) in FUNCTIONS.items():
        if logins:
            op.execute(f"grant execute on function {function} to {logins}")
    for trigger, function in TRIGGERS.items():
        op.execute(f"create trigger {trigger} for each row execute function app.{function}()")
    op.execute(
        "create trigger child_place_link_changed after update on app.child_place_link "
        "for each row when ((old.role, old.from_on, old.to_on, old.confidence, old.source_agency, "
        "old.basis) is distinct from (new.role, new.from_on, new.to_on, new.confidence, "
        "new.source_agency, new.basis)) execute function app.child_place_link_changed()"
    )


def _constrain(kinds: str, until: str) -> None:
    """Not valid first: the rows that stand are checked without keeping others from the table."""
    for name, condition in (("kind", f"kind in ({kinds})"), ("until", until)):
        op.execute(
            "-- squawk-ignore ban-drop-constraint\n"  # the new one allows all that this one did
            f"alter table app.access_grant drop constraint access_grant_{name}_check"
        )
        op.execute(
            f"alter table app.access_grant add constraint access_grant_{name}_check "
            f"check ({condition}) not valid"
        )
        op.execute(f"alter table app.access_grant validate constraint access_grant_{name}_check")


def downgrade() -> None:
    op.execute(
        "delete from vault.reading where grant_id in "
        "(select id from app.access_grant where kind in ('IDENTITY', 'CUSTODIAN'))"
    )
    op.execute("delete from app.access_grant where kind in ('IDENTITY', 'CUSTODIAN')")
    _constrain(KINDS, UNTIL.format(""))
    op.execute("drop trigger child_place_link_changed on app.child_place_link")
    op.execute("alter table app.child_place_link drop column version cascade")
    for table in reversed(TABLES):
        op.execute(f"drop table {table} cascade")
    op.execute("drop trigger access_grant_identity on app.access_grant")
    for function in reversed(FUNCTIONS):
        op.execute(f"drop function {function} cascade")
    op.execute("drop schema vault cascade")
