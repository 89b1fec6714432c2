"""Stop and search of data.police.uk: where and when police looked, never whom they searched.

Age, sex, ethnicity, outcome and the removal of clothing are read over: no screen needs them, and
some are never stored. The minute and the law tell rows apart in the key and are not kept either.
Searches have no id; equal rows are legitimate and are numbered within their file.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from app.core import clock
from app.core.bulk import Array, Cursor
from app.core.db import Database
from app.imports import claims, files, keyed, queries, rules, tables
from app.imports.files import Refusals, Rejected, Source
from app.imports.service import (
    JOB,
    Options,
    Progress,
    Tally,
    arrival_of,
    refuse_nothing,
)
from app.imports.tables import Line
from app.reference import queries as areas
from geo import crs
from geo.boundaries import Lads, lad_of

NEEDED = ("Type", "Date", "Latitude", "Longitude", "Object of search")
SEARCHES = keyed.Table(
    "police_search",
    "key uuid, day date, type text, object text, lon_e6 int, lat_e6 int, e float8, n float8",
    "day, type, object, lon_e6, lat_e6, geom",
    "day, type, object, lon_e6, lat_e6, ST_SetSRID(ST_MakePoint(e, n), 27700)",
)


class Search(NamedTuple):
    """One usable row before its point is checked."""

    line: Line
    when: datetime
    lon: float
    lat: float


def bring_in(
    db: Database, paths: Sequence[Path], options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Import the files in one transaction; the reference of the batch and the tally."""
    arrival, refusals = arrival_of("stop-search", paths), Refusals(options.errors)
    with db.cursor(JOB, keep=not options.dry_run) as cursor:
        tally = add_searches(cursor, paths, arrival.id, (options, refusals), progress)
        queries.insert_batch(cursor, arrival, tally.numbers(), dry_run=options.dry_run)
    progress(1, 1, "Done")
    return arrival.ref, tally


def add_searches(
    cursor: Cursor,
    paths: Sequence[Path],
    batch: UUID,
    how: tuple[Options, Refusals],
    progress: Progress,
) -> Tally:
    """The rows of the files, for a batch that the caller keeps."""
    tally, (_, refusals) = Tally(), how
    sources = [source for path in paths for source in files.sources(path, "stop-and-search")]
    queries.lock_imports(cursor)
    claims.prune(cursor, clock.now())
    lads = areas.lads_of(cursor)
    for number, source in enumerate(sources):
        progress(number, len(sources), f"Storing {source.name}")
        refusals.add(source.name, _add(cursor, source, lads, batch, tally))
    refuse_nothing(tally, refusals, paths)
    return tally


def _add(cursor: Cursor, source: Source, lads: Lads, batch: UUID, tally: Tally) -> Rejected:
    searches, refused = _read(source, clock.today())
    lonlat = np.array([(s.lon, s.lat) for s in searches], dtype=float).reshape(-1, 2)
    lon, lat = lonlat.T
    reasons = rules.point_reasons(lon, lat, np.isinf(lonlat).any(axis=1))
    refused += [
        searches[i].line.refused(rules.REASONS[reasons[i]]) for i in np.flatnonzero(reasons)
    ]
    kept = np.flatnonzero(reasons == 0)
    metres = crs.to_bng(np.nan_to_num(lonlat[kept]))
    located = ~np.isnan(lonlat[kept, 0])
    stored = keyed.store(
        cursor, SEARCHES, _rows([searches[i] for i in kept], lonlat[kept], metres), batch
    )
    tally.rows += len(kept) + len(refused)
    tally.rejected += len(refused)
    tally.imported += stored.imported
    tally.already_known += stored.already_known
    tally.without_coordinates += int((~located).sum())
    tally.outside_boroughs += int((lad_of(metres[located], lads) < 0).sum())
    return sorted(refused)


def _read(source: Source, today: date) -> tuple[list[Search], Rejected]:
    found, refused = [], []
    for line in tables.lines(source, NEEDED):
        if not isinstance(line, Line):
            refused.append(line)
            continue
        when = _instant(line.cells["Date"])
        reason = _reason(line.cells, when, today)
        if reason or when is None:
            refused.append(line.refused(reason or ""))
        else:
            lon, lat = (_degrees(line.cells[name]) for name in ("Longitude", "Latitude"))
            found.append(Search(line, when, lon, lat))
    return found, refused


def _reason(cells: dict[str, str], when: datetime | None, today: date) -> str | None:
    if when is None:
        return "The date is not written as YYYY-MM-DDThh:mm:ss."
    if when.date() > today:
        return "The date lies in the future."
    return None if cells["Type"] else "It does not say what was searched."


def _instant(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.year >= 2000 else None


def _degrees(text: str) -> float:
    """NaN for blank, infinite for what is no number."""
    try:
        return float(text) if text else float("nan")
    except ValueError:
        return float("inf")


def _rows(searches: list[Search], lonlat: Array, metres: Array) -> Iterator[tuple[Any, ...]]:
    seen: Counter[str] = Counter()
    points = np.round(np.nan_to_num(lonlat) * 1e6).astype(int)
    for search, deg, (lon_e6, lat_e6), (east, north) in zip(
        searches, lonlat, points.tolist(), metres.tolist(), strict=True
    ):
        cells, where = search.line.cells, (lon_e6, lat_e6, east, north)
        if np.isnan(deg[0]):
            where = (None, None, None, None)
        content = "\x1f".join(
            (
                search.when.isoformat(),
                *(cells.get(name, "") for name in ("Type", "Object of search", "Legislation")),
                f"{where[0]} {where[1]}",
            )
        )
        seen[content] += 1
        key = hashlib.blake2b(f"{content}\x1f{seen[content]}".encode(), digest_size=16).hexdigest()
        yield key, search.when.date(), cells["Type"], cells["Object of search"] or None, *where
