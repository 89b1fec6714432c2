"""Audit events get a salt and a regime; seals and anchors prove them.

Running code keeps working through audit.log(). Not reversible: proof would be lost.
"""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Filled in with the tables of its slice."""


def downgrade() -> None:
    """Nothing was made."""
