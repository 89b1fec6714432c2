"""What a run says of a cluster beside its rules: whether it is a cross-border one, and its rank.

Running code does not name the columns. Reversible: both are worked out anew by the next run.
"""

from alembic import op

revision = "0019"
down_revision = "0018"

COLUMNS = {
    "cluster": {"cbc": "boolean", "rank_weight": "float8"},
    "cluster_run": {"n_cbc": "int"},
}
COMMENTS = {
    "cluster.cbc": "Reportable, significant, and R1, R3 or R4 holds; null: not tested",
    "cluster.rank_weight": "For the order of lists only; detection and p use plain counts",
    "cluster.evidence": "Numbers of every test and rule; keys in docs/user/clusters.md",
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind in columns.items():
            op.execute(f"alter table app.{table} add column {name} {kind}")
    for target, comment in COMMENTS.items():
        op.execute(f"comment on column app.{target} is '{comment}'")


def downgrade() -> None:
    op.execute("comment on column app.cluster.evidence is null")
    for table, columns in COLUMNS.items():
        for name in columns:
            op.execute(f"alter table app.{table} drop column {name}")
