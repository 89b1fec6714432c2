"""GeoJSON by a JSON reader: never by a library that would follow what a file points to."""

import re
from collections.abc import Iterator
from typing import IO, Any

import orjson

from app.reading import shapes
from app.reading.rules import (
    CONTROL,
    CONTROL_PROBLEM,
    MAX_COLUMNS,
    MAX_POSITIONS,
    MAX_ROWS,
    RefusedError,
    column_names,
)
from app.reading.schemas import Choices, Layer
from app.reading.tables import Row, Table

CRS = re.compile(r"(?:urn:ogc:def:crs:)?(?:EPSG|epsg):+(?:[\d.]*:)?(\d{4,6})")
CRS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "OGC:CRS84")
NOT_GEOJSON = "This is JSON, but not a GeoJSON FeatureCollection. Save it as GeoJSON."


def features_of(file: IO[bytes]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The collection and its features."""
    whole = _parsed(file)
    if not isinstance(whole, dict):
        raise RefusedError(NOT_GEOJSON)
    if whole.get("type") == "Feature":
        whole = {"type": "FeatureCollection", "features": [whole]}
    features = whole.get("features")
    if whole.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise RefusedError(NOT_GEOJSON)
    if not all(isinstance(each, dict) and each.get("type") == "Feature" for each in features):
        raise RefusedError("Something in this GeoJSON is not a Feature. Save the file again.")
    if not features:
        raise RefusedError("This file holds no features.")
    if len(features) > MAX_ROWS:
        raise RefusedError(f"This file has more than {MAX_ROWS:,} rows. Split it.")
    return whole, features


def _parsed(file: IO[bytes]) -> object:
    file.seek(0)
    body = file.read()
    if body.count(b"[") > MAX_POSITIONS:
        raise RefusedError(
            f"The shapes of this file have more than {MAX_POSITIONS:,} corners. Simplify them."
        )
    try:
        if body.startswith((b"\xff\xfe", b"\xfe\xff")):
            body = body.decode("utf-16").encode()
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeError:
        raise RefusedError("This GeoJSON is not UTF-8. Save it as UTF-8.") from None
    except orjson.JSONDecodeError as wrong:
        raise RefusedError(_words(wrong)) from None


def _words(wrong: orjson.JSONDecodeError) -> str:
    if "memory" in wrong.msg:
        raise MemoryError
    if "depth" in wrong.msg:
        return "This JSON is nested deeper than any GeoJSON. Save the file again."
    if "utf-8" in wrong.msg.lower() or "surrogate" in wrong.msg:
        return "This GeoJSON is not UTF-8. Save it as UTF-8."
    return (
        f"This GeoJSON breaks the rules of JSON at line {wrong.lineno:,}, column {wrong.colno:,} "
        "(numbers like NaN are not allowed). Save the file again."
    )


def table(file: IO[bytes], choices: Choices) -> Table:
    whole, features = features_of(file)
    remarks: list[str] = []
    raw = _property_names(features)
    header = column_names(list(raw), remarks) if raw else []
    crs, how = _crs(whole, features, choices)
    kinds = sorted({_kind(each) for each in features} - {""})
    kind = kinds[0] if len(kinds) == 1 else ("mixed" if kinds else "none")
    name = whole.get("name")
    layer = name[:100] if isinstance(name, str) and not CONTROL.search(name) else "features"
    return Table(
        "GEOJSON",
        header,
        _rows(features, raw),
        layers=[Layer(layer, len(features), kind)],
        layer=layer,
        encoding="UTF-8",
        crs=crs,
        crs_how=how,
        remarks=remarks,
        has_shapes=True,
    )


def _property_names(features: list[dict[str, Any]]) -> dict[str, None]:
    names: dict[str, None] = {}
    for each in features:
        properties = each.get("properties")
        if isinstance(properties, dict):
            names.update(dict.fromkeys(properties))
        if len(names) > MAX_COLUMNS:
            raise RefusedError(
                f"This file has more than {MAX_COLUMNS} columns. Remove those you do not need."
            )
    return names


def _kind(feature: dict[str, Any]) -> str:
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else ""
    return kind if isinstance(kind, str) and kind in shapes.KINDS else ""


def _rows(features: list[dict[str, Any]], names: dict[str, None]) -> Iterator[Row]:
    for number, feature in enumerate(features, start=1):
        properties = feature.get("properties")
        held = properties if isinstance(properties, dict) else {}
        cells = [text_of(held.get(name)) for name in names]
        geometry = feature.get("geometry")
        shape, problem = None, None
        if isinstance(geometry, dict):
            shape, problem = shapes.of_coordinates(
                geometry.get("type"), geometry.get("coordinates")
            )
        if CONTROL.search("".join(filter(None, cells))):
            problem = problem or CONTROL_PROBLEM
            cells = [CONTROL.sub("\ufffd", cell) if cell else cell for cell in cells]
        yield Row(number, cells, shape, problem)


def text_of(value: object) -> str | None:
    """As text: numbers as JSON writes them, lists and objects as JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        raise RefusedError("This JSON is nested deeper than any GeoJSON.") from None


def _crs(
    whole: dict[str, Any], features: list[dict[str, Any]], choices: Choices
) -> tuple[int, str]:
    if choices.crs is not None:
        return shapes.supported(choices.crs), "chosen by you"
    said = whole.get("crs")
    properties = said.get("properties") if isinstance(said, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if isinstance(name, str) and name not in CRS84:
        code = CRS.fullmatch(name)
        if code is None:
            raise RefusedError(
                "The coordinate system that this file names is not known. Save it in WGS 84 "
                "(EPSG:4326)."
            )
        return shapes.supported(int(code[1])), "said by the file"
    if isinstance(name, str):
        return 4326, "said by the file"
    if _looks_like_metres(features):
        return shapes.BNG, "looks like metres of the British National Grid"
    return 4326, "GeoJSON is in longitude and latitude"


def _looks_like_metres(features: list[dict[str, Any]]) -> bool:
    """The first positions are no degrees, and lie on the grid."""
    found = []
    for each in features[:50]:
        geometry = each.get("geometry")
        position = geometry.get("coordinates") if isinstance(geometry, dict) else None
        for _ in range(5):
            if isinstance(position, list) and position and isinstance(position[0], list):
                position = position[0]
        if isinstance(position, list) and len(position) >= 2:
            found.append(position[:2])
    numbers = [p for p in found if all(type(n) in {int, float} for n in p)]
    on_grid = [p for p in numbers if 1000 < p[0] < 700_000 and 1000 < p[1] < 1_300_000]
    return bool(numbers) and len(on_grid) == len(numbers)
