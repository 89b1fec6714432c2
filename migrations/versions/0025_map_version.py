"""A number that moves whenever a table changes that tiles of the map show.

Tiles are kept by the server for as long as it stands still. A sequence and no row of a table: no
writer waits for another. It moves after the change and before its commit; until then the writer
holds a lock that a reader sees. What that means is said in app/maps/kept.py. Running code does not
know it. Reversible.
"""

from alembic import op

revision = "0025"
down_revision = "0023"

# Every table that a question for a tile reads, whatever its filters; a test explains them all.
SHOWN = (
    "app.place",
    "app.incident",
    "app.incident_place",
    "app.report",
    "app.report_outcome",
    "app.cluster_run",
    "app.cluster",
    "app.cluster_lineage",
    "app.hot_cell",
    "reference.area",
    "reference.area_shape",
    "reference.harm",
    "reference.place_point",
    "reference.place_type",
    "reference.point_grid",
    "reference.site",
    "reference.stop",
)


def upgrade() -> None:
    op.execute("create sequence app.map_change")
    op.execute("""
        create function app.map_changed() returns trigger
        language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
        begin
            perform pg_advisory_xact_lock_shared(7261), nextval('app.map_change');
            return null;
        end $$
    """)
    # Another database, or the same one started again, perhaps from an older copy, is another map.
    # The number first, then the lock: who moved the number until then has ended, or is seen.
    op.execute("""
        create function app.map_version() returns text
        language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
        declare
            found text := concat_ws('-', (select last_value from app.map_change),
                                    extract(epoch from pg_postmaster_start_time()),
                                    (select oid from pg_database
                                     where datname = current_database()));
        begin
            if not pg_try_advisory_lock(7261) then
                return null;
            end if;
            perform pg_advisory_unlock(7261);
            return found;
        end $$
    """)
    for table in SHOWN:
        op.execute(
            f"create trigger map_changed after insert or update or delete or truncate on {table} "
            "for each statement execute function app.map_changed()"
        )
    op.execute("revoke execute on function app.map_changed(), app.map_version() from public")
    op.execute("grant execute on function app.map_version() to cs_app, cs_audit")
    op.execute("""
        comment on sequence app.map_change is
            'Moves with every change of what tiles show; they are kept as long as it stands'
    """)


def downgrade() -> None:
    for table in SHOWN:
        op.execute(f"drop trigger map_changed on {table}")
    op.execute("drop function app.map_version, app.map_changed")
    op.execute("drop sequence app.map_change")
