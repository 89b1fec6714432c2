"""What the worker does for a police file: its rows come out of the sandbox as plain native columns.

Open data is written by its own job alone, in transactions of its own (police_upload.py); what is
kept of the dry run is written as the person.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import Actor
from app.imports import batches, native, police_upload, preview
from app.imports.applying import CHANGED, Bench, noting
from app.imports.mapping import LONDON_LONLAT
from app.imports.models import Batch, Verdict
from app.imports.police_upload import Tried
from app.imports.police_upload import Upload as Sent
from app.imports.sorts import ERROR
from app.imports.writing import CHUNK
from app.reading import service as reading
from app.reading.schemas import Choices, Sheet
from geo import crs

MOST_ROWS = 10
LOOK = "Compare the row with the file as data.police.uk publishes it, or leave it out."
UNTOLD = frozenset({"Reported by", "Falls within", *native.API_ONLY})
FIXES = {
    "The month is not written as YYYY-MM.": "Write the month like 2026-03.",
    "The month lies in the future.": "Write the month in which it was recorded.",
    "The date is not written as YYYY-MM-DDThh:mm:ss.": "Write it like 2026-03-05T17:37:00.",
    "The date lies in the future.": "Write the day of the search.",
    "It does not say what was searched.": "Fill in the column Type.",
    "A coordinate is not a number.": "Write degrees like -0.305047, or leave both cells empty.",
    "Only one of longitude and latitude is given.": "Give both, or leave both cells empty.",
}


class Rows(NamedTuple):
    """The rows that can be handed on, with the numbers they have in the person's file."""

    body: bytes
    names: list[str]
    rows: list[list[str]]
    numbers: list[int]
    identity: int | None


def dry_run(bench: Bench, batch: Batch, actor: Actor) -> None:
    """Compare with what is there, and keep the numbers and what is wrong with which row."""
    sheet, rows = _read(bench, batch, actor)
    note = noting(bench, actor, batch)
    sent = _sent(batch, sheet, rows)
    tried = police_upload.try_out(bench.db, sent, lambda done, total, _: note(done + 1, total + 2))
    with bench.db.begin(actor) as session:
        held = batches.by_id(session, batch.id, lock=True)
        if held is None or held.work != "DRY_RUN":
            return
        _keep(session, held, tried, sheet, rows)
        counts = tried.tallies()
        audit.record(session, "import.tried", "import_batch", held.ref, counts=counts)


def apply(bench: Bench, batch: Batch, actor: Actor) -> None:
    """Whole or not at all, and once: the batch is marked in the transaction that writes it."""
    sheet, rows = _read(bench, batch, actor)
    note = noting(bench, actor, batch)
    sent = _sent(batch, sheet, rows)._replace(expected=batch.n_rows, otherwise=CHANGED)
    police_upload.apply(bench.db, sent, actor, lambda done, total, _: note(done + 1, total + 2))


def take_back(bench: Bench, batch: Batch, actor: Actor) -> None:
    police_upload.take_back(bench.db, batch.ref, actor)


DO: dict[str, Callable[[Bench, Batch, Actor], None]] = {
    "DRY_RUN": dry_run,
    "APPLY": apply,
    "UNDO": take_back,
}


def _read(bench: Bench, batch: Batch, actor: Actor) -> tuple[Sheet, Rows]:
    with bench.db.read(actor) as session:
        upload = batches.upload(session, batch)
        stored, key, choices = upload.stored_name, upload.key, Choices(**upload.choices)
    sheet = reading.read(batch.file_name, bench.shelf.open(stored, key), choices)
    return sheet, plain(batch.kind, sheet)


def plain(kind: str, sheet: Sheet) -> Rows:
    """Only the columns that are used, as the CSV that is read on the command line, too."""
    layout = native.LAYOUTS[kind]
    at = [i for i, name in enumerate(sheet.columns) if name in layout.passed]
    names = [sheet.columns[i] for i in at]
    usable = [n not in sheet.problems for n in sheet.row_numbers]
    rows = [[_line(row[i]) for i in at] for row, is_ in zip(sheet.rows, usable, strict=True) if is_]
    numbers = [n for n, is_ in zip(sheet.row_numbers, usable, strict=True) if is_]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([names, *rows])
    identity = next((i for i, n in enumerate(names) if layout.native(n) == layout.identity), None)
    return Rows(out.getvalue().encode(), names, rows, numbers, identity)


def _line(cell: str | None) -> str:
    return " ".join((cell or "").splitlines())


def _sent(batch: Batch, sheet: Sheet, rows: Rows) -> Sent:
    beside = len(sheet.rows) - len(rows.rows)
    name = batch.file_name.rpartition(".")[0] or batch.file_name
    return Sent(batch.id, batch.kind, f"{name}.csv", rows.body, beside=beside)


def _keep(session: Session, batch: Batch, tried: Tried, sheet: Sheet, rows: Rows) -> None:
    batch.run += 1
    session.flush()
    wrong = {n: sheet.problems[n] for n in sheet.row_numbers if n in sheet.problems}
    for refusal in tried.refused:
        fix = FIXES.get(refusal.reason, LOOK)
        wrong[rows.numbers[refusal.row - 2]] = (refusal.reason, fix)
    told = [_verdict(batch, row, *words) for row, words in sorted(wrong.items())]
    for first in range(0, len(told), CHUNK):
        session.execute(insert(Verdict), told[first : first + CHUNK])
    batches.upload(session, batch).preview = _preview(session, batch, tried, rows)
    batch.tallies = tried.tallies()
    batch.state, batch.work = "DRY_RUN", None


def _verdict(batch: Batch, row: int, problem: str, how_to_fix: str) -> dict[str, Any]:
    return {
        "batch_id": batch.id,
        "run": batch.run,
        "row": row,
        "by": batch.by,
        "verdict": ERROR,
        "problem": problem[:500],
        "how_to_fix": how_to_fix[:500],
        "why": [],
    }


def _preview(session: Session, batch: Batch, tried: Tried, rows: Rows) -> dict[str, Any]:
    at = rows.identity
    without = [tuple(row) for row in rows.rows if at is None or not row[at]]
    alike = sum(n for n in Counter(without).values() if n > 1)
    first, shown = rows.rows[:MOST_ROWS], _shown(rows)
    return preview.picture(session, _points(batch.kind, rows)) | {
        "police": {
            "without_id": len(without),
            "alike": alike,
            "without_coordinates": tried.tally.without_coordinates,
            "outside_boroughs": tried.tally.outside_boroughs,
        },
        "columns": [rows.names[i] for i in shown],
        "rows": [
            {"row": number, "verdict": "", "cells": [row[i] for i in shown]}
            for number, row in zip(rows.numbers, first, strict=False)
        ],
    }


def _shown(rows: Rows) -> list[int]:
    """Columns that a person can check by reading: no long ids, no force, no empty ones."""
    first = rows.rows[:MOST_ROWS]
    return [
        i
        for i, name in enumerate(rows.names)
        if i != rows.identity and name not in UNTOLD and any(row[i] for row in first)
    ]


def _points(kind: str, rows: Rows) -> list[tuple[int, int]]:
    """In metres; of rows that cannot be placed, none."""
    names = [native.LAYOUTS[kind].native(name) for name in rows.names]
    lon, lat = names.index("Longitude"), names.index("Latitude")
    found = np.array([(_degrees(r[lon]), _degrees(r[lat])) for r in rows.rows]).reshape(-1, 2)
    west, south, east, north = LONDON_LONLAT
    inside = (found[:, 0] > west) & (found[:, 0] < east)
    inside &= (found[:, 1] > south) & (found[:, 1] < north)
    return [(round(e), round(n)) for e, n in crs.to_bng(found[inside]).tolist()]


def _degrees(cell: str) -> float:
    try:
        return float(cell) if cell else float("nan")
    except ValueError:
        return float("nan")
