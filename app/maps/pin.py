"""The small map on which somebody points at a spot without JavaScript: pure, no picture yet.

The picture is 320 units square and drawn twice as fine. A browser sends where it was clicked in
these units on any screen (measured on 1x and 3x), as long as CSS does not scale it.
"""

import base64
import binascii
import secrets
import struct
from math import atan, cos, degrees, log, pi, radians, sinh, tan
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from app.reference.rules import EAST_MAX_M, NORTH_MAX_M
from geo import crs

UNITS = 320
TILE = 256  # units of a tile at its own zoom
ZOOM_MIN, ZOOM_MAX, ZOOM_START = 11, 18, 14
NONCE = 12
PACKED = struct.Struct(">IIB")
STEPS = {"n": (0, -1), "e": (1, 0), "s": (0, 1), "w": (-1, 0)}


class View(NamedTuple):
    """The middle of the picture in whole metres (EPSG:27700), and the zoom of web maps."""

    easting_m: int
    northing_m: int
    zoom: int = ZOOM_START


def moved(view: View, direction: str) -> View:
    """Half a picture to the north, east, south or west."""
    right, down = STEPS[direction]
    return _at(view, right * UNITS / 2, down * UNITS / 2)


def zoomed(view: View, by: int) -> View:
    return view._replace(zoom=min(max(view.zoom + by, ZOOM_MIN), ZOOM_MAX))


def clicked(view: View, x: int, y: int) -> View | None:
    """The same zoom around what was clicked; None where nothing was chosen.

    Enter on the picture sends exactly 0,0.
    """
    if (x, y) == (0, 0) or not (0 <= x <= UNITS and 0 <= y <= UNITS):
        return None
    return _at(view, x - UNITS / 2, y - UNITS / 2)


def after(view: View, do: str) -> View:
    """What a button of the map makes of it; `use` and unknown words leave it."""
    if do in STEPS:
        return moved(view, do)
    return zoomed(view, {"in": 1, "out": -1}.get(do, 0))


def lonlat(view: View) -> tuple[float, float]:
    ((lon, lat),) = crs.to_wgs84([(view.easting_m, view.northing_m)])
    return float(lon), float(lat)


def at_lonlat(lon: float, lat: float, zoom: int = ZOOM_START) -> View | None:
    """The view around a point in degrees; None off the British National Grid."""
    if not (-10 <= lon <= 4 and 49 <= lat <= 62):
        return None
    ((east, north),) = crs.to_bng([(lon, lat)])
    if not (0 <= east <= EAST_MAX_M and 0 <= north <= NORTH_MAX_M):
        return None
    return View(round(float(east)), round(float(north)), min(max(zoom, ZOOM_MIN), ZOOM_MAX))


def world(lon: float, lat: float, zoom: float) -> tuple[float, float]:
    """Units from the north-west corner of the world (Web Mercator)."""
    size = TILE * 2.0**zoom
    y = (1 - log(tan(radians(lat)) + 1 / cos(radians(lat))) / pi) / 2
    return (lon + 180) / 360 * size, y * size


def degrees_of(x: float, y: float, zoom: float) -> tuple[float, float]:
    """Longitude and latitude of units from the corner of the world."""
    size = TILE * 2.0**zoom
    return x / size * 360 - 180, degrees(atan(sinh(pi * (1 - 2 * y / size))))


def _at(view: View, right: float, down: float) -> View:
    x, y = world(*lonlat(view), view.zoom)
    return at_lonlat(*degrees_of(x + right, y + down, view.zoom), view.zoom) or view


def signed_view(key: bytes, view: View, cookie: str) -> str:
    """For an address: sealed, because addresses are kept by proxies and a centre tells a place.

    It opens with the cookie of the form that it was made for: whoever reads the log of a school's
    proxy would else ask for the picture, and see where somebody pointed.
    """
    nonce = secrets.token_bytes(NONCE)
    box = nonce + ChaCha20Poly1305(key).encrypt(nonce, PACKED.pack(*view), cookie.encode())
    return base64.urlsafe_b64encode(box).rstrip(b"=").decode()


def read_view(key: bytes, token: str, cookie: str) -> View | None:
    """None for whatever `signed_view` with this key and cookie did not make."""
    try:
        box = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        packed = ChaCha20Poly1305(key).decrypt(box[:NONCE], box[NONCE:], cookie.encode())
        return View._make(PACKED.unpack(packed))
    except (InvalidTag, binascii.Error, struct.error, ValueError):
        return None
