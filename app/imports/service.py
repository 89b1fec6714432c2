"""Bring police.uk street files in: whole or not at all, nothing twice, every row accounted for."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

import numpy as np

from app.core import bulk, clock, ids
from app.core.actor import job_actor
from app.core.bulk import Array, Cursor
from app.core.db import Database
from app.core.errors import InvalidError
from app.imports import files, points, queries
from app.imports.files import Refusal
from app.imports.points import Points
from app.imports.rules import LABELLED, Street
from geo.boundaries import Lads

JOB = job_actor("imports:police_street")
ROW = {
    "ordinal": "int4",
    "key": "uuid",
    "month": "date",
    "place_point_id": "int4",
    "crime_id": "bytea32",
} | {
    f"{kind}_id": "int4"
    for kind in ("category", "outcome", "reported_by", "falls_within", "street", "lsoa", "context")
}
COLUMN_OF = {
    "category_id": "Crime type",
    "outcome_id": "Last outcome category",
    "reported_by_id": "Reported by",
    "falls_within_id": "Falls within",
    "street_id": "Location",
    "lsoa_id": "LSOA code",
    "context_id": "Context",
}

Progress = Callable[[int, int, str], None]


@dataclass(slots=True)
class Tally:
    """rows = imported + already_known + rejected, always."""

    rows: int = 0
    imported: int = 0
    already_known: int = 0
    updated: int = 0
    rejected: int = 0
    without_coordinates: int = 0
    outside_boroughs: int = 0
    refusals: list[tuple[str, Refusal, list[str]]] = field(default_factory=list)

    def numbers(self) -> dict[str, int]:
        return {
            name: getattr(self, name)
            for name in (
                "rows",
                "imported",
                "already_known",
                "updated",
                "rejected",
                "without_coordinates",
                "outside_boroughs",
            )
        }


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for; `defaults` fills columns that a file does not have."""

    dry_run: bool = False
    defaults: dict[str, str] = field(default_factory=dict)


def police_street(
    db: Database, paths: Sequence[Path], options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Import the files in one transaction; returns the reference of the batch and the tally."""
    began = clock.now()
    tally, batch = Tally(), ids.new_id()
    reference = ids.new_reference("IB")
    sources = [source for path in paths for source in files.sources(path)]
    with db.cursor(JOB, keep=not options.dry_run) as cursor:
        queries.lock_imports(cursor)
        lads = queries.lads(cursor)
        for number, source in enumerate(sources):
            progress(number, len(sources), f"Reading {source.name}")
            street, refused = files.read(source, options.defaults, clock.today())
            _count_refused(tally, source.name, refused)
            if street is not None and len(street) > 0:
                _add(cursor, street, lads, batch, tally)
        if tally.rows == tally.rejected:
            raise InvalidError(_nothing(tally, paths))
        record = (batch, reference, paths, tally, began)
        _record(cursor, *record, state="DRY_RUN" if options.dry_run else "APPLIED")
    progress(len(sources), len(sources), "Done")
    return reference, tally


def _nothing(tally: Tally, paths: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in paths)
    if tally.rows == 0:
        return f"{names} holds no rows. Nothing was imported."
    first = tally.refusals[0][1]
    return (
        f"None of the {tally.rows} rows of {names} can be used. Nothing was imported. "
        f"Row {first.row}: {first.reason}"
    )


def _count_refused(tally: Tally, name: str, refused: Sequence[tuple[Refusal, list[str]]]) -> None:
    tally.rows += len(refused)
    tally.rejected += len(refused)
    tally.refusals += [(name, refusal, cells) for refusal, cells in refused]


def _add(cursor: Cursor, street: Street, lads: Lads, batch: UUID, tally: Tally) -> None:
    """Rows of one file: new ones in, outcomes of known ones brought up to date."""
    at = points.found(cursor, street, lads)
    bulk.create_temporary(cursor, "street_in", ROW)
    bulk.copy_in(cursor, "street_in", ROW, _wire(cursor, street, at))
    known = queries.known_rows(cursor)
    fresh = np.ones(len(street), dtype=bool)
    fresh[known.ordinal] = False
    if fresh.any():
        queries.insert_events(cursor, batch, some_known=not fresh.all())
        points.store(cursor, street, at, fresh, lads)
    if known.changed:
        tally.updated += queries.update_outcomes(cursor)
    cursor.execute("drop table street_in")
    tally.rows += len(street)
    tally.imported += int(fresh.sum())
    tally.already_known += len(known.ordinal)
    tally.without_coordinates += int((~street.located).sum())
    tally.outside_boroughs += int((at.lad_of_row() < 0).sum())


def _wire(cursor: Cursor, street: Street, at: Points) -> dict[str, Array]:
    """Columns as PostgreSQL takes them, in the order of the key: the index grows at one place."""
    order = street.by_key
    data: dict[str, Array] = {
        "ordinal": order.astype(np.int32),
        "key": street.key.astype(">u8").view("V16").ravel()[order],
        "month": bulk.pg_date(street.month)[order],
        "place_point_id": at.id_of_row()[order],
        "crime_id": street.crime_id.view("V32").ravel()[order],
    }
    for column, name in COLUMN_OF.items():
        label_ids = queries.label_ids(cursor, LABELLED[name], street.labels[name].values)
        data[column] = label_ids[street.labels[name].code][order]
    return data


def _record(
    cursor: Cursor,
    batch: UUID,
    reference: str,
    paths: Sequence[Path],
    tally: Tally,
    began: datetime,
    *,
    state: str,
) -> None:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    cursor.execute(
        "insert into app.import_batch (id, ref, kind, file_name, file_sha256, tallies, state, "
        "started_at, by) values (%s, %s, 'police-street', %s, %s, %s, %s, %s, %s)",
        (
            batch,
            reference,
            ", ".join(p.name for p in paths)[:500],
            digest.hexdigest(),
            json.dumps(tally.numbers()),
            state,
            began,
            JOB.id,
        ),
    )
    cursor.execute(
        "select audit.log('import.police_street', 'import_batch', %s, 'done', %s, %s)",
        (reference, tally.imported, json.dumps(tally.numbers())),
    )
