"""Maps of a report as pictures: places, wards and borders, rounded to metres. Pure.

Both boroughs have one extent, one scale and the same classes. Nothing is on a map that is not a
row of the table beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import shapely
from shapely import Geometry

from app.briefings import shading
from app.core import svg

GROUND, LAND = "#f3f2ee", "#ffffff"
NO_BAND = "no number"
PLACE_BANDS = ("none", "1 to 7", "8 to 17", "18 to 37", "38 or more")
SIMPLE_M = 40.0  # finer than a line of the picture is wide
# Of a unit circle; what is not here is a dot.
CORNERS: Mapping[str, Sequence[tuple[float, float]]] = {
    "PG_CENTRE": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "PG_TRANSPORT": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "PG_COMMUNITY": ((0, -1.2), (1.25, 0.95), (-1.25, 0.95)),
}
SHAPES = "Circle: open space. Square: streets and shops. Diamond: transport. Triangle: community."


class Spot(NamedTuple):
    """A place that may be named: its row in the table, its kind, its bands then and now."""

    row: int
    group: str
    x: int
    y: int
    bands: tuple[str, str]


class Hull(NamedTuple):
    """A cluster as an outline of whole cells, by its letter; `now`: of this quarter."""

    letter: str
    shape: Geometry
    now: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """What is under a map: borders, wards by printed name, stations."""

    boroughs: Mapping[str, Geometry]
    wards: Mapping[str, Geometry] = field(default_factory=dict)
    stations: Sequence[tuple[int, int]] = ()


class Frame:
    """Metres to units of a picture: the same scale in both directions."""

    def __init__(self, shapes: Iterable[Geometry], left: float, top: float, wide: float) -> None:
        west, south, east, north = (float(v) for v in shapely.total_bounds(list(shapes)))
        self.scale = wide / (east - west)
        self.left, self.top, self.west, self.north = left, top, west, north
        self.high = (north - south) * self.scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (self.left + (x - self.west) * self.scale, self.top + (self.north - y) * self.scale)

    def path(self, shape: Geometry) -> str:
        """Rings of an area, holes too."""
        rings = [
            ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)
        ]
        return "".join(
            "M" + "L".join(f"{u:.1f} {v:.1f}" for u, v in (self.at(*c) for c in ring.coords)) + "Z"
            for ring in rings
        )


def simple(shapes: Mapping[str, Geometry]) -> dict[str, Geometry]:
    """Neighbours keep one border; corners are whole metres."""
    names = sorted(shapes)
    if not names:
        return {}
    drawn = shapely.coverage_simplify([shapes[name] for name in names], SIMPLE_M)
    return dict(zip(names, shapely.set_precision(drawn, 1.0), strict=True))


def ward_map(block: str, alt: str, ground: Ground, shown: Mapping[str, str]) -> str:
    """M5: each ward in the class of its number, which stands in it."""
    hatch = f"hatch-{block}"
    frame = Frame(ground.wards.values(), 10, 10, 420)
    parts = [svg.hatching(hatch, svg.QUIET)]
    for name, shape in ground.wards.items():
        colour = shading.fill(shown.get(name, "-"), hatch)
        parts.append(svg.element("path", d=frame.path(shape), fill=colour, stroke=svg.HAIR))
    parts += [_outline(frame, shape) for shape in ground.boroughs.values()]
    for name, shape in ground.wards.items():
        said = shown.get(name, "-")
        if shading.shade(said) is not None:  # a hatched one says it by that
            middle = shapely.point_on_surface(shape)
            x, y = frame.at(middle.x, middle.y)
            parts.append(svg.text(said, x, y + 4, text_anchor="middle", fill=shading.ink(said)))
    return svg.picture(640, frame.high + 20, alt, [*parts, *_key(hatch)])


def _key(hatch: str) -> Iterable[str]:
    """What each shade stands for, beside the map."""
    for n, (words, example) in enumerate(shading.CLASSES):
        colour = shading.fill(example, hatch)
        look = {"fill": colour, "stroke": svg.OUTLINE}
        yield svg.element("rect", x=460, y=20 + 26 * n, width=26, height=18, **look)
        yield svg.text(words, 494, 33 + 26 * n)


def place_maps(
    alt: str, ground: Ground, spots: Sequence[Spot], hulls: Sequence[Hull], titles: Sequence[str]
) -> str:
    """M2: the quarter before and this one, side by side."""
    parts: list[str] = []
    high = 0.0
    for n, title in enumerate(titles):
        frame = Frame(ground.boroughs.values(), 10 + 320 * n, 30, 300)
        high = max(high, frame.high)
        parts.append(svg.text(title, 10 + 320 * n, 16, font_weight=600))
        parts += _panel(frame, ground, spots, [one for one in hulls if one.now == bool(n)], n)
    return svg.picture(640, high + 40, alt, parts)


def _panel(
    frame: Frame, ground: Ground, spots: Sequence[Spot], hulls: Sequence[Hull], n: int
) -> Iterable[str]:
    for shape in ground.boroughs.values():
        yield svg.element("path", d=frame.path(shape), fill=GROUND)
        yield _outline(frame, shape)
    for x, y in ground.stations:
        u, v = frame.at(x, y)
        yield svg.element("circle", cx=u, cy=v, r=1.5, fill=svg.QUIET)
    for one in hulls:
        yield svg.element("path", d=frame.path(one.shape), fill="none", stroke=svg.INK,
                          stroke_width=2, stroke_dasharray="5 3")  # fmt: skip
        u, v = frame.at(one.shape.bounds[0], one.shape.bounds[3])
        yield svg.text(one.letter, u - 4, v + 2, text_anchor="end", font_weight=600, fill=svg.INK)
    # Where places lie close together, those with more are on top.
    for spot in sorted(spots, key=lambda one: _level(one.bands[n])):
        yield from _symbol(frame, spot, spot.bands[n])


def _symbol(frame: Frame, spot: Spot, band: str) -> Iterable[str]:
    u, v = frame.at(spot.x, spot.y)
    level = _level(band)
    number = "-" if band == NO_BAND else str(level)
    look: dict[str, str | float] = {"fill": svg.LEVELS[level], "stroke": svg.OUTLINE}
    look["stroke_width"] = 1.2
    corners = CORNERS.get(spot.group)
    if corners is None:
        yield svg.element("circle", cx=u, cy=v, r=8, **look)
    else:
        points = " ".join(f"{u + 8 * a:.1f},{v + 8 * b:.1f}" for a, b in corners)
        yield svg.element("polygon", points=points, **look)
    colour = "#ffffff" if level >= 3 else svg.TEXT
    yield svg.text(number, u, v + 4, text_anchor="middle", font_weight=600, fill=colour)
    yield svg.text(str(spot.row), u + 10, v - 5, font_size=10)


def _level(band: str) -> int:
    return PLACE_BANDS.index(band) if band in PLACE_BANDS else 0


def _outline(frame: Frame, shape: Geometry) -> str:
    return svg.element("path", d=frame.path(shape), fill="none", stroke=svg.OUTLINE,
                       stroke_width=1.5)  # fmt: skip
