"""Web Mercator as integers, and the Morton key that makes every map tile one range of it."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Bits = TypeVar("Bits", int, Array)

BITS = 30  # of the integer position; about 4 cm
KEY_ZOOM = 22


def mercator(lonlat_deg: Array) -> tuple[Array, Array]:
    """Longitude and latitude as integers of 30 bits, from the north-west corner of the world."""
    size = 2.0**BITS
    lon, lat = np.radians(lonlat_deg[:, 0]), np.radians(lonlat_deg[:, 1])
    x = (lon / np.pi + 1) / 2 * size
    y = (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * size
    top = int(size) - 1
    return np.clip(x, 0, top).astype(np.int32), np.clip(y, 0, top).astype(np.int32)


def interleaved(x: Array, y: Array) -> Array:
    """Bits of x at even places, of y at odd ones, of at most 31 bits each (int64)."""
    key: Array = _spread(x.astype(np.int64)) | (_spread(y.astype(np.int64)) << 1)
    return key


def tile_range(z: int, x: int, y: int) -> tuple[int, int]:
    """Keys of the points of a tile: from the first, up to but without the second."""
    shift = 2 * (KEY_ZOOM - z)
    key = _spread(x) | (_spread(y) << 1)
    return key << shift, (key + 1) << shift


def _spread(v: Bits) -> Bits:
    """Bit i to bit 2i; arrays must be int64."""
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        v = (v | (v << shift)) & mask
    return v
