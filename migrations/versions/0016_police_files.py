"""Stop and search, counts and lines of open data; what an import changed, to be undone.

Running code does not know what is added. Reversible.
"""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
