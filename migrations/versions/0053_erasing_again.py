"""What is erased is asked again at the moment it goes; holds keep evidence; the count of a night.

An approved run erases only what is still over and held by nothing. The list of a restore honours
holds too. Links are held with their place or incident, and a place stays as long as intelligence
of it. How long a report or an incident is kept is of the rules at the time of asking. Running code
does not know the table. Reversible.
"""

from alembic import op

revision = "0053"
down_revision = "0052"

# Whether one record may go now: nothing holds it and, where a run named it because its time was
# over (RT), its time is over still. Other runs name what somebody asked to have erased.
OVER = """
create function app.is_over(what text, wanted uuid, run uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select coalesce((
        select not one.held and (run is null or coalesce(
            planned.ref not like 'RT-%' or one.until_on < planned.as_of, false))
        from app.kept_rows(what) as one
        left join app.retention_run as planned on planned.id = run
        where one.kind = what and one.id = wanted), false)
$$
"""
# What the night before counted, for the page: counting takes minutes where there is much.
LOOK = """
create table app.retention_look (
    only_one boolean not null default true,
    as_of date not null,
    at timestamptz not null default now(),
    lines jsonb not null,
    overdue int not null,
    constraint retention_look_pkey primary key (only_one),
    constraint retention_look_only_one_check check (only_one)
)
"""
NOTE = """
create function app.note_retention(for_day date, counted jsonb, by_itself int) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(sec.job() like 'retention:%', false) then
        raise insufficient_privilege using message = 'only retention counts';
    end if;
    insert into app.retention_look (as_of, lines, overdue)
    values (for_day, counted, by_itself)
    on conflict (only_one) do update
        set as_of = for_day, at = now(), lines = counted, overdue = by_itself;
end $$
"""
LOOKED = """
create function app.retention_looked()
    returns table (as_of date, at timestamptz, lines jsonb, overdue int)
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not coalesce(sec.job() like 'retention:%' or sec.role() = 'auditor', false) then
        raise insufficient_privilege using message = 'only auditors look';
    end if;
    return query select one.as_of, one.at, one.lines, one.overdue from app.retention_look as one;
end $$
"""
FUNCTIONS = {
    "app.is_over(text, uuid, uuid)": (OVER, ""),
    "app.note_retention(date, jsonb, int)": (NOTE, "cs_job"),
    "app.retention_looked()": (LOOKED, "cs_audit, cs_job"),
}
COMMENTS = {
    "table app.retention_look": "What retention counted last: numbers and days, of no record",
    "column app.retention_look.only_one": "There is one row",
    "column app.retention_look.as_of": "Day it was counted for",
    "column app.retention_look.at": "When it was counted",
    "column app.retention_look.lines": "Counts by rule and regime",
    "column app.retention_look.overdue": "How many rows were over that nobody need approve",
}

# The page shows what was counted: nobody who looks at it walks through all of it.
BY_JOBS_ALONE = (
    "app.retention_report(date), app.retention_audit(date), "
    "app.retention_swept(timestamptz, boolean)"
)

KEPT = "app.kept_rows(text)"
LINKS = (
    ("end as until_on, c.held\n", "end as until_on,\n               c.held or made.held as held\n"),
    (
        "l.created_at from app.child_place_link as l",
        """l.created_at, l.place_id = any (held_places) as held
              from app.child_place_link as l""",
    ),
    (
        "l.child_id, l.created_at\n              from app.child_incident_link as l",
        """l.child_id, l.created_at, l.incident_id = any (held_incidents)
              from app.child_incident_link as l""",
    ),
)
LAST_LINK = (
    "(select max(link.until_on) from link where link.child_id = c.id)) end,\n           c.held"
)
LAST_OF = "of_child.until_on) end,\n           c.held or coalesce(of_child.held, false)"
BY_CHILD = """join rule on rule.record = 'child' and rule.regime = c.regime
    left join (select link.child_id, max(link.until_on) as until_on, bool_or(link.held) as held
               from link group by 1) as of_child on of_child.child_id = c.id"""
NEEDED = """        union all
        select l.place_id, max(link.until_on), bool_or(link.held)"""
BY_INTELLIGENCE = """        union all
        select found.place_id, max((one.expires_on + rule.keep)::date),
               bool_or(one.id = any (held_intelligence))
        from app.intel_item_place as found
        join closed on closed.id = found.place_id
        join app.intel_item as one on one.id = found.intel_item_id
        join rule on rule.record = 'intelligence' and rule.regime = one.regime
        where found.removed_at is null
        group by 1
"""
NEEDS = "(select max(needed.until_on) from needed where needed.place_id = c.id))::date end"
IS_HELD = """c.held or coalesce((select bool_or(needed.held) from needed
                               where needed.place_id = c.id), false)
    from closed as c join rule on rule.regime = c.regime
         and rule.record = case when c.deleted_at is null then 'place' else 'deleted' end
"""
IS_HELD_OF = """c.held or coalesce(of_place.held, false)
    from closed as c join rule on rule.regime = c.regime
         and rule.record = case when c.deleted_at is null then 'place' else 'deleted' end
    left join (select needed.place_id, max(needed.until_on) as until_on,
                      bool_or(needed.held) as held
               from needed group by 1) as of_place on of_place.place_id = c.id
"""
DECIDED = "coalesce(one.decided_at, one.created_at)"
SIX_YEARS = """nullif(one.retain_until,
                  ((one.occurred_to at time zone 'Europe/London')::date
                   + interval '6 years')::date)"""
# A day that the service worked out itself is nobody's choice: the rules say how long.
PERIODS = (
    (f"{DECIDED}, one.retain_until, null::date", f"{DECIDED}, null::date, null::date"),
    (
        f"least(one.retain_until,\n                 (({DECIDED}",
        f"least(null::date,\n                 (({DECIDED}",
    ),
    (
        "one.occurred_to,\n           one.retain_until, null::date",
        f"one.occurred_to,\n           {SIX_YEARS}, null::date",
    ),
    (
        "least(one.retain_until,\n                 ((one.occurred_to",
        f"least({SIX_YEARS},\n                 ((one.occurred_to",
    ),
)
WORKED_OUT = """-- domain.md 7: short by default; what helped to find a place stays longest.
    new.retain_until := (coalesce(new.decided_at, new.created_at, now())
                         at time zone 'Europe/London')::date
        + app.retention_keep(app.report_rule(new.outcome_codes, new.decided_at), new.regime);
    if new.erased_at is not null then
        new.retain_until := null;
    end if;"""
NOT_WORKED_OUT = "new.retain_until := null;  -- the rules say how long, when they are asked"

CHILD = "app.erase_child(uuid,uuid)"
HELD_CHILD = "app.on_hold(child) and sec.job() = 'retention:erase'"
LINKS_OF = "app.erase_links(uuid)"
LINKS_BEGIN = """    happened int;
begin
    if not"""
LINKS_OVER = """    happened int;
    gone uuid[];
    as_of date := (select r.as_of from app.retention_run as r where r.id = run);
begin
    if not"""
LINKS_WAS = """    delete from app.child_link_was as w using app.retention_due as d
    where d.run_id = run and d.object_kind = 'child_place_link' and w.link_id = d.object_id
      and not app.on_hold(w.child_id);
    delete from app.child_place_link as l using app.retention_due as d
    where d.run_id = run and d.object_kind = 'child_place_link' and l.id = d.object_id
      and not app.on_hold(l.child_id);
    get"""
LINKS_GO = """    gone := array(
        select one.id from app.kept_rows('child_place_link') as one
        join app.retention_due as d on d.run_id = run and d.object_kind = one.kind
             and d.object_id = one.id
        where one.kind = 'child_place_link' and not one.held and one.until_on < as_of);
    delete from app.child_link_was as w where w.link_id = any (gone);
    delete from app.child_place_link as l where l.id = any (gone);
    get"""
HAPPENED = """    delete from app.child_incident_link as l using app.retention_due as d
    where d.run_id = run and d.object_kind = 'child_incident_link' and l.child_id = d.object_id
      and l.incident_id = d.other_id and not app.on_hold(l.child_id);"""
HAPPENED_GO = """    delete from app.child_incident_link as l
    using app.retention_due as d, app.kept_rows('child_incident_link') as one
    where d.run_id = run and d.object_kind = 'child_incident_link' and l.child_id = d.object_id
      and l.incident_id = d.other_id and one.kind = d.object_kind and one.id = d.object_id
      and one.other_id = d.other_id and not one.held and one.until_on < as_of;"""

WORK = "app.erase_context_work(text,uuid,uuid)"
WORK_ASKED = """    if not exists (select from app.context_work_kept() as one
                   where one.kind = what and one.id = wanted and one.since is not null
                     and (not one.held or sec.job() = 'retention:replay')) then"""
WORK_OVER = """    -- Nobody opens it meanwhile.
    perform from app.place as p where p.id = wanted for update;
    if not app.is_over(what, wanted, run) then"""

RECORDS = "app.erase_records(text,uuid[],uuid)"
FREE = """any (wanted) and (again or not one.held
              and one.until_on < approved.as_of and exists ("""
FREE_NOW = """any (wanted) and not one.held and (again or (
              approved.ref not like 'RT-%' or one.until_on < approved.as_of) and exists ("""
# What something else still needs stays, and is not told as erased.
ALL_OF = """    end case;
"""
WHAT_WENT = """    end case;
    free := array(select unnest(free)
                  except select p.id from app.place as p where what = 'place'
                  except select l.id from app.cluster_lineage as l where what = 'cluster_lineage');
"""
TOLD = "return gone;\nend"
TOLD_WHICH = "return gone || jsonb_build_object('keys', free);\nend"

PLACE = "app.erased_place(uuid[])"
FREE_PLACE = """and not exists (select from app.report_outcome as o join app.report as r"""
NO_INTELLIGENCE = f"""and not exists (select from app.intel_item_place as i
                          where i.place_id = one.id and i.removed_at is null)
          {FREE_PLACE}"""
REPORT = "app.erased_report(uuid[])"
WORDS_GO = "provenance = null, erased_at = now() where"
PERSON_GOES = """provenance = null, reporter_kind = 'NOT_SAID', how_known = null,
        child_count_band = 'NOT_KNOWN', erased_at = now() where"""

REPLACEMENTS = (
    *((KEPT, old, new) for old, new in LINKS),
    (KEPT, LAST_LINK, LAST_OF),
    (KEPT, "join rule on rule.record = 'child' and rule.regime = c.regime", BY_CHILD),
    (KEPT, NEEDED, BY_INTELLIGENCE + NEEDED),
    (KEPT, NEEDS, "of_place.until_on)::date end"),
    (KEPT, IS_HELD, IS_HELD_OF),
    *((KEPT, old, new) for old, new in PERIODS),
    ("app.report_before()", WORKED_OUT, NOT_WORKED_OUT),
    (CHILD, HELD_CHILD, "not app.is_over('child', child, run)"),
    (LINKS_OF, LINKS_BEGIN, LINKS_OVER),
    (LINKS_OF, LINKS_WAS, LINKS_GO),
    (LINKS_OF, HAPPENED, HAPPENED_GO),
    (WORK, WORK_ASKED, WORK_OVER),
    (RECORDS, FREE, FREE_NOW),
    (RECORDS, ALL_OF, WHAT_WENT),
    (RECORDS, TOLD, TOLD_WHICH),
    (PLACE, FREE_PLACE, NO_INTELLIGENCE),
    (REPORT, WORDS_GO, PERSON_GOES),
)
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


def upgrade() -> None:
    op.execute("set local role cs_owner")  # the one before left it
    op.execute(LOOK)
    op.execute("alter table app.retention_look enable row level security")
    op.execute("alter table app.retention_look force row level security")
    op.execute(
        "create policy retention_look_owner on app.retention_look for all to cs_owner using (true)"
    )
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")
    for signature, (function, callers) in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        if callers:
            op.execute(f"grant execute on function {signature} to {callers}")
    op.execute(f"revoke execute on function {BY_JOBS_ALONE} from cs_app, cs_audit")
    for function, old, new in REPLACEMENTS:
        op.execute(REPLACED.format(function=function, old=old, new=new))


def downgrade() -> None:
    for function, old, new in reversed(REPLACEMENTS):
        op.execute(REPLACED.format(function=function, old=new, new=old))
    op.execute(f"grant execute on function {BY_JOBS_ALONE} to cs_app, cs_audit")
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function {signature}")
    op.execute("drop table app.retention_look")
