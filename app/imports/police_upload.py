"""A police file that a person uploaded: tried out, and brought in by a job in that person's name.

Open data is written by the job alone, so none of this can run inside the person's transaction;
call it before the batch is locked. Each function is one transaction: all of it, or none.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import UUID

from app.core import clock
from app.core.actor import Actor
from app.core.bulk import Cursor
from app.core.db import Database
from app.core.errors import RuleBrokenError
from app.imports import pyramid, service, stop_search, undo
from app.imports.claims import UNDO_DAYS
from app.imports.files import Refusal, Refusals
from app.imports.service import JOB, Options, Progress, Tally
from app.imports.undo_reference import Undone

Add = Callable[[Cursor, Sequence[Path], UUID, tuple[Options, Refusals], Progress], Tally]
ADD: dict[str, Add] = {
    "police-street": service.add_street,
    "stop-search": stop_search.add_searches,
}
KINDS = frozenset(ADD)


class Upload(NamedTuple):
    """What was uploaded; `batch` is its row in app.import_batch, which is there already."""

    batch: UUID
    kind: str
    name: str
    body: bytes
    defaults: dict[str, str] = {}  # noqa: RUF012 - columns that the file does not have
    beside: int = 0  # rows with errors that were left out before
    expected: int | None = None  # how many rows somebody confirmed
    otherwise: str = ""


class Tried(NamedTuple):
    """What would become of the rows: as a wizard counts them, and which cannot be used."""

    tally: Tally
    refused: list[Refusal]

    def tallies(self) -> dict[str, int]:
        """New + update + ignored + error = rows; there are no possible duplicates: keys decide."""
        return counted(self.tally)


def counted(tally: Tally) -> dict[str, int]:
    return {
        "rows": tally.rows,
        "new": tally.imported,
        "update": tally.updated,
        "duplicate": 0,
        "error": tally.rejected,
        "ignored": tally.already_known - tally.updated,
    }


def try_out(db: Database, upload: Upload, progress: Progress) -> Tried:
    """Count, and keep nothing."""
    refusals = Refusals(None, kept=[])
    with _written(upload) as path, db.cursor(JOB, keep=False) as cursor:
        tally = _added(cursor, upload, path, refusals, progress)
    return Tried(tally, refusals.kept or [])


def apply(db: Database, upload: Upload, by: Actor, progress: Progress) -> Tally:
    """Bring it in and mark the batch as applied, with its audit; once, however often it is asked.

    Raises
    ------
    RuleBrokenError
        The batch is not one of this person that has been tried out, or other rows than those
        confirmed would come in.
    """
    with _written(upload) as path, db.cursor(JOB) as cursor:
        ref = _waiting(cursor, upload.batch, by)
        tally = _added(cursor, upload, path, Refusals(None), progress)
        if upload.expected not in (None, tally.imported + tally.updated):
            raise RuleBrokenError(upload.otherwise)
        numbers, now = json.dumps(counted(tally) | tally.numbers()), clock.now()
        cursor.execute(
            "update app.import_batch set state = 'APPLIED', work = null, tallies = %s, "
            "finished_at = %s, applied_at = %s, undo_until = %s, "
            "seq = nextval('app.import_batch_seq') where id = %s",
            (numbers, now, now, now + timedelta(days=UNDO_DAYS), upload.batch),
        )
        if upload.kind == "police-street":
            service.name_streets(cursor)
            pyramid.fill(cursor)
        cursor.execute(
            "select audit.log(%s, 'import_batch', %s, 'done', %s, %s)",
            (
                f"import.{upload.kind.replace('-', '_')}",
                ref,
                tally.imported,
                json.dumps(tally.numbers() | {"by": str(by.id)}),
            ),
        )
    return tally


def take_back(db: Database, ref: str, by: Actor) -> Undone:
    """Undo such a batch; whether the person may is asked before, by the route."""
    with db.cursor(JOB) as cursor:
        return undo.undo(cursor, ref, by)


def _added(
    cursor: Cursor, upload: Upload, path: Path, refusals: Refusals, progress: Progress
) -> Tally:
    how = (Options(defaults=upload.defaults), refusals)
    tally = ADD[upload.kind](cursor, [path], upload.batch, how, progress)
    tally.rows += upload.beside
    tally.rejected += upload.beside
    return tally


def _waiting(cursor: Cursor, batch: UUID, by: Actor) -> str:
    found = cursor.execute(
        "select ref, state, by from app.import_batch where id = %s for update", (batch,)
    ).fetchone()
    if found is None or found[1] != "DRY_RUN" or found[2] != by.id:
        raise RuleBrokenError("Only an import that was tried out can be brought in.")
    return str(found[0])


@contextmanager
def _written(upload: Upload) -> Iterator[Path]:
    """As a file of a safe name, whose end says how it is packed; gone afterwards."""
    name = upload.name.lower()
    end = next((e for e in (".csv.gz", ".zip", ".csv") if name.endswith(e)), ".csv")
    words = "".join(c for c in name.removesuffix(end) if c.isalnum() or c in " -_")[:80]
    with TemporaryDirectory(prefix="contextmap-import-") as folder:
        path = Path(folder) / f"{words or 'upload'}{end}"
        path.write_bytes(upload.body)
        yield path
