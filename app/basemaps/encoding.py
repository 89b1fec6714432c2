"""Mapbox Vector Tile 2.1 from arrays: all rings of a layer at once, since Python loops are slow."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from app.basemaps.rules import EXTENT

Array = NDArray[Any]
POINT, LINE, POLYGON = 1, 2, 3
CLOSE = 15


class Layer(NamedTuple):
    """Parts of one layer and dimension; parts of one feature have the same code and lie together.

    `tags` are of each code, in its order.
    """

    name: str
    kind: int
    parts: Array
    codes: Array
    tags: Sequence[dict[str, str]]


class Rings(NamedTuple):
    """Points in whole units, how many each ring has, and the part that each is of."""

    points: Array
    sizes: Array
    part: Array


def tile(layers: Sequence[Layer]) -> bytes:
    """One tile; layers of the same name become one."""
    by_name: dict[str, list[Layer]] = {}
    for layer in layers:
        by_name.setdefault(layer.name, []).append(layer)
    return b"".join(_layer(name, found) for name, found in by_name.items())


def _layer(name: str, layers: list[Layer]) -> bytes:
    keys: dict[str, int] = {}
    values: dict[str, int] = {}
    features = []
    for layer in layers:
        for code, geometry in _geometries(layer):
            tags = b"".join(
                _varint(keys.setdefault(key, len(keys)))
                + _varint(values.setdefault(value, len(values)))
                for key, value in layer.tags[code].items()
            )
            said = b"\x12" + _varint(len(tags)) + tags + bytes((0x18, layer.kind))
            features.append(_held(2, said + b"\x22" + _varint(len(geometry)) + geometry))
    if not features:
        return b""
    body = [b"\x78\x02", _held(1, name.encode()), *features]
    body += [_held(3, key.encode()) for key in keys]
    body += [_held(4, _held(1, value.encode())) for value in values]
    return _held(3, b"".join([*body, b"\x28", _varint(EXTENT)]))


def _geometries(layer: Layer) -> Iterator[tuple[int, bytes]]:
    """The code and the commands of each feature."""
    rings = _rings(layer)
    if not len(rings.sizes):
        return
    code = layer.codes[rings.part]
    stream, lengths = _commands(rings, code, layer.kind)
    body, widths = _varints(stream)
    ring_ends = np.cumsum(lengths)
    byte_ends = np.cumsum(widths)[ring_ends - 1]
    last = np.flatnonzero(np.append(code[1:] != code[:-1], True))
    start = 0
    for ring in last.tolist():
        end = int(byte_ends[ring])
        yield int(code[ring]), body[start:end]
        start = end


def _rings(layer: Layer) -> Rings:
    if layer.kind == POLYGON:
        rings, part = shapely.get_rings(layer.parts, return_index=True)
    else:
        rings, part = layer.parts, np.arange(len(layer.parts))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    points = np.rint(points).astype(np.int64)
    kept = np.ones(len(points), dtype=bool)
    if layer.kind != POINT:
        kept[1:] = (ring[1:] != ring[:-1]) | (points[1:] != points[:-1]).any(axis=1)
    if layer.kind == POLYGON:
        # The last point is the first again: closing it is a command of its own.
        closing = np.append(ring[1:] != ring[:-1], True)
        first = np.append(True, ring[1:] != ring[:-1])
        first_of = np.flatnonzero(first)[ring]
        kept &= ~closing | (points != points[first_of]).any(axis=1)
        ends = (points == points[first_of]).all(axis=1) & ~first
        kept &= ~ends
    points, ring = points[kept], ring[kept]
    sizes = np.bincount(ring, minlength=len(rings))
    good = _good(points, ring, sizes, part, layer.kind)
    return Rings(points[good[ring]], sizes[good], part[good])


def _good(points: Array, ring: Array, sizes: Array, part: Array, kind: int) -> Array:
    """Rings that are still something after rounding; a hole only with its outline."""
    if kind != POLYGON:
        return sizes >= kind
    following = np.roll(points, -1, axis=0)
    ends = np.cumsum(sizes)[sizes > 0]
    following[ends - 1] = points[ends - sizes[sizes > 0]]
    twice = points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]
    area = np.bincount(ring, weights=twice.astype(float), minlength=len(sizes))
    outer = np.append(True, part[1:] != part[:-1])
    good = (sizes >= 3) & np.where(outer, area > 0, area < 0)
    outline_good = good[np.maximum.accumulate(np.where(outer, np.arange(len(part)), 0))]
    return np.asarray(good & outline_good)


def _commands(rings: Rings, code: Array, kind: int) -> tuple[Array, Array]:
    """Commands and steps as unsigned numbers, and how many each ring takes."""
    ends = np.cumsum(rings.sizes)
    starts = ends - rings.sizes
    before = np.vstack([[[0, 0]], rings.points[:-1]])
    before[starts[np.append(True, code[1:] != code[:-1])]] = 0
    step = rings.points - before
    step = ((step << 1) ^ (step >> 63)).astype(np.uint64)
    lines = kind != POINT
    lengths = 3 + lines * (1 + 2 * (rings.sizes - 1)) + (kind == POLYGON)
    at = np.cumsum(lengths) - lengths
    stream = np.zeros(int(lengths.sum()), dtype=np.uint64)
    stream[at] = 9
    place = np.repeat(at, rings.sizes) + 1
    within = np.arange(len(rings.points)) - np.repeat(starts, rings.sizes)
    place += np.where(within > 0, 1 + 2 * within, 0)
    stream[place], stream[place + 1] = step[:, 0], step[:, 1]
    if lines:
        stream[at + 3] = ((rings.sizes - 1) << 3 | 2).astype(np.uint64)
    if kind == POLYGON:
        stream[at + lengths - 1] = CLOSE
    return stream, lengths


def _varints(numbers: Array) -> tuple[bytes, Array]:
    """All of them behind one another, and how many bytes each takes."""
    steps = np.arange(0, 35, 7, dtype=np.uint64)
    width = 1 + (numbers[:, None] >= (np.uint64(1) << steps[1:])).sum(axis=1)
    digits = (numbers[:, None] >> steps).astype(np.uint8) & 0x7F
    at = np.arange(5)
    digits |= np.where(at < width[:, None] - 1, 0x80, 0).astype(np.uint8)
    return digits[at < width[:, None]].tobytes(), width


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def _held(tag: int, body: bytes) -> bytes:
    return _varint(tag << 3 | 2) + _varint(len(body)) + body
