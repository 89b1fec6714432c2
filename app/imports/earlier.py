"""Whether the same file was imported before, told by its SHA-256."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.core import clock
from app.core.db import Database
from app.imports import files
from app.imports.service import JOB

FOUND = """
    select ref, finished_at from app.import_batch
    where file_sha256 = %s and kind = %s and state = 'APPLIED' order by seq desc nulls last limit 1
"""


def notice(db: Database, kind: str, paths: Sequence[Path]) -> str | None:
    """The sentence about an import of before that still counts."""
    digest = files.digest(paths)
    with db.cursor(JOB, keep=False) as cursor:
        found = cursor.execute(FOUND, (digest, kind)).fetchone()
    return None if found is None else words(*found)


def words(ref: str, when: datetime) -> str:
    day = clock.london(when)
    year = "" if day.year == clock.today().year else f" {day.year}"
    return f"You imported this file on {day.day} {day:%B}{year} ({ref})."
