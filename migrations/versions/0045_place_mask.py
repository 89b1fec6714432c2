"""Where a home is drawn when it leaves: one public point a square of 50 m, drawn once and kept.

Running code does not know the table, so it keeps working. Reversible: points that were drawn are
lost, and stay where they were written beside the homes.
"""

from alembic import op

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.execute("""
        create table app.place_mask (
            square text not null,
            easting_m double precision not null,
            northing_m double precision not null,
            ring_m int not null,
            is_estimated boolean not null default true,
            version int not null default 1,
            made_at timestamptz not null default now(),
            constraint place_mask_pkey primary key (square),
            constraint place_mask_square_check check (square ~ '^[0-9]+:[0-9]+$'),
            constraint place_mask_ring_check check (ring_m in (360, 540, 810))
        )
    """)
    op.execute("comment on table app.place_mask is 'The public point that stands for a square'")
    op.execute(
        "comment on column app.place_mask.is_estimated is 'Addresses were told from postcodes'"
    )
    op.execute("alter table app.place_mask enable row level security")
    op.execute("alter table app.place_mask force row level security")
    op.execute("create policy place_mask_owner on app.place_mask for all to cs_owner using (true)")
    op.execute("grant select, insert on app.place_mask to cs_job")


def downgrade() -> None:
    op.execute("drop table app.place_mask")
