"""Boundary files as they come: GeoJSON by our own reader, GeoPackage and Shapefile by GDAL."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from app.core.errors import InvalidError
from geo import crs

GDAL = Path(__file__).with_name("gdal.py")
GDAL_S = 120
ZIP_ENTRIES = 50
ZIP_RATIO = 100
ZIP_BYTES = 2_000_000_000
DEGREES, METRES = 4326, 27700
NAMES_OF_CRS = {"CRS84": DEGREES, "4326": DEGREES, "27700": METRES}


class Boundary(NamedTuple):
    code: str
    name: str
    shape_m: shapely.Geometry  # EPSG:27700


class Raw(NamedTuple):
    """What a file says: attributes, shapes, and its coordinate system where it tells."""

    names: list[tuple[str, str]]
    shapes: NDArray[Any]
    epsg: int | None


def read(path: Path, *, code_field: str, name_field: str) -> list[Boundary]:
    """Polygons in British National Grid metres, each with its code and name."""
    if not path.is_file():
        raise InvalidError(f"There is no file {path.name} there.")
    if path.suffix.lower() in {".geojson", ".json"}:
        return read_geojson(path, code_field=code_field, name_field=name_field)
    return _checked(_gdal(path, code_field, name_field), path.name)


def read_geojson(path: Path, *, code_field: str, name_field: str) -> list[Boundary]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        features = document["features"]
        drawn = [f["geometry"] and json.dumps(f["geometry"]) for f in features]
        shapes = shapely.from_geojson(drawn)
        names = [(_text(f, code_field), _text(f, name_field)) for f in features]
        epsg = named_crs(document, path.name)
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError) as wrong:
        words = f"{path.name} is not GeoJSON with the fields {code_field} and {name_field}."
        raise InvalidError(words) from wrong
    return _checked(Raw(names, np.asarray(shapes, dtype=object), epsg), path.name)


def _text(feature: dict[str, Any], field: str) -> str:
    value = feature["properties"][field]
    return "" if value is None else str(value).strip()


def named_crs(document: dict[str, Any], name: str) -> int | None:
    named = document.get("crs")
    if named is None:
        return None
    epsg = NAMES_OF_CRS.get(str(named["properties"]["name"]).rpartition(":")[2])
    if epsg is None:
        raise InvalidError(f"{name} is in another coordinate system than EPSG 4326 or 27700.")
    return epsg


def _gdal(path: Path, code_field: str, name_field: str) -> Raw:
    """In a process of its own with little memory and time: such files are programs in disguise."""
    command = [sys.executable, "-P", str(GDAL), _inside(path), code_field, name_field]
    # OGR_VRT: a virtual file may name any other file of this machine. It counts from the start.
    env = {"PATH": os.defpath, "OGR_SKIP": "OGR_VRT", "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none"}
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, timeout=GDAL_S, check=False, env=env
        )
        found = json.loads(done.stdout) if done.returncode == 0 else {"error": "unreadable"}
    except (subprocess.TimeoutExpired, ValueError):
        found = {"error": "unreadable"}
    if found.get("error") == "fields":
        raise InvalidError(f"{path.name} has no fields {code_field} and {name_field}.")
    if "error" in found:
        raise InvalidError(f"{path.name} cannot be read as a GeoPackage or a zipped Shapefile.")
    shapes = shapely.from_wkb([bytes.fromhex(row[2]) or None for row in found["rows"]])
    names = [(row[0].strip(), row[1].strip()) for row in found["rows"]]
    return Raw(names, np.asarray(shapes, dtype=object), _epsg(found["crs"], path.name))


def _inside(path: Path) -> str:
    """What GDAL is to open; only files that begin as their name says."""
    with path.open("rb") as stream:
        magic = stream.read(15)
    if path.suffix.lower() == ".gpkg" and magic == b"SQLite format 3":
        return str(path.resolve())
    if path.suffix.lower() == ".zip" and magic[:4] == b"PK\x03\x04":
        return f"/vsizip/{path.resolve()}/{_shapefile(path)}"
    raise InvalidError(f"{path.name} is no GeoJSON, GeoPackage (.gpkg) or zipped Shapefile (.zip).")


def _shapefile(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as wrong:
        raise InvalidError(f"{path.name} is not a readable .zip archive.") from wrong
    whole, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > ZIP_ENTRIES or whole > min(ZIP_BYTES, ZIP_RATIO * max(packed, 1)):
        raise InvalidError(f"{path.name} unpacks to more than the service takes.")
    shapes = [m.filename for m in members if m.filename.lower().endswith(".shp")]
    if len(shapes) != 1 or ".." in shapes[0]:
        raise InvalidError(f"{path.name} must hold one Shapefile; it holds {len(shapes)}.")
    return shapes[0]


def _epsg(text: str | None, name: str) -> int | None:
    if not text:
        return None
    try:
        epsg = pyproj.CRS.from_user_input(text).to_epsg(min_confidence=20)
    except pyproj.exceptions.CRSError:
        epsg = 0
    if epsg not in {DEGREES, METRES}:
        raise InvalidError(f"{name} is in another coordinate system than EPSG 4326 or 27700.")
    return int(epsg)


def _checked(raw: Raw, name: str) -> list[Boundary]:
    if not len(raw.shapes):
        raise InvalidError(f"{name} holds no polygons.")
    _refuse_names([code for code, _ in raw.names], name)
    for (code, _), shape in zip(raw.names, raw.shapes, strict=True):
        if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
            raise InvalidError(f"{code} of {name} has no polygon.")
    metres = _metres(shapely.force_2d(raw.shapes), raw.epsg, name)
    for (code, _), good in zip(raw.names, shapely.is_valid(metres), strict=True):
        if not good:
            raise InvalidError(
                f"The shape of {code} crosses itself. Repair the file and try again."
            )
    return [
        Boundary(code, label or code, shape)
        for (code, label), shape in zip(raw.names, metres, strict=True)
    ]


def _refuse_names(codes: Sequence[str], name: str) -> None:
    if "" in codes:
        raise InvalidError(f"Area {codes.index('') + 1} of {name} has no code.")
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise InvalidError(f"{code} stands twice in {name}. Each code needs one shape.")
        seen.add(code)


def _metres(shapes: NDArray[Any], epsg: int | None, name: str) -> NDArray[Any]:
    """In EPSG:27700; where the file does not tell its system, the size of its numbers does."""
    west, south, east, north = shapely.total_bounds(shapes)
    degrees = -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    if epsg == DEGREES and not degrees:
        raise InvalidError(f"{name} says it is in degrees, but its numbers are none.")
    metres = shapely.transform(shapes, crs.to_bng) if degrees and epsg != METRES else shapes
    west, south, east, north = shapely.total_bounds(metres)
    on_grid = 0 <= west <= east <= crs.EAST_MAX_M and 0 <= south <= north <= crs.NORTH_MAX_M
    if not on_grid:
        raise InvalidError(
            f"{name} reaches beyond the British National Grid. "
            "It needs EPSG 4326 (longitude before latitude) or 27700."
        )
    if east - west < 1:
        raise InvalidError(
            f"{name} is less than a metre wide: its numbers are degrees, not metres."
        )
    return np.asarray(metres, dtype=object)
