"""Exports: asked, approved, made, kept for a day.

Running code does not know what is added. Reversible.
"""

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
