"""Features cut into the tiles of a zoom, simplified as far as that zoom allows."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from app.basemaps import encoding, rules
from app.basemaps.rules import BUFFER, EXTENT, Zooms

Array = NDArray[Any]
Box = tuple[float, float, float, float]


class Features(NamedTuple):
    """What a street map is made of: single shapes on the unit square of Web Mercator, y downwards.

    Every shape has the layer, the kind and the name at its place of the three lists.
    """

    shapes: Array
    layers: Array
    kinds: Array
    names: Array


class Meant(NamedTuple):
    layer: str
    kind: str
    name: str
    dimension: int


class Cut(NamedTuple):
    """Shapes in units of one zoom, with the place of each in the list of meanings."""

    shapes: Array
    codes: Array


def tiles(
    features: Features, area: Box, zoom: int, zooms: Zooms
) -> Iterator[tuple[int, int, bytes]]:
    """Column, row and body of each tile that holds anything and touches the area."""
    size = float(1 << zoom) * EXTENT
    cut, meanings = _prepared(features, zoom, zooms, size)
    west, north, east, south = (edge * (1 << zoom) for edge in area)
    first = int(west), int(north)
    last = int(np.ceil(east)) - 1, int(np.ceil(south)) - 1
    span = max(last[0] - first[0], last[1] - first[1]) + 1
    side = 1 << max(0, span - 1).bit_length()
    for x, y, found in _quartered(cut, first, side, last):
        body = encoding.tile(list(_layers(found, meanings, x, y)))
        if body:
            yield x, y, body


def _prepared(features: Features, zoom: int, zooms: Zooms, size: float) -> tuple[Cut, list[Meant]]:
    """Selected, scaled, simplified; lines of one road joined."""
    pairs = list(zip(features.layers, features.kinds, strict=True))
    drawn = {pair: rules.is_drawn(*pair, zoom, zooms) for pair in set(pairs)}
    wanted = np.flatnonzero([drawn[pair] for pair in pairs])
    shapes = shapely.transform(features.shapes[wanted], lambda at: at * size)
    layers, kinds = features.layers[wanted], features.kinds[wanted]
    least = np.array([rules.smallest(layer, zoom, zooms) for layer in layers])
    dimension = shapely.get_dimensions(shapes)
    kept = (dimension < 2) | (shapely.area(shapes) >= least)
    rows = zip(layers, kinds, features.names[wanted], dimension.tolist(), strict=True)
    meant = [Meant(a, b, rules.name_at(a, name, zoom, zooms), of) for a, b, name, of in rows]
    meanings: dict[Meant, int] = {}
    codes = np.array([meanings.setdefault(each, len(meanings)) for each in meant], dtype=np.int64)
    joined = _joined(Cut(shapes[kept], codes[kept]), dimension[kept])
    return _simplified(joined, rules.tolerance(zoom, zooms)), list(meanings)


def _joined(cut: Cut, dimension: Array) -> Cut:
    """Pieces of the same road become one line where no other of it branches off."""
    lines = np.flatnonzero(dimension == 1)
    if not len(lines):
        return cut
    order = lines[np.argsort(cut.codes[lines], kind="stable")]
    codes, of = np.unique(cut.codes[order], return_inverse=True)
    merged = shapely.line_merge(shapely.multilinestrings(cut.shapes[order], indices=of))
    parts, at = shapely.get_parts(merged, return_index=True)
    rest = dimension != 1
    return Cut(
        np.concatenate([cut.shapes[rest], parts]), np.concatenate([cut.codes[rest], codes[at]])
    )


def _simplified(cut: Cut, tolerance: float) -> Cut:
    shapes = cut.shapes.copy()
    areas = shapely.get_dimensions(shapes) == 2
    shapes[areas] = shapely.simplify(shapes[areas], tolerance, preserve_topology=True)
    shapes[~areas] = shapely.simplify(shapes[~areas], tolerance, preserve_topology=False)
    kept = ~shapely.is_empty(shapes)
    return Cut(shapes[kept], cut.codes[kept])


def _quartered(
    cut: Cut, at: tuple[int, int], side: int, last: tuple[int, int]
) -> Iterator[tuple[int, int, Cut]]:
    """Down to single tiles by quarters, so that a long shape is not cut anew by every tile."""
    if at[0] > last[0] or at[1] > last[1]:
        return
    inside = _inside(cut, at, side)
    if not len(inside.codes):
        return
    if side == 1:
        yield *at, inside
        return
    half = side // 2
    for down in (0, half):
        for right in (0, half):
            yield from _quartered(inside, (at[0] + right, at[1] + down), half, last)


def _inside(cut: Cut, at: tuple[int, int], side: int) -> Cut:
    west, north = at[0] * EXTENT - BUFFER, at[1] * EXTENT - BUFFER
    east, south = west + side * EXTENT + 2 * BUFFER, north + side * EXTENT + 2 * BUFFER
    bounds = shapely.bounds(cut.shapes)
    touches = (
        (bounds[:, 0] <= east)
        & (bounds[:, 2] >= west)
        & (bounds[:, 1] <= south)
        & (bounds[:, 3] >= north)
    )
    within = (
        (bounds[:, 0] >= west)
        & (bounds[:, 2] <= east)
        & (bounds[:, 1] >= north)
        & (bounds[:, 3] <= south)
    )
    crossing = np.flatnonzero(touches & ~within)
    pieces = shapely.clip_by_rect(cut.shapes[crossing], west, north, east, south)
    parts, of = shapely.get_parts(pieces, return_index=True)
    codes = cut.codes[crossing][of]
    # Cutting an area along its edge can leave lines and points: they are no part of it.
    same = shapely.get_dimensions(parts) == shapely.get_dimensions(cut.shapes[crossing])[of]
    same &= ~shapely.is_empty(parts)
    return Cut(
        np.concatenate([cut.shapes[within], parts[same]]),
        np.concatenate([cut.codes[within], codes[same]]),
    )


def _layers(cut: Cut, meanings: list[Meant], x: int, y: int) -> Iterator[encoding.Layer]:
    """By layer and dimension, in the order of painting, moved to the corner of the tile."""
    order = np.argsort(cut.codes, kind="stable")
    shapes = shapely.transform(cut.shapes[order], lambda at: at - (x * EXTENT, y * EXTENT))
    codes = cut.codes[order]
    groups: dict[tuple[str, int], list[int]] = {}
    for code in np.unique(codes).tolist():
        groups.setdefault((meanings[code].layer, meanings[code].dimension), []).append(code)
    for (layer, dimension), held in sorted(groups.items()):
        chosen = np.isin(codes, held)
        parts = shapes[chosen]
        if dimension == 2:
            parts = shapely.orient_polygons(parts, exterior_cw=False)
        tags = [_tags(meanings[code]) for code in held]
        places = np.searchsorted(held, codes[chosen])
        yield encoding.Layer(layer, dimension + 1, parts, places, tags)


def _tags(meant: Meant) -> dict[str, str]:
    said = {"kind": meant.kind, "name": meant.name}
    return {key: value for key, value in said.items() if value}
