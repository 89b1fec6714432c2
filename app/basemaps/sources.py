"""Files of map data as features, each read behind the walls of `app.reading`."""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from app.basemaps.cutting import Features
from app.core.errors import InvalidError
from app.reading import frames, sandbox, street_words, streets
from geo import crs

Array = NDArray[Any]
Box = tuple[float, float, float, float]
SUFFIXES = (".pbf", ".gpkg", ".geojson", ".json")
HEAD = 4096
POINTS = {"station", "place"}
NOT_A_MAP = "{}: this is no map data. Give an OpenStreetMap .pbf, a GeoPackage or GeoJSON."


class Source(NamedTuple):
    """A file, what it is, and its layer where the file itself names none."""

    path: Path
    kind: str
    layer: str | None


def found(given: Sequence[str]) -> list[Source]:
    """Files, folders of files, and LAYER=FILE.

    Raises
    ------
    InvalidError
        A file is not there, is no map data, or its layer is not known.
    """
    every: list[Source] = []
    for word in given:
        layer, _, rest = word.partition("=")
        if layer not in street_words.LAYERS or not rest:
            layer, rest = "", word
        path = Path(rest)
        inside = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES) if path.is_dir() else []
        if path.is_dir() and not inside:
            raise InvalidError(f"{path.name}: this folder holds no .pbf, .gpkg or .geojson file.")
        every += [_source(each, layer or None) for each in inside or [path]]
    return every


def _source(path: Path, layer: str | None) -> Source:
    if not path.is_file():
        raise InvalidError(f"{path.name}: there is no such file.")
    with path.open("rb") as file:
        kind = streets.kind_of(file.read(HEAD))
    if kind is None:
        raise InvalidError(NOT_A_MAP.format(path.name))
    if kind == "GEOJSON":
        layer = layer or street_words.by_name(path.stem)
        if layer is None:
            names = ", ".join(street_words.LAYERS)
            raise InvalidError(
                f"{path.name}: its name does not say what it holds. Write LAYER={path.name}, with "
                f"a layer of {names}."
            )
    return Source(path, kind, layer)


def read(source: Source, box_deg: Box) -> tuple[Features, frozenset[str]]:
    """Its features within a box of longitude and latitude, and whose data they are.

    Raises
    ------
    InvalidError
        It is refused; one sentence says why and what to do.
    """
    west, south, east, north = box_deg
    corners = crs.to_bng([(x, y) for x in (west, east) for y in (south, north)])
    asked = {
        "do": "streets",
        "layer": source.layer,
        "bbox": box_deg,
        "bbox_bng": [*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()],
    }
    answer = sandbox.ask_by_name(source.path, source.kind, asked)
    if answer.refused is not None:
        raise InvalidError(f"{source.path.name}: {answer.refused}")
    try:
        blocks = [_block(body, box_deg) for kind, body in answer.said if kind == frames.PART]
        origins = {bytes(body).decode() for kind, body in answer.said if kind == frames.FOUND}
    except (ValueError, KeyError, TypeError, struct.error, shapely.errors.GEOSException):
        raise InvalidError(f"{source.path.name}: {sandbox.CRASHED}") from None
    return joined(blocks), frozenset(origins)


def joined(several: Sequence[Features]) -> Features:
    return Features(*(np.concatenate(columns) for columns in zip(*several, strict=True)))


def _block(body: memoryview, box_deg: Box) -> Features:
    """The other side of the wall is not trusted: lengths, layers and shapes are looked at."""
    (length,) = streets.LENGTH.unpack_from(body)
    said = orjson.loads(body[4 : 4 + length])
    layers = np.array(said["layers"], dtype=object)
    if set(layers) - set(street_words.LAYERS):
        raise ValueError("unknown layer")
    shapes = shapely.from_wkb(list(_cut(body[4 + length :], said["lengths"])), on_invalid="ignore")
    kinds, names = (np.array(said[key], dtype=object) for key in ("kinds", "names"))
    if not len(shapes) == len(layers) == len(kinds) == len(names):
        raise ValueError("columns of different lengths")
    shapes, of = _usable(shapes, layers, int(said["epsg"]), box_deg)
    return Features(_on_the_square(shapes), layers[of], kinds[of], names[of])


def _cut(body: memoryview, lengths: list[int]) -> Iterator[bytes]:
    at = 0
    for length in lengths:
        yield bytes(body[at : at + length])
        at += length


def _usable(shapes: Array, layers: Array, epsg: int, box_deg: Box) -> tuple[Array, Array]:
    """Single valid shapes in degrees within the box, and the row of each."""
    shapes = shapely.force_2d(shapes)
    if epsg == 27700:
        shapes = shapely.transform(shapes, crs.to_wgs84)
    shapes[~shapely.is_valid(shapes)] = None  # the reader mends what can be mended
    points = np.isin(layers, list(POINTS)) & (shapely.get_dimensions(shapes) > 0)
    shapes[points] = shapely.point_on_surface(shapes[points])
    # Districts are outlines; an area cut at the edge of the box would have a line there.
    outlined = (layers == "districts") & (shapely.get_dimensions(shapes) == 2)
    shapes[outlined] = shapely.boundary(shapes[outlined])
    inside = shapely.clip_by_rect(shapes, *box_deg)
    parts, of = shapely.get_parts(inside, return_index=True)
    parts, again = shapely.get_parts(parts, return_index=True)  # collections of several
    of = of[again]
    kept = ~shapely.is_empty(parts) & np.isfinite(shapely.bounds(parts)).all(axis=1)
    # A shape that only touches the edge of the box leaves lines and points there.
    kept &= shapely.get_dimensions(parts) == shapely.get_dimensions(shapes)[of]
    return parts[kept], of[kept]


def _on_the_square(shapes: Array) -> Array:
    return np.asarray(shapely.transform(shapes, on_the_square))


def on_the_square(lonlat_deg: Array) -> Array:
    """Longitude and latitude as parts of the square of Web Mercator, y downwards."""
    latitude = np.radians(np.clip(lonlat_deg[:, 1], -85.0, 85.0))
    y = (1 - np.arcsinh(np.tan(latitude)) / np.pi) / 2
    return np.column_stack([(lonlat_deg[:, 0] + 180) / 360, y])
