-- Run by a superuser, once per database and again after every restore. Idempotent.
-- Makes what a migration must not be able to make: roles, extensions, and the LEAKPROOF mark.
-- Passwords are not here: the launcher sets them where peer authentication does not apply.

do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('cs_owner',   'nologin'),
            ('cs_sec',     'nologin'),
            ('cs_migrate', 'login'),
            ('cs_app',     'login'),
            ('cs_public',  'login connection limit 20'),
            ('cs_job',     'login'),
            ('cs_audit',   'login'),
            ('cs_backup',  'login bypassrls')
        ) as role(name, options)
    loop
        if not exists (select from pg_roles where rolname = wanted.name) then
            execute format('create role %I %s', wanted.name, wanted.options);
        end if;
    end loop;
end $$;

grant cs_owner, cs_sec to cs_migrate;
-- A backup reads every row of every table but the key that claims are signed with, and writes none.
alter default privileges for role cs_owner, cs_sec grant usage on schemas to cs_backup;
alter default privileges for role cs_owner, cs_sec grant select on tables to cs_backup;
alter default privileges for role cs_owner, cs_sec grant select on sequences to cs_backup;
do $$
declare
    each text;
begin
    if exists (select from pg_auth_members where roleid = 'pg_read_all_data'::regrole
               and member = 'cs_backup'::regrole) then
        revoke pg_read_all_data from cs_backup; -- given by releases before
    end if;
    for each in
        select nspname::text from pg_namespace
        where nspname in ('app', 'vault', 'intake', 'audit', 'sec', 'reference', 'queue')
          and not has_schema_privilege('cs_backup', oid, 'usage')
    loop
        execute format('grant usage on schema %I to cs_backup', each);
    end loop;
    for each in
        select format('%I.%I', n.nspname, c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'S')
          and n.nspname in ('app', 'vault', 'intake', 'audit', 'sec', 'reference', 'queue')
          and (n.nspname, c.relname) <> ('sec', 'key')
          and not has_table_privilege('cs_backup', c.oid, 'select')
    loop
        execute format('grant select on %s to cs_backup', each);
    end loop;
    if to_regclass('sec.key') is not null then
        revoke all on sec.key from cs_backup;
    end if;
end $$;

-- The queue library names its tables and functions without a schema.
alter role cs_migrate set search_path = public, queue;
alter role cs_app set search_path = public, queue;
alter role cs_job set search_path = public, queue;
alter role cs_public set search_path = public;
alter role cs_public connection limit 20; -- four web processes of five
alter role cs_audit set search_path = public;
-- Who connects directly asks for these by itself; a pooler passes no options on.
alter role cs_app set jit = off;
alter role cs_public set jit = off;
alter role cs_app set client_connection_check_interval = '5s';
alter role cs_public set client_connection_check_interval = '5s';

create extension if not exists postgis with schema public;
create extension if not exists pg_trgm with schema public;

revoke create on schema public from public;
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
    execute format('grant create on database %I to cs_owner, cs_sec', current_database());
    -- Bulk loads go through a temporary table, because COPY refuses tables with policies.
    execute format('grant temporary on database %I to cs_job', current_database());
end $$;
grant usage on schema public to cs_owner, cs_sec, cs_app, cs_public, cs_job, cs_audit;

-- These hand the extent and spatial statistics of a protected table to any login.
do $$
declare
    leak regprocedure;
begin
    for leak in
        select oid::regprocedure from pg_proc
        where pronamespace = 'public'::regnamespace
          and proname in ('st_estimatedextent', 'st_findextent', '_postgis_stats',
                          '_postgis_selectivity', '_postgis_join_selectivity',
                          '_postgis_index_extent')
    loop
        execute format('revoke execute on function %s from public', leak);
    end loop;
end $$;

-- Nothing of ours is a large object, and whoever makes one needs no right at all to fill the disk.
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;

-- Accepted risk, docs/adr/0003: under a policy the planner may use a GiST index only for
-- functions that cannot leak. 200k places: tile 343 ms without the mark, 6 ms with it.
alter function public.geometry_overlaps(geometry, geometry) leakproof;
