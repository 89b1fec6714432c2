"""Streets, stations, parks and other named places for the gazetteer."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.core.db import Database
from app.imports import claims, files, queries
from app.imports.files import Refusal, Refusals
from app.imports.service import REFERENCE_JOB, Progress, Tally, arrival_of, refuse_nothing
from app.reference import gazetteer_files, gazetteer_load
from app.reference.gazetteer_files import Found
from app.reference.rules import Unusable


class Asked(NamedTuple):
    """One file; its rejected rows go to `errors`. Without a kind each row says what it is."""

    path: Path
    kind: str | None
    name_field: str
    errors: Path
    kind_field: str = "kind"


def bring_in(db: Database, asked: Asked, progress: Progress) -> tuple[str, dict[str, int]]:
    """Add what the gazetteer does not have; the reference of the batch, and the counts."""
    what = "streets" if asked.kind == "STREET" else "places"
    arrival, refusals = arrival_of(what, [asked.path], REFERENCE_JOB), Refusals(asked.errors)
    with db.cursor(REFERENCE_JOB) as cursor:
        queries.lock_imports(cursor)
        progress(0, 2, f"Reading {asked.path.name}")
        rows = list(_usable(asked, refusals))
        found = Counter({"rows": refusals.n, "imported": 0, "already_known": 0})
        for kind in sorted({row.kind for row in rows}):
            of_kind = (row for row in rows if row.kind == kind)
            found.update(gazetteer_load.load(cursor, kind, of_kind, arrival.id))
            claims.record(cursor, arrival.id, gazetteer_load.table_of(kind))
        counts = {**found, "updated": 0, "rejected": refusals.n}
        refuse_nothing(Tally(counts["rows"], rejected=refusals.n), refusals, [asked.path])
        queries.insert_batch(cursor, arrival, counts)
    progress(2, 2, "Done")
    return arrival.ref, counts


def _usable(asked: Asked, refusals: Refusals) -> Iterator[Found]:
    refused: files.Rejected = []
    for row in gazetteer_files.read(
        asked.path, kind=asked.kind, name_field=asked.name_field, kind_field=asked.kind_field
    ):
        if isinstance(row, Unusable):
            refused.append((Refusal(row.row, row.reason), row.cells))
        else:
            yield row
    refusals.add(asked.path.name, refused)
