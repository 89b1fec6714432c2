"""What ends by itself is noted once: sessions, tokens, second factors, grants, access to packs.

Nobody presses a button for it, so that a job tells the audit. Which endings it has told of is kept
beside them, since a meeting may be moved and with it the end of its packs. What has ended before
this migration is not told of. Running code does not know the table. Reversible.
"""

from alembic import op

revision = "0052"
down_revision = "0051"

TABLE = """
    create table app.ending (
        kind text not null,
        record_id uuid not null,
        ended_at timestamptz not null,
        constraint ending_pkey primary key (kind, record_id, ended_at),
        constraint ending_kind_check
            check (kind in ('session', 'step_up', 'api_token', 'access_grant', 'pack'))
    )
"""
# What somebody ended before its time has an event of its own. The times are those by which each
# is refused: app.actor_of, sec.stepped, and the policies of packs.
UNTIL = """
create function app.endings_until(at timestamptz) returns table (
    kind text, record_id uuid, ended_at timestamptz, ref text, why text)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    with visit as (
        select s.id, u.ref, s.absolute_until, coalesce(s.ended_at, 'infinity') as stopped_at,
               s.stepped_at + interval '10 minutes' as step_over_at,
               least(s.absolute_until,
                     s.last_seen_at + make_interval(mins => s.idle_min)) as over_at
        from app.session as s join app."user" as u on u.id = s.user_id
        where s.stage = 'FULL'
    )
    select 'session', id, over_at, ref,
           case when over_at = absolute_until then 'absolute' else 'idle' end
    from visit where over_at <= at and over_at < stopped_at
    union all
    select 'step_up', id, step_over_at, ref, null
    from visit where step_over_at <= at and step_over_at < least(over_at, stopped_at)
    union all
    select 'api_token', t.id, t.expires_at, u.ref, t.scope
    from app.api_token as t join app."user" as u on u.id = t.user_id
    where t.expires_at <= at and t.expires_at < coalesce(t.revoked_at, 'infinity')
    union all
    select 'access_grant', g.id, g.until_at, g.ref, g.kind
    from app.access_grant as g
    where g.until_at <= at and g.until_at < coalesce(g.revoked_at, 'infinity')
      and (g.approved_at is not null or g.kind = 'BREAK_GLASS')
    union all
    select 'pack', p.id, p.access_ends_at, p.ref, p.kind
    from app.pack as p where p.access_ends_at <= at
$$
"""
# Of two that run at once, one notes an ending. What is gone itself needs no note any more.
NOTE = """
create function app.note_endings(at timestamptz) returns table (
    kind text, ended_at timestamptz, ref text, why text)
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
begin
    if sec.job() is distinct from 'accounts:endings' then
        raise insufficient_privilege using message = 'only the job of endings';
    end if;
    delete from app.ending as e where not case e.kind
        when 'api_token' then exists (select from app.api_token where id = e.record_id)
        when 'access_grant' then exists (select from app.access_grant where id = e.record_id)
        when 'pack' then exists (select from app.pack where id = e.record_id)
        else exists (select from app.session where id = e.record_id) end;
    return query
    with found as materialized (
        select * from app.endings_until(note_endings.at)
    ),
    noted as (
        insert into app.ending (kind, record_id, ended_at)
        select kind, record_id, ended_at from found
        on conflict do nothing returning kind, record_id, ended_at
    )
    select found.kind, found.ended_at, found.ref, found.why
    from found join noted using (kind, record_id, ended_at)
    order by found.ended_at, found.kind, found.ref;
end $$
"""
COMMENTS = {
    "table app.ending": "What ended by itself, and the audit was told of it",
    "column app.ending.kind": "What it was; a second factor ends for the session it was shown in",
    "column app.ending.record_id": "The session, token, grant or pack",
}


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("alter table app.ending enable row level security")
    op.execute("alter table app.ending force row level security")
    op.execute("create policy ending_owner on app.ending for all to cs_owner using (true)")
    for function in (UNTIL, NOTE):
        op.execute(function)
    op.execute("revoke execute on function app.endings_until, app.note_endings from public")
    op.execute("grant execute on function app.note_endings to cs_job")
    op.execute(
        "insert into app.ending (kind, record_id, ended_at) "
        "select kind, record_id, ended_at from app.endings_until(now()) on conflict do nothing"
    )
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is $${comment}$$")


def downgrade() -> None:
    op.execute("drop function app.note_endings, app.endings_until")
    op.execute("drop table app.ending")
