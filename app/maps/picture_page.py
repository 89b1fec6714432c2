"""The picture on the map page: which view it has, its alternative text, and links to move it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from app.maps import pin, rules
from app.maps.boxes import Box
from app.maps.pin import View

WIDE, SMALL = 480, 320  # units: half as many as pixels
SIZES = {"wide": WIDE, "small": SMALL}
ZOOMS = range(9, 18)
FILLED = 0.92  # of the picture that what it is about may take
STEPS = {"West": (-1, 0), "East": (1, 0), "North": (0, -1), "South": (0, 1)}


class Link(NamedTuple):
    words: str
    url: str


class Picture(NamedTuple):
    src: str
    small: str
    alt: str
    links: Sequence[Link]


def view_of(query: Mapping[str, str], around: Box, units: int) -> View:
    """As the address says it with `bbox` and `z`; else the closest that holds what is shown."""
    asked = rules.bbox(query.get("bbox", ""))
    west, south, east, north = box = asked or around
    zoom, given = fitting(box, units), query.get("z", "")
    if asked and given.isascii() and given.isdigit():
        zoom = int(given)
    found = pin.at_lonlat((west + east) / 2, (south + north) / 2)
    if found is None:
        west, south, east, north = around
        found = pin.at_lonlat((west + east) / 2, (south + north) / 2)
    if found is None:
        raise AssertionError("what is shown is in Great Britain")
    return found._replace(zoom=min(max(zoom, ZOOMS[0]), ZOOMS[-1]))


def fitting(box: Box, units: int) -> int:
    """The closest zoom at which the box is in the picture."""
    for zoom in reversed(ZOOMS):
        (left, top), (right, low) = (
            pin.world(box[0], box[3], zoom),
            pin.world(box[2], box[1], zoom),
        )
        if max(right - left, low - top) <= units * FILLED:
            return zoom
    return ZOOMS[0]


def picture(query: Mapping[str, str], filters: str, around: Box, alt: str) -> Picture:
    """`filters` is their address; the view is added to it, and kept by every link."""
    view = view_of(query, around, WIDE)
    seen = filters if rules.bbox(query.get("bbox", "")) is None else _at(filters, view)
    moves = [Link(words, _moved(filters, view, *step)) for words, step in STEPS.items()]
    for words, by in (("Closer", 1), ("Wider", -1)):
        zoom = view.zoom + by
        if zoom in ZOOMS:
            moves.append(Link(words, f"/map?{_at(filters, view._replace(zoom=zoom))}#picture"))
    everything = Link("Show everything", f"/map?{filters}#picture")
    return Picture(
        src=f"/map/picture.png?{seen}",
        small=f"/map/picture.png?{seen}{'&' if seen else ''}size=small",
        alt=alt,
        links=[*moves, everything],
    )


def on_page(query: Mapping[str, str], page: Mapping[str, Any]) -> Picture:
    """Of the map page that is about to be shown, with the same words."""
    said = [page["count_sentence"], *(f"{tag.label}." for tag in page["tags"])]
    alt = f"Picture of the map: {' '.join(said)} The table below shows the same."
    return picture(query, page["query"], page["bounds"], alt)


def _moved(filters: str, view: View, right: int, down: int) -> str:
    x, y = pin.world(*pin.lonlat(view), view.zoom)
    half = WIDE / 2
    at = pin.at_lonlat(*pin.degrees_of(x + right * half, y + down * half, view.zoom)) or view
    return f"/map?{_at(filters, at._replace(zoom=view.zoom))}#picture"


def _at(filters: str, view: View) -> str:
    lon, lat = (round(value, 5) for value in pin.lonlat(view))
    seen = urlencode({"bbox": f"{lon},{lat},{lon},{lat}", "z": view.zoom})
    return f"{filters}&{seen}" if filters else seen
