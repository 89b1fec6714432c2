"""Incidents and missing episodes: every version that was, and states.

Running code does not know what is added. Reversible.
"""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
