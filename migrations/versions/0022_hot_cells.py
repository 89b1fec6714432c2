"""Squares of the hot-spot layer, stored with the run that found them.

Running code does not know the table. Reversible: the next run stores them again.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

TABLE = """
    create table app.hot_cell (
        run_id uuid not null references app.cluster_run (id) on delete cascade,
        side text not null,
        cell text not null,
        column_no int not null,
        row_no int not null,
        lad_code text not null,
        borough_codes text[] not null,
        grounds text[] not null,
        name text not null,
        class text not null,
        n int not null,
        around int not null,
        expected numeric not null,
        q numeric not null,
        agencies text[] not null,
        days int not null,
        constraint hot_cell_pkey primary key (run_id, side, cell),
        constraint hot_cell_name_check check (length(name) <= 80),
        constraint hot_cell_class_check check (class in ('MORE', 'EXPECTED', 'FEWER', 'UNKNOWN')),
        constraint hot_cell_n_check check (n between 0 and around)
    )
"""
COMMENTS = {
    "table app.hot_cell": (
        "Squares of 250 m of the British National Grid, once of all boroughs and once of each alone"
    ),
    "column app.hot_cell.side": (
        "ALL: counted from both sides of every border. A code: from that borough''s records alone, "
        "so that nothing of another changes it"
    ),
    "column app.hot_cell.borough_codes": "Whose readers may see it; empty: those of all boroughs",
    "column app.hot_cell.lad_code": "Borough of its middle",
    "column app.hot_cell.grounds": "Boroughs of the partnership that it lies in",
    "column app.hot_cell.class": "In words: geo.hotspots.cells",
    "column app.hot_cell.around": "With the eight squares beside it, which is what is tested",
    "column app.hot_cell.q": "False discovery rate over all squares of its side",
    "column app.hot_cell.days": "On which something was recorded here",
}


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("alter table app.hot_cell enable row level security")
    op.execute("alter table app.hot_cell force row level security")
    op.execute("create policy hot_cell_owner on app.hot_cell for all to cs_owner using (true)")
    op.execute("grant select on app.hot_cell to cs_app")
    op.execute("grant select, insert, update, delete on app.hot_cell to cs_job")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on {target} is '{comment}'")


def downgrade() -> None:
    op.execute("drop table app.hot_cell")
