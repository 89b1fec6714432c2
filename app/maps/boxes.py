"""Boxes of degrees and tiles as boxes of the British National Grid, which an index can use."""

from math import atan, degrees, pi, sinh

import numpy as np

from geo import crs

Box = tuple[float, float, float, float]


def reach(z: int, x: int, y: int) -> dict[str, float]:
    """The tile's box with a margin in British National Grid metres, for the index.

    Far from Great Britain the grid bends back on itself: there it is all or nothing.
    """
    if z < 7 or not _near_britain(z, x, y):
        return dict.fromkeys(("west", "south"), 0.0) | {
            "east": 700_000.0 if z < 7 else 0.0,
            "north": 1_300_000.0 if z < 7 else 0.0,
        }
    corners = [(a, b) for a in (x - 0.05, x + 1.05) for b in (y - 0.05, y + 1.05)]
    metres = crs.to_bng([_lonlat(z, a, b) for a, b in corners])
    (west, south), (east, north) = metres.min(axis=0), metres.max(axis=0)
    return {"west": west, "south": south, "east": east, "north": north}


def _near_britain(z: int, x: int, y: int) -> bool:
    longitude_deg, latitude_deg = _lonlat(z, x, y)
    return -15 < longitude_deg < 10 and 45 < latitude_deg < 65


def _lonlat(z: int, x: float, y: float) -> tuple[float, float]:
    n = 2.0**z
    return x / n * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * y / n))))


def around(box: Box) -> dict[str, float]:
    """A box of degrees, and one of British National Grid metres that holds all of it."""
    west, south, east, north = box
    edges = {"west": west, "south": south, "east": east, "north": north}
    if not (west > -9 and east < 3 and south > 49 and north < 61):
        return edges | {"min_x": -1e7, "min_y": -1e7, "max_x": 1e7, "max_y": 1e7}
    # Its edges are curves there: nine points and a hundredth of its size hold them.
    steps = (0.0, 0.5, 1.0)
    metres = crs.to_bng(
        [(west + a * (east - west), south + b * (north - south)) for a in steps for b in steps]
    )
    margin_m = 1 + 0.01 * np.ptp(metres, axis=0).max()
    (min_x, min_y), (max_x, max_y) = metres.min(axis=0) - margin_m, metres.max(axis=0) + margin_m
    return edges | {"min_x": min_x, "min_y": min_y, "max_x": max_x, "max_y": max_y}
