"""Events of the audit go after seven years, by whole seals; the seals stay and still verify.

Running code verifies a chain of which nothing was pruned. Not reversible for what was pruned.
"""

from alembic import op

revision = "0049"
down_revision = "0048"

# Below that no rule goes, whatever a list says: an audit that is pruned early is none.
LEAST = "interval '6 years'"

# The last seal of all that were made before a moment: what lies under it, and under those before.
ENDED = """
create function audit.ended_before(moment timestamptz)
    returns table (n bigint, era int, hi xid8)
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.n, s.era, s.hi_xid from audit.seal as s
    where s.n < coalesce((select min(young.n) from audit.seal as young where young.at >= moment),
                         9223372036854775807)
    order by s.n desc limit 1
$$
"""
# How many events there are, how many would go, and when the next of them are due.
KEPT = """
create function audit.kept(as_of date, keep interval)
    returns table (kept bigint, due bigint, next_on date)
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    cut timestamptz := (as_of::timestamp at time zone 'Europe/London') - keep;
    last record;
begin
    if not coalesce(sec.job() like 'retention:%' or sec.role() in ('auditor', 'cs_lead'), false)
    then
        raise insufficient_privilege using message = 'only auditors and leads look';
    end if;
    select * into last from audit.ended_before(cut);
    return query
    select count(*), count(*) filter (where (e.era, e.xid) < (last.era, last.hi)),
           (min(e.at) filter (where ((e.era, e.xid) < (last.era, last.hi)) is not true)
            at time zone 'Europe/London' + keep)::date + 1
    from audit.event as e;
end $$
"""
PRUNE = f"""
create function audit.prune(moment timestamptz) returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    last record;
    gone bigint;
begin
    if sec.job() is distinct from 'retention:erase' then
        raise insufficient_privilege using message = 'only retention prunes';
    end if;
    select * into last from audit.ended_before(least(moment, now() - {LEAST}));
    delete from audit.event as e where (e.era, e.xid) < (last.era, last.hi);
    get diagnostics gone = row_count;
    if gone > 0 then
        perform audit.log('audit.prune', 'audit_seal', last.n::text, 'done', gone::int, null);
    end if;
    return gone;
end $$
"""
# The newest seal whose events were pruned, as the audit itself says; only of seals old enough.
PRUNED = f"""
create function audit.pruned() returns bigint
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select coalesce((
        select s.n from audit.event as e
        join audit.seal as s on e.object_ref ~ '^[0-9]{{1,18}}$' and s.n = e.object_ref::bigint
        where e.action = 'audit.prune' and e.role = 'job' and e.outcome = 'done'
          and s.at < e.at - {LEAST}
        order by s.n desc limit 1), 0)
$$
"""
ERASE = """
create function app.erase_audit(run uuid) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    approved app.retention_run;
    gone bigint;
begin
    select * into approved from app.retention_run as r where r.id = run and r.state = 'APPROVED';
    if approved.id is null or sec.job() is distinct from 'retention:erase' then
        raise insufficient_privilege using message = 'only an approved run erases';
    end if;
    gone := audit.prune((approved.as_of::timestamp at time zone 'Europe/London')
                        - app.retention_keep('audit', 'ANY'));
    if gone > 0 then
        insert into app.retention_event (run_id, object_kind, counts)
        values (run, 'audit', jsonb_build_object('audit', gone));
    end if;
    return jsonb_build_object('audit', gone);
end $$
"""
LOOK = """
create function app.retention_audit(as_of date)
    returns table (kept bigint, due bigint, next_on date)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select * from audit.kept(as_of, app.retention_keep('audit', 'ANY'))
$$
"""
APP = {
    "app.erase_audit(uuid)": (ERASE, "cs_job"),
    "app.retention_audit(date)": (LOOK, "cs_app, cs_audit, cs_job"),
}
FUNCTIONS = {
    "ended_before(timestamptz)": (ENDED, ""),
    "kept(date, interval)": (KEPT, "cs_owner"),
    "prune(timestamptz)": (PRUNE, "cs_owner"),
    "pruned()": (PRUNED, "cs_audit"),
}
OLD = f"at < now() - {LEAST}"


def upgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute(
        "create policy event_prune on audit.event for delete to cs_sec "
        f"using ((select sec.job()) = 'retention:erase' and {OLD})"
    )
    for signature, (function, callers) in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function audit.{signature} from public")
        if callers:
            op.execute(f"grant execute on function audit.{signature} to {callers}")
    op.execute("set local role cs_owner")
    for signature, (function, callers) in APP.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to {callers}")


def downgrade() -> None:
    for signature in APP:
        op.execute(f"drop function {signature}")
    op.execute("set local role cs_sec")
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function audit.{signature}")
    op.execute("drop policy event_prune on audit.event")
    op.execute("set local role cs_owner")
