"""Named places of a file: GeoJSON of any shapes, or CSV with coordinates, compressed or not."""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import shapely

from app.core.errors import InvalidError
from app.reference import rules
from app.reference.boundaries import DEGREES, named_crs
from app.reference.rules import EAST_MAX_M, NORTH_MAX_M, Unusable
from geo import crs

PAIRS = (("easting", "northing"), ("lon", "lat"), ("longitude", "latitude"))
BYTES_MAX = 500_000_000


class Found(NamedTuple):
    """A name and its point in whole metres, EPSG:27700; the kind where the file tells it."""

    name: str
    easting_m: int
    northing_m: int
    kind: str = ""


class Raw(NamedTuple):
    number: int
    name: str
    kind: str
    x: float
    y: float
    cells: list[str]


def read(
    path: Path, *, kind: str | None, name_field: str, kind_field: str = "kind"
) -> Iterator[Found | Unusable]:
    """Each row of the file: a place, or why it is left out.

    Without a `kind` each row says in `kind_field` what it is.
    """
    if not path.is_file():
        raise InvalidError(f"There is no file {path.name} there.")
    try:
        if path.name.lower().endswith((".geojson", ".json")):
            rows, degrees = _geojson(path, name_field, kind_field)
        else:
            rows, degrees = _csv(path, name_field, kind_field)
        yield from _found(rows, kind, degrees=degrees)
    except (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise InvalidError(f"{path.name} is not GeoJSON or CSV with a {name_field}.") from wrong
    except (csv.Error, shapely.errors.ShapelyError) as wrong:
        raise InvalidError(f"{path.name} cannot be read.") from wrong


def _geojson(path: Path, name_field: str, kind_field: str) -> tuple[list[Raw], bool]:
    document = json.loads(path.read_text(encoding="utf-8-sig"))
    epsg = named_crs(document, path.name)
    rows = []
    for number, feature in enumerate(document["features"], 1):
        said, drawn = feature["properties"], feature["geometry"]
        shape = shapely.from_geojson(json.dumps(drawn)) if drawn else None
        point = None if shape is None or shape.is_empty else _inside(shape)
        x, y = (point.x, point.y) if point is not None else (float("nan"),) * 2
        name = said[name_field]
        rows.append(Raw(number, str(name or ""), _kind(said, kind_field), x, y, [str(name or "")]))
    return rows, epsg in {None, DEGREES}


def _inside(shape: shapely.Geometry) -> shapely.Point:
    return shape if isinstance(shape, shapely.Point) else shape.point_on_surface()


def _csv(path: Path, name_field: str, kind_field: str) -> tuple[list[Raw], bool]:
    with _text_of(path) as lines:
        rows = csv.DictReader(line.replace("\0", "") for line in lines)
        names = {name.strip().lower(): name for name in rows.fieldnames or ()}
        pair = next((p for p in PAIRS if p[0] in names and p[1] in names), None)
        if pair is None or name_field.lower() not in names:
            raise InvalidError(
                f"{path.name} needs the column {name_field}, and easting and northing or "
                "lon and lat."
            )
        x, y, name = names[pair[0]], names[pair[1]], names[name_field.lower()]
        found = [
            Raw(
                n,
                row[name] or "",
                _kind(row, kind_field),
                _number(row[x]),
                _number(row[y]),
                _cells(row),
            )
            for n, row in enumerate(rows, 2)
        ]
    return found, pair[0] != "easting"


def _text_of(path: Path) -> io.TextIOBase:
    if path.suffix.lower() == ".gz":
        with gzip.open(path, "rb") as packed:
            whole = packed.read(BYTES_MAX + 1)
        if len(whole) > BYTES_MAX:
            raise InvalidError(f"{path.name} unpacks to more than the service takes.")
        return io.TextIOWrapper(io.BytesIO(whole), "utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _kind(row: Mapping[str, Any], field: str) -> str:
    """What the file itself calls it; a street file may hold more than streets."""
    return str(row.get(field) or "street").lower()


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [str(cell) for cell in row.values()]


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return float("nan")


def _found(rows: list[Raw], kind: str | None, *, degrees: bool) -> Iterator[Found | Unusable]:
    points = [(row.x, row.y) if _is_number(row, degrees=degrees) else (0.0, 0.0) for row in rows]
    metres = crs.to_bng(points) if degrees and points else points
    for row, (easting, northing) in zip(rows, metres, strict=True):
        of = kind or rules.KIND_OF_WORD.get(row.kind, "")
        name = rules.place_name(row.name, of)
        reason = rules.unusable_name(name)
        if not of:
            reason = f"The gazetteer has no kind for {row.kind[:40]}."
        if kind == "STREET" and (row.kind != "street" or not rules.is_street(name)):
            reason = reason or "It is not a street."
        if not (_is_number(row, degrees=degrees) and _on_grid(easting, northing)):
            reason = reason or "It has no point on the British National Grid."
        if reason:
            yield Unusable(row.number, reason, row.cells)
        else:
            yield Found(name, round(easting), round(northing), of)


def _is_number(row: Raw, *, degrees: bool) -> bool:
    """False of NaN, too; degrees that are none would not be transformed."""
    limit_x, limit_y = (180.0, 90.0) if degrees else (EAST_MAX_M, NORTH_MAX_M)
    return abs(row.x) <= limit_x and abs(row.y) <= limit_y


def _on_grid(easting: float, northing: float) -> bool:
    return 0 < easting <= EAST_MAX_M and 0 < northing <= NORTH_MAX_M
