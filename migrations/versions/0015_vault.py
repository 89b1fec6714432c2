"""Identities of children, apart and sealed; erasure of a reference.

Running code does not know what is added. Reversible.
"""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
