"""A change of places takes back the counts of its own squares, not those of all.

Until now a change of any place took the row away that says the counts are whole, and all of them
were worked out again. Now it becomes a row of zoom -2 (right but for what is marked), beside a row
of zoom -1 for each cell of zoom 8 that a changed place lies in, or lay in. Where there is neither
that row nor the one of zoom 0 nothing is known, as before. Running code looks for zoom 0 alone and
works everything out again. Reversible.
"""

from alembic import op

revision = "0056"
down_revision = "0054"

TOUCHED = """
    create or replace function reference.places_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
        -- That of imports: whoever works the grid out holds it from before they read the places.
        perform pg_advisory_xact_lock(72110421);
        update reference.month_grid set z = -2 where z = 0;
        if tg_op = 'TRUNCATE' then
            delete from reference.month_grid;
        elsif exists (select from reference.month_grid where z = -2) then
            if tg_op <> 'INSERT' then
                insert into reference.month_grid
                select distinct -1, mx >> 22, my >> 22, (mx >> 16) & 63, (my >> 16) & 63, '',
                       false, '{}'::bigint[]
                from was on conflict do nothing;
            end if;
            if tg_op <> 'DELETE' then
                insert into reference.month_grid
                select distinct -1, mx >> 22, my >> 22, (mx >> 16) & 63, (my >> 16) & 63, '',
                       false, '{}'::bigint[]
                from now_is on conflict do nothing;
            end if;
        end if;
        return null;
    end $$
"""
EVERY = """
    create or replace function reference.places_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
    begin
        perform pg_advisory_xact_lock(72110421);
        delete from reference.month_grid where z = 0;
        return null;
    end $$
"""
# PostgreSQL names the rows before and after for one kind of change at a time.
TRIGGERS = {
    "insert": "referencing new table as now_is",
    "update": "referencing old table as was new table as now_is",
    "delete": "referencing old table as was",
    "truncate": "",
}
WHOLE = (
    "Events per 1/64 of a tile, zooms 8 to 13, by month and borough; whole while zoom 0 has its "
    "row; zoom -2: but for what is marked; -1: a cell of zoom 8 to be worked out again"
)
BEFORE = (
    "Events per 1/64 of a tile, zooms 8 to 13, by month and borough; whole while zoom 0 has its row"
)


def upgrade() -> None:
    op.execute("drop trigger places_changed on reference.place_point")
    op.execute(TOUCHED)
    for change, rows in TRIGGERS.items():
        op.execute(
            f"create trigger places_changed_{change} after {change} on reference.place_point "
            f"{rows} for each statement execute function reference.places_changed()"
        )
    op.execute(f"comment on table reference.month_grid is '{WHOLE}'")


def downgrade() -> None:
    for change in TRIGGERS:
        op.execute(f"drop trigger places_changed_{change} on reference.place_point")
    op.execute(EVERY)
    op.execute(
        "create trigger places_changed after insert or update or delete or truncate "
        "on reference.place_point for each statement execute function reference.places_changed()"
    )
    op.execute(f"comment on table reference.month_grid is '{BEFORE}'")
