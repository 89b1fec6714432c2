"""What is kept how long, for every record, by rules that are data; erased in batches when approved.

The periods are rows of reference.lookup (list `retention`), by record and regime. Running code
does not know the functions; a report that was erased is closed and shown without its words.
Not reversible for what was erased; the functions are.
"""

from alembic import op

revision = "0048"
down_revision = "0047"

KINDS = (
    *("child", "child_place_link", "child_incident_link", "context_work", "meeting"),
    *("report", "incident", "intelligence", "place", "cluster_run", "cluster_lineage"),
    *("access_grant", "legal_hold", "user"),
)
KINDS_BEFORE = KINDS[:5]
HELD = ("child", "place", "incident", "report", "intelligence")
HELD_BEFORE = HELD[:2]


def day(at: str) -> str:
    return f"({at} at time zone 'Europe/London')::date"


def among(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


# Which rule a report falls under: what helped to find a place stays longest.
REPORT_RULE = """
create function app.report_rule(outcomes text[], decided timestamptz) returns text
    language sql immutable set search_path = pg_catalog, public, pg_temp as $$
    select case
        when outcomes && array['LINKED_PLACE', 'NEW_PLACE'] then 'report_linked'
        when decided is null then 'report_untriaged'
        when 'REJECTED_ABUSIVE' = any (outcomes) then 'report_rejected'
        when outcomes = array['NFA'] then 'report_nfa'
        else 'report_no_place' end
$$
"""
KEEP = """
create function app.retention_keep(of_record text, of_regime text) returns interval
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select (extra ->> 'keep')::interval from reference.lookup
    where list = 'retention'
      and code in (concat_ws(':', of_record, of_regime), concat_ws(':', of_record, 'ANY'))
$$
"""
RULES = """
create function app.retention_rules() returns table (
    record text, regime text, label text, kept text, then_what text, by_auditor boolean)
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select extra ->> 'record', extra ->> 'regime', label, extra ->> 'kept', extra ->> 'then',
           extra ->> 'approves' = 'AUDITOR'
    from reference.lookup where list = 'retention' order by sort
$$
"""
# A record that was deleted goes after a while, and never later than it would have gone.
DELETED = """
    select '{kind}', one.id, null::uuid, 'deleted', one.regime, one.deleted_at,
           least(one.retain_until,
                 (({since} at time zone 'Europe/London')::date + (
                     select rule.keep from rule
                     where rule.record = {rule} and rule.regime = one.regime))::date),
           null::date, one.id = any ({held})
    from app.{table} as one
    where one.deleted_at is not null and (wanted is null or wanted = '{kind}')
"""
REPORTS = (
    """
    select 'report', one.id, null::uuid, app.report_rule(one.outcome_codes, one.decided_at),
           one.regime, coalesce(one.decided_at, one.created_at), one.retain_until, null::date,
           one.id = any (held_reports)
    from app.report as one
    where one.deleted_at is null and one.erased_at is null
      and (wanted is null or wanted = 'report')
    """,
    DELETED.format(
        kind="report",
        table="report",
        held="held_reports",
        since="coalesce(one.decided_at, one.created_at)",
        rule="app.report_rule(one.outcome_codes, one.decided_at)",
    ),
)
INCIDENTS = (
    """
    select 'incident', one.id, null::uuid, 'incident', one.regime, one.occurred_to,
           one.retain_until, null::date, one.id = any (held_incidents)
    from app.incident as one
    where one.deleted_at is null and (wanted is null or wanted = 'incident')
    """,
    DELETED.format(
        kind="incident",
        table="incident",
        held="held_incidents",
        since="one.occurred_to",
        rule="'incident'",
    ),
)
# The police set the day.
INTELLIGENCE = (
    """
    select 'intelligence', one.id, null::uuid, 'intelligence', one.regime,
           one.expires_on::timestamp at time zone 'Europe/London', one.retain_until, null::date,
           one.id = any (held_intelligence)
    from app.intel_item as one
    where one.deleted_at is null and (wanted is null or wanted = 'intelligence')
    """,
    DELETED.format(
        kind="intelligence",
        table="intel_item",
        held="held_intelligence",
        since="(one.expires_on::timestamp at time zone 'Europe/London')",
        rule="'intelligence'",
    ),
)
# A link goes when its time or the work with its child is over; a reference after its links.
CHILDREN = f"""
    own_child as materialized (
        select c.id, c.regime, c.state, c.created_at, c.deleted_at,
               c.id = any (held_children) as held
        from app.child as c
        where (wanted is null or wanted in ('child', 'child_place_link', 'child_incident_link',
                                            'place'))
          and not exists (select from vault.decoy as d where d.child_id = c.id)
    ),
    link as materialized (
        select made.kind, made.id, made.other_id, made.child_id, c.regime, made.created_at,
               case when c.state = 'CLOSED' then {day("made.created_at")} - 1
                    else ({day("made.created_at")} + rule.keep)::date end as until_on, c.held
        from (select 'child_place_link' as kind, l.id, null::uuid as other_id, l.child_id,
                     l.created_at from app.child_place_link as l
              union all
              select 'child_incident_link', l.child_id, l.incident_id, l.child_id, l.created_at
              from app.child_incident_link as l) as made
        join own_child as c on c.id = made.child_id
        join rule on rule.record = made.kind and rule.regime = c.regime
    ),
"""
CHILD_ROWS = (
    """
    select link.kind, link.id, link.other_id, link.kind, link.regime, link.created_at,
           null::date, link.until_on, link.held
    from link where wanted is null or wanted = link.kind
    """,
    f"""
    select 'child', c.id, null::uuid, 'child', c.regime, c.created_at, null::date,
           case when c.deleted_at is not null then {day("c.deleted_at")} - 1
                else greatest(
                    case when c.state = 'CLOSED' then {day("c.created_at")} - 1
                         else ({day("c.created_at")} + rule.keep)::date end,
                    (select max(link.until_on) from link where link.child_id = c.id)) end,
           c.held
    from own_child as c join rule on rule.record = 'child' and rule.regime = c.regime
    where wanted is null or wanted = 'child'
    """,
)
# A place is there as long as anything that needs it.
PLACES = f"""
    closed as materialized (
        select p.id, p.regime, p.deleted_at, app.work_since(p.id) as since,
               p.id = any (held_places) as held
        from app.place as p
        where (p.state = 'CLOSED' or p.deleted_at is not null)
          and (wanted is null or wanted in ('place', 'context_work'))
    ),
    needed as materialized (
        select at.place_id, max(({day("i.occurred_to")} + rule.keep)::date) as until_on,
               bool_or(i.id = any (held_incidents)) as held
        from (select i.place_id, i.id from app.incident as i
              union all select also.place_id, also.incident_id from app.incident_place as also)
             as at (place_id, incident_id)
        join closed on closed.id = at.place_id
        join app.incident as i on i.id = at.incident_id
        join rule on rule.record = 'incident' and rule.regime = i.regime
        group by 1
        union all
        select found.place_id,
               max(({day("coalesce(r.decided_at, r.created_at)")} + rule.keep)::date),
               bool_or(r.id = any (held_reports))
        from app.report_outcome as found
        join closed on closed.id = found.place_id
        join app.report as r on r.id = found.report_id and r.erased_at is null
        join rule on rule.record = app.report_rule(r.outcome_codes, r.decided_at)
                  and rule.regime = r.regime
        group by 1
        union all
        select l.place_id, max(link.until_on), bool_or(link.held)
        from app.child_place_link as l
        join closed on closed.id = l.place_id
        join link on link.kind = 'child_place_link' and link.id = l.id
        group by 1
    ),
"""
PLACE_ROWS = (
    """
    select 'context_work', c.id, null::uuid, 'context_work', c.regime, c.since, null::date,
           null::date, c.held
    from closed as c
    where c.deleted_at is null and (wanted is null or wanted = 'context_work') and (
        exists (select from app.context_assessment as one where one.place_id = c.id)
        or exists (select from app.context_plan as one where one.place_id = c.id)
        or exists (select from app.plan_action as one where one.place_id = c.id)
        or exists (select from app.safety_map as one where one.place_id = c.id))
    """,
    f"""
    select 'place', c.id, null::uuid,
           case when c.deleted_at is null then 'place' else 'deleted' end, c.regime,
           coalesce(c.deleted_at, c.since), null::date,
           case when coalesce(c.deleted_at, c.since) is not null then greatest(
               {day("coalesce(c.deleted_at, c.since)")} + rule.keep,
               (select max(needed.until_on) from needed where needed.place_id = c.id))::date end,
           c.held or coalesce((select bool_or(needed.held) from needed
                               where needed.place_id = c.id), false)
    from closed as c join rule on rule.regime = c.regime
         and rule.record = case when c.deleted_at is null then 'place' else 'deleted' end
    where wanted is null or wanted = 'place'
    """,
)
MEETINGS = """
    select 'meeting', met.id, null::uuid,
           case when met.kind in ('MARVE', 'MISSING', 'DRB') then 'meeting_' || lower(met.kind)
                else 'meeting' end, met.regime,
           case when met.kind in ('MARVE', 'MISSING', 'DRB') then met.held_at
                when exists (select from app.place where place.id = any (met.place_ids)
                             and app.work_since(place.id) is null) then null
                else greatest(met.held_at, (select max(app.work_since(place.id)) from app.place
                                            where place.id = any (met.place_ids))) end,
           met.retain_until, null::date,
           met.hold_id is not null or met.id = any (holding) or met.place_ids && held_places
               or exists (select from app.meeting_item as item where item.meeting_id = met.id
                          and item.subject_id = any (held_children || held_places || holding))
    from app.meeting as met
    where wanted is null or wanted = 'meeting'
"""
# The newest run of a kind is what people see; a lineage stays with the runs that found it.
CLUSTERS = (
    """
    select 'cluster_run', run.id, null::uuid, 'cluster_run', 'ANY',
           coalesce(run.finished_at, run.requested_at), null::date, null::date, false
    from app.cluster_run as run
    where (wanted is null or wanted = 'cluster_run') and run.id not in (select id from newest)
    """,
    f"""
    select 'cluster_lineage', line.id, null::uuid, 'cluster_lineage', 'ANY',
           coalesce(line.closed_on, line.last_seen_on)::timestamp at time zone 'Europe/London',
           null::date,
           greatest(coalesce(line.closed_on, line.last_seen_on) + rule.keep,
                    (select max({day("coalesce(run.finished_at, run.requested_at)")} + of_run.keep)
                     from app.cluster as found join app.cluster_run as run on run.id = found.run_id
                     join rule as of_run on of_run.record = 'cluster_run'
                     where found.lineage_id = line.id))::date, false
    from app.cluster_lineage as line join rule on rule.record = 'cluster_lineage'
    where (wanted is null or wanted = 'cluster_lineage') and not exists (
        select from app.cluster as found
        where found.lineage_id = line.id and found.run_id in (select id from newest))
    """,
)
PEOPLE = (
    """
    select 'access_grant', one.id, null::uuid, 'access_grant', 'ANY',
           least(one.until_at, one.revoked_at), null::date, null::date, one.id = any (holding)
    from app.access_grant as one where wanted is null or wanted = 'access_grant'
    """,
    """
    select 'legal_hold', one.id, null::uuid, 'legal_hold', 'ANY',
           coalesce(one.ended_at, one.until_on::timestamp at time zone 'Europe/London'),
           null::date, null::date, false
    from app.legal_hold as one where wanted is null or wanted = 'legal_hold'
    """,
    """
    select 'user', one.id, null::uuid, 'user', 'ANY', one.updated_at, null::date, null::date,
           one.id = any (holding)
    from app."user" as one
    where one.state = 'DISABLED' and one.username not like 'erased-%'
      and (wanted is null or wanted = 'user')
    """,
)
ROWS = (*CHILD_ROWS, *PLACE_ROWS, MEETINGS, *REPORTS, *INCIDENTS, *INTELLIGENCE, *CLUSTERS, *PEOPLE)
# Who is held, and with it what cannot be told without it: a place keeps its incidents, reports,
# work and meetings, a child its links and incidents.
KEPT = f"""
create function app.kept_rows(wanted text) returns table (
    kind text, id uuid, other_id uuid, rule text, regime text, since timestamptz, until_on date,
    held boolean)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
    holding uuid[] := array(
        select unnest(h.object_ids) from app.legal_hold as h
        where h.approved_by is not null and h.ended_at is null
          and coalesce(h.until_on >= (now() at time zone 'Europe/London')::date, true));
    held_places uuid[] := array(
        select one.id from app.place as one
        where one.hold_id is not null or one.id = any (holding));
    held_children uuid[] := array(
        select one.id from app.child as one
        where one.hold_id is not null or one.id = any (holding));
    held_incidents uuid[] := array(
        select one.id from app.incident as one
        where one.hold_id is not null or one.id = any (holding) or one.place_id = any (held_places)
        union select also.incident_id from app.incident_place as also
              where also.place_id = any (held_places)
        union select l.incident_id from app.child_incident_link as l
              where l.child_id = any (held_children));
    held_reports uuid[] := array(
        select one.id from app.report as one where one.hold_id is not null or one.id = any (holding)
        union select found.report_id from app.report_outcome as found
              where found.place_id = any (held_places));
    held_intelligence uuid[] := array(
        select one.id from app.intel_item as one
        where one.hold_id is not null or one.id = any (holding)
        union select at.intel_item_id from app.intel_item_place as at
              where at.place_id = any (held_places)
        union select about.intel_item_id from app.intel_child as about
              where about.child_id = any (held_children));
begin
    return query
    with rule as materialized (
        select extra ->> 'record' as record, extra ->> 'regime' as regime,
               (extra ->> 'keep')::interval as keep
        from reference.lookup where list = 'retention'
    ),
    {CHILDREN}
    {PLACES}
    newest as materialized (
        select distinct on (run.source, run.series) run.id from app.cluster_run as run
        where run.state = 'DONE' order by run.source, run.series, run.finished_at desc, run.id
    ),
    found (kind, id, other_id, rule, regime, since, latest, fixed, held) as (
        {" union all ".join(ROWS)}
    )
    select found.kind, found.id, found.other_id, found.rule, found.regime, found.since,
           coalesce(found.fixed, least(found.latest,
                                       ({day("found.since")} + rule.keep)::date)), found.held
    from found left join rule on rule.record = found.rule and rule.regime = found.regime;
end $$
"""
FOR_JOBS = """
create function app.kept_records(wanted text) returns table (
    kind text, id uuid, other_id uuid, rule text, regime text, since timestamptz, until_on date,
    held boolean)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(sec.job() like 'retention:%', false) then
        raise insufficient_privilege using message = 'only retention asks';
    end if;
    return query select * from app.kept_rows(wanted);
end $$
"""
# Numbers and days, of no record by itself.
REPORT = """
create function app.retention_report(as_of date) returns table (
    kind text, rule text, regime text, kept bigint, due bigint, held bigint, next_on date)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(sec.job() like 'retention:%' or sec.role() in ('auditor', 'cs_lead'), false)
    then
        raise insufficient_privilege using message = 'only auditors and leads look';
    end if;
    return query
    select one.kind, one.rule, one.regime, count(*),
           count(*) filter (where one.until_on < as_of and not one.held),
           count(*) filter (where one.until_on < as_of and one.held),
           min(one.until_on + 1) filter (where one.until_on >= as_of and not one.held)
    from app.kept_rows(null) as one group by 1, 2, 3;
end $$
"""

# What is erased of each, given the rows; how many of what that was.
ERASE_REPORTS = """
create function app.erased_report(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    counted uuid[] := array(
        select one.id from app.report as one where one.id = any (wanted) and one.deleted_at is null
          and app.report_rule(one.outcome_codes, one.decided_at)
              in ('report_linked', 'report_nfa'));
    whole uuid[] := array(select unnest(wanted) except select unnest(counted));
    gone int;
begin
    delete from app.report_original where report_id = any (counted);
    delete from app.report_contact where report_id = any (counted);
    delete from app.report_message where report_id = any (counted);
    delete from intake.submission where report_id = any (counted);
    update app.report_outcome set note = null where report_id = any (counted);
    update app.report_state_change set reason = null where report_id = any (counted);
    update app.report set geom = null, pin_accuracy_m = null, redacted = null, redaction = 'NONE',
        provenance = null, erased_at = now() where id = any (counted);
    update app.report_original set duplicate_of_id = null where duplicate_of_id = any (whole);
    update app.report_outcome set other_report_id = null where other_report_id = any (whole);
    delete from app.report where id = any (whole);
    get diagnostics gone = row_count;
    return jsonb_build_object('report', gone + cardinality(counted),
                              'report_counted', cardinality(counted));
end $$
"""
ERASE_INCIDENTS = """
create function app.erased_incident(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone int;
    versions int := (select count(*) from app.incident_version where incident_id = any (wanted));
begin
    update app.child_link_was set incident_id = null where incident_id = any (wanted);
    delete from app.child_incident_link where incident_id = any (wanted);
    delete from app.incident_place where incident_id = any (wanted);
    delete from app.cluster_member where incident_id = any (wanted);
    delete from app.incident where id = any (wanted);
    get diagnostics gone = row_count;
    return jsonb_build_object('incident', gone, 'incident_version', versions);
end $$
"""
ERASE_INTELLIGENCE = """
create function app.erased_intelligence(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone int;
begin
    update app.intel_item set supersedes_id = null where supersedes_id = any (wanted);
    delete from app.access_grant where object_id = any (wanted);
    delete from app.intel_item where id = any (wanted);
    get diagnostics gone = row_count;
    return jsonb_build_object('intelligence', gone);
end $$
"""
# What something still needs stays; it is counted again the next night.
ERASE_PLACES = """
create function app.erased_place(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    free uuid[] := array(
        select one.id from app.place as one where one.id = any (wanted)
          and not exists (select from app.incident as i where i.place_id = one.id)
          and not exists (select from app.incident_place as i where i.place_id = one.id)
          and not exists (select from app.child_place_link as l where l.place_id = one.id
                          and not exists (select from vault.decoy as d
                                          where d.child_id = l.child_id))
          and not exists (select from app.report_outcome as o join app.report as r
                          on r.id = o.report_id
                          where o.place_id = one.id and r.erased_at is null));
    gone int;
begin
    delete from app.child_place_link where place_id = any (free);  -- of decoys
    update app.report_outcome set place_id = null where place_id = any (free);
    delete from app.place_merge_moved where merge_id in (
        select id from app.place_merge
        where from_place_id = any (free) or to_place_id = any (free));
    delete from app.place_merge where from_place_id = any (free) or to_place_id = any (free);
    delete from app.place_link where from_place_id = any (free) or to_place_id = any (free);
    delete from app.objection where place_id = any (free);
    delete from app.guardian_slot where place_id = any (free);
    delete from app.online_space where place_id = any (free);
    delete from app.place_alias where place_id = any (free);
    delete from app.place_area where place_id = any (free);
    delete from app.place_exact where place_id = any (free);
    delete from app.place_state_change where place_id = any (free);
    delete from app.place_version where place_id = any (free);
    delete from app.import_touch where place_id = any (free);
    delete from app.access_grant where object_id = any (free);
    delete from app.place where id = any (free);
    get diagnostics gone = row_count;
    return jsonb_build_object('place', gone);
end $$
"""
ERASE_CLUSTERS = """
create function app.erased_cluster_run(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone int;
begin
    delete from app.cluster_run where id = any (wanted);
    get diagnostics gone = row_count;
    return jsonb_build_object('cluster_run', gone);
end $$
"""
ERASE_LINEAGES = """
create function app.erased_cluster_lineage(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    free uuid[] := array(
        select unnest(wanted) except select lineage_id from app.cluster
        where lineage_id = any (wanted));
    gone int;
begin
    delete from app.cluster_decision where lineage_id = any (free);
    delete from app.cluster_lineage where id = any (free);
    get diagnostics gone = row_count;
    return jsonb_build_object('cluster_lineage', gone);
end $$
"""
ERASE_GRANTS = """
create function app.erased_access_grant(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone int;
begin
    delete from vault.reading where grant_id = any (wanted);
    delete from app.access_grant where id = any (wanted);
    get diagnostics gone = row_count;
    return jsonb_build_object('access_grant', gone);
end $$
"""
ERASE_HOLDS = """
create function app.erased_legal_hold(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone int;
begin
    delete from app.legal_hold where id = any (wanted);
    get diagnostics gone = row_count;
    return jsonb_build_object('legal_hold', gone);
end $$
"""
# Its number stays, so that what was signed by it stays one person's.
ERASE_USERS = """
create function app.erased_user(wanted uuid[]) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    gone int;
begin
    delete from app.purpose_held where session_id in (
        select id from app.session where user_id = any (wanted));
    delete from app.session where user_id = any (wanted);
    delete from app.invitation where user_id = any (wanted);
    delete from app.api_token where user_id = any (wanted);
    delete from app.passkey where user_id = any (wanted);
    delete from app.credential where user_id = any (wanted);
    update app."user" set name = 'Erased account', username = 'erased-' || lower(ref), email = null,
        oidc_issuer = null, oidc_subject = null
    where id = any (wanted);
    get diagnostics gone = row_count;
    return jsonb_build_object('user', gone);
end $$
"""
# Only rows of an approved run whose time is over and that nothing holds; or what a list of
# erasures says after a restore.
ERASE = """
create function app.erase_records(what text, wanted uuid[], run uuid) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    approved app.retention_run;
    again boolean := coalesce(sec.job() = 'retention:replay', false);
    free uuid[];
    gone jsonb;
begin
    if not again then
        select * into approved from app.retention_run as r
        where r.id = run and r.state = 'APPROVED';
        if approved.id is null or sec.job() is distinct from 'retention:erase' then
            raise insufficient_privilege using message = 'only an approved run erases';
        end if;
    end if;
    free := array(
        select one.id from app.kept_rows(what) as one
        where one.kind = what and one.id = any (wanted) and (again or not one.held
              and one.until_on < approved.as_of and exists (
                  select from app.retention_due as due where due.run_id = run
                    and due.object_kind = what and due.object_id = one.id)));
    if cardinality(free) = 0 then
        return '{}';
    end if;
    case what
        when 'report' then gone := app.erased_report(free);
        when 'incident' then gone := app.erased_incident(free);
        when 'intelligence' then gone := app.erased_intelligence(free);
        when 'place' then gone := app.erased_place(free);
        when 'cluster_run' then gone := app.erased_cluster_run(free);
        when 'cluster_lineage' then gone := app.erased_cluster_lineage(free);
        when 'access_grant' then gone := app.erased_access_grant(free);
        when 'legal_hold' then gone := app.erased_legal_hold(free);
        when 'user' then gone := app.erased_user(free);
    end case;
    delete from app.retention_due as due
    where due.object_kind = what and due.object_id = any (free);
    update app.legal_hold as h set object_ids = array(
        select unnest(h.object_ids) except select unnest(free))
    where h.object_ids && free;
    insert into app.retention_event (run_id, object_kind, counts) values (run, what, gone);
    return gone;
end $$
"""

# What nobody need approve: what only helped a machine for a while. `$1` is now less what is kept;
# those without `here` have a job of their own, and are only counted.
SWEPT = (
    ("purpose_held", "app.purpose_held", "until_at < $1", True),
    ("session", "app.session", "least(ended_at, absolute_until) < $1", True),
    ("invitation", "app.invitation", "least(used_at, expires_at) < $1", True),
    ("api_token", "app.api_token", "least(revoked_at, expires_at) < $1", True),
    ("passkey", "app.passkey", "removed_at < $1", True),
    (
        "credential",
        "app.credential",
        """user_id in (select id from app."user" where state = 'DISABLED' and updated_at < $1)""",
        True,
    ),
    ("map_view", "app.map_view", "deleted_at < $1", True),
    ("import_mapping", "app.import_mapping", "deleted_at < $1", True),
    ("intel_draft", "app.intel_draft", "ended_at < $1", True),
    ("briefing_notice", "app.briefing_notice", "made_at < $1", True),
    (
        "retention_run",
        "app.retention_run",
        "state in ('DONE', 'REPLACED') and created_at < $1",
        True,
    ),
    (
        "job",
        "queue.procrastinate_jobs",
        """status in ('succeeded', 'failed', 'cancelled', 'aborted') and not exists (
               select from queue.procrastinate_events as e
               where e.job_id = procrastinate_jobs.id and e.at >= $1)""",
        True,
    ),
    (
        "report_contact",
        "app.report_contact",
        "report_id in (select id from app.report where closed_at < $1)",
        False,
    ),
    ("sign_in_failure", "app.sign_in_failure", "at < $1", False),
    ("import_file", "app.import_file", "uploaded_at < $1", False),
    ("export", "app.export", "state = 'READY' and made_at < $1", False),
    ("release_read", "app.release_read", "at < $1", False),
    ("draft", "intake.draft", "touched_at < $1", False),
    ("rate", "intake.rate", "hour < $1 - interval '1 hour'", False),
    ("question", "vault.question", "at < $1", False),
)
SWEEPS = ",\n        ".join(
    f"('{rule}', '{table}', $one${where}$one$, {str(here).lower()})"
    for rule, table, where, here in SWEPT
)
SWEEP = f"""
create function app.retention_swept(at timestamptz, really boolean) returns jsonb
    -- The queue library names its tables without a schema.
    language plpgsql security definer
    set search_path = pg_catalog, public, queue, pg_temp as $$
declare
    one record;
    n bigint;
    told jsonb := '{{}}';
    cut timestamptz;
begin
    if not coalesce(sec.job() like 'retention:%'
                    or not really and sec.role() in ('auditor', 'cs_lead'), false) then
        raise insufficient_privilege using message = 'only retention sweeps';
    end if;
    for one in select * from (values
        {SWEEPS}
    ) as listed (rule, found_in, which, here) loop
        cut := at - app.retention_keep(one.rule, 'ANY');
        if not really then
            execute format('select count(*) from %s where %s', one.found_in, one.which)
                into n using cut;
        elsif one.here then
            if one.rule = 'job' then
                execute format('delete from queue.procrastinate_periodic_defers where job_id in '
                               '(select id from %s where %s)', one.found_in, one.which) using cut;
            end if;
            execute format('delete from %s where %s', one.found_in, one.which) using cut;
            get diagnostics n = row_count;
        else
            continue;
        end if;
        told := told || jsonb_build_object(one.rule, n);
    end loop;
    cut := at - app.retention_keep('import_batch', 'ANY');
    if really then
        update app.import_batch set file_name = '[erased]', mapping = '{{}}', problem = null
        where finished_at < cut and file_name <> '[erased]';
        get diagnostics n = row_count;
    else
        select count(*) into n from app.import_batch
        where finished_at < cut and file_name <> '[erased]';
    end if;
    return told || jsonb_build_object('import_batch', n);
end $$
"""

FUNCTIONS = {
    "app.report_rule(text[], timestamptz)": (REPORT_RULE, ""),
    "app.retention_keep(text, text)": (KEEP, ""),
    "app.retention_rules()": (RULES, "cs_app, cs_audit, cs_job"),
    "app.kept_rows(text)": (KEPT, ""),
    "app.kept_records(text)": (FOR_JOBS, "cs_job"),
    "app.retention_report(date)": (REPORT, "cs_app, cs_audit, cs_job"),
    "app.erased_report(uuid[])": (ERASE_REPORTS, ""),
    "app.erased_incident(uuid[])": (ERASE_INCIDENTS, ""),
    "app.erased_intelligence(uuid[])": (ERASE_INTELLIGENCE, ""),
    "app.erased_place(uuid[])": (ERASE_PLACES, ""),
    "app.erased_cluster_run(uuid[])": (ERASE_CLUSTERS, ""),
    "app.erased_cluster_lineage(uuid[])": (ERASE_LINEAGES, ""),
    "app.erased_access_grant(uuid[])": (ERASE_GRANTS, ""),
    "app.erased_legal_hold(uuid[])": (ERASE_HOLDS, ""),
    "app.erased_user(uuid[])": (ERASE_USERS, ""),
    "app.erase_records(text, uuid[], uuid)": (ERASE, "cs_job"),
    "app.retention_swept(timestamptz, boolean)": (SWEEP, "cs_app, cs_audit, cs_job"),
}
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
# Functions that stand get other words in one spot, and the old ones back on the way down.
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
PERIODS = """+ case
            when new.outcome_codes && array['LINKED_PLACE', 'NEW_PLACE'] then interval '2 years'
            when new.decided_at is null or 'REJECTED_ABUSIVE' = any (new.outcome_codes)
                then interval '90 days'
            when new.outcome_codes = array['NFA'] then interval '6 months'
            else interval '12 months'
        end;"""
BY_RULE = """+ app.retention_keep(app.report_rule(new.outcome_codes, new.decided_at), new.regime);
    if new.erased_at is not null then
        new.retain_until := null;
    end if;"""
CLOSED_SINCE = """case when state = 'CLOSED' then closed_at end, 1"""
CLOSED_OR_CHANGED = """case when state = 'CLOSED' then coalesce(closed_at, updated_at) end, 1"""
NEXT_SINCE = "case when place.state = 'CLOSED' then place.closed_at end"
NEXT_OR_CHANGED = """case when place.state = 'CLOSED'
                    then coalesce(place.closed_at, place.updated_at) end"""
GOES = "delete from app.meeting where id = wanted;"
HASHED = """hashes := array(
            select snapshot_sha256 from app.pack
            where meeting_id = wanted and snapshot_sha256 is not null order by created_at);
        update app.briefing set meeting_id = null where meeting_id = wanted;
        delete from app.meeting where id = wanted;"""
SAID = "(run_id, object_kind, counts) values (run, what, gone);"
SAID_WITH_HASHES = "(run_id, object_kind, counts, hashes) values (run, what, gone, hashes);"
ERASE_WORK = "app.erase_context_work(text,uuid,uuid)"
REPLACEMENTS = (
    ("app.report_before()", PERIODS, BY_RULE),
    # Whoever closed it without saying when did so when it was changed last.
    ("app.work_since(uuid)", CLOSED_SINCE, CLOSED_OR_CHANGED),
    ("app.work_since(uuid)", NEXT_SINCE, NEXT_OR_CHANGED),
    # Of a pack its hash stays: who holds a paper copy can show that it is the one.
    (ERASE_WORK, "gone jsonb;", "gone jsonb; hashes text[] := '{}';"),
    (ERASE_WORK, GOES, HASHED),
    (ERASE_WORK, SAID, SAID_WITH_HASHES),
)


def upgrade() -> None:
    op.execute("set local role cs_owner")  # the one before left it
    op.execute("alter table app.report add column erased_at timestamptz")
    op.execute(
        "comment on column app.report.erased_at is "
        "'When its words and pin were erased: it stays as one to count'"
    )
    op.execute("alter table app.retention_event add column hashes text[] not null default '{}'")
    op.execute(
        "comment on column app.retention_event.hashes is 'Of the packs that went with a meeting'"
    )
    op.execute(CHECKS.format(due=among(KINDS), held=among(HELD)))
    for signature, (function, callers) in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        if callers:
            op.execute(f"grant execute on function {signature} to {callers}")
    for function, old, new in REPLACEMENTS:
        op.execute(REPLACED.format(function=function, old=old, new=new))


def downgrade() -> None:
    op.execute(f"delete from app.retention_due where object_kind not in ({among(KINDS_BEFORE)})")
    op.execute(f"delete from app.legal_hold where object_kind not in ({among(HELD_BEFORE)})")
    for function, old, new in reversed(REPLACEMENTS):
        op.execute(REPLACED.format(function=function, old=new, new=old))
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function {signature}")
    op.execute(CHECKS.format(due=among(KINDS_BEFORE), held=among(HELD_BEFORE)))
    op.execute("alter table app.retention_event drop column hashes")
    op.execute("alter table app.report drop column erased_at")
