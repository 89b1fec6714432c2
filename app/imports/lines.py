"""Bus routes and railways as lines, and the stops of a route in their order."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import shapely

from app.core import clock
from app.core.db import Database
from app.core.errors import InvalidError
from app.imports import claims, keyed, queries, tables
from app.imports.files import Refusal, Refusals, Rejected, Source
from app.imports.service import (
    REFERENCE_JOB,
    Options,
    Progress,
    Tally,
    arrival_of,
    refuse_nothing,
)
from app.imports.tables import Line
from app.reference.boundaries import DEGREES, named_crs
from app.reference.rules import EAST_MAX_M, NORTH_MAX_M
from geo import crs

KINDS = ("ROUTE_BUS", "ROUTE_RAIL")
LINES = keyed.Table(
    "line",
    "key uuid, kind text, code text, name text, shape bytea",
    "kind, code, name, geom",
    "kind, code, name, ST_GeomFromWKB(shape, 27700)",
)
STOPS = keyed.Table(
    "route_stop",
    "key uuid, route text, run int, sequence int, stop_code text, name text, e int, n int",
    "route, run, sequence, stop_code, name, geom",
    "route, run, sequence, stop_code, name, ST_SetSRID(ST_MakePoint(e, n), 27700)",
)
CODES = ("route", "osm_id", "id", "code")
STOP_COLUMNS = (
    "Route",
    "Run",
    "Sequence",
    "Stop_Code_LBSL",
    "Stop_Name",
    "Location_Easting",
    "Location_Northing",
)
LONG = 120
Rows = Callable[[Path, Rejected], Iterator[tuple[Any, ...]]]


def lines(
    db: Database, path: Path, kind: str, options: Options, progress: Progress
) -> tuple[str, Tally]:
    """Lines of a GeoJSON file; one that is there already is left as it is."""
    return _bring_in(db, path, "lines", options, (progress, lambda p, r: _lines(p, kind, r)))


def stops(db: Database, path: Path, options: Options, progress: Progress) -> tuple[str, Tally]:
    """Stops of routes from a CSV of Transport for London."""
    return _bring_in(db, path, "route-stops", options, (progress, _stops))


def _bring_in(
    db: Database, path: Path, what: str, options: Options, how: tuple[Progress, Rows]
) -> tuple[str, Tally]:
    progress, rows_of = how
    arrival, refusals = arrival_of(what, [path], REFERENCE_JOB), Refusals(options.errors)
    table = LINES if what == "lines" else STOPS
    with db.cursor(REFERENCE_JOB, keep=not options.dry_run) as cursor:
        queries.lock_imports(cursor)
        claims.prune(cursor, clock.now())
        progress(0, 1, f"Storing {path.name}")
        refused: Rejected = []
        stored = keyed.store(cursor, table, rows_of(path, refused), arrival.id)
        refusals.add(path.name, refused)
        tally = Tally(stored.imported + stored.already_known + len(refused), *stored, len(refused))
        refuse_nothing(tally, refusals, [path])
        queries.insert_batch(cursor, arrival, tally.numbers(), dry_run=options.dry_run)
    progress(1, 1, "Done")
    return arrival.ref, tally


def _lines(path: Path, kind: str, refused: Rejected) -> Iterator[tuple[Any, ...]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        features = list(document["features"])
        degrees = named_crs(document, path.name) in {None, DEGREES}
        for number, feature in enumerate(features, 1):
            said = dict(feature["properties"] or {})
            code = next((str(said[name]) for name in CODES if said.get(name)), "")
            shape, reason = _shape(feature["geometry"], degrees=degrees)
            name = _name(said)
            if not code or len(code) > LONG or len(name or "") > LONG:
                reason = reason or "It has no code, or a name of more than 120 letters."
            if reason:
                refused.append((Refusal(number, reason), [code, name or ""]))
            else:
                run = str(said.get("run") or "")
                yield _key(kind, code, run, name or "", shape.hex()), kind, code, name, shape
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as wrong:
        raise InvalidError(f"{path.name} is not GeoJSON with lines.") from wrong


def _shape(drawn: Mapping[str, Any] | None, *, degrees: bool) -> tuple[bytes, str | None]:
    """WKB in metres, or why there is none."""
    if not drawn or drawn.get("type") != "LineString":
        return b"", "It is not one line."
    try:
        shape = shapely.from_geojson(json.dumps(drawn))
        points = shapely.get_coordinates(shape)
    except shapely.errors.ShapelyError:
        return b"", "Its points cannot be read."
    limits = (180, 90) if degrees else (EAST_MAX_M, NORTH_MAX_M)
    if len(points) < 2 or not (abs(points) <= limits).all():
        return b"", "Its points lie outside the British National Grid."
    metres = crs.to_bng(points) if degrees else points
    if not ((metres > 0) & (metres <= (EAST_MAX_M, NORTH_MAX_M))).all():
        return b"", "Its points lie outside the British National Grid."
    return shapely.to_wkb(shapely.linestrings(metres.round(1))), None


def _name(said: Mapping[str, Any]) -> str | None:
    """As the file says it; of a bus route where it begins and ends."""
    if said.get("name"):
        return " ".join(str(said["name"]).split())
    if said.get("first_stop") and said.get("last_stop"):
        return f"{said.get('route')}: {said['first_stop']} to {said['last_stop']}"[:LONG]
    return None


def _stops(path: Path, refused: Rejected) -> Iterator[tuple[Any, ...]]:
    for line in tables.lines(Source(path, None), STOP_COLUMNS):
        if not isinstance(line, Line):
            refused.append(line)
            continue
        cells = [line.cells[name] for name in STOP_COLUMNS]
        if reason := _unusable(cells):
            refused.append(line.refused(reason))
        else:
            route, run, sequence, code, name, east, north = cells
            yield _key(*cells), route, run, sequence, code or None, name, east, north


def _unusable(cells: list[str]) -> str | None:
    route, run, sequence, _, name, east, north = cells
    if not route or not name:
        return "It has no route." if name else "The stop has no name."
    if max(map(len, cells)) > LONG:
        return f"A cell has more than {LONG} letters."
    if not all(cell.isascii() and cell.isdigit() for cell in (run, sequence, east, north)):
        return "A number is missing."
    if not (0 < int(east) <= EAST_MAX_M and 0 < int(north) <= NORTH_MAX_M):
        return "It has no point on the British National Grid."
    return "A number is too large." if max(len(run), len(sequence)) > 6 else None


def _key(*content: str) -> str:
    return hashlib.blake2b("\x1f".join(content).encode(), digest_size=16).hexdigest()
