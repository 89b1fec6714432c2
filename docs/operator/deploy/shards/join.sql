-- One partnership joins: run by a superuser in the database of the region.
--   psql -v shard=kingston_richmond -v partnership=kingston-richmond -v host=10.1.0.5 -v port=5432 \
--        -v password=... -f join.sql region
create server :"shard" foreign data wrapper postgres_fdw options (
    host :'host', port :'port', dbname 'shared',
    extensions 'postgis', async_capable 'true', use_remote_estimate 'true', fetch_size '10000'
);
create user mapping for region_analyst server :"shard"
    options (user 'region_reader', password :'password');
select format(
    'create foreign table region.%I partition of region.cell for values in (%L) server %I '
    'options (schema_name ''published'', table_name ''cell'')',
    'cell_' || :'shard', :'partnership', :'shard') \gexec
