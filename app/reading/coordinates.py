"""Two columns of numbers as points: which they are, whether they are swapped, where they lie.

For the reader, and for whoever lets a person choose the columns. Points come out in metres of the
British National Grid (EPSG:27700).
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.reading.rules import counted
from app.reading.schemas import Box, Problem

DEGREES, METRES = "degrees", "metres"
SWAPPED = "These look swapped."
BRITAIN = {DEGREES: (-9.0, 49.0, 3.0, 61.0), METRES: (0.0, 0.0, 700_000.0, 1_300_000.0)}
# The rectangle around Greater London, of its longitudes and latitudes, and on the grid.
LONDON = {
    DEGREES: (-0.511, 51.286, 0.335, 51.692),
    METRES: (503_500.0, 155_800.0, 562_000.0, 201_000.0),
}
X_NAMES = {
    DEGREES: ("longitude", "long", "lon", "lng", "londeg", "longitudedeg", "geolongitude"),
    METRES: (
        "easting",
        "eastings",
        "east",
        "bngeasting",
        "oseasting",
        "bnge",
        "eastingm",
        "oseast",
    ),
}
Y_NAMES = {
    DEGREES: ("latitude", "lat", "latdeg", "latitudedeg", "geolatitude"),
    METRES: ("northing", "northings", "north", "bngnorthing", "osnorthing", "bngn", "northingm"),
}
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
PLAIN = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,2})?")

MISSING: Problem = ("One of the two coordinates is missing.", "Enter both, or neither.")
NOT_A_NUMBER: Problem = ("A coordinate is not a number.", "Write it like -0.3064 or 517880.")
SWAPPED_ROW: Problem = (SWAPPED, "Exchange the two coordinates, or choose the columns anew.")
OUTSIDE: Problem = (
    "The point lies outside the area of the partnership.",
    "Check both coordinates.",
)


class Pair(NamedTuple):
    """The two columns that hold coordinates, and of which kind they are."""

    kind: str
    x: str
    y: str


class Look(NamedTuple):
    """What is seen over all rows."""

    given: int
    swapped: bool
    outside: int
    bad: int

    def remarks(self) -> list[str]:
        said = [SWAPPED] if self.swapped else []
        if self.bad:
            said.append(
                f"{counted(self.bad, 'row has', 'rows have')} coordinates that are no numbers."
            )
        if self.outside and not self.swapped:
            said.append(f"{counted(self.outside, 'row lies', 'rows lie')} outside Greater London.")
        return said


def guess(header: Iterable[str]) -> Pair | None:
    """The columns whose names say that they hold coordinates."""
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(list(header))}
    for kind in (DEGREES, METRES):
        x = next((plain[name] for name in X_NAMES[kind] if name in plain), None)
        y = next((plain[name] for name in Y_NAMES[kind] if name in plain), None)
        if x is not None and y is not None:
            return Pair(kind, x, y)
    if "x" in plain and "y" in plain:
        return Pair("", plain["x"], plain["y"])
    return None


def number(text: str | None, kind: str = DEGREES) -> float | None:
    """A number with a decimal point or comma; metres may have commas between thousands."""
    said = (text or "").strip().replace("\u2212", "-")
    if kind == METRES and GROUPED.fullmatch(said):
        said = said.replace(",", "")
    if PLAIN.fullmatch(said) is None:
        return None
    value = float(said.replace(",", "."))
    return value if math.isfinite(value) else None


def kind_of(xs: Sequence[str | None], ys: Sequence[str | None]) -> str:
    """Degrees or metres, by how large the first numbers are."""
    pairs = zip(map(number, xs[:200]), map(number, ys[:200]), strict=True)
    both = [(x, y) for x, y in pairs if x is not None and y is not None]
    small = [abs(x) <= 180 and abs(y) <= 180 for x, y in both]
    return DEGREES if not small or sum(small) * 2 >= len(small) else METRES


def look(xs: Sequence[str | None], ys: Sequence[str | None], kind: str = "") -> Look:
    """Counts over the rows that have coordinates."""
    kind = kind or kind_of(xs, ys)
    points = [
        (number(x, kind), number(y, kind))
        for x, y in zip(xs, ys, strict=True)
        if (x or "").strip() or (y or "").strip()
    ]
    good = [(x, y) for x, y in points if x is not None and y is not None]
    box = LONDON[kind] if kind == METRES else BRITAIN[kind]
    right = sum(_inside(point, box) for point in good)
    wrong = sum(_inside(point[::-1], box) for point in good)
    outside = sum(not _inside(point, LONDON[kind]) for point in good)
    swapped = wrong > right and wrong * 2 > len(good)
    return Look(len(points), swapped, outside, len(points) - len(good))


def points(
    xs: Sequence[str | None],
    ys: Sequence[str | None],
    kind: str = "",
    within: Box | None = None,
) -> list[tuple[tuple[float, float] | None, Problem | None]]:
    """Easting and northing of each row, to 0.1 m, or why there is none; neither for a blank."""
    kind = kind or kind_of(xs, ys)
    box = within or BRITAIN[METRES]
    read = [_read(x, y, kind) for x, y in zip(xs, ys, strict=True)]
    given = [(i, point) for i, (point, _) in enumerate(read) if point is not None]
    for (i, _), east_north in zip(given, _on_the_grid([p for _, p in given], kind), strict=True):
        good = _inside(east_north, box)
        read[i] = (east_north, None) if good else (None, OUTSIDE)
    return read


def _read(
    x: str | None, y: str | None, kind: str
) -> tuple[tuple[float, float] | None, Problem | None]:
    blank = (not (x or "").strip(), not (y or "").strip())
    if all(blank):
        return None, None
    if any(blank):
        return None, MISSING
    first, second = number(x, kind), number(y, kind)
    if first is None or second is None:
        return None, NOT_A_NUMBER
    if _inside((first, second), BRITAIN[kind]):
        return (first, second), None
    swapped = _inside((second, first), BRITAIN[kind])
    return None, SWAPPED_ROW if swapped else OUTSIDE


def _on_the_grid(given: list[tuple[float, float]], kind: str) -> list[tuple[float, float]]:
    if kind == METRES or not given:
        return [(round(x, 1), round(y, 1)) for x, y in given]
    from geo import crs

    return [(round(float(x), 1), round(float(y), 1)) for x, y in crs.to_bng(given)]


def _inside(point: tuple[float, ...], box: Box) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
