"""What a picture is painted with: shapes in grid units, labels that never cover each other."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import hypot
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

SIDE = 640  # of the picture; shapes are painted twice as large and made smaller, which smooths
FINE = 2
GROUND, NEIGHBOUR, WATER, PARK = "#f3f2ee", "#e7e6e1", "#cfdde6", "#dfe8d8"
LINE, LABEL, INK, GREY = "#b9b9b9", "#505a5f", "#0b0c0c", "#505a5f"
OUTLINE, YELLOW = "#28203f", "#ffdd00"

Path = Sequence[tuple[float, float]]
Box = tuple[float, float, float, float]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Label(NamedTuple):
    """A name beside or over its point, in pixels of the picture. The first of a text wins."""

    x: float
    y: float
    words: str
    size: int = 22
    colour: str = LABEL
    dot: str | None = None  # colour of a mark at the point; then the name stands beside it
    beside: float = 0  # so far from the middle of something that is drawn there already


@lru_cache(maxsize=16)
def font(size: int) -> Font:
    """Pillow's own: the same on every machine."""
    return ImageFont.load_default(size)


class Canvas:
    """Shapes first, then `smoothed`, then labels and the frame."""

    def __init__(self, side: int = SIDE) -> None:
        self.side = side
        self.image = Image.new("RGB", (side * FINE, side * FINE), GROUND)
        self.pen = ImageDraw.Draw(self.image)
        self.taken: list[Box] = []
        self.said: set[tuple[str, str | None]] = set()

    def polygon(self, rings: Sequence[Path], colour: str) -> None:
        """Outer ring, then its holes."""
        if len(rings) == 1:
            self.pen.polygon(_fine(rings[0]), fill=colour)
            return
        mask = Image.new("1", self.image.size)
        cut = ImageDraw.Draw(mask)
        for hole, ring in enumerate(rings):
            if len(ring) > 2:
                cut.polygon(_fine(ring), fill=0 if hole else 1)
        self.image.paste(colour, (0, 0), mask)

    def line(self, path: Path, colour: str, width: float) -> None:
        if len(path) > 1:
            self.pen.line(_fine(path), fill=colour, width=round(width * FINE), joint="curve")

    def dashed(self, path: Path, colour: str, width: float, dash: float, gap: float) -> None:
        for piece in _dashes(path, dash, gap, self.side):
            self.line(piece, colour, width)

    def dot(self, x: float, y: float, radius: float, colour: str, edge: str | None = None) -> None:
        box = [(x - radius) * FINE, (y - radius) * FINE, (x + radius) * FINE, (y + radius) * FINE]
        self.pen.ellipse(box, fill=colour, outline=edge, width=2 * FINE if edge else 0)

    def washed(self, shapes: Iterable[Sequence[Path]], colour: str, share: float) -> None:
        """Polygons with their holes, through which the ground is seen; all are one layer."""
        mask = Image.new("L", self.image.size)
        cut = ImageDraw.Draw(mask)
        for rings in shapes:
            for hole, ring in enumerate(rings):
                if len(ring) > 2:
                    cut.polygon(_fine(ring), fill=0 if hole else round(255 * share))
        self.image.paste(colour, (0, 0), mask)

    def outlined(self, ring: Path, colour: str, edge: str, width: float) -> None:
        self.pen.polygon(_fine(ring), fill=colour)
        self.line([*ring, *ring[:2]], edge, width)

    def pill(self, box: Box, colour: str, edge: str, width: float) -> None:
        """A box whose ends are round."""
        corners = [side * FINE for side in box]
        radius = (corners[3] - corners[1]) / 2
        wide = round(width * FINE)
        self.pen.rounded_rectangle(corners, radius, fill=colour, outline=edge, width=wide)

    def number(self, x: float, y: float, words: str, size: int, colour: str) -> None:
        """In the middle of a symbol, which is its ground."""
        self.pen.text((x, y), words, font=font(size), fill=colour, anchor="mm")

    def smoothed(self) -> None:
        self.image = self.image.resize((self.side, self.side), Image.Resampling.BOX)
        self.pen = ImageDraw.Draw(self.image)

    def reserve(self, box: Box) -> None:
        """No label goes there."""
        self.taken.append(box)

    def label(self, label: Label) -> bool:
        """Drawn if it fits: whole, over nothing that is there, and not said before."""
        if (label.words, label.dot) in self.said or self._covers(label):
            return False
        for x, y in self._tries(label):
            box = self._box(x, y, label)
            far = self.side - 6
            inside = min(box[:2]) >= 6 and max(box[2:]) <= far
            if inside and not any(_overlap(box, other) for other in self.taken):
                self.taken.append(box)
                self.said.add((label.words, label.dot))
                self._mark(label)
                self.text(x, y, label.words, label.size, label.colour)
                return True
        return False

    def _covers(self, label: Label) -> bool:
        """Whether its mark would lie on something."""
        if label.dot is None:
            return False
        at = (label.x - 9, label.y - 9, label.x + 9, label.y + 9)
        return any(_overlap(at, other) for other in self.taken)

    def _mark(self, label: Label) -> None:
        if label.dot is not None:
            for radius, colour in ((8, "#ffffff"), (6, label.dot)):
                at = (label.x - radius, label.y - radius, label.x + radius, label.y + radius)
                self.pen.ellipse(at, fill=colour)
            self.taken.append((label.x - 9, label.y - 9, label.x + 9, label.y + 9))

    def _tries(self, label: Label) -> list[tuple[float, float]]:
        """Left upper corners: over the point; of a mark to the right, left, below and above it."""
        left, top, right, bottom = self.pen.textbbox((0, 0), label.words, font=font(label.size))
        wide, high = right - left, bottom + top
        if label.dot is None and not label.beside:
            return [(label.x - wide / 2, label.y - high / 2)]
        middle, off = label.y - high / 2, label.beside or 14
        return [
            (label.x + off, middle),
            (label.x - off - wide, middle),
            (label.x - wide / 2, label.y + off - 2),
            (label.x - wide / 2, label.y - off - bottom),
        ]

    def _box(self, x: float, y: float, label: Label) -> Box:
        left, top, right, bottom = self.pen.textbbox((x, y), label.words, font=font(label.size))
        return left - 5, top - 4, right + 5, bottom + 4

    def text(self, x: float, y: float, words: str, size: int, colour: str) -> None:
        """With a halo, so that it can be read over lines."""
        self.pen.text(
            (x, y), words, font=font(size), fill=colour, stroke_width=4, stroke_fill=GROUND
        )
        self.pen.text((x, y), words, font=font(size), fill=colour)

    def width_of(self, words: str, size: int) -> float:
        return float(self.pen.textlength(words, font=font(size)))


def _fine(path: Path) -> list[tuple[float, float]]:
    return [(x * FINE, y * FINE) for x, y in path]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _dashes(path: Path, dash: float, gap: float, side: int) -> Iterable[Path]:
    """Pieces of a line of `dash` pixels with gaps between; parts beyond the picture left out."""
    at = 0.0
    for (x0, y0), (x1, y1) in pairwise(path):
        long = hypot(x1 - x0, y1 - y0)
        off = max(x0, x1) < 0 or max(y0, y1) < 0 or min(x0, x1) > side or min(y0, y1) > side
        if long == 0 or off:
            at += long
            continue
        start = -(at % (dash + gap))
        while start < long:
            a, b = max(start, 0.0) / long, min(start + dash, long) / long
            if b > a:
                yield [
                    (x0 + (x1 - x0) * a, y0 + (y1 - y0) * a),
                    (x0 + (x1 - x0) * b, y0 + (y1 - y0) * b),
                ]
            start += dash + gap
        at += long
