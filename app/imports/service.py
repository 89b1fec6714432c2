"""Bring open data in: whole or not at all, nothing twice, every row accounted for."""

import csv
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import numpy as np

from app.core import bulk, clock, ids
from app.core.actor import Actor, job_actor
from app.core.bulk import Array, Cursor
from app.core.db import Database
from app.core.errors import InvalidError
from app.imports import claims, files, points, pyramid, queries
from app.imports.files import Refusal, Refusals
from app.imports.points import Points
from app.imports.queries import Arrival
from app.imports.rules import LABELLED, Street
from app.reference import gazetteer_load
from app.reference import queries as areas
from app.reference import rules as postcode_rules
from app.reference import service as reference
from app.reference.boundaries import Boundary
from app.reference.rules import PostcodeRow, Unusable
from geo.boundaries import Lads

JOB = job_actor("imports:police_street")
REFERENCE_JOB = job_actor("reference:load")
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
REFUSED_AT_ONCE = 10_000

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

    def numbers(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Options:
    """What the person asked for; `defaults` fills columns that a file does not have.

    Rejected rows go to the file `errors`; without one they are counted only.
    """

    dry_run: bool = False
    defaults: dict[str, str] = field(default_factory=dict)
    errors: Path | None = None


def police_street(
    db: Database, paths: Sequence[Path], options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Import the files, then what hangs on them; the reference of the batch and the tally."""
    ref, tally = police_events(db, paths, options, progress)
    if tally.imported and not options.dry_run:
        progress(0, 1, "Naming streets")
        with db.cursor(JOB) as cursor:
            name_streets(cursor)
            pyramid.fill(cursor)
    progress(1, 1, "Done")
    return ref, tally


def name_streets(cursor: Cursor) -> None:
    """Into the gazetteer: after the events, because it costs more than they do."""
    queries.lock_imports(cursor)
    gazetteer_load.streets_of_police(cursor)


def police_events(
    db: Database, paths: Sequence[Path], options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Import the files in one transaction."""
    arrival, refusals = arrival_of("police-street", paths), Refusals(options.errors)
    with db.cursor(JOB, keep=not options.dry_run) as cursor:
        tally = add_street(cursor, paths, arrival.id, (options, refusals), progress)
        queries.insert_batch(cursor, arrival, tally.numbers(), dry_run=options.dry_run)
    return arrival.ref, tally


def add_street(
    cursor: Cursor,
    paths: Sequence[Path],
    batch: UUID,
    how: tuple[Options, Refusals],
    progress: Progress,
) -> Tally:
    """The rows of street files, for a batch that the caller keeps."""
    tally, (options, refusals) = Tally(), how
    sources = [source for path in paths for source in files.sources(path)]
    queries.lock_imports(cursor)
    claims.prune(cursor, clock.now())
    lads = areas.lads_of(cursor)
    for number, source in enumerate(sources):
        progress(2 * number, 2 * len(sources), f"Reading {source.name}")
        street, refused = files.read(source, options.defaults, clock.today())
        refusals.add(source.name, refused)
        tally.rows += len(refused)
        tally.rejected += len(refused)
        progress(2 * number + 1, 2 * len(sources), f"Storing {source.name}")
        if street is not None and len(street) > 0:
            _add(cursor, street, lads, batch, tally)
    refuse_nothing(tally, refusals, paths)
    return tally


def boundaries(
    db: Database, path: Path, found: Sequence[Boundary], *, kind: str, vintage: int
) -> tuple[str, dict[str, int]]:
    """Areas of one kind and vintage, added or replaced."""
    arrival = arrival_of("boundaries", [path], REFERENCE_JOB)
    with db.cursor(REFERENCE_JOB) as cursor:
        queries.lock_imports(cursor)
        counts = reference.load_boundaries(cursor, found, kind=kind, vintage=vintage)
        queries.insert_batch(cursor, arrival, counts)
    return arrival.ref, counts


def postcodes(
    db: Database, path: Path, errors: Path | None, progress: Progress
) -> tuple[str, dict[str, int]]:
    """Postcodes of a file, added or brought up to date."""
    arrival, refusals = arrival_of("postcodes", [path], REFERENCE_JOB), Refusals(errors)
    with db.cursor(REFERENCE_JOB) as cursor:
        progress(0, 2, f"Reading {path.name}")
        counts = reference.load_postcodes(cursor, _usable(path, refusals))
        counts["rows"] += refusals.n
        counts |= {"updated": 0, "rejected": refusals.n}
        refuse_nothing(Tally(counts["rows"], rejected=refusals.n), refusals, [path])
        queries.insert_batch(cursor, arrival, counts)
    progress(2, 2, "Done")
    return arrival.ref, counts


def _usable(path: Path, refusals: Refusals) -> Iterator[PostcodeRow]:
    """Rows that can be stored; the others go to `refusals`, some at a time."""
    waiting: files.Rejected = []
    try:
        for row in postcode_rules.postcodes(path):
            if isinstance(row, Unusable):
                waiting.append((Refusal(row.row, row.reason), row.cells))
            else:
                yield row
            if len(waiting) == REFUSED_AT_ONCE:
                refusals.add(path.name, waiting)
                waiting = []
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as wrong:
        raise InvalidError(f"{path.name} cannot be read as CSV in UTF-8.") from wrong
    refusals.add(path.name, waiting)


def arrival_of(kind: str, paths: Sequence[Path], by: Actor = JOB) -> Arrival:
    """What is known of an import when it begins."""
    names = ", ".join(path.name for path in paths)[:500]
    digest = files.digest(paths)
    return Arrival(ids.new_id(), ids.new_reference("IB"), kind, names, digest, clock.now(), by.id)


def refuse_nothing(tally: Tally, refusals: Refusals, paths: Sequence[Path]) -> None:
    """An import that brings nothing in is an error, and nothing of it stays."""
    names = ", ".join(path.name for path in paths)
    if tally.rows == 0:
        raise InvalidError(f"{names} holds no rows. Nothing was imported.")
    if tally.rows == tally.rejected and refusals.first is not None:
        raise InvalidError(
            f"None of the {tally.rows} rows of {names} can be used. Nothing was imported. "
            f"Row {refusals.first.row}: {refusals.first.reason}"
        )


def _add(cursor: Cursor, street: Street, lads: Lads, batch: UUID, tally: Tally) -> None:
    """Rows of one file: new ones in, outcomes of known ones brought up to date."""
    at = points.found(cursor, street, lads)
    bulk.create_temporary(cursor, "street_in", ROW)
    bulk.copy_in(cursor, "street_in", ROW, _wire(cursor, street, at, batch))
    known = queries.known_rows(cursor, batch)
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


def _wire(cursor: Cursor, street: Street, at: Points, batch: UUID) -> dict[str, Array]:
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
        label_ids = queries.label_ids(cursor, LABELLED[name], street.labels[name].values, batch)
        data[column] = label_ids[street.labels[name].code][order]
    return data
