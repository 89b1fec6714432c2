"""How old the newest backup is; what the worker notes when it made one, or could not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.backups import rules

LAST = text("select kind, done_at, size_bytes, failed_at, problem from sec.last_backups()")
HANDS_OVER = text("""
    select coalesce(last_failed_time < last_archived_time, last_failed_time is null)
    from pg_stat_archiver
""")
NOTE = text("select sec.note_backup(:kind, :began, :size_bytes, :problem)")


@dataclass(frozen=True, slots=True)
class Last:
    """The newest of one kind: `dump`, `base` (of the whole cluster) or `wal` (its changes).

    `verify` is the newest drill: a dump that was restored apart, compared, and thrown away.

    `failed_at` is of a try after `done_at`; `problem` has our words, none of a record.
    """

    kind: str
    done_at: datetime | None
    size_bytes: int | None
    failed_at: datetime | None
    problem: str | None

    def is_late(self, now: datetime) -> bool:
        """Older than 26 hours, or never made: an alert, where backups are to be made at all."""
        return rules.is_late(self.done_at, now)


def last(session: Session, kind: str = "dump") -> Last:
    """The newest backup that ended well, and the failure since, if there was one."""
    found = {row.kind: Last(*row) for row in session.execute(LAST)}
    return found.get(kind, Last(kind, None, None, None, None))


def hands_over(session: Session) -> bool:
    """Whether PostgreSQL could copy the last finished segment."""
    return bool(session.scalar(HANDS_OVER))


def note(
    session: Session,
    kind: str,
    began: datetime,
    *,
    size_bytes: int | None = None,
    problem: str | None = None,
) -> None:
    """That one ended well, or why it did not."""
    given = {"kind": kind, "began": began, "size_bytes": size_bytes, "problem": problem}
    session.execute(NOTE, given)
