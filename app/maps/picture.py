"""A picture of the map for people without JavaScript, for print and for e-mail.

Drawn from the operator's street map; without one from outlines and postcodes. Either way the names
come from the gazetteer too, because a street map may have none.
"""

import io
from collections.abc import Iterable, Sequence
from math import cos, hypot, radians
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from app.maps import pin, street_layers
from app.maps.basemap import Basemap
from app.maps.canvas import (
    FINE,
    GREY,
    GROUND,
    INK,
    NEIGHBOUR,
    OUTLINE,
    SIDE,
    YELLOW,
    Canvas,
    Label,
    font,
)
from app.maps.pin import TILE, UNITS, View
from app.reference.gazetteer import Drawn
from geo import crs

NO_STREETS = "No street map is installed."
OUTLINE_SOURCE = "Contains OS data © Crown copyright and database right 2025"
SCALES_M = (2000, 1000, 500, 200, 100, 50, 20)
MIDDLE = SIDE / 2
NO_NAMES = street_layers.Names([], frozenset())
# Names in the order in which they get their place, with size and colour.
NAMES = {
    "STATION": (22, INK, "#12436d"),
    "TOWN": (28, INK, None),
    "STREET": (22, GREY, None),
    "PARK": (21, "#3f5a35", None),
    "SCHOOL": (20, GREY, GREY),
    "LIBRARY_YOUTH": (20, GREY, GREY),
    "HEALTH_SITE": (20, GREY, GREY),
    "SHOPPING": (20, GREY, None),
    "CAR_PARK": (20, GREY, None),
}


class Outline(NamedTuple):
    """What a picture is about: a ring in metres (EPSG:27700), and the number that stands on it.

    A line, which is not closed, is drawn from its first point to its last.
    """

    ring: Sequence[tuple[float, float]]
    label: str = ""
    closed: bool = True


class Frame:
    """Where a point of the earth is in a square of the map, in its pixels."""

    def __init__(self, middle: tuple[float, float], zoom: int, units: int) -> None:
        self.middle, self.zoom, self.side = middle, zoom, units * FINE

    @classmethod
    def of_view(cls, view: View, units: int = UNITS) -> "Frame":
        return cls(pin.world(*pin.lonlat(view), view.zoom), view.zoom, units)

    @classmethod
    def of_tile(cls, z: int, x: int, y: int) -> "Frame":
        return cls(((x + 0.5) * TILE, (y + 0.5) * TILE), z, TILE)

    def of_world(self, x: float, y: float) -> tuple[float, float]:
        half = self.side / 2
        return (x - self.middle[0]) * FINE + half, (y - self.middle[1]) * FINE + half

    def of_lonlat(self, lon: float, lat: float) -> tuple[float, float]:
        return self.of_world(*pin.world(lon, lat, self.zoom))

    def degrees(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        half = self.side / FINE / 2
        x, y = self.middle
        west, north = pin.degrees_of(x - half, y - half, self.zoom)
        east, south = pin.degrees_of(x + half, y + half, self.zoom)
        return west, south, east, north

    def of_metres(self, xy_m: Iterable[Sequence[float]]) -> list[tuple[float, float]]:
        points: NDArray[np.float64] = np.asarray(list(xy_m), dtype=np.float64)
        if not len(points):
            return []
        degrees = crs.to_wgs84(points)
        return [self.of_world(*pin.world(lon, lat, self.zoom)) for lon, lat in degrees]

    def metres_per_pixel(self) -> float:
        _, lat = pin.degrees_of(*self.middle, self.zoom)
        return 156_543.034 * cos(radians(lat)) / 2.0**self.zoom / FINE

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres, with a margin for the slant of the grid."""
        half = self.metres_per_pixel() * self.side / 2 * 1.06
        ((east, north),) = crs.to_bng([pin.degrees_of(*self.middle, self.zoom)])
        return east - half, north - half, east + half, north + half


def png(
    view: View,
    found: Sequence[Drawn],
    partners: Iterable[str],
    basemap: Basemap | None,
    outlines: Sequence[Outline] | None = None,
) -> bytes:
    """640 x 640, meant for 320 x 320: sharp on fine screens. `found` is what its box holds.

    A cross marks the middle, unless there are outlines to draw.
    """
    frame, canvas = Frame.of_view(view), Canvas(SIDE)
    names = NO_NAMES
    if basemap is None:
        ground(canvas, frame, found)
    else:
        names = street_layers.paint(canvas, frame.of_world, view, basemap)
    borders(canvas, frame, found, frozenset(partners))
    for outline in outlines or ():
        for colour, width in (("#ffffff", 9), ("#12436d", 5)):
            back = outline.ring[:1] if outline.closed else ()
            canvas.line(frame.of_metres([*outline.ring, *back]), colour, width)
    canvas.smoothed()
    furniture(canvas, frame, basemap)
    if outlines is None:
        canvas.reserve((MIDDLE - 34, MIDDLE - 34, MIDDLE + 34, MIDDLE + 34))
    for outline in outlines or ():
        _numbered(canvas, frame, outline)
    known = [one for one in found if one.kind not in names.kinds]
    for label in [*names.labels, *named(frame, known, bare=basemap is None)]:
        canvas.label(label)
    if outlines is None:
        _crosshair(canvas)
    return as_png(canvas)


def outline_tile(frame: Frame, found: Sequence[Drawn], partners: Iterable[str]) -> bytes:
    """What stands in for a street map where none is installed: 256 units, twice as fine."""
    canvas = Canvas(frame.side)
    ground(canvas, frame, found)
    borders(canvas, frame, found, frozenset(partners))
    canvas.smoothed()
    for label in named(frame, found, bare=True):
        canvas.label(label)
    return as_png(canvas)


def as_png(canvas: Canvas) -> bytes:
    """64 colours: a third of the bytes, and nobody sees it."""
    out = io.BytesIO()
    canvas.image.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def ground(canvas: Canvas, frame: Frame, found: Sequence[Drawn]) -> None:
    """Known boroughs lighter than what lies between and beyond: the river shows as a band."""
    side = frame.side
    canvas.polygon([[(0, 0), (side, 0), (side, side), (0, side)]], NEIGHBOUR)
    for rings in _polygons(frame, found):
        canvas.polygon(rings, GROUND)
    _grid(canvas, frame)
    codes = [one for one in found if one.kind == "POSTCODE"]
    for x, y in frame.of_metres(_at(one) for one in codes):
        canvas.dot(x, y, 3, "#9a9a98")


def _polygons(frame: Frame, found: Sequence[Drawn]) -> Iterable[list[list[tuple[float, float]]]]:
    for one in found:
        if one.shape is None:
            continue
        for part in shapely.get_parts(shapely.from_wkb(bytes(one.shape))):
            if isinstance(part, shapely.Polygon) and not part.is_empty:
                rings = [part.exterior, *part.interiors]
                yield [frame.of_metres(ring.coords) for ring in rings]


def _grid(canvas: Canvas, frame: Frame) -> None:
    """Kilometres of the National Grid."""
    west, south, east, north = frame.box()
    for x in range(int(west // 1000 + 1) * 1000, int(east) + 1, 1000):
        canvas.line(frame.of_metres([(x, south), (x, north)]), "#dcdad4", 1.5)
    for y in range(int(south // 1000 + 1) * 1000, int(north) + 1, 1000):
        canvas.line(frame.of_metres([(west, y), (east, y)]), "#dcdad4", 1.5)


def borders(canvas: Canvas, frame: Frame, found: Sequence[Drawn], own: frozenset[str]) -> None:
    """Of the partnership's boroughs darker. The edge of the box is cut, and no border."""
    west, south, east, north = frame.box()
    box = shapely.box(west, south, east, north)
    for one in sorted(found, key=lambda drawn: drawn.code in own):
        if one.shape is None:
            continue
        edge = shapely.intersection(shapely.boundary(shapely.from_wkb(bytes(one.shape))), box)
        for line in shapely.get_parts(shapely.line_merge(edge)):
            path = frame.of_metres(line.coords)
            if one.code in own:
                canvas.line(path, OUTLINE, 2.5)
            else:
                canvas.line(path, "#8b93a0", 1.5)


def _at(one: Drawn) -> tuple[float, float]:
    return one.easting_m or 0.0, one.northing_m or 0.0


def named(frame: Frame, found: Sequence[Drawn], *, bare: bool) -> list[Label]:
    """Labels of the gazetteer, those nearest the middle first; without streets postcodes, too."""
    labels = []
    for rank, (kind, (size, colour, dot)) in enumerate(NAMES.items()):
        of_kind = [one for one in found if one.kind == kind]
        for one, at in zip(of_kind, frame.of_metres(map(_at, of_kind)), strict=True):
            words = one.label.removesuffix(" station") if kind == "STATION" else one.label
            labels.append((rank, _off(frame, at), Label(*at, words, size, colour, dot)))
    for kind, size in (("SECTOR", 24), ("POSTCODE", 19)):
        of_kind = [one for one in found if one.kind == kind] if bare else []
        for one, at in zip(of_kind, frame.of_metres(map(_at, of_kind)), strict=True):
            near = (at[0], at[1] - 14) if kind == "POSTCODE" else at
            labels.append((len(NAMES), _off(frame, at), Label(*near, one.label, size, "#6b7276")))
    return [label for _, _, label in sorted(labels)]


def _off(frame: Frame, at: tuple[float, float]) -> float:
    return hypot(at[0] - frame.side / 2, at[1] - frame.side / 2)


def furniture(canvas: Canvas, frame: Frame, basemap: Basemap | None, heading: str = "") -> None:
    """Scale, source and what is missing: always there, and no name may cover them."""
    source = OUTLINE_SOURCE if basemap is None else f"{basemap.credit()}. {OUTLINE_SOURCE}"
    lines, side = _wrapped(canvas, source, 17), canvas.side
    top = side - 6 - 22 * len(lines)
    canvas.pen.rectangle([0, top - 3, side, side], fill="#ffffff")
    for number, line in enumerate(lines):
        left = side - 10 - canvas.width_of(line, 17)
        canvas.pen.text((left, top + 22 * number), line, font=font(17), fill=GREY)
    canvas.reserve((0, top - 3, side, side))
    _scale(canvas, frame, top - 18)
    said = [heading] * bool(heading) + [NO_STREETS] * (basemap is None)
    if said:
        canvas.pen.rectangle([0, 0, side, 6 + 28 * len(said)], fill="#ffffff")
        canvas.reserve((0, 0, side, 6 + 28 * len(said)))
    for number, words in enumerate(said):
        canvas.pen.text((12, 6 + 28 * number), words, font=font(20), fill=INK)


def _wrapped(canvas: Canvas, words: str, size: int) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if canvas.width_of(longer, size) <= canvas.side - 20 or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines[:3]


def _scale(canvas: Canvas, frame: Frame, bottom: float) -> None:
    """A bar of a round length, at most a third of the picture."""
    per_pixel = frame.metres_per_pixel()
    metres = next(m for m in (*SCALES_M, 10) if m / per_pixel <= SIDE / 3 or m == 10)
    long = metres / per_pixel
    words = f"{metres // 1000} km" if metres >= 1000 else f"{metres} m"
    canvas.pen.line([(14, bottom), (14 + long, bottom)], fill="#ffffff", width=9)
    canvas.pen.line([(14, bottom), (14 + long, bottom)], fill=INK, width=3)
    for x in (14, 14 + long):
        canvas.pen.line([(x, bottom - 8), (x, bottom + 1)], fill=INK, width=3)
    canvas.text(20, bottom - 28, words, 20, INK)
    canvas.reserve((0, bottom - 34, 28 + max(long, 70), bottom + 8))


def _numbered(canvas: Canvas, frame: Frame, outline: Outline) -> None:
    """Its number in the middle of it, as the table beside the picture has it."""
    if outline.label:
        corners = frame.of_metres(outline.ring)
        x, y = (sum(corner[i] for corner in corners) / len(corners) for i in (0, 1))
        canvas.label(Label(x, y, outline.label, 30, "#12436d"))


def _crosshair(canvas: Canvas) -> None:
    """Black on white, seen on every ground; its middle stays free."""
    for colour, width, more in (("#ffffff", 9, 3), (INK, 4, 0)):
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            near, far = 9 - more, 34 + more
            ends = [(MIDDLE + x * near, MIDDLE + y * near), (MIDDLE + x * far, MIDDLE + y * far)]
            canvas.pen.line(ends, fill=colour, width=width)
    canvas.pen.ellipse([MIDDLE - 5, MIDDLE - 5, MIDDLE + 5, MIDDLE + 5], fill=INK)
    canvas.pen.ellipse([MIDDLE - 3, MIDDLE - 3, MIDDLE + 3, MIDDLE + 3], fill=YELLOW)
