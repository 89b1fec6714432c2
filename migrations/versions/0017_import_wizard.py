"""Imports step by step: the file, its columns, the dry run, the duplicates, the undo.

Running code does not know what is added. Reversible.
"""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
