"""Features for the street map, read by GDAL: only ever in the walled process.

OpenStreetMap's areas are put together of ways and nodes, which no other library here can do. What
a file could make GDAL open or fetch is not there: no files, no network (docs/adr/0022).
"""

import json
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from app.reading import frames, street_words
from app.reading.rules import RefusedError
from app.reading.street_words import Rule

BLOCK = 20_000
MAX_NAME = 120
MAX_LAYERS = 200
CONFIG = str(Path(__file__).with_name("osm.ini"))
LENGTH = struct.Struct(">I")
METRES, DEGREES = "EPSG:27700", ("EPSG:4326", "OGC:CRS84")


def kind_of(head: bytes) -> str | None:
    """By its first bytes: OSM, GPKG or GEOJSON."""
    if b"OSMHeader" in head[:64]:
        return "OSM"
    if head.startswith(b"SQLite format 3\x00"):
        return "GPKG"
    return "GEOJSON" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else None


def give(asked: dict[str, Any], out: IO[bytes]) -> None:
    """Blocks of features: a length, what they are as JSON, and their shapes one after the other."""
    warnings.simplefilter("ignore")
    many = 0
    for layer, rule, origin in _wanted(asked):
        for block in _blocks(asked, layer, rule):
            frames.write(out, frames.FOUND, origin.encode())
            frames.write(out, frames.PART, block)
            many += 1
    if not many:
        raise RefusedError(
            "This file holds nothing for a street map within the area. Look at --bbox, and at the "
            "names of its layers."
        )


def _wanted(asked: dict[str, Any]) -> Iterator[tuple[str, Rule, str]]:
    """Layers to read, what their words mean, and whose data it is: OSM, OS or nobody's."""
    import pyogrio

    if asked["kind"] == "OSM":
        for name, rule in street_words.OSM.items():
            yield name, rule, "OSM"
        return
    names = [str(name) for name, shape in pyogrio.list_layers(asked["path"]) if shape is not None]
    zoomstack = "roads_local" in {name.lower() for name in names}
    for name in names[:MAX_LAYERS]:
        layer = asked["layer"] or street_words.by_name(name)
        if zoomstack:
            found = street_words.ZOOMSTACK.get(name.lower())
        else:
            found = street_words.as_named(layer) if layer else None
        if found is not None:
            yield name, found, "OS" if zoomstack else ""


def _blocks(asked: dict[str, Any], layer: str, rule: Rule) -> Iterator[bytes]:
    import pyarrow as pa
    import pyogrio

    epsg, box = _area(asked, layer)
    options = {"CONFIG_FILE": CONFIG} if asked["kind"] == "OSM" else {}
    with pyogrio.raw.open_arrow(
        asked["path"], layer=layer, bbox=box, batch_size=BLOCK, use_pyarrow=False, **options
    ) as (meta, stream):
        shape = meta["geometry_name"] or "wkb_geometry"
        for batch in pa.RecordBatchReader.from_stream(stream):
            block = _packed(batch, shape, rule, epsg)
            if block:
                yield block


def _area(asked: dict[str, Any], layer: str) -> tuple[int, tuple[float, ...]]:
    import pyogrio

    if asked["kind"] == "OSM":
        return 4326, tuple(asked["bbox"])
    said = pyogrio.read_info(asked["path"], layer=layer)["crs"]
    if said == METRES:
        return 27700, tuple(asked["bbox_bng"])
    if said in DEGREES:
        return 4326, tuple(asked["bbox"])
    raise RefusedError(
        "The coordinate system of this file is not known here. Save it in WGS 84 (EPSG:4326) or "
        "British National Grid (EPSG:27700)."
    )


def _packed(batch: Any, shape: str, rule: Rule, epsg: int) -> bytes | None:  # noqa: ANN401 - pyarrow ships no types
    fields = [f.name for f in batch.schema if f.name != shape and _is_text(f.type)]
    columns = {name.lower(): batch.column(name).to_pylist() for name in fields}
    layers, kinds, names, shapes = [], [], [], []
    for at, wkb in enumerate(batch.column(shape).to_pylist()):
        tags = {key: values[at] for key, values in columns.items() if values[at]}
        meant = rule(tags)
        if meant is None or not wkb:
            continue
        layers.append(meant[0])
        kinds.append(meant[1][:40])
        names.append(street_words.name_of(tags)[:MAX_NAME])
        shapes.append(wkb)
    if not shapes:
        return None
    shapes = _mended(shapes)
    said = {"layers": layers, "kinds": kinds, "names": names, "epsg": epsg}
    head = json.dumps(said | {"lengths": [len(wkb) for wkb in shapes]}).encode()
    return b"".join([LENGTH.pack(len(head)), head, *shapes])


def _mended(shapes: list[bytes]) -> list[bytes]:
    """Areas that cross themselves, as OpenStreetMap has some, become areas that do not."""
    import numpy as np
    import shapely

    every = shapely.from_wkb(np.array(shapes, dtype=object), on_invalid="ignore")
    for at in np.flatnonzero((shapely.get_dimensions(every) == 2) & ~shapely.is_valid(every)):
        shapes[at] = shapely.to_wkb(shapely.make_valid(every[at]))
    return shapes


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow ships no types
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
