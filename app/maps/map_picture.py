"""A picture of what the map shows, from the very tiles and things that a browser is given.

So it holds what a reader may see on the map and no more, by the same queries and policies.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import mapbox_vector_tile

from app.maps import picture, street_layers, symbols
from app.maps.basemap import Basemap
from app.maps.canvas import FINE, GREY, OUTLINE, Canvas, Path
from app.maps.picture import Frame
from app.maps.pin import TILE, View
from app.maps.symbols import BRAND, LEVELS, Item
from app.reference.gazetteer import Drawn

STEPS, TINTS = (1, 3, 10, 30, 100), ("#cfe5de", "#9ccabd", "#5fa899", "#267a6d", "#0a4a44")
# Of a square's class: its ground, how much of it is seen, and its edge.
SQUARES = {
    "EXPECTED": ("#ffffff", 0.0, 0.7),
    "UNKNOWN": ("#ffffff", 0.0, 0.7),
    "FEWER": (LEVELS[1], 0.55, 0.7),
    "MORE": (LEVELS[4], 0.8, 1.5),
}
CELL = 8  # units; 64 of them are a tile that is drawn 512 units wide


class Tile(NamedTuple):
    z: int
    x: int
    y: int


Tiles = Sequence[tuple[Tile, Mapping[str, Any]]]


class Seen(NamedTuple):
    """What the map shows in a frame: things to touch, and its layers as tiles."""

    items: Sequence[Item]
    tiles: Mapping[str, Sequence[tuple[Tile, bytes]]]


class Ground(NamedTuple):
    """What lies under it, the same for everybody."""

    found: Sequence[Drawn]
    partners: frozenset[str]
    basemap: Basemap | None


def tiles_of(frame: Frame) -> list[Tile]:
    """Those that cover a frame, a zoom wider than it: a browser draws them 512 pixels wide, too."""
    zoom = max(min(frame.zoom - 1, 17), 0)
    size = TILE * 2.0 ** (frame.zoom - zoom)
    half, most = frame.side / FINE / 2, (1 << zoom) - 1
    spans = [
        range(max(int((v - half) // size), 0), min(int((v + half) // size), most) + 1)
        for v in frame.middle
    ]
    return [Tile(zoom, x, y) for x in spans[0] for y in spans[1]]


def png(view: View, units: int, seen: Seen, ground: Ground, heading: str) -> bytes:
    """Twice as many pixels as units; `heading` is in it, for a picture leaves its page."""
    frame, canvas = Frame.of_view(view, units), Canvas(units * FINE)
    names = picture.NO_NAMES
    if ground.basemap is None:
        picture.ground(canvas, frame, ground.found)
    else:
        names = street_layers.paint(canvas, frame.of_world, view, ground.basemap)
    picture.borders(canvas, frame, ground.found, ground.partners)
    for layer, paint in PAINTERS.items():
        paint(canvas, frame, [(tile, _decoded(body)) for tile, body in seen.tiles.get(layer, ())])
    placed = [(item, frame.of_lonlat(item["lon"], item["lat"])) for item in seen.items]
    for item, at in placed:
        symbols.symbol(canvas, item, at)
    canvas.smoothed()
    picture.furniture(canvas, frame, ground.basemap, heading)
    for item, at in placed:
        symbols.number(canvas, item, at)
    for label in symbols.names(placed):
        canvas.label(label)
    known = [one for one in ground.found if one.kind not in names.kinds]
    bare = ground.basemap is None
    for label in [*names.labels, *picture.named(frame, known, bare=bare)]:
        canvas.label(label._replace(dot=label.dot and GREY))  # other dots are incidents here
    return picture.as_png(canvas)


def _decoded(body: bytes) -> Mapping[str, Any]:
    found: Mapping[str, Any] = mapbox_vector_tile.decode(
        body, default_options={"y_coord_down": True}
    )
    return found


def _shapes(
    frame: Frame, tiles: Tiles, layer: str
) -> Iterator[tuple[Mapping[str, Any], Sequence[Path]]]:
    """Properties, with each polygon and its holes, each line, each point, in pixels."""
    for tile, decoded in tiles:
        found = decoded.get(layer, {})
        for feature in found.get("features", ()):
            for part in _parts(frame, tile, found["extent"], feature["geometry"]):
                yield feature["properties"], part


def _parts(
    frame: Frame, tile: Tile, extent: int, shape: Mapping[str, Any]
) -> Iterator[Sequence[Path]]:
    kind, parts = shape["type"].removeprefix("Multi"), shape["coordinates"]
    for part in parts if shape["type"].startswith("Multi") else [parts]:
        rings = {"Polygon": part, "LineString": [part], "Point": [[part]]}[kind]
        yield [[_pixel(frame, tile, extent, at) for at in ring] for ring in rings]


def _pixel(frame: Frame, tile: Tile, extent: int, at: Sequence[float]) -> tuple[float, float]:
    size = TILE * 2.0 ** (frame.zoom - tile.z)
    return frame.of_world((tile.x + at[0] / extent) * size, (tile.y + at[1] / extent) * size)


def _incidents(canvas: Canvas, frame: Frame, tiles: Tiles) -> None:
    half = (CELL - 1) * FINE / 2
    for said, ((at,),) in _shapes(frame, tiles, "cells"):
        x, y = at
        square = [(x - half, y - half), (x + half, y - half)]
        square += [(x + half, y + half), (x - half, y + half)]
        canvas.polygon([square], TINTS[max(sum(int(said["n"]) >= step for step in STEPS) - 1, 0)])
    for layer, colour in (("incidents", "#267a6d"), ("partnership", BRAND)):
        for said, ((at,),) in _shapes(frame, tiles, layer):
            canvas.dot(*at, _radius(said) * FINE, colour, "#ffffff")


def _radius(said: Mapping[str, Any]) -> float:
    """As in a browser: it grows with the doublings of the number."""
    doublings = int(said.get("n") or 1).bit_length() - 1
    if said.get("cell"):
        return min(5.0, 1.8 + 0.6 * doublings)
    return min(12.0, 3.5 + 1.3 * doublings)


def _clusters(canvas: Canvas, frame: Frame, tiles: Tiles) -> None:
    for crossing, share, width in ((True, 0.2, 2.5), (False, 0.07, 1.2)):
        drawn = [
            (tile, rings)
            for tile, found in tiles
            for said, rings in _shapes(frame, [(tile, found)], "clusters")
            if bool(said.get("cross_borough")) is crossing
        ]
        _areas(canvas, frame, drawn, (BRAND, share), (BRAND, width))


def _places(canvas: Canvas, frame: Frame, tiles: Tiles) -> None:
    areas = []
    for tile, found in tiles:
        for said, rings in _shapes(frame, [(tile, found)], "places"):
            if said["geom_kind"] == "A":
                areas.append((tile, rings))
            elif said["geom_kind"] == "L":
                canvas.line(rings[0], OUTLINE, 2.5 * FINE)
    _areas(canvas, frame, areas, ("#267a6d", 0.25), (OUTLINE, 1.5))


def _areas(
    canvas: Canvas,
    frame: Frame,
    drawn: Sequence[tuple[Tile, Sequence[Path]]],
    ground: tuple[str, float],
    edge: tuple[str, float],
) -> None:
    """The ground of all at once: tiles overlap, and what is in two of them is not darker."""
    canvas.washed((rings for _, rings in drawn), *ground)
    for tile, rings in drawn:
        _edges(canvas, frame, tile, rings, *edge)


def _edges(
    canvas: Canvas, frame: Frame, tile: Tile, rings: Sequence[Path], colour: str, width: float
) -> None:
    """Where a tile cut the shape off is no edge of it: those lines are outside the tile."""
    size = TILE * 2.0 ** (frame.zoom - tile.z)
    left, top = frame.of_world(tile.x * size, tile.y * size)
    right, bottom = frame.of_world((tile.x + 1) * size, (tile.y + 1) * size)
    for ring in rings:
        for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
            x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
            if left - 1 <= x <= right + 1 and top - 1 <= y <= bottom + 1:
                canvas.line([a, b], colour, width * FINE)


def _hotspots(canvas: Canvas, frame: Frame, tiles: Tiles) -> None:
    """As in a browser: solid is more than expected, pale fewer, bare as expected."""
    drawn: dict[str, list[tuple[Tile, Sequence[Path]]]] = {}
    for tile, found in tiles:
        for said, rings in _shapes(frame, [(tile, found)], "hotspots"):
            drawn.setdefault(said["class"], []).append((tile, rings))
    for code, (colour, share, width) in SQUARES.items():
        _areas(canvas, frame, drawn.get(code, []), (colour, share), (OUTLINE, width))
    for _, rings in drawn.get("UNKNOWN", ()):
        canvas.line([rings[0][0], rings[0][2]], GREY, FINE)


PAINTERS = {
    "incidents": _incidents,
    "hotspots": _hotspots,
    "clusters": _clusters,
    "places": _places,
}
