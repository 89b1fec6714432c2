"""Symbols of things on a picture of the map, as large as in a browser, drawn twice as fine."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.maps.canvas import FINE, INK, OUTLINE, Canvas, Label

BRAND = "#12436d"
LEVELS = ("#e8f1ee", "#a9d1c6", "#5fa899", "#267a6d", "#0a4a44")
CLASSES = {"MORE": LEVELS[4], "FEWER": LEVELS[1]}  # of a square; others are bare
# Of 28 units, as the symbols of the map in a browser.
SHAPES: Mapping[str, Sequence[tuple[float, float]]] = {
    "square": ((4, 4), (24, 4), (24, 24), (4, 24)),
    "diamond": ((14, 1), (27, 14), (14, 27), (1, 14)),
    "triangle": ((14, 2), (27, 25), (1, 25)),
    "pentagon": ((14, 2), (26, 11), (21, 25), (7, 25), (2, 11)),
    "hexagon": ((8, 3), (20, 3), (26, 14), (20, 25), (8, 25), (2, 14)),
    "line": ((2, 10), (26, 10), (26, 18), (2, 18)),
}
HALF, ROUND = 14, 11

Item = Mapping[str, Any]


def symbol(canvas: Canvas, item: Item, at: tuple[float, float]) -> None:
    x, y = at
    group = item["kind"] == "group"
    if item["kind"] == "cluster":
        box = _pill(item, at)
        canvas.pill(box, BRAND if item["cross_borough"] else "#ffffff", BRAND, 2 * FINE)
        canvas.reserve(box)
        return
    colour = "#ffffff"
    if item["kind"] == "cell":
        colour = CLASSES.get(item["class"], colour)
    elif not group:
        colour = LEVELS[min(int(item.get("level") or 0), 4)]
    edge = (2.5 if group else 1.5) * FINE
    shape = None if group else SHAPES.get(item["shape"])
    if shape is None:
        canvas.dot(x, y, ROUND * FINE, OUTLINE)
        canvas.dot(x, y, ROUND * FINE - edge, colour)
    else:
        ring = [(x + (a - HALF) * FINE, y + (b - HALF) * FINE) for a, b in shape]
        canvas.outlined(ring, colour, OUTLINE, edge)
    side = HALF * FINE
    canvas.reserve((x - side, y - side, x + side, y + side))


def _pill(item: Item, at: tuple[float, float]) -> tuple[float, float, float, float]:
    half = (13 + 4 * len(str(item["count"]))) * FINE
    return at[0] - half, at[1] - HALF * FINE, at[0] + half, at[1] + HALF * FINE


def number(canvas: Canvas, item: Item, at: tuple[float, float]) -> None:
    """The level of a place, how many a group or a cluster holds; partners are told no level."""
    words = item.get("level") if item["kind"] == "place" else item.get("count")
    if words is None:
        return
    dark = item["kind"] == "place" and int(words) >= 3
    dark = dark or (item["kind"] == "cluster" and item["cross_borough"])
    dark = dark or item.get("class") == "MORE"
    low = 3 * FINE if item.get("shape") == "triangle" and item["kind"] == "place" else 0
    size = 26 if len(str(words)) < 3 else 20
    canvas.number(at[0], at[1] + low, str(words), size, "#ffffff" if dark else INK)


def names(placed: Sequence[tuple[Item, tuple[float, float]]]) -> Iterator[Label]:
    """Of places told of one by one, the highest level first, where there is room."""
    single = [(item, at) for item, at in placed if item["kind"] == "place"]
    for item, at in sorted(single, key=lambda one: -int(one[0].get("level") or 0)):
        yield Label(*at, item["name"], 20, INK, beside=HALF * FINE + 4)
