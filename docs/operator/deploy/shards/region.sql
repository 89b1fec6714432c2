-- The database of the region: run by a superuser in it, once. Its analysts see one table.
create extension if not exists postgis;
create extension if not exists postgres_fdw;
create schema region;
create table region.cell (
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
    at geometry(Point, 27700)
) partition by list (partnership);

select not exists (select from pg_roles where rolname = 'region_analyst') as is_new \gset
\if :is_new
    create role region_analyst login;
\endif
alter role region_analyst set default_transaction_read_only = on;
alter role region_analyst set enable_partitionwise_aggregate = on; -- each shard counts its own
grant usage on schema region to region_analyst;
grant select on region.cell to region_analyst;
