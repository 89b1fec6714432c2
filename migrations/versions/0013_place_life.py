"""The life of a place: aliases, parents, merge and split, times of concern, guardians, history.

Running code does not know what is added. Reversible.
"""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
