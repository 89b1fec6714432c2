"""From which zoom a thing of the street map is drawn, and with its name."""

from dataclasses import dataclass

MIN_ZOOM, MAX_ZOOM, MOST_ZOOM = 8, 14, 17
MAX_TILE_BYTES = 500 * 1024
HALO_M = 3000.0
EXTENT = 4096
BUFFER = 64
# Zoom from which a kind is there; the layer's own name is for every other kind of it.
FIRST_ZOOM = {
    "districts": {"districts": 8},
    "water": {"water": 8},
    "waterway": {"river": 9, "canal": 10, "stream": 12, "waterway": 13},
    "park": {"park": 8, "pitch": 13, "playground": 13, "garden": 12},
    "building": {"building": 14},
    "road": {
        "motorway": 8,
        "trunk": 8,
        "primary": 9,
        "secondary": 10,
        "tertiary": 11,
        "minor": 12,
        "service": 14,
        "path": 14,
        "road": 12,
    },
    "rail": {"rail": 9, "siding": 13, "tram": 12},
    "bus_route": {"bus_route": 12},
    "parking": {"parking": 13},
    "station": {"station": 11, "tram_stop": 13},
    "place": {"city": 8, "town": 8, "suburb": 10, "village": 10, "place": 12},
}
NAMED_FROM = {
    "districts": 8,
    "water": 11,
    "waterway": 13,
    "park": 11,
    "road": 13,
    "bus_route": 12,
    "station": 8,
    "place": 8,
}
# Smaller areas are left out, in square units of a tile that is 4,096 units wide, until the last
# zoom; drawn at 512 pixels a unit is an eighth of a pixel.
SMALLEST_AREA = {"building": 400, "parking": 1000, "park": 3000, "water": 1000}
LAST_BUS_ZOOM = 14  # from stop to stop: closer they would be lines across houses


@dataclass(frozen=True, slots=True)
class Zooms:
    first: int = MIN_ZOOM
    last: int = MAX_ZOOM


def first_zoom(layer: str, kind: str) -> int:
    known = FIRST_ZOOM[layer]
    return known.get(kind, known.get(layer, MIN_ZOOM))


def is_drawn(layer: str, kind: str, zoom: int, zooms: Zooms) -> bool:
    """At a zoom of a file; the last one has everything, since closer views are drawn from it."""
    if layer == "bus_route" and zoom > LAST_BUS_ZOOM:
        return False
    return zoom >= min(first_zoom(layer, kind), zooms.last)


def name_at(layer: str, name: str, zoom: int, zooms: Zooms) -> str:
    """The name, where there is room to write it."""
    first = NAMED_FROM.get(layer)
    return name if first is not None and zoom >= min(first, zooms.last) else ""


def smallest(layer: str, zoom: int, zooms: Zooms) -> float:
    return 0.0 if zoom == zooms.last else float(SMALLEST_AREA.get(layer, 0))


def tolerance(zoom: int, zooms: Zooms) -> float:
    """How far a simplified line may be from its own, in units: half a pixel, less at the last."""
    return 0.75 if zoom == zooms.last else 4.0
