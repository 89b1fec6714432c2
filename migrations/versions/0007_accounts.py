"""Accounts: people, their factors, sessions, tokens, grants.

Running code does not know the tables. Reversible: accounts are lost.
"""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Filled in with the tables of its slice."""


def downgrade() -> None:
    """Nothing was made."""
