"""Scope columns that every policy of the permission file needs.

Running code keeps working: columns have defaults. Reversible.
"""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Filled in with the tables of its slice."""


def downgrade() -> None:
    """Nothing was made."""
