"""Accounts: people, their factors, sessions, tokens, grants, and who a token belongs to.

Running code does not know the tables. Reversible: accounts are lost.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = {
    "user": """
        id uuid not null,
        ref text not null,
        username text not null,
        name text not null,
        email text,
        agency_code text not null,
        role text not null,
        borough_codes text[] not null default '{}',
        state text not null default 'INVITED',
        ends_on date not null,
        oidc_issuer text,
        oidc_subject text,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        updated_at timestamptz not null default now(),
        updated_by uuid not null,
        approved_at timestamptz,
        approved_by uuid,
        last_sign_in_at timestamptz,
        version int not null default 1,
        is_synthetic boolean not null default false,
        constraint user_pkey primary key (id),
        constraint user_ref_key unique (ref),
        constraint user_username_key unique (username),
        constraint user_oidc_key unique (oidc_issuer, oidc_subject),
        constraint user_username_check check (username ~ '^[a-z0-9][a-z0-9._-]{1,39}$'),
        constraint user_name_check check (length(name) between 1 and 80),
        constraint user_email_check check (length(email) <= 254),
        constraint user_state_check check (state in ('INVITED', 'WAITING', 'ACTIVE', 'DISABLED')),
        constraint user_approved_check check ((approved_at is null) = (approved_by is null)),
        constraint user_second_person_check check (state <> 'ACTIVE' or approved_at is not null
            or role not in ('police_analyst', 'cs_lead', 'auditor')),
        constraint user_ends_on_check
            check (ends_on <= (updated_at at time zone 'Europe/London')::date + 366)
    """,
    "credential": """
        user_id uuid not null references app."user" (id),
        password_hash text,
        totp_secret bytea,
        totp_last_step bigint not null default 0,
        recovery_hashes bytea[] not null default '{}',
        changed_at timestamptz not null default now(),
        constraint credential_pkey primary key (user_id)
    """,
    "passkey": """
        id uuid not null,
        user_id uuid not null references app."user" (id),
        credential_id bytea not null,
        public_key bytea not null,
        sign_count bigint not null default 0,
        label text not null,
        created_at timestamptz not null default now(),
        last_used_at timestamptz,
        removed_at timestamptz,
        constraint passkey_pkey primary key (id),
        constraint passkey_credential_key unique (credential_id),
        constraint passkey_label_check check (length(label) between 1 and 40)
    """,
    "session": """
        id uuid not null,
        token_hash bytea not null,
        user_id uuid not null references app."user" (id),
        stage text not null,
        challenge bytea,
        return_to text,
        created_at timestamptz not null default now(),
        last_seen_at timestamptz not null default now(),
        idle_min int not null,
        absolute_until timestamptz not null,
        stepped_at timestamptz,
        ended_at timestamptz,
        constraint session_pkey primary key (id),
        constraint session_token_key unique (token_hash),
        constraint session_stage_check check (stage in ('CODE', 'SETUP', 'FULL')),
        constraint session_return_to_check check (length(return_to) <= 300)
    """,
    "invitation": """
        id uuid not null,
        user_id uuid not null references app."user" (id),
        token_hash bytea not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        used_at timestamptz,
        constraint invitation_pkey primary key (id),
        constraint invitation_token_key unique (token_hash)
    """,
    "api_token": """
        id uuid not null,
        user_id uuid not null references app."user" (id),
        token_hash bytea not null,
        scope text not null,
        label text,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        expires_at timestamptz not null,
        revoked_at timestamptz,
        last_used_at timestamptz,
        constraint api_token_pkey primary key (id),
        constraint api_token_token_key unique (token_hash),
        constraint api_token_scope_check check (scope in ('read', 'write')),
        constraint api_token_label_check check (length(label) <= 40),
        constraint api_token_expires_check check (expires_at <= created_at + interval '24 hours')
    """,
    "sign_in_failure": """
        attempt_id uuid not null,
        key bytea not null,
        at timestamptz not null,
        constraint sign_in_failure_pkey primary key (attempt_id, key)
    """,
    "access_grant": """
        id uuid not null,
        ref text not null,
        user_id uuid not null references app."user" (id),
        agency_code text not null,
        kind text not null,
        object_type text,
        object_id uuid,
        purpose text,
        reason text not null,
        from_at timestamptz not null default now(),
        until_at timestamptz not null,
        created_at timestamptz not null default now(),
        created_by uuid not null,
        approved_at timestamptz,
        approved_by uuid,
        revoked_at timestamptz,
        revoked_by uuid,
        constraint access_grant_pkey primary key (id),
        constraint access_grant_ref_key unique (ref),
        constraint access_grant_kind_check check (kind in ('PACK_MARVE', 'PACK_MISSING',
            'PACK_DRB', 'INTEL_C', 'CHILD_LINK', 'CASE', 'BREAK_GLASS')),
        constraint access_grant_reason_check check (length(reason) between 1 and 500),
        constraint access_grant_until_check check (until_at > from_at
            and until_at <= from_at + case kind when 'PACK_MARVE' then interval '14 days'
                when 'PACK_MISSING' then interval '7 days' when 'PACK_DRB' then interval '48 hours'
                when 'BREAK_GLASS' then interval '4 hours' else interval '90 days' end),
        constraint access_grant_object_check check ((kind = 'BREAK_GLASS') = (object_id is null)),
        constraint access_grant_approved_check
            check ((approved_at is null) = (approved_by is null) and approved_by <> created_by),
        constraint access_grant_revoked_check check ((revoked_at is null) = (revoked_by is null))
    """,
    "purpose_held": """
        session_id uuid not null references app.session (id),
        object_ref text not null,
        purpose text not null,
        note text,
        until_at timestamptz not null,
        constraint purpose_held_pkey primary key (session_id, object_ref),
        constraint purpose_held_note_check check (length(note) <= 200)
    """,
}

COMMENTS = {
    'table app."user"': "People with an account. No case content, ever",
    "table app.credential": "What proves who somebody is: hashes and sealed secrets, no plain text",
    "column app.credential.totp_secret": "AES-256-GCM under a key outside the database",
    "column app.credential.totp_last_step": "The last step used: a code counts once",
    "table app.session": "One signed-in browser; the cookie's token is kept as SHA-256 only",
    "column app.session.stepped_at": "When a second factor was last shown",
    "table app.sign_in_failure": (
        "Tries that were not taken back by a success: keyed hashes of account and source, for a day"
    ),
    "table app.access_grant": "Who was given one record beyond role and borough, by whom, until",
    "table app.purpose_held": "Why a record was opened; holds 30 minutes for that record",
}

# Sign-in works before anybody is known; the command line has no session.
SYSTEM = """
    (select sec.job()) in ('accounts:sign-in', 'accounts:admin', 'accounts:tidy', 'demo:load')
"""

# Asked once per request, before any claim exists: only a live token finds its owner.
ACTOR_OF = """
create function app.actor_of(token bytea) returns jsonb
    language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
    now_at timestamptz := clock_timestamp();
    live record;
begin
    select s.id as session_id, s.user_id, s.stepped_at, null::text as scope, s.last_seen_at
    into live
    from app.session as s
    where s.token_hash = token and s.stage = 'FULL' and s.ended_at is null
      and s.absolute_until > now_at
      and s.last_seen_at > now_at - make_interval(mins => s.idle_min);
    if not found then
        select null::uuid as session_id, t.user_id, null::timestamptz as stepped_at, t.scope,
               t.last_used_at as last_seen_at
        into live
        from app.api_token as t
        where t.token_hash = token and t.revoked_at is null and t.expires_at > now_at;
        if not found then
            return null;
        end if;
    end if;
    if live.last_seen_at is null or live.last_seen_at < now_at - interval '30 seconds' then
        -- The tiles of one view come at once: one of them notes it, and none waits for that.
        update app.session as s set last_seen_at = now_at
        from (select id from app.session where id = live.session_id
              for no key update skip locked) as free
        where s.id = free.id and s.last_seen_at < now_at - interval '30 seconds';
        update app.api_token as t set last_used_at = now_at
        from (select id from app.api_token where live.session_id is null and token_hash = token
              for no key update skip locked) as free
        where t.id = free.id
          and (t.last_used_at is null or t.last_used_at < now_at - interval '30 seconds');
    end if;
    return (
        select jsonb_build_object(
            'user', u.id, 'username', u.username, 'name', u.name, 'role', u.role,
            'agency', u.agency_code, 'boroughs', u.borough_codes, 'session', live.session_id,
            'token_scope', live.scope, 'stepped_at', extract(epoch from live.stepped_at),
            'emergency', exists (
                select from app.access_grant as g
                where g.user_id = u.id and g.kind = 'BREAK_GLASS' and g.revoked_at is null
                  and g.from_at <= now_at and g.until_at > now_at),
            'named', (
                select jsonb_object_agg(granted.object_type, granted.ids)
                from (select g.object_type, jsonb_agg(g.object_id) as ids
                      from app.access_grant as g
                      where g.user_id = u.id and g.object_id is not null
                        and g.approved_at is not null and g.revoked_at is null
                        and g.from_at <= now_at and g.until_at > now_at
                      group by g.object_type) as granted),
            'held', (
                select jsonb_object_agg(h.object_ref, h.purpose) from app.purpose_held as h
                where h.session_id = live.session_id and h.until_at > now_at))
        from app."user" as u
        where u.id = live.user_id and u.state = 'ACTIVE'
          and u.ends_on >= (now_at at time zone 'Europe/London')::date
    );
end $$
"""

# A reason opens one record for half an hour, in the session of the person who gave it.
HOLD_PURPOSE = """
create function app.hold_purpose(session uuid, ref text, purpose text, note text) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not exists (select from app.session as s
                   where s.id = hold_purpose.session and s.user_id = sec.actor()
                     and s.ended_at is null) then
        raise insufficient_privilege using message = 'not a session of this person';
    end if;
    insert into app.purpose_held as held (session_id, object_ref, purpose, note, until_at)
    values (session, ref, purpose, note, clock_timestamp() + interval '30 minutes')
    on conflict (session_id, object_ref) do update
        set purpose = excluded.purpose, note = excluded.note, until_at = excluded.until_at;
end $$
"""

# A new invitation takes back whatever proved who somebody was. What an administrator may not
# read (hashes, secrets) is emptied here; what a second person confirmed must be confirmed again.
INVITE = """
create function app.invite(
    invited uuid, invitation_id uuid, invitation_hash bytea, until timestamptz
) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if sec.actor() = invited or not (
        (sec.role() = 'administrator' and sec.stepped())
        or coalesce(sec.job() in ('accounts:admin', 'demo:load'), false)) then
        raise insufficient_privilege using message = 'may not invite';
    end if;
    if until > clock_timestamp() + interval '8 days' then
        raise check_violation using message = 'an invitation lasts for seven days';
    end if;
    update app.session set ended_at = clock_timestamp()
    where user_id = invited and ended_at is null;
    update app.api_token set revoked_at = clock_timestamp()
    where user_id = invited and revoked_at is null;
    update app.passkey set removed_at = clock_timestamp()
    where user_id = invited and removed_at is null;
    update app.credential
    set password_hash = null, totp_secret = null, recovery_hashes = '{}', changed_at = now()
    where user_id = invited;
    update app.invitation set used_at = clock_timestamp()
    where user_id = invited and used_at is null;
    update app."user"
    set state = 'INVITED', approved_at = null, approved_by = null,
        updated_at = clock_timestamp(), updated_by = sec.actor(), version = version + 1
    where id = invited;
    insert into app.invitation (id, user_id, token_hash, expires_at)
    values (invitation_id, invited, invitation_hash, until);
end $$
"""

# An administrator sees whether somebody has a second factor, and never what it is.
FACTORS_OF = """
create function app.factors_of(person uuid) returns jsonb
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select jsonb_build_object(
        'passkeys', (select count(*) from app.passkey as p
                     where p.user_id = person and p.removed_at is null),
        'app', exists (select from app.credential as c
                       where c.user_id = person and c.totp_secret is not null),
        'invited_until', (select max(i.expires_at) from app.invitation as i
                          where i.user_id = person and i.used_at is null
                            and i.expires_at > now()))
    where sec.role() in ('administrator', 'auditor')
$$
"""

# What the policies cannot say: which columns a person may change of the rows the policies open.
# Functions of the owner and the system's own jobs are not held by it.
GUARDED = """
create function app.guard_{table}() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user in ('cs_app', 'cs_audit') and sec.job() is null and ({broken}) then
        raise insufficient_privilege using message = '{words}';
    end if;
    return new;
end $$
"""
# Who somebody is at sign-in, and what they may: what a second person confirmed.
CONFIRMED = "role", "agency_code", "email", "oidc_issuer", "oidc_subject"
FACTS = *CONFIRMED, "name", "borough_codes", "ends_on"
KEPT = "id", "ref", "username", "created_at", "created_by", "last_sign_in_at", "is_synthetic"


def _changed(columns: tuple[str, ...]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("new", "old"))
    return f"({new}) is distinct from ({old})"


GUARDS = {
    # An administrator changes the facts and takes a confirmation back; an auditor confirms and
    # changes no fact. Nobody is let in again but by an invitation, which `invite` makes.
    "user": (
        f"""
        tg_op = 'INSERT' and (new.state <> 'INVITED' or new.approved_by is not null
                              or new.updated_by <> sec.actor() or new.is_synthetic)
        or tg_op = 'UPDATE' and (
            {_changed(KEPT)}
            or old.id = sec.actor() and {_changed((*FACTS, "state", "approved_by"))}
            or {_changed(FACTS)} and sec.role() is distinct from 'administrator'
            or {_changed(CONFIRMED)} and new.approved_by is not null
               and (new.role in ('police_analyst', 'cs_lead', 'auditor') or new.role <> old.role)
            or new.updated_by not in (old.updated_by, sec.actor())
            or {_changed(FACTS)} and new.updated_by <> sec.actor()
            or new.state <> old.state and (old.state, new.state) not in
               (('WAITING', 'ACTIVE'), ('ACTIVE', 'WAITING'))
               and (new.state <> 'DISABLED' or sec.role() is distinct from 'administrator')
            or new.approved_by is distinct from old.approved_by and not coalesce(
               case when new.approved_by is null then sec.role() = 'administrator'
               else sec.role() = 'auditor' and new.approved_by = sec.actor() and sec.stepped()
                    and old.state in ('INVITED', 'WAITING')
                    and sec.actor() not in (old.id, old.created_by, old.updated_by) end, false))
        """,
        "somebody else must do this",
    ),
    # Nobody makes a session or changes whose it is, how long it lasts, or what was proved in it.
    "session": (
        """
        tg_op = 'INSERT'
        or to_jsonb(new) - 'ended_at' is distinct from to_jsonb(old) - 'ended_at'
        or new.ended_at is null
        """,
        "sessions can only be ended",
    ),
    "api_token": (
        """
        tg_op = 'INSERT'
        or to_jsonb(new) - 'revoked_at' is distinct from to_jsonb(old) - 'revoked_at'
        or new.revoked_at is null
        """,
        "tokens can only be revoked",
    ),
    "access_grant": (
        """
        tg_op = 'INSERT' and (
            new.approved_by is not null or new.revoked_by is not null
            or new.from_at > clock_timestamp() + interval '5 minutes'
            or not coalesce(case sec.role()
               when 'practitioner' then new.kind = 'BREAK_GLASS' and new.user_id = sec.actor()
                    and sec.stepped()
               when 'police_analyst' then new.kind = 'INTEL_C'
               when 'cs_lead' then new.kind not in ('BREAK_GLASS', 'INTEL_C') end, false))
        or tg_op = 'UPDATE' and (
            to_jsonb(new) - array['approved_at', 'approved_by', 'revoked_at', 'revoked_by']
            is distinct from
            to_jsonb(old) - array['approved_at', 'approved_by', 'revoked_at', 'revoked_by']
            or old.approved_by is not null and new.approved_by is distinct from old.approved_by
            or old.revoked_by is not null and new.revoked_by is distinct from old.revoked_by
            or new.revoked_by is distinct from old.revoked_by and new.revoked_by <> sec.actor()
            or new.approved_by is distinct from old.approved_by and not coalesce(
               new.approved_by = sec.actor() and sec.actor() not in (old.user_id, old.created_by)
               and case old.kind when 'BREAK_GLASS' then false
                   when 'INTEL_C' then sec.role() = 'police_analyst'
                   else sec.role() in ('cs_lead', 'auditor') end, false))
        """,
        "somebody else must do this",
    ),
}


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(f'create table app."{name}" ({columns})')
        op.execute(f'alter table app."{name}" enable row level security')
        op.execute(f'alter table app."{name}" force row level security')
        op.execute(f'create policy {name}_owner on app."{name}" for all to cs_owner using (true)')
        op.execute(
            f'create policy {name}_system on app."{name}" for all to cs_app, cs_job '
            f"using ({SYSTEM}) with check ({SYSTEM})"
        )
        op.execute(f'grant select, insert, update on app."{name}" to cs_app, cs_job')
    op.execute("grant delete on app.sign_in_failure to cs_app, cs_job")
    op.execute("create index session_user_idx on app.session (user_id)")
    op.execute("create index passkey_user_idx on app.passkey (user_id)")
    op.execute("create index invitation_user_idx on app.invitation (user_id)")
    op.execute("create index api_token_user_idx on app.api_token (user_id)")
    op.execute("create index access_grant_user_idx on app.access_grant (user_id)")
    op.execute("create index sign_in_failure_key_idx on app.sign_in_failure (key, at)")
    op.execute(ACTOR_OF)
    op.execute(HOLD_PURPOSE)
    op.execute(INVITE)
    op.execute(FACTORS_OF)
    for table, (broken, words) in GUARDS.items():
        op.execute(GUARDED.format(table=table, broken=broken, words=words))
        op.execute(
            f'create trigger {table}_guard before insert or update on app."{table}" '
            f"for each row execute function app.guard_{table}()"
        )
    op.execute("revoke execute on all functions in schema app from public")
    op.execute("grant execute on function app.invite to cs_app, cs_job")
    op.execute("grant execute on function app.factors_of to cs_app, cs_audit")
    op.execute("grant execute on function app.hold_purpose to cs_app")
    op.execute("grant execute on function app.actor_of to cs_app")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is $${comment}$$")


def downgrade() -> None:
    op.execute("drop function app.actor_of, app.hold_purpose, app.invite, app.factors_of")
    for name in reversed(TABLES):
        op.execute(f'drop table app."{name}"')
    for table in GUARDS:
        op.execute(f"drop function app.guard_{table}")
