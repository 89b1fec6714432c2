"""That a backup was shown to restore is noted beside the backups themselves.

Running code asks for the kinds that it knows. Reversible: the newest drill is forgotten.
"""

from alembic import op

revision = "0054"
down_revision = "0053"


def _kinds(*kinds: str) -> None:
    op.execute("set local role cs_sec")
    op.execute("""
        -- because the new check, in the same transaction, allows whatever this one did
        -- squawk-ignore ban-drop-constraint
        alter table sec.backup drop constraint if exists backup_kind_check
    """)
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        f"alter table sec.backup add constraint backup_kind_check check (kind in ({listed}))"
    )
    op.execute("set local role cs_owner")


def upgrade() -> None:
    _kinds("dump", "base", "wal", "verify")


def downgrade() -> None:
    op.execute("set local role cs_sec")
    op.execute("delete from sec.backup where kind = 'verify'")
    _kinds("dump", "base", "wal")
