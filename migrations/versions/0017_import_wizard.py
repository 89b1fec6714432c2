"""Imports step by step: the file, its columns, the dry run, the duplicates, the undo.

Running code does not know what is added. Reversible: saved mappings and open imports are lost.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

BATCH = """
    alter table app.import_batch
        add column work text,
        add column asked_by uuid,
        add column run int not null default 0,
        add column n_rows int,
        add column problem text,
        add column applied_at timestamptz,
        add column undone_at timestamptz,
        add column undone jsonb,
        add constraint import_batch_work_check
            check (work in ('DRY_RUN', 'APPLY', 'UNDO'))
"""

ADDED = ("work", "asked_by", "run", "n_rows", "problem", "applied_at", "undone_at", "undone")

TABLES = {
    "import_file": """
        batch_id uuid not null references app.import_batch (id),
        by uuid not null,
        stored_name text not null,
        key bytea not null,
        size_bytes int not null,
        choices jsonb not null default '{}',
        found jsonb,
        preview jsonb,
        done int not null default 0,
        total int not null default 0,
        uploaded_at timestamptz not null default now(),
        constraint import_file_pkey primary key (batch_id),
        constraint import_file_stored_name_check check (stored_name ~ '^[0-9a-f]{32}$')
    """,
    "import_row": """
        batch_id uuid not null references app.import_batch (id),
        run int not null,
        row int not null,
        by uuid not null,
        verdict text not null,
        problem text,
        how_to_fix text,
        record_id uuid,
        score numeric(3, 2),
        why text[] not null default '{}',
        alike text,
        shown jsonb,
        decision text,
        done text,
        before jsonb,
        mark text,
        constraint import_row_pkey primary key (batch_id, run, row),
        constraint import_row_verdict_check
            check (verdict in ('NEW', 'UPDATE', 'DUPLICATE', 'ERROR', 'IGNORED')),
        constraint import_row_decision_check check (decision in ('KEEP', 'MERGE', 'SKIP')),
        constraint import_row_done_check check (done in ('CREATED', 'CHANGED'))
    """,
    "import_touch": """
        batch_id uuid not null references app.import_batch (id),
        place_id uuid not null,
        before timestamptz,
        after timestamptz,
        constraint import_touch_pkey primary key (batch_id, place_id)
    """,
    "import_mapping": """
        id uuid not null,
        created_by uuid not null,
        agency_code text not null,
        kind text not null,
        name text not null,
        shared boolean not null default false,
        mapping jsonb not null,
        created_at timestamptz not null default now(),
        deleted_at timestamptz,
        constraint import_mapping_pkey primary key (id),
        constraint import_mapping_name_check check (length(name) between 1 and 80)
    """,
}
GRANTS = {
    "import_file": "select, insert, update",
    "import_row": "select, insert, update",
    "import_mapping": "select, insert, update",
}

INDEXES = [
    "create index import_batch_sha_idx on app.import_batch (file_sha256)",
    "create index import_row_record_idx on app.import_row (record_id) where done is not null",
    *(
        f"create index {table}_external_idx on app.{table} "
        "((provenance->>'system'), (provenance->>'ref')) where provenance is not null"
        for table in ("incident", "place")
    ),
]

COMMENTS = {
    "column app.import_batch.work": "What the worker was asked to do and has not finished",
    "column app.import_batch.run": "The dry run that counts; rows of earlier ones are tidied away",
    "column app.import_batch.undone": "Of an undo: records removed, restored and kept",
    "table app.import_file": "An upload while it is worked on; the file itself is sealed on disk",
    "column app.import_file.found": "Columns with their first values: content, gone with the file",
    "column app.import_row.shown": "Values of a possible duplicate: content, gone when applied",
    "column app.import_row.before": "The record as it was before this batch changed it",
    "column app.import_row.mark": "Hash of the record after this batch: another one is a change",
    "table app.import_touch": "Newest information of places before and after a batch, for the undo",
    "table app.import_mapping": "Which column is what, kept for the next file of the same system",
}

# What follows by itself from other records says nothing about a change by a person.
MARK = """
create function app.import_mark(record jsonb) returns text
    language sql immutable set search_path = pg_catalog, public, pg_temp as $$
    select md5((record - array['last_information_at', 'qk', 'borough_codes', 'borough_code',
                               'updated_at', 'listed'])::text)
$$
"""
TARGET = """
create function app.import_target(kind text) returns text
    language sql immutable set search_path = pg_catalog, public, pg_temp as $$
    select case kind when 'incidents' then 'incident' when 'places-of-concern' then 'place'
                     when 'intelligence' then 'intel_item' end
$$
"""

# The records as they stand after the batch, and those that it changed as they stood before.
NOTE = """
create function app.import_noted(batch uuid, moment text) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    b app.import_batch;
    target text;
begin
    select * into b from app.import_batch where id = batch;
    if b."by" is distinct from sec.actor() or b.state <> 'DRY_RUN' or sec.role() is null then
        raise insufficient_privilege using message = 'not an import of this person';
    end if;
    target := app.import_target(b.kind);
    if moment = 'before' then
        -- As PostgreSQL writes a geometry itself: GeoJSON would round it.
        execute format('update app.import_row as i set before = to_jsonb(r)%2$s'
            ' from app.%1$I as r'
            ' where i.batch_id = $1 and i.run = $2 and i.done = ''CHANGED'' and r.id = i.record_id',
            target, case when target in ('incident', 'place')
                         then ' || jsonb_build_object(''geom'', r.geom::text)' else '' end)
        using b.id, b.run;
    else
        execute format('update app.import_row as i set mark = app.import_mark(to_jsonb(r)),'
            ' shown = null from app.%I as r'
            ' where i.batch_id = $1 and i.run = $2 and i.done is not null and r.id = i.record_id',
            target)
        using b.id, b.run;
    end if;
end $$
"""

# As app.link_incidents, and what that makes of places is remembered: the person who imports may
# see less than all of them.
LINK = """
create function app.link_imported(batch uuid, of_incidents uuid[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not exists (select from app.import_batch
                   where id = batch and by = sec.actor() and state = 'DRY_RUN') then
        raise insufficient_privilege using message = 'not an import of this person';
    end if;
    insert into app.import_touch (batch_id, place_id, before)
    select batch, place.id, place.last_information_at
    from app.place
    where place.id in (
        select near.id from app.incident
        join app.place as near on near.geom && ST_Expand(incident.geom, 50)
        where incident.id = any (of_incidents)
        union select place_id from app.incident where id = any (of_incidents)
        union select place_id from app.incident_place where incident_id = any (of_incidents))
    on conflict do nothing;
    perform app.relink(of_incidents, '{}');
    delete from app.import_touch as touch using app.place
    where touch.batch_id = batch and place.id = touch.place_id
      and place.last_information_at is not distinct from touch.before;
    update app.import_touch as touch set after = place.last_information_at
    from app.place where touch.batch_id = batch and place.id = touch.place_id;
end $$
"""

MAY_UNDO = """
create function app.import_to_undo(batch uuid) returns app.import_batch
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    b app.import_batch;
begin
    select * into b from app.import_batch where id = batch for update;
    if b.id is null or sec.job() is not null
       or not (sec.role() in ('police_analyst', 'cs_lead') and b."by" = sec.actor()
               or sec.role() = 'cs_lead' and b.kind <> 'intelligence') then
        raise insufficient_privilege using message = 'not an import that this person may undo';
    end if;
    return b;
end $$
"""

# Records that somebody changed since, or that something a person made hangs on: these stay.
# What the database itself writes beside a record goes with it.
OWN_CHILDREN = (
    "incident_place",
    "incident_state_change",
    "incident_version",
    "place_area",
    "place_exact",
    "online_space",
    "place_state_change",
    "place_version",
    "intel_item_police",
    "intel_item_place",
    "intel_child",
    "intel_recipient",
    "intel_state_change",
    "intel_version",
)
KEPT = """
create function app.import_kept(batch uuid)
    returns table (row_number int, record_id uuid, ref text, why text)
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
    b app.import_batch := app.import_to_undo(batch);
    target text := app.import_target(b.kind);
    child record;
    hanging uuid[] := '{}';
    found uuid[];
begin
    for child in
        select c.conrelid::regclass as of_table, r.relname, a.attname
        from pg_constraint as c
        join pg_class as r on r.oid = c.conrelid
        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.confrelid = format('app.%I', target)::regclass
          and r.relname <> all ('{OWN}'::text[])
    loop
        execute format('select coalesce(array_agg(distinct c.%I), ''{{}}'') from %s as c'
            ' join app.import_row as i on i.record_id = c.%I'
            ' where i.batch_id = $1 and i.run = $2 and i.done = ''CREATED''',
            child.attname, child.of_table, child.attname)
        into found using b.id, b.run;
        hanging := hanging || found;
    end loop;
    if target = 'place' then
        -- In sight of whoever may undo; of what few may know there is no hint here either.
        select coalesce(array_agg(distinct link.place_id), '{}') into found
        from app.intel_item_place as link
        join app.import_row as i on i.record_id = link.place_id
        where i.batch_id = b.id and i.run = b.run and i.done = 'CREATED'
          and link.shared and link.tier = 'P' and link.removed_at is null;
        hanging := hanging || found;
    end if;
    return query execute format('select i.row, r.id, r.ref,'
        ' case when app.import_mark(to_jsonb(r)) <> i.mark'
        '      then ''Changed since'' else ''Linked since'' end'
        ' from app.import_row as i join app.%I as r on r.id = i.record_id'
        ' where i.batch_id = $1 and i.run = $2 and i.done is not null'
        '   and (app.import_mark(to_jsonb(r)) <> i.mark'
        '        or i.done = ''CREATED'' and r.id = any ($3))'
        ' order by i.row', target)
    using b.id, b.run, hanging;
end $$
""".replace("{OWN}", "{" + ",".join(OWN_CHILDREN) + "}").replace("{{}}", "{}")

# A place that is taken back takes the links of code C and of what is not released yet with it: to
# keep it would tell whoever takes it back that there is something. The item then has where it was
# as if it had been drawn, in a version of its own, and nobody else sees a difference.
KEEPS_WHERE = """
create function app.intel_keeps_where(gone uuid[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    alter table app.intel_item disable trigger user;
    with losing as (
        select distinct link.intel_item_id as id from app.intel_item_place as link
        where link.place_id = any (gone) and link.removed_at is null
    ),
    kept as (
        select losing.id, ST_CollectionHomogenize(ST_Collect(place.geom)) as at
        from losing
        join app.intel_item_place as link
            on link.intel_item_id = losing.id and link.removed_at is null
        join app.place on place.id = link.place_id and place.geom is not null
        group by losing.id
    ),
    drawn as (
        select id, case
            when GeometryType(at) in ('POINT', 'LINESTRING', 'MULTILINESTRING', 'POLYGON',
                                      'MULTIPOLYGON') and ST_NPoints(at) <= 500 then at
            when ST_NPoints(ST_Buffer(at, 5, 2)) <= 500 then ST_Buffer(at, 5, 2)
            else ST_Buffer(ST_ConvexHull(at), 5, 2) end as geom
        from kept
    ),
    changed as (
        update app.intel_item as item
        set geom = drawn.geom, version = item.version + 1,
            chosen_boroughs = item.borough_codes, accuracy = coalesce(item.accuracy, 'EXACT'),
            where_kind = case when GeometryType(drawn.geom) = 'POINT' then 'POINT'
                              when GeometryType(drawn.geom) like '%LINESTRING' then 'LINE'
                              else 'AREA' end
        from drawn where item.id = drawn.id and item.geom is null
        returning item.id, item.version, app.intel_content(item) as content, item.written_by
    )
    insert into app.intel_version (intel_item_id, version, content, by)
    select id, version, content, written_by from changed;
    -- Of a home there is nothing to draw; the boroughs stay all the same.
    update app.intel_item as item set chosen_boroughs = item.borough_codes
    from app.intel_item_place as link
    where link.intel_item_id = item.id and link.place_id = any (gone)
      and link.removed_at is null and item.chosen_boroughs <> item.borough_codes;
    alter table app.intel_item enable trigger user;
end $$
"""

UNDO = """
create function app.undo_import(batch uuid) returns jsonb
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    b app.import_batch := app.import_to_undo(batch);
    target text := app.import_target(b.kind);
    stays uuid[];
    gone uuid[];
    back uuid[];
    names text;
    child record;
begin
    if b.state <> 'APPLIED' or b.undo_until < now() then
        raise insufficient_privilege using message = 'this import cannot be undone';
    end if;
    select coalesce(array_agg(record_id), '{}') into stays from app.import_kept(batch);
    select coalesce(array_agg(record_id) filter (where done = 'CREATED'), '{}'),
           coalesce(array_agg(record_id) filter (where done = 'CHANGED'), '{}')
    into gone, back from app.import_row
    where batch_id = b.id and run = b.run and done is not null and record_id <> all (stays);
    if target = 'place' then
        perform app.intel_keeps_where(gone);
    end if;
    for child in
        select c.conrelid::regclass as of_table, r.relname, a.attname
        from pg_constraint as c
        join pg_class as r on r.oid = c.conrelid
        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.confrelid = format('app.%I', target)::regclass
    loop
        execute format('delete from %s where %I = any ($1)', child.of_table, child.attname)
        using gone;
    end loop;
    execute format('delete from app.%I where id = any ($1)', target) using gone;
    select string_agg(quote_ident(attname), ', ') into names from pg_attribute
    where attrelid = format('app.%I', target)::regclass and attnum > 0 and not attisdropped
      and attname <> 'id' and attgenerated = '';
    -- Row for row: triggers would write today's date and a version of their own.
    execute format('alter table app.%I disable trigger user', target);
    execute format('update app.%1$I as r set (%2$s) = (select %2$s'
        ' from jsonb_populate_record(null::app.%1$I, i.before))'
        ' from app.import_row as i where i.batch_id = $1 and i.run = $2 and r.id = i.record_id'
        ' and i.done = ''CHANGED'' and r.id = any ($3)', target, names)
    using b.id, b.run, back;
    execute format('alter table app.%I enable trigger user', target);
    for child in
        select c.conrelid::regclass as of_table, a.attname
        from pg_constraint as c
        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_class as r on r.oid = c.conrelid
            and r.relname in ('incident_version', 'place_version', 'intel_version')
        where c.contype = 'f' and c.confrelid = format('app.%I', target)::regclass
    loop
        execute format('delete from %s as c using app.%I as r'
            ' where c.%I = r.id and r.id = any ($1) and c.version > r.version',
            child.of_table, target, child.attname)
        using back;
    end loop;
    -- What hangs on a record has its scope, which may have moved and comes back with it.
    for child in
        select c.conrelid::regclass as of_table, r.relname, a.attname
        from pg_constraint as c
        join pg_class as r on r.oid = c.conrelid
        join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        join pg_attribute as t on t.attrelid = c.conrelid and t.attname = 'tier'
        where c.contype = 'f' and c.confrelid = format('app.%I', target)::regclass
          and r.relname not in ('place_area', 'incident_place')
    loop
        if child.relname = any ('{OWN}'::text[]) then
            execute format('update %s as c set borough_codes = r.borough_codes, tier = r.tier'
                ' from app.%I as r where c.%I = r.id and r.id = any ($1)',
                child.of_table, target, child.attname)
            using back;
        else
            execute format('update %s set tier = tier where %I = any ($1)',
                           child.of_table, child.attname)
            using back;
        end if;
    end loop;
    if target = 'place' then
        delete from app.place_area where place_id = any (back);
        insert into app.place_area (place_id, borough_codes, tier, lad_code, share,
                                    boundary_version)
        select place.id, place.borough_codes, place.tier, now.lad_code, now.share,
               now.boundary_version
        from app.place cross join lateral app.boroughs_of(place.geom) as now
        where place.id = any (back) and place.geom is not null;
        perform app.relink('{}', back);
    end if;
    if target = 'incident' then
        perform app.relink(back, '{}');
        update app.place set last_information_at = touch.before
        from app.import_touch as touch
        where touch.batch_id = b.id and place.id = touch.place_id
          and place.last_information_at is not distinct from touch.after
          and not exists (select from app.incident_place as link
                          where link.place_id = place.id and link.incident_id = any (stays));
    end if;
    delete from app.import_touch where batch_id = b.id;
    update app.import_row set before = null, shown = null, mark = null, done = null
    where batch_id = b.id and run = b.run and done is not null and record_id <> all (stays);
    update app.import_batch set state = 'UNDONE', work = null, undone_at = now(),
        undone = jsonb_build_object('removed', cardinality(gone), 'restored', cardinality(back),
                                    'kept', cardinality(stays))
    where id = b.id;
    return jsonb_build_object('removed', cardinality(gone), 'restored', cardinality(back),
                              'kept', cardinality(stays));
end $$
""".replace("{OWN}", "{" + ",".join(OWN_CHILDREN) + "}")

# What was left of files of yesterday, of earlier dry runs, and of undos that are out of time.
TIDIED = """
create function app.imports_tidied() returns int
    language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    files int;
begin
    if sec.job() is distinct from 'imports:tidy' then
        raise insufficient_privilege using message = 'only the job of tidying tidies';
    end if;
    delete from app.import_file where uploaded_at < now() - interval '24 hours';
    get diagnostics files = row_count;
    update app.import_batch as b set work = null, problem = 'The file was deleted after 24 hours.'
    where b.work is not null and b.work <> 'UNDO'
      and not exists (select from app.import_file as f where f.batch_id = b.id)
      and b.state in ('STAGED', 'DRY_RUN');
    delete from app.import_row as i using app.import_batch as b
    where b.id = i.batch_id
      and (i.run <> b.run
           or i.done is null
              and not exists (select from app.import_file as f where f.batch_id = b.id)
           or b.undo_until < now());
    delete from app.import_touch as t using app.import_batch as b
    where b.id = t.batch_id and b.undo_until < now();
    return files;
end $$
"""

# What an undo rests on is written by the functions above; a person says of no record that an import
# made or changed it unless it is in their sight, and made by themselves where it is new.
GUARD = """
create function app.import_row_guard() returns trigger
    language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    one record;
    amiss boolean;
begin
    if current_user <> 'cs_app' then
        return null;
    end if;
    if tg_op = 'INSERT' then
        amiss := exists (
            select from made left join app.import_batch as b
                on b.id = made.batch_id and b."by" = sec.actor()
            where b.id is null or made.done is not null or made.before is not null
               or made.mark is not null);
    else
        amiss := exists (
            select from made left join was using (batch_id, run, row)
            where made.before is distinct from was.before or made.mark is distinct from was.mark);
        for one in
            select distinct app.import_target(b.kind) as target
            from made
            left join was using (batch_id, run, row)
            left join app.import_batch as b on b.id = made.batch_id and b."by" = sec.actor()
            where made.done is not null and (made.done, made.record_id)
                  is distinct from (was.done, was.record_id)
        loop
            exit when amiss;
            if one.target is null then
                amiss := true;
                exit;
            end if;
            execute format('select exists (select from made'
                ' left join was using (batch_id, run, row)'
                ' left join app.%I as r on r.id = made.record_id'
                ' where made.done is not null and (made.done, made.record_id)'
                '       is distinct from (was.done, was.record_id)'
                '   and (r.id is null or made.done = ''CREATED'' and r.created_by <> sec.actor()))',
                one.target)
            into amiss;
        end loop;
    end if;
    if amiss then
        raise insufficient_privilege using message = 'not a record of this import';
    end if;
    return null;
end $$
"""
GUARDS = {
    "insert": "referencing new table as made",
    "update": "referencing old table as was new table as made",
}

FUNCTIONS = {
    "import_mark(jsonb)": MARK,
    "import_target(text)": TARGET,
    "import_noted(uuid, text)": NOTE,
    "link_imported(uuid, uuid[])": LINK,
    "import_to_undo(uuid)": MAY_UNDO,
    "import_kept(uuid)": KEPT,
    "intel_keeps_where(uuid[])": KEEPS_WHERE,
    "undo_import(uuid)": UNDO,
    "imports_tidied()": TIDIED,
}


def upgrade() -> None:
    op.execute(BATCH)
    op.execute("grant update on app.import_batch to cs_app")
    for name, columns in TABLES.items():
        op.execute(f"create table app.{name} ({columns})")
        op.execute(f"alter table app.{name} enable row level security")
        op.execute(f"alter table app.{name} force row level security")
        op.execute(f"create policy {name}_owner on app.{name} for all to cs_owner using (true)")
        if name in GRANTS:
            op.execute(f"grant {GRANTS[name]} on app.{name} to cs_app")
    for statement in INDEXES:
        op.execute(statement)
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")
    for signature, body in FUNCTIONS.items():
        op.execute(body)
        op.execute(f"revoke execute on function app.{signature} from public")
        if body is not KEEPS_WHERE:  # by the undo alone
            op.execute(f"grant execute on function app.{signature} to cs_app, cs_job")
    op.execute(GUARD)
    op.execute("revoke execute on function app.import_row_guard() from public")
    for verb, tables in GUARDS.items():
        op.execute(
            f"create trigger import_row_guard_{verb} after {verb} on app.import_row {tables} "
            "for each statement execute function app.import_row_guard()"
        )


def downgrade() -> None:
    op.execute("drop function app.import_row_guard cascade")
    for signature in reversed(FUNCTIONS):
        op.execute(f"drop function app.{signature}")
    for name in reversed(TABLES):
        op.execute(f"drop table app.{name}")
    for table in ("incident", "place"):
        op.execute(f"drop index app.{table}_external_idx")
    op.execute("drop index app.import_batch_sha_idx")
    op.execute("revoke update on app.import_batch from cs_app")
    op.execute("alter table app.import_batch drop constraint import_batch_work_check")
    for column in ADDED:
        op.execute(f"alter table app.import_batch drop column {column}")
