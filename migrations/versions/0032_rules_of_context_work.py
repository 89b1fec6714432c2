"""Plans are abandoned before they begin, too; what was computed stays; comments beside records.

Running code does not know the comments, and nothing that it does is refused. Reversible: the
comments are lost.
"""

from alembic import op

revision = "0032"
down_revision = "0031"

PLAN_GUARD = """
create or replace function app.context_plan_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    goals int;
begin
    if current_user not in ('cs_app', 'cs_job') or sec.job() = 'demo:load' then
        return null;
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'DRAFT' then
            raise check_violation using message = 'a plan begins as a draft';
        end if;
        return null;
    end if;
    if old.state <> 'DRAFT' and (new.assessment_id, new.equality_check, new.ring_m, new.agreed_on)
            is distinct from (old.assessment_id, old.equality_check, old.ring_m, old.agreed_on) then
        raise check_violation using message = 'what was agreed is not changed';
    end if;
    if new.state = old.state then
        return null;
    end if;
    if (old.state, new.state) not in (('DRAFT', 'AGREED'), ('AGREED', 'ACTIVE'),
            ('ACTIVE', 'REVIEWED'), ('REVIEWED', 'ACTIVE'), ('REVIEWED', 'COMPLETED'),
            {abandons}) then
        raise check_violation using message = 'this move of a plan is not allowed';
    end if;
    if new.state = 'AGREED' then
        select count(*) into goals from app.plan_goal
        where plan_id = new.id and deleted_at is null;
        if goals not between 1 and 5 or new.equality_check is null or new.agreed_on is null
           or exists (
                select from app.plan_goal as goal
                where goal.plan_id = new.id and goal.deleted_at is null and not exists (
                    select from app.plan_measure as measure
                    where measure.goal_id = goal.id and measure.deleted_at is null
                      and measure.baseline is not null and measure.target is not null
                      and measure.due_on is not null))
           or not exists (
                select from app.plan_goal as goal
                join app.plan_measure as measure on measure.goal_id = goal.id
                where goal.plan_id = new.id and measure.is_change
                  and goal.deleted_at is null and measure.deleted_at is null) then
            raise check_violation using message = 'this plan cannot be agreed yet';
        end if;
    end if;
    if new.state = 'ACTIVE' and not exists (
            select from app.context_assessment as made
            where made.id = new.assessment_id and made.state = 'APPROVED'
              and made.deleted_at is null
              and (app.children_were_asked(made.id) or made.no_voice_reason is not null)) then
        raise check_violation using message = 'an approved assessment is missing';
    end if;
    if new.state = 'ABANDONED' and nullif(current_setting('cs.reason', true), '') is null then
        raise check_violation using message = 'abandoning a plan needs a reason';
    end if;
    {who}
    return null;
end $$
"""
ABANDONS = "('DRAFT', 'ABANDONED'), ('AGREED', 'ABANDONED'), ('REVIEWED', 'ABANDONED')"
LEADS = """if new.state = 'ABANDONED' and sec.role() is distinct from 'cs_lead' then
        raise check_violation using message = 'a lead abandons a plan';
    end if;"""
# What a program computed and wrote is nobody's to change by hand: of a comparison nothing, of a
# priority only the other band that a lead sets.
COMPUTED = """
create function app.computed_stays() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    kept text[] := array['version', 'updated_at', 'updated_by', 'deleted_at', 'borough_codes',
        'tier'];
begin
    if current_user <> 'cs_app' then
        return null;
    end if;
    if tg_table_name = 'place_priority' then
        kept := kept || array['band_override', 'override_reason', 'override_expires_on',
            'override_by', 'override_role'];
    end if;
    if to_jsonb(new) - kept is distinct from to_jsonb(old) - kept then
        raise check_violation using message = 'what was computed is not changed';
    end if;
    return null;
end $$
"""
COMPUTED_TABLES = ("wdd_result", "place_priority")
# Children's voice in a review is a method of this place that was held with children.
VOICES = """
create function app.outcome_review_voices() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if current_user = 'cs_app' and exists (
            select from unnest(new.voice_method_ids) as named (id) where not exists (
                select from app.assessment_method as held
                where held.id = named.id and held.place_id = new.place_id
                  and held.method_code in ('CHILD_SESSION', 'CHILD_SURVEY', 'SAFETY_MAP',
                      'WALKABOUT')
                  and held.held_on is not null and held.n_children >= 1
                  and held.deleted_at is null)) then
        raise check_violation using message = 'no method in which children were heard here';
    end if;
    return null;
end $$
"""
# Words of people who may not change a record: police, above all.
COMMENT = """
    create table app.context_comment (
        id uuid not null,
        place_id uuid not null references app.place (id) on delete cascade,
        assessment_id uuid references app.context_assessment (id) on delete cascade,
        plan_id uuid references app.context_plan (id) on delete cascade,
        review_id uuid references app.outcome_review (id) on delete cascade,
        borough_codes text[] not null default '{}',
        tier text not null default 'H1',
        agency_code text not null,
        body text,
        withdrawn_at timestamptz,
        withdrawn_by uuid,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        created_by uuid not null,
        updated_by uuid not null,
        version int not null default 1,
        is_synthetic boolean not null default false,
        deleted_at timestamptz,
        constraint context_comment_pkey primary key (id),
        constraint context_comment_tier_check check (tier in ('H0', 'H1', 'P', 'C')),
        constraint context_comment_about_check
            check (num_nonnulls(assessment_id, plan_id, review_id) = 1),
        constraint context_comment_body_check check (length(body) between 1 and 1000),
        constraint context_comment_withdrawn_check check (
            (body is null) = (withdrawn_at is not null)
            and (withdrawn_at is null) = (withdrawn_by is null))
    )
"""
COMMENT_SCOPE = """
create function app.context_comment_scope() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    here app.place;
begin
    if tg_op = 'INSERT' then
        new.place_id := coalesce(
            (select place_id from app.context_assessment where id = new.assessment_id),
            (select place_id from app.context_plan where id = new.plan_id),
            (select place_id from app.outcome_review where id = new.review_id));
    else
        new.updated_at := now();
    end if;
    select * into here from app.place where id = new.place_id;
    new.borough_codes := coalesce(here.borough_codes, '{}');
    new.tier := coalesce(here.tier, 'H1');
    new.deleted_at := coalesce(new.deleted_at, here.deleted_at);
    return new;
end $$
"""
# Written once. Taking it back is the one change: its words go, for good.
COMMENT_GUARD = """
create function app.context_comment_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    kept constant text[] := array['version', 'updated_at', 'updated_by', 'deleted_at',
        'borough_codes', 'tier'];
    taken constant text[] := array['body', 'withdrawn_at', 'withdrawn_by'];
begin
    if current_user <> 'cs_app' then
        return null;
    end if;
    if tg_op = 'INSERT' then
        if new.body is null then
            raise check_violation using message = 'a comment has words';
        end if;
        return null;
    end if;
    if to_jsonb(new) - kept - taken is distinct from to_jsonb(old) - kept - taken or (
            (new.body, new.withdrawn_at, new.withdrawn_by)
                is distinct from (old.body, old.withdrawn_at, old.withdrawn_by)
            and (old.withdrawn_at is not null or new.withdrawn_by is distinct from sec.actor()))
    then
        raise check_violation using message = 'a comment is taken back, and not changed';
    end if;
    return null;
end $$
"""
COMMENT_FOLLOWS = """
create function app.context_comment_follows() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if old.deleted_at is not null and new.deleted_at is null then
        update app.context_comment set deleted_at = null
        where place_id = new.id and deleted_at = old.deleted_at;
    end if;
    update app.context_comment set tier = tier where place_id = new.id;
    return null;
end $$
"""
COMMENT_INDEXES = {
    "place": "place_id",
    "assessment": "assessment_id, created_at",
    "plan": "plan_id, created_at",
    "review": "review_id, created_at",
}
MOVED = """
    when ((old.borough_codes, old.tier, old.deleted_at)
          is distinct from (new.borough_codes, new.tier, new.deleted_at))
"""
COMMENT_TRIGGERS = (
    ("context_comment", "changed_by", "before insert or update", "changed_by", ""),
    ("context_comment", "keeps", "before update", "context_keeps", ""),
    ("context_comment", "scope", "before insert or update", "context_comment_scope", ""),
    ("context_comment", "guard", "after insert or update", "context_comment_guard", ""),
    ("place", "comments", "after update", "context_comment_follows", MOVED),
)
# Work with a place is kept six years from when it was closed, with the place it was merged into.
WORK_SINCE = """
create function app.work_since(wanted uuid) returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    with recursive chain (next, since, depth) as (
        select merged_into_id, case when state = 'CLOSED' then closed_at end, 1
        from app.place where id = wanted
        union all
        select place.merged_into_id, case when place.state = 'CLOSED' then place.closed_at end,
               depth + 1
        from chain join app.place on place.id = chain.next where depth < 12
    )
    select case when bool_and(since is not null) then max(since) end from chain
$$
"""
# What there is of it, since when its time runs, for how long, and whether it is held.
WORK_KEPT = """
create function app.context_work_kept() returns table (
    kind text, id uuid, since timestamptz, kept interval, held boolean)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(sec.job() like 'retention:%', false) then
        raise insufficient_privilege using message = 'only retention asks';
    end if;
    return query
    with held as (
        select unnest(h.object_ids) as id from app.legal_hold as h
        where h.approved_by is not null and h.ended_at is null
          and coalesce(h.until_on >= (now() at time zone 'Europe/London')::date, true)
        union all
        select place.id from app.place where place.hold_id is not null
    )
    select 'context_work', place.id, app.work_since(place.id), interval '6 years',
           exists (select from held where held.id = place.id)
    from app.place
    where place.state = 'CLOSED' and (
        exists (select from app.context_assessment as one where one.place_id = place.id)
        or exists (select from app.context_plan as one where one.place_id = place.id)
        or exists (select from app.plan_action as one where one.place_id = place.id)
        or exists (select from app.safety_map as one where one.place_id = place.id))
    union all
    select 'meeting', met.id,
           case when met.kind in ('MARVE', 'MISSING', 'DRB') then met.held_at
                when exists (select from app.place where place.id = any (met.place_ids)
                             and app.work_since(place.id) is null) then null
                else greatest(met.held_at, (select max(app.work_since(place.id)) from app.place
                                            where place.id = any (met.place_ids))) end,
           case met.kind when 'DRB' then interval '30 days' when 'MARVE' then interval '12 months'
                when 'MISSING' then interval '12 months' else interval '6 years' end,
           exists (select from held where held.id = any (met.place_ids) or held.id in (
               select item.subject_id from app.meeting_item as item
               where item.meeting_id = met.id))
    from app.meeting as met;
end $$
"""
# One place's work, or one meeting, at once; only what an auditor has approved, or what a list of
# erasures says after a restore. How many rows of each kind there were stays.
ERASE_WORK = """
create function app.erase_context_work(what text, wanted uuid, run uuid) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone jsonb;
begin
    if not coalesce(sec.job() = 'retention:replay' or sec.job() = 'retention:erase' and exists (
            select from app.retention_due as due join app.retention_run as r on r.id = due.run_id
            where due.run_id = run and due.object_kind = what and due.object_id = wanted
              and r.state = 'APPROVED'), false) then
        raise insufficient_privilege using message = 'only an approved run erases';
    end if;
    if not exists (select from app.context_work_kept() as one
                   where one.kind = what and one.id = wanted and one.since is not null
                     and (not one.held or sec.job() = 'retention:replay')) then
        return '{}';
    end if;
    if what = 'meeting' then
        delete from app.meeting where id = wanted;
        gone := jsonb_build_object('meeting', 1);
    else
        gone := jsonb_build_object('context_work', 1,
            'assessment', (select count(*) from app.context_assessment where place_id = wanted),
            'plan', (select count(*) from app.context_plan where place_id = wanted),
            'action', (select count(*) from app.plan_action where place_id = wanted),
            'review', (select count(*) from app.outcome_review where place_id = wanted),
            'comment', (select count(*) from app.context_comment where place_id = wanted),
            'drawing', (select count(distinct sheet_id) from app.safety_map
                        where place_id = wanted));
        delete from app.context_plan where place_id = wanted;
        delete from app.context_assessment where place_id = wanted;
        delete from app.plan_action where place_id = wanted;
        delete from app.context_weighting where place_id = wanted;
        delete from app.safety_map where place_id = wanted;
    end if;
    delete from app.retention_due as due where due.object_id = wanted and due.object_kind = what;
    insert into app.retention_event (run_id, object_kind, counts) values (run, what, gone);
    return gone;
end $$
"""
RETENTION = {
    "work_since(uuid)": (WORK_SINCE, False),
    "context_work_kept()": (WORK_KEPT, True),
    "erase_context_work(text, uuid, uuid)": (ERASE_WORK, True),
}
DUE_KINDS = "'child', 'child_place_link', 'child_incident_link'"
CHECKS = """
    -- squawk-ignore ban-drop-constraint
    alter table app.retention_due drop constraint retention_due_kind_check;
    alter table app.retention_due add constraint retention_due_kind_check
        check (object_kind in ({due}));
    -- squawk-ignore ban-drop-constraint
    alter table app.legal_hold drop constraint legal_hold_kind_check;
    alter table app.legal_hold add constraint legal_hold_kind_check
        check (object_kind in ({held}));
"""
OWN_FUNCTIONS = ("context_comment_scope", "context_comment_guard", "context_comment_follows")


def upgrade() -> None:
    op.execute(PLAN_GUARD.format(abandons=ABANDONS, who=LEADS))
    op.execute(COMPUTED)
    op.execute("revoke execute on function app.computed_stays() from public")
    for table in COMPUTED_TABLES:
        op.execute(
            f"create trigger {table}_computed after update on app.{table} "
            "for each row execute function app.computed_stays()"
        )
    op.execute(VOICES)
    op.execute("revoke execute on function app.outcome_review_voices() from public")
    op.execute(
        "create trigger outcome_review_voices after insert or update of voice_method_ids "
        "on app.outcome_review for each row execute function app.outcome_review_voices()"
    )
    op.execute("alter table app.plan_action add column reminded_on date")
    op.execute(
        "comment on column app.plan_action.reminded_on is 'When its owner was written to, last'"
    )
    comments()
    for name, (function, for_jobs) in RETENTION.items():
        op.execute(function)
        op.execute(f"revoke execute on function app.{name} from public")
        if for_jobs:
            op.execute(f"grant execute on function app.{name} to cs_job")
    op.execute(
        CHECKS.format(due=f"{DUE_KINDS}, 'context_work', 'meeting'", held="'child', 'place'")
    )


def comments() -> None:
    op.execute(COMMENT)
    op.execute("alter table app.context_comment enable row level security")
    op.execute("alter table app.context_comment force row level security")
    op.execute(
        "create policy context_comment_owner on app.context_comment for all to cs_owner "
        "using (true)"
    )
    op.execute("grant select, insert, update on app.context_comment to cs_app")
    op.execute("grant select, insert, update, delete on app.context_comment to cs_job")
    for function in (COMMENT_SCOPE, COMMENT_GUARD, COMMENT_FOLLOWS):
        op.execute(function)
    for name in OWN_FUNCTIONS:
        op.execute(f"revoke execute on function app.{name}() from public")
    for table, name, when, function, only in COMMENT_TRIGGERS:
        op.execute(
            f"create trigger {table}_{name} {when} on app.{table} "
            f"for each row {only} execute function app.{function}()"
        )
    for name, columns in COMMENT_INDEXES.items():
        op.execute(f"create index context_comment_{name}_idx on app.context_comment ({columns})")
    op.execute(
        "comment on table app.context_comment is "
        "'Dated words beside a record, of people who may not change it'"
    )


def downgrade() -> None:
    op.execute("delete from app.retention_due where object_kind in ('context_work', 'meeting')")
    op.execute("delete from app.legal_hold where object_kind = 'place'")
    op.execute(CHECKS.format(due=DUE_KINDS, held="'child'"))
    for name in reversed(RETENTION):
        op.execute(f"drop function app.{name}")
    op.execute("drop trigger outcome_review_voices on app.outcome_review")
    op.execute("drop function app.outcome_review_voices")
    op.execute("alter table app.plan_action drop column reminded_on")
    op.execute("drop trigger place_comments on app.place")
    op.execute("drop table app.context_comment")
    for name in OWN_FUNCTIONS:
        op.execute(f"drop function app.{name}")
    for table in COMPUTED_TABLES:
        op.execute(f"drop trigger {table}_computed on app.{table}")
    op.execute("drop function app.computed_stays")
    op.execute(PLAN_GUARD.format(abandons="('REVIEWED', 'ABANDONED')", who=""))
