-- What a partnership shares, in a database of its own beside the service's: run by a superuser in it,
-- once. psql -v partnership=kingston-richmond -f shard.sql shared
--
-- The region's login can connect here and nowhere else, reads one table, and writes nothing.
create extension if not exists postgis with schema public;
revoke all on schema public from public;
grant usage on schema public to public;
create schema published;
create table published.cell (
    partnership text not null,
    release_code text not null,
    table_code text not null,
    period text not null,
    geo_kind text not null,
    geo_code text not null,
    dim_1 text not null,
    dim_2 text not null,
    shown text not null,
    low int not null,
    high int,
    at geometry(Point, 27700),
    constraint cell_pkey primary key
        (partnership, table_code, period, geo_kind, geo_code, dim_1, dim_2),
    -- A place of concern is known in its own partnership alone.
    constraint cell_geo_kind_check check (geo_kind in ('BOTH', 'BOROUGH', 'WARD')),
    constraint cell_limits_check check (0 <= low and low <= high)
);
comment on table published.cell is
    'Cells of approved releases, as they were shown: banded or rounded, never a count of a record';
comment on column published.cell.at is 'A point of the ward or borough, of published boundaries';
create index cell_at_idx on published.cell using gist (at);
select format('alter table published.cell add constraint cell_partnership_check check (partnership = %L)',
              :'partnership') \gexec

select not exists (select from pg_roles where rolname = 'region_reader') as is_new \gset
\if :is_new
    create role region_reader login connection limit 8;
\endif
alter role region_reader set default_transaction_read_only = on;
alter role region_reader set statement_timeout = '30s';
select format('revoke connect, temporary on database %I from public', current_database()) \gexec
select format('grant connect on database %I to region_reader', current_database()) \gexec
grant usage on schema published to region_reader;
grant select on published.cell to region_reader;
