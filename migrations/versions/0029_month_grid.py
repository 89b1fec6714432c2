"""Counts of low zooms by month and borough, so that a map of some dates or of one borough is ready.

Worked out from the places after an import, all of it. A row of zoom 0 says that it is whole: any
change of the places takes that row away in its own transaction, and tiles count live until it is
back. Running code does not know the table. Reversible.
"""

from alembic import op

revision = "0029"
down_revision = "0028"

TABLE = """
    create table reference.month_grid (
        z int not null,
        tx int not null,
        ty int not null,
        px int not null,
        py int not null,
        lad_code text not null,
        shared boolean not null,
        months bigint[] not null,
        constraint month_grid_pkey primary key (z, tx, ty, px, py, lad_code)
    )
"""
# The lock is that of imports: whoever works the grid out holds it from before they read the places.
CHANGED = """
    create function reference.places_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
        perform pg_advisory_xact_lock(72110421);
        delete from reference.month_grid where z = 0;
        return null;
    end $$
"""
COMMENTS = {
    "table reference.month_grid": (
        "Events per 1/64 of a tile, zooms 8 to 13, by month and borough; whole while zoom 0 has "
        "its row"
    ),
    "column reference.month_grid.lad_code": (
        "Empty: outside every borough; *: all of a cell that several share"
    ),
    "column reference.month_grid.shared": "Part of a cell whose whole has a row of its own",
    "column reference.month_grid.months": (
        "Months since January 2000 times 2^32 plus the events up to and including each, ascending"
    ),
}


def upgrade() -> None:
    op.execute(TABLE)
    # Short enough for a row, and read in place: unpacking them was a fifth of a tile.
    op.execute("alter table reference.month_grid alter column months set storage plain")
    op.execute("alter table reference.month_grid enable row level security")
    op.execute("alter table reference.month_grid force row level security")
    op.execute(
        "create policy month_grid_select on reference.month_grid for select to cs_app, cs_job "
        "using ((select sec.role()) is not null)"
    )
    op.execute(
        "create policy month_grid_write on reference.month_grid for all to cs_job "
        "using ((select sec.job()) is not null) with check ((select sec.job()) is not null)"
    )
    op.execute(
        "create policy month_grid_owner on reference.month_grid for all to cs_owner using (true)"
    )
    op.execute("grant select on reference.month_grid to cs_app, cs_job")
    op.execute("grant insert, update, delete on reference.month_grid to cs_job")
    op.execute(CHANGED)
    op.execute("revoke execute on function reference.places_changed() from public")
    op.execute(
        "create trigger places_changed after insert or update or delete or truncate "
        "on reference.place_point for each statement execute function reference.places_changed()"
    )
    op.execute(
        "create trigger map_changed after insert or update or delete or truncate "
        "on reference.month_grid for each statement execute function app.map_changed()"
    )
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute("drop trigger places_changed on reference.place_point")
    op.execute("drop function reference.places_changed")
    op.execute("drop table reference.month_grid")
