"""What a lead has filled in of a report, sealed, until it is decided.

Running code does not know the column. Reversible: unfinished answers are lost.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("alter table app.report_original add column working bytea")
    op.execute(
        "comment on column app.report_original.working is "
        "'Answers of a triage that is not finished, sealed to the triage key'"
    )


def downgrade() -> None:
    op.execute("alter table app.report_original drop column working")
