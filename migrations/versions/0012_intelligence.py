"""Intelligence graded 3x5x2: items, what only the police see of them, places, recipients, history.

Running code does not know what is added. Reversible: items and drafts are lost.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

# From the item, so that no policy joins: whose it is, whether anybody outside the police may see
# it, and who accepted its conditions.
SCOPE = """
    borough_codes text[] not null default '{}',
    tier text not null default 'C',
    agency_code text not null default '',
    shared boolean not null default false,
    accepted_by uuid[] not null default '{}',
"""
OF_ITEM = "intel_item_id uuid not null references app.intel_item (id) on delete cascade,"

ITEM = """
    id uuid not null,
    ref text not null,
    agency_code text not null,
    borough_codes text[] not null default '{}',
    tier text not null,
    purpose_code text not null default 'CONTEXT_ASSESSMENT',
    controller text not null default 'POLICE',
    regime text not null default 'PART3',
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
    kind text not null,
    body text not null,
    scheme_version text not null,
    source_eval text not null,
    info_assess text not null,
    handling text not null,
    conditions text,
    action_codes text[] not null default '{}',
    discovered_by text not null default 'OTHER',
    harm_codes text[] not null default '{}',
    where_kind text not null,
    geom geometry(Geometry, 27700),
    accuracy text,
    chosen_boroughs text[] not null default '{}',
    platform_code text,
    url_defanged text,
    when_kind text not null,
    occurred_from timestamptz,
    occurred_to timestamptz,
    day_parts text[] not null default '{}',
    day_types text[] not null default '{}',
    valid_from_on date not null,
    valid_to_on date,
    expires_on date not null,
    identifies boolean not null default false,
    confirmed_by uuid,
    written_by uuid not null,
    qa_by uuid,
    released_at timestamptz,
    released_by uuid,
    supersedes_id uuid references app.intel_item (id),
    state text not null default 'SUBMITTED',
    shared boolean not null default false,
    accepted_by uuid[] not null default '{}',
    constraint intel_item_pkey primary key (id),
    constraint intel_item_ref_key unique (ref),
    constraint intel_item_ref_check check (ref ~ '^IN-[0-9A-Z]{3}-[0-9A-Z]{4}$'),
    constraint intel_item_kind_check check (kind in ('INCIDENT', 'INTELLIGENCE', 'OBSERVATION')),
    constraint intel_item_body_check check (length(body) between 1 and 2000),
    constraint intel_item_tier_check check (tier in ('P', 'C') and tier = handling),
    constraint intel_item_conditions_check check (
        (handling = 'C') = (length(btrim(coalesce(conditions, ''))) between 1 and 500)
        and (handling = 'C') = (conditions is not null)),
    constraint intel_item_regime_check check (regime in ('UK_GDPR', 'PART3')),
    constraint intel_item_codes_check check (
        array_to_string(array[scheme_version, source_eval, info_assess, discovered_by]
                        || action_codes || harm_codes, '_') ~ '^[A-Za-z0-9_.-]+$'),
    constraint intel_item_where_kind_check check (where_kind in ('PLACE', 'POINT', 'LINE', 'AREA',
        'RADIUS', 'ONLINE', 'NOT_KNOWN')),
    constraint intel_item_where_check check (case where_kind
        when 'POINT' then geom is null or GeometryType(geom) = 'POINT'
        when 'LINE' then geom is null or GeometryType(geom) in ('LINESTRING', 'MULTILINESTRING')
        when 'AREA' then geom is null or GeometryType(geom) in ('POLYGON', 'MULTIPOLYGON')
        when 'RADIUS' then geom is null or GeometryType(geom) = 'POLYGON'
        else geom is null end),
    constraint intel_item_vertices_check check (geom is null or ST_NPoints(geom) <= 500),
    constraint intel_item_accuracy_check check (accuracy in ('EXACT', 'STREET', 'AREA')),
    constraint intel_item_online_check check (
        length(url_defanged) <= 600 and url_defanged ~ '^hxxps?://'),
    constraint intel_item_when_kind_check
        check (when_kind in ('EXACT', 'BETWEEN', 'PATTERN', 'NOT_KNOWN')),
    constraint intel_item_period_check check (occurred_from <= occurred_to),
    constraint intel_item_validity_check
        check (valid_from_on <= valid_to_on and valid_from_on <= expires_on),
    constraint intel_item_confirmed_check check (
        confirmed_by <> written_by and (not shared or not identifies or confirmed_by is not null)),
    constraint intel_item_state_check check (state in ('SUBMITTED', 'IN_QA', 'HAS_ISSUES',
        'REJECTED', 'SANITISED', 'RELEASED', 'SUPERSEDED', 'WITHDRAWN', 'REVIEW_DUE', 'DELETED'))
"""
DETAILS = {
    "intel_item_police": f"""
        {OF_ITEM}
        {SCOPE}
        created_by uuid not null,
        provenance_id text,
        qa_note text,
        mopi_group int,
        constraint intel_item_police_pkey primary key (intel_item_id),
        constraint intel_item_police_provenance_check check (length(provenance_id) <= 60),
        constraint intel_item_police_note_check check (length(qa_note) <= 500),
        constraint intel_item_police_mopi_check check (mopi_group between 1 and 3)
    """,
    "intel_item_place": f"""
        id uuid not null default gen_random_uuid(),
        {OF_ITEM}
        place_id uuid not null references app.place (id) on delete cascade,
        {SCOPE}
        created_by uuid not null,
        removed_at timestamptz,
        constraint intel_item_place_pkey primary key (id),
        constraint intel_item_place_key unique (intel_item_id, place_id)
    """,
    "intel_child": f"""
        id uuid not null default gen_random_uuid(),
        {OF_ITEM}
        child_id uuid references app.child (id) on delete cascade,
        child_ref text not null,
        {SCOPE}
        created_by uuid not null,
        removed_at timestamptz,
        constraint intel_child_pkey primary key (id),
        constraint intel_child_key unique (intel_item_id, child_ref),
        constraint intel_child_ref_check check (child_ref ~ '^CH-[0-9A-Z]{{3}}-[0-9A-Z]{{4}}$')
    """,
    "intel_recipient": f"""
        id uuid not null,
        {OF_ITEM}
        user_id uuid not null references app."user" (id),
        {SCOPE}
        created_at timestamptz not null default now(),
        created_by uuid not null,
        until_at timestamptz not null default now() + interval '90 days',
        conditions_accepted_at timestamptz,
        removed_at timestamptz,
        constraint intel_recipient_pkey primary key (id),
        constraint intel_recipient_key unique (intel_item_id, user_id),
        constraint intel_recipient_until_check check (until_at <= created_at + interval '90 days')
    """,
    "intel_state_change": f"""
        id bigint generated always as identity,
        {OF_ITEM}
        {SCOPE}
        from_state text,
        to_state text not null,
        at timestamptz not null default now(),
        by uuid not null,
        reason text,
        constraint intel_state_change_pkey primary key (id)
    """,
    "intel_version": f"""
        id bigint generated always as identity,
        {OF_ITEM}
        {SCOPE}
        version int not null,
        content jsonb not null,
        at timestamptz not null default now(),
        by uuid not null,
        constraint intel_version_pkey primary key (id)
    """,
}
KEPT_BY_DATABASE = ("intel_state_change", "intel_version")
DRAFT = """
    id uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid not null,
    answers jsonb not null default '{}',
    saved text[] not null default '{}',
    item_id uuid references app.intel_item (id) on delete cascade,
    corrects boolean not null default false,
    ended_at timestamptz,
    is_synthetic boolean not null default false,
    constraint intel_draft_pkey primary key (id),
    constraint intel_draft_answers_check check (length(answers::text) <= 60000),
    constraint intel_draft_ended_check check (ended_at is null or answers = '{}')
"""
COMMENTS = {
    "table app.intel_item": "What the police know, sanitised; the original stays in their system",
    "column app.intel_item.tier": "The handling code: P may be shared, C has conditions",
    "column app.intel_item.shared": "Released, and not graded 3D or 3E: kept by trigger",
    "column app.intel_item.accepted_by": "Recipients who accepted the conditions: by trigger",
    "column app.intel_item.identifies": "Its writer let stand what may identify somebody",
    "column app.intel_item.confirmed_by": "Who read that as a second person and let it stand, too",
    "column app.intel_item.written_by": "Who wrote the words that stand: never who releases them",
    "table app.intel_item_police": "Pointer to the police system and notes: for analysts alone",
    "table app.intel_child": "References only; goes with the reference when that is erased",
    "table app.intel_recipient": "Who may see an item of code C, for at most 90 days",
    "table app.intel_version": "Content as it was before each correction",
    "table app.intel_draft": "An item that is being written: for its writer alone",
}

BEFORE = """
create function app.intel_item_before() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    by_person boolean := sec.role() is not null and sec.job() is null;
begin
    new.updated_at := now();
    if exists (select from app.intel_item_place as link join app.place on place.id = link.place_id
               where link.intel_item_id = new.id and link.removed_at is null
                 and place.sensitivity = 'RESIDENTIAL') then
        new.geom := null;  -- the point would be the address
    end if;
    new.borough_codes := array(
        select lad_code from app.boroughs_of(new.geom) where new.geom is not null
        union select unnest(new.chosen_boroughs)
        union select unnest(place.borough_codes)
              from app.intel_item_place as link join app.place on place.id = link.place_id
              where link.intel_item_id = new.id and link.removed_at is null
        order by 1);
    new.shared := new.state = 'RELEASED' and new.deleted_at is null
        and not (new.source_eval = '3' and new.info_assess in ('D', 'E'));
    new.accepted_by := array(
        select user_id from app.intel_recipient
        where intel_item_id = new.id and conditions_accepted_at is not null and removed_at is null
        order by user_id);
    if by_person and (tg_op = 'INSERT' or app.intel_content(new) <> app.intel_content(old)) then
        new.written_by := sec.actor();
        new.confirmed_by := null;
    end if;
    return new;
end $$
"""
# What a person wrote, which a correction changes and a version keeps.
CONTENT = """
create function app.intel_content(item app.intel_item) returns jsonb
    language sql immutable set search_path = pg_catalog, public, pg_temp as $$
    select jsonb_build_object(
        'kind', item.kind, 'body', item.body, 'scheme_version', item.scheme_version,
        'source_eval', item.source_eval, 'info_assess', item.info_assess,
        'handling', item.handling, 'conditions', item.conditions,
        'action_codes', item.action_codes, 'discovered_by', item.discovered_by,
        'harm_codes', item.harm_codes, 'where_kind', item.where_kind,
        'geom', ST_AsText(item.geom), 'accuracy', item.accuracy,
        'platform_code', item.platform_code, 'url_defanged', item.url_defanged,
        'when_kind', item.when_kind, 'occurred_from', extract(epoch from item.occurred_from),
        'occurred_to', extract(epoch from item.occurred_to), 'day_parts', item.day_parts,
        'day_types', item.day_types, 'valid_from_on', item.valid_from_on - date '2000-01-01',
        'valid_to_on', item.valid_to_on - date '2000-01-01')
$$
"""
AFTER = """
create function app.intel_item_after() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    by_person boolean := sec.role() is not null and sec.job() is null;
begin
    if tg_op = 'INSERT' and by_person and new.state <> 'SUBMITTED' then
        raise check_violation using message = 'an item begins as submitted';
    end if;
    if tg_op = 'UPDATE' and by_person and new.state <> old.state
       and new.state in ('HAS_ISSUES', 'REJECTED', 'SANITISED', 'RELEASED')
       and sec.actor() in (new.created_by, new.written_by) then
        raise insufficient_privilege using message = 'not by who wrote it';
    end if;
    if new.state = 'RELEASED' and (tg_op = 'INSERT' or old.state <> 'RELEASED')
       and new.handling = 'C' and not exists (
        select from app.intel_recipient
        where intel_item_id = new.id and removed_at is null) and by_person then
        raise check_violation using message = 'an item of code C needs a recipient';
    end if;
    if tg_op = 'INSERT' or new.state <> old.state then
        insert into app.intel_state_change (intel_item_id, from_state, to_state, by, reason)
        values (new.id, case tg_op when 'UPDATE' then old.state end, new.state, new.updated_by,
                nullif(current_setting('cs.reason', true), ''));
    end if;
    if tg_op = 'INSERT' or app.intel_content(new) <> app.intel_content(old) then
        insert into app.intel_version (intel_item_id, version, content, by)
        values (new.id, new.version, app.intel_content(new), new.written_by);
    end if;
    if tg_op = 'UPDATE' and new.conditions is distinct from old.conditions then
        -- Other conditions are accepted anew.
        update app.intel_recipient set conditions_accepted_at = null
        where intel_item_id = new.id and conditions_accepted_at is not null;
    end if;
    if tg_op = 'UPDATE'
       and (new.borough_codes, new.tier, new.agency_code, new.shared, new.accepted_by)
           is distinct from
           (old.borough_codes, old.tier, old.agency_code, old.shared, old.accepted_by) then
        update app.intel_item_police set tier = tier where intel_item_id = new.id;
        update app.intel_item_place set tier = tier where intel_item_id = new.id;
        update app.intel_child set tier = tier where intel_item_id = new.id;
        update app.intel_recipient set tier = tier where intel_item_id = new.id;
        update app.intel_state_change set tier = tier where intel_item_id = new.id;
        update app.intel_version set tier = tier where intel_item_id = new.id;
    end if;
    -- Newest information of a place; of code C nothing is told to anybody, this day neither.
    if new.shared and new.tier = 'P' and (tg_op = 'INSERT' or not old.shared) then
        update app.place set last_information_at = told.at
        from (select least(coalesce(new.occurred_to, new.valid_from_on::timestamptz), now()) as at)
            as told,
            app.intel_item_place as link
        where link.intel_item_id = new.id and link.removed_at is null and place.id = link.place_id
          and (place.last_information_at is null or place.last_information_at < told.at);
    end if;
    return null;
end $$
"""
SCOPE_FROM = """
create function app.scope_from_intel_item() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    select borough_codes, tier, agency_code, shared, accepted_by
    into new.borough_codes, new.tier, new.agency_code, new.shared, new.accepted_by
    from app.intel_item where id = new.intel_item_id;
    if to_jsonb(new) -> 'content' ->> 'handling' = 'C' then
        new.tier := 'C';  -- what it said under conditions keeps them
    end if;
    return new;
end $$
"""
# Whoever enters a reference does not learn whether it exists: that is a read of the child.
CHILD_KNOWN = """
create function app.intel_child_known() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.child_id := (select id from app.child where ref = new.child_ref);
    end if;
    return new;
end $$
"""
# Conditions are accepted by the recipient and nobody else; anybody may have them accepted anew.
RECIPIENT_BEFORE = """
create function app.intel_recipient_before() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if sec.role() is not null and sec.job() is null and new.conditions_accepted_at is not null
       and sec.actor() is distinct from new.user_id then
        new.conditions_accepted_at := case when tg_op = 'UPDATE' and new.user_id = old.user_id
            then old.conditions_accepted_at end;
    end if;
    return new;
end $$
"""
# A place or a recipient more or less: the item's own columns follow.
ITEM_FOLLOWS = """
create function app.intel_item_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.intel_item set version = version where id = new.intel_item_id;
    return null;
end $$
"""
PLACE_MOVED = """
create function app.intel_place_moved() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update app.intel_item set version = version
    where id in (select intel_item_id from app.intel_item_place where place_id = new.id);
    return null;
end $$
"""
OFFERED = """
create function app.intel_offered()
    returns table (ref text, conditions text, named_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select item.ref, item.conditions, recipient.created_at
    from app.intel_recipient as recipient
    join app.intel_item as item on item.id = recipient.intel_item_id
    where recipient.user_id = sec.actor() and recipient.conditions_accepted_at is null
      and recipient.removed_at is null and recipient.until_at > now()
      and item.shared and item.tier = 'C'
    order by recipient.created_at, item.ref
$$
"""
ACCEPT = """
create function app.intel_accept(wanted text) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    update app.intel_recipient as recipient set conditions_accepted_at = now()
    from app.intel_item as item
    where item.id = recipient.intel_item_id and item.ref = wanted and item.shared
      and item.tier = 'C' and recipient.user_id = sec.actor() and recipient.removed_at is null
      and recipient.conditions_accepted_at is null and recipient.until_at > now();
    return found;
end $$
"""
# Who can be named, for whoever names: an analyst reads no accounts.
PEOPLE = """
create function app.intel_people()
    returns table (id uuid, ref text, name text, role text, agency_code text)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
    if sec.role() is distinct from 'police_analyst' then
        raise insufficient_privilege using message = 'only an analyst names recipients';
    end if;
    return query
        select u.id, u.ref, u.name, u.role, u.agency_code from app."user" as u
        where u.role in ('practitioner', 'cs_lead') and u.state = 'ACTIVE'
          and u.ends_on >= (now() at time zone 'Europe/London')::date
        order by u.agency_code, u.name, u.ref;
end $$
"""
# Items whose time is over wait for a person. The job learns how many, and nothing of them.
REVIEWED = """
create function app.intel_reviewed(day date) returns int
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    n int;
begin
    if sec.job() is distinct from 'intelligence:review' then
        raise insufficient_privilege using message = 'only the job of reviews';
    end if;
    update app.intel_item set state = 'REVIEW_DUE', updated_by = sec.actor()
    where state = 'RELEASED' and deleted_at is null and (review_due <= day or expires_on <= day);
    get diagnostics n = row_count;
    update app.intel_draft set answers = '{}', ended_at = now()
    where ended_at is null and updated_at < now() - interval '30 days';
    return n;
end $$
"""
FUNCTIONS = {
    "intel_content(app.intel_item)": CONTENT,
    "intel_item_before()": BEFORE,
    "intel_item_after()": AFTER,
    "scope_from_intel_item()": SCOPE_FROM,
    "intel_child_known()": CHILD_KNOWN,
    "intel_recipient_before()": RECIPIENT_BEFORE,
    "intel_item_follows()": ITEM_FOLLOWS,
    "intel_place_moved()": PLACE_MOVED,
    "intel_offered()": OFFERED,
    "intel_accept(text)": ACCEPT,
    "intel_people()": PEOPLE,
    "intel_reviewed(date)": REVIEWED,
}
CALLERS = {
    "intel_content(app.intel_item)": "cs_app, cs_job",
    "intel_offered()": "cs_app",
    "intel_accept(text)": "cs_app",
    "intel_people()": "cs_app",
    "intel_reviewed(date)": "cs_job",
}
RECIPIENT_CHANGED = "after insert or update of user_id, conditions_accepted_at, removed_at"
PLACE_CHANGED = "after insert or update of place_id, removed_at"
TRIGGERS = [
    ("intel_item", "before", "before insert or update", "intel_item_before"),
    ("intel_item", "changed_by", "before insert or update", "changed_by"),
    ("intel_item", "after", "after insert or update", "intel_item_after"),
    ("intel_child", "known", "before insert", "intel_child_known"),
    ("intel_recipient", "before", "before insert or update", "intel_recipient_before"),
    ("intel_recipient", "follows", RECIPIENT_CHANGED, "intel_item_follows"),
    ("intel_item_place", "follows", PLACE_CHANGED, "intel_item_follows"),
    ("place", "of_intel", "after update", "intel_place_moved"),
]
MOVED = (
    "when (new.borough_codes is distinct from old.borough_codes "
    "or new.sensitivity is distinct from old.sensitivity)"
)
INDEXES = [
    "create index intel_item_geom_idx on app.intel_item using gist (geom)",
    "create index intel_item_state_idx on app.intel_item (state, updated_at desc, ref)",
    "create index intel_item_boroughs_idx on app.intel_item using gin (borough_codes)",
    "create index intel_item_place_place_idx on app.intel_item_place (place_id)",
    "create index intel_child_child_idx on app.intel_child (child_id)",
    "create index intel_recipient_user_idx on app.intel_recipient (user_id)",
    "create index intel_state_change_item_idx on app.intel_state_change (intel_item_id)",
    "create index intel_version_item_idx on app.intel_version (intel_item_id)",
    "create index intel_draft_writer_idx on app.intel_draft (created_by)",
]

# Functions that stand get one condition more, and lose it on the way down.
REPLACED = """
do $outer$
declare
    written text := pg_get_functiondef('{function}'::regprocedure);
    changed text := replace(written, $old${old}$old$, $new${new}$new$);
begin
    if changed = written then
        raise exception 'function {function} is not as it was';
    end if;
    execute changed;
end $outer$
"""
GRANTED = """
                      from app.access_grant as g
                      where g.user_id = u.id and g.object_id is not null
                        and g.approved_at is not null and g.revoked_at is null
                        and g.from_at <= now_at and g.until_at > now_at
                      group by g.object_type) as granted)"""
# Recipients of an item of code C: a grant of its own, beside those that leads may list.
GRANTED_OR_NAMED = """
                      from (select a.object_type, a.object_id
                            from app.access_grant as a
                            where a.user_id = u.id and a.object_id is not null
                              and a.approved_at is not null and a.revoked_at is null
                              and a.from_at <= now_at and a.until_at > now_at
                            union all
                            select 'intel_item', r.intel_item_id from app.intel_recipient as r
                            where r.user_id = u.id and r.removed_at is null
                              and r.until_at > now_at) as g
                      group by g.object_type) as granted)"""
COUNTED = "and e.agency is not null and e.role <> 'job'"
# An item of code C moves no figure of anybody who may not see it; nor does what is being written.
COUNTED_BUT_C = (
    "and e.object_type not in ('intelligence_c', 'intel_draft') "
    "and e.agency is not null and e.role <> 'job'"
)


def replaced(function: str, old: str, new: str) -> None:
    op.execute(REPLACED.format(function=function, old=old, new=new))


def upgrade() -> None:
    op.execute(f"create table app.intel_item ({ITEM})")
    op.execute(f"create table app.intel_draft ({DRAFT})")
    for name, columns in DETAILS.items():
        op.execute(f"create table app.{name} ({columns})")
    for name in ("intel_item", "intel_draft", *DETAILS):
        protect(name)
    create_functions()
    for statement in INDEXES:
        op.execute(statement)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")
    replaced("app.actor_of(bytea)", GRANTED, GRANTED_OR_NAMED)
    op.execute("set local role cs_sec")
    replaced("audit.unit_totals(timestamptz)", COUNTED, COUNTED_BUT_C)
    op.execute("set local role cs_owner")


def create_functions() -> None:
    for function in FUNCTIONS.values():
        op.execute(function)
    for table, name, when, function in TRIGGERS:
        op.execute(
            f"create trigger {table}_{name} {when} on app.{table} "
            f"for each row {MOVED if table == 'place' else ''} execute function app.{function}()"
        )
    for table in DETAILS:
        op.execute(
            f"create trigger {table}_scope before insert or update on app.{table} "
            "for each row execute function app.scope_from_intel_item()"
        )
    op.execute("revoke execute on all functions in schema app from public")
    for function, logins in CALLERS.items():
        op.execute(f"grant execute on function app.{function} to {logins}")


def protect(name: str) -> None:
    """Policies of staff come from the permission file; this one is for our own functions."""
    op.execute(f"alter table app.{name} enable row level security")
    op.execute(f"alter table app.{name} force row level security")
    op.execute(
        f"create policy {name}_owner on app.{name} for all to cs_owner "
        "using (true) with check (true)"
    )
    verbs = "select" if name in KEPT_BY_DATABASE else "select, insert, update"
    op.execute(f"grant {verbs} on app.{name} to cs_app")
    op.execute(f"grant select, insert, update, delete on app.{name} to cs_job")


def downgrade() -> None:
    op.execute("set local role cs_sec")
    replaced("audit.unit_totals(timestamptz)", COUNTED_BUT_C, COUNTED)
    op.execute("set local role cs_owner")
    replaced("app.actor_of(bytea)", GRANTED_OR_NAMED, GRANTED)
    op.execute("drop trigger place_of_intel on app.place")
    for name in reversed(DETAILS):
        op.execute(f"drop table app.{name}")
    op.execute("drop table app.intel_draft")
    op.execute("drop function app.intel_content cascade")
    op.execute("drop table app.intel_item")
    for function in FUNCTIONS:
        if function != "intel_content(app.intel_item)":
            op.execute(f"drop function app.{function}")
