"""Intelligence graded 3x5x2: items, what only the police see of them, places, recipients, history.

Running code does not know what is added. Reversible.
"""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
