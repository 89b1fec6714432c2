"""Layers of the operator's street map, painted: our own schema, and the one of Protomaps."""

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path as File
from typing import Any, NamedTuple

import mapbox_vector_tile

from app.maps import basemap as files
from app.maps.basemap import Basemap
from app.maps.canvas import FINE, GREY, INK, LINE, PARK, WATER, Canvas, Label, Path
from app.maps.pin import TILE, View, lonlat, world

LARGEST = 1600  # pixels of a picture
FromWorld = Callable[[float, float], tuple[float, float]]
Feature = Mapping[str, Any]

# In the order of painting; a layer that is not named here is left out.
FILLS = {
    "earth": "#f3f2ee",
    "park": PARK,
    "landuse": "#e9ece2",
    "water": WATER,
    "parking": "#e4e2dc",
    "building": "#e4e1da",
    "buildings": "#e4e1da",
}
LINES = {"waterway": (WATER, 3.0), "bus_route": ("#e0dbd0", 2.5)}
WIDE_VIEW = {"bus_route": 14}  # from stop to stop: closer they would be lines across houses
ROADS = ("road", "roads")
WIDE = frozenset({"highway", "major_road", "motorway", "trunk", "primary", "secondary"})
# Names of the map, and which kind of the gazetteer they say already.
NAMES = (
    ("station", 22, INK, "#12436d"),
    ("place", 28, INK, None),
    ("places", 28, INK, None),
)
SAYS = {"station": "STATION", "place": "TOWN", "places": "TOWN"}


class Tile(NamedTuple):
    x: int
    y: int
    zoom: int
    layers: Mapping[str, Any]


@lru_cache(maxsize=96)
def _decoded(path: File, version: str, z: int, x: int, y: int) -> Mapping[str, Any]:
    """Kept, because the next picture shows mostly the same; `version` changes with the file."""
    opened = files.opened(path)
    body = opened.tile(z, x, y)
    if body is None:
        return {}
    raw = gzip.decompress(body) if opened.gzipped else body
    found: Mapping[str, Any] = mapbox_vector_tile.decode(
        raw, default_options={"y_coord_down": True}
    )
    return found


class Names(NamedTuple):
    """To be written when all shapes are there, and what the gazetteer need not say again."""

    labels: list[Label]
    kinds: frozenset[str]


def paint(canvas: Canvas, place: FromWorld, view: View, opened: Basemap) -> Names:
    """Shapes onto the canvas; names come back."""
    tiles = list(_tiles(view, opened, canvas.side / FINE))
    for name, colour in FILLS.items():
        for path in _paths(tiles, name, view, place, "Polygon"):
            canvas.polygon(path, colour)
    for name, (colour, width) in LINES.items():
        if view.zoom > WIDE_VIEW.get(name, view.zoom):
            continue
        for (line,) in _paths(tiles, name, view, place, "LineString"):
            canvas.line(line, colour, width)
    _roads(canvas, tiles, view, place)
    for (line,) in _paths(tiles, "rail", view, place, "LineString"):
        canvas.line(line, LINE, 3)
        canvas.dashed(line, "#f3f2ee", 1.4, 8, 8)
    found = {wanted[0]: list(_labels(tiles, view, place, wanted)) for wanted in NAMES}
    kinds = frozenset(SAYS[layer] for layer, labels in found.items() if labels)
    return Names([label for labels in found.values() for label in labels], kinds)


def _tiles(view: View, opened: Basemap, units: float) -> Iterator[Tile]:
    zoom = min(view.zoom, opened.max_zoom)
    x, y = (v / 2 ** (view.zoom - zoom) / TILE for v in world(*lonlat(view), view.zoom))
    half = units / 2 / TILE / 2 ** (view.zoom - zoom)
    for tx in range(int(x - half), int(x + half) + 1):
        for ty in range(int(y - half), int(y + half) + 1):
            yield Tile(tx, ty, zoom, _decoded(opened.path, opened.version, zoom, tx, ty))


def _features(tiles: list[Tile], layer: str) -> Iterator[tuple[Tile, int, Feature]]:
    for tile in tiles:
        found: Mapping[str, Any] = tile.layers.get(layer, {})
        for feature in found.get("features", ()):
            yield tile, found["extent"], feature


def _paths(
    tiles: list[Tile], layer: str, view: View, place: FromWorld, kind: str
) -> Iterator[Sequence[Path]]:
    """Each polygon with its holes, each line alone, in pixels of the picture."""
    for tile, extent, feature in _features(tiles, layer):
        yield from _drawn(tile, extent, feature, view, place, kind)


def _drawn(
    tile: Tile, extent: int, feature: Feature, view: View, place: FromWorld, kind: str
) -> Iterator[Sequence[Path]]:
    shape = feature["geometry"]
    if not shape["type"].endswith(kind):
        return
    parts = shape["coordinates"] if shape["type"].startswith("Multi") else [shape["coordinates"]]
    for part in parts:
        rings = part if kind == "Polygon" else [part]
        paths = [[_pixel(tile, extent, at, view, place) for at in ring] for ring in rings]
        if _seen(paths[0]):
            yield paths


def _pixel(
    tile: Tile, extent: int, at: tuple[float, float], view: View, place: FromWorld
) -> tuple[float, float]:
    size = TILE * 2.0 ** (view.zoom - tile.zoom)
    return place((tile.x + at[0] / extent) * size, (tile.y + at[1] / extent) * size)


def _seen(path: Path) -> bool:
    """Whether any of it can be in the picture."""
    xs, ys = [x for x, _ in path], [y for _, y in path]
    return max(xs) > 0 and max(ys) > 0 and min(xs) < LARGEST and min(ys) < LARGEST


def _roads(canvas: Canvas, tiles: list[Tile], view: View, place: FromWorld) -> None:
    """White with a grey edge; wider where the map says so, and as one goes closer."""
    lines = [
        (line, (2.0 if _kind(feature) in WIDE else 1.0) * (2 + 2 * max(0, view.zoom - 13)))
        for layer in ROADS
        for tile, extent, feature in _features(tiles, layer)
        for (line,) in _drawn(tile, extent, feature, view, place, "LineString")
    ]
    for line, width in lines:
        canvas.line(line, "#d3d0c8", width + 2)
    for line, width in lines:
        canvas.line(line, "#ffffff", width)


def _kind(feature: Feature) -> str:
    said = feature["properties"]
    return str(said.get("kind") or said.get("class") or said.get("fclass") or "")


def _labels(
    tiles: list[Tile], view: View, place: FromWorld, wanted: tuple[str, int, str, str | None]
) -> Iterator[Label]:
    layer, size, colour, dot = wanted
    for tile, extent, feature in _features(tiles, layer):
        name = feature["properties"].get("name")
        if name and feature["geometry"]["type"] == "Point":
            at = _pixel(tile, extent, feature["geometry"]["coordinates"], view, place)
            small = _kind(feature) in {"locality", "hamlet", "farm", "neighbourhood"}
            yield Label(*at, str(name), 22 if small else size, GREY if small else colour, dot)
