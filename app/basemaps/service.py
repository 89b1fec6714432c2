"""Builds the street map of an area: one PMTiles file, checked before it takes its place."""

import gzip
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from app.basemaps import cutting, sources
from app.basemaps.cutting import Features
from app.basemaps.rules import EXTENT, HALO_M, MAX_TILE_BYTES, Zooms
from app.basemaps.sources import Box, Source
from app.core import clock
from app.core.errors import InvalidError
from app.core.partnership import Partnership
from app.reading.street_words import LAYERS
from app.reference import boundaries
from app.reference.service import BOROUGHS
from geo import crs

Progress = Callable[[int, int, str], None]
OSM = "© OpenStreetMap contributors"
OS = "Contains OS data © Crown copyright and database right {}"


class Wanted(NamedTuple):
    sources: list[Source]
    out: Path
    box_deg: Box
    zooms: Zooms
    attribution: str | None


@dataclass(slots=True)
class Built:
    """What the file holds, read back from the file itself."""

    attribution: str
    tiles: int = 0
    bytes: int = 0
    largest: int = 0
    largest_tile: str = ""
    seconds: float = 0.0
    features: dict[str, int] = field(default_factory=dict)
    by_zoom: Counter[int] = field(default_factory=Counter)


def area_of(partnership: Partnership) -> Box:
    """The partnership's boroughs and three kilometres around them, in degrees.

    Raises
    ------
    InvalidError
        None of its boroughs has a boundary here.
    """
    every = boundaries.read(BOROUGHS, code_field="gss_code", name_field="name")
    shapes = [each.shape_m for each in every if each.code in partnership.codes]
    if not shapes:
        raise InvalidError("The partnership's boroughs have no boundary here. Give --bbox.")
    bounds = np.array([shape.bounds for shape in shapes])
    west, south = bounds[:, :2].min(axis=0) - HALO_M
    east, north = bounds[:, 2:].max(axis=0) + HALO_M
    corners = crs.to_wgs84([(x, y) for x in (west, east) for y in (south, north)])
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    return float(west), float(south), float(east), float(north)


def build(wanted: Wanted, progress: Progress) -> Built:
    """Read, cut, write, look at what was written; only then is it there under its name.

    Raises
    ------
    InvalidError
        A source cannot be used, nothing of it is in the area, or a tile would be too large.
    """
    started = time.monotonic()
    features, attribution = _gathered(wanted, progress)
    part = wanted.out.with_name(f"{wanted.out.name}.part")
    try:
        _write(part, features, wanted, attribution, progress)
        built = _checked(part, wanted, attribution)
        part.replace(wanted.out)
    finally:
        part.unlink(missing_ok=True)
    built.features = {name: int((features.layers == name).sum()) for name in _held(features)}
    built.seconds = round(time.monotonic() - started, 1)
    return built


def _gathered(wanted: Wanted, progress: Progress) -> tuple[Features, str]:
    several, origins = [], set[str]()
    for at, source in enumerate(wanted.sources):
        progress(at, len(wanted.sources), f"Reading {source.path.name}")
        features, whose = sources.read(source, wanted.box_deg)
        several.append(features)
        origins |= whose
    progress(1, 1, "Reading")
    features = sources.joined(several)
    if not len(features.layers):
        raise InvalidError("Nothing of this lies in the area. Give another with --bbox.")
    said = [OSM] if "OSM" in origins else []
    said += [OS.format(clock.today().year)] if "OS" in origins else []
    if wanted.attribution:
        said = [wanted.attribution, *(words for words in said if words not in wanted.attribution)]
    elif "" in origins:
        raise InvalidError(
            "Whose data is this? Say it with --attribution; the map shows it, as licences require."
        )
    return features, " | ".join(said)


def _held(features: Features) -> list[str]:
    held = set(features.layers)
    return [name for name in LAYERS if name in held]


def _write(
    path: Path, features: Features, wanted: Wanted, attribution: str, progress: Progress
) -> None:
    with path.open("wb") as file:
        writer = Writer(file)
        for number, body in _tiles(features, wanted, progress):
            writer.write_tile(number, body)
        west, south, east, north = (round(edge * 1e7) for edge in wanted.box_deg)
        header = {
            "tile_type": TileType.MVT,
            "tile_compression": Compression.GZIP,
            "min_lon_e7": west,
            "min_lat_e7": south,
            "max_lon_e7": east,
            "max_lat_e7": north,
            "center_zoom": wanted.zooms.first,
            "center_lon_e7": (west + east) // 2,
            "center_lat_e7": (south + north) // 2,
        }
        writer.finalize(header, _metadata(features, wanted.zooms, attribution))


def _tiles(features: Features, wanted: Wanted, progress: Progress) -> Iterator[tuple[int, bytes]]:
    """In the order of the file: zoom by zoom, along its curve."""
    west, south, east, north = wanted.box_deg
    corners = sources.on_the_square(np.array([(west, north), (east, south)]))
    area = (*corners[0].tolist(), *corners[1].tolist())
    zooms = wanted.zooms
    for zoom in range(zooms.first, zooms.last + 1):
        found = []
        for x, y, body in cutting.tiles(features, area, zoom, zooms):
            found.append((zxy_to_tileid(zoom, x, y), gzip.compress(body, 9, mtime=0)))
        yield from sorted(found)
        progress(zoom - zooms.first + 1, zooms.last - zooms.first + 1, f"Zoom {zoom}")


def _metadata(features: Features, zooms: Zooms, attribution: str) -> dict[str, Any]:
    layers = [
        {
            "id": name,
            "minzoom": zooms.first,
            "maxzoom": zooms.last,
            "fields": {"kind": "String", "name": "String"},
        }
        for name in _held(features)
    ]
    return {
        "name": "Street map",
        "type": "baselayer",
        "format": "pbf",
        "attribution": attribution,
        "vector_layers": layers,
        "extent": EXTENT,
    }


def _checked(path: Path, wanted: Wanted, attribution: str) -> Built:
    """The written file, as a server will read it."""
    built = Built(attribution, bytes=path.stat().st_size)
    with path.open("rb") as file:
        source = MmapSource(file)
        header = Reader(source).header()
        for (z, x, y), body in all_tiles(source):
            built.tiles += 1
            built.by_zoom[z] += 1
            if len(body) > built.largest:
                built.largest, built.largest_tile = len(body), f"{z}/{x}/{y}"
    if not built.tiles:
        raise InvalidError("Nothing of this lies in the area. Give another with --bbox.")
    if header["max_zoom"] > wanted.zooms.last or header["min_zoom"] < wanted.zooms.first:
        raise InvalidError("The file has zooms that nobody asked for. This is a fault of ours.")
    if built.largest > MAX_TILE_BYTES:
        raise InvalidError(
            f"Tile {built.largest_tile} would be {built.largest // 1024} KB; at most "
            f"{MAX_TILE_BYTES // 1024} KB. Raise --max-zoom, so that buildings come later."
        )
    return built
