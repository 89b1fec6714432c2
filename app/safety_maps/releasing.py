"""What may be shown of drawings: no figure from fewer than ten, in no two releases either. Pure.

Drawings are released in batches. A square shows figures once ten of them marked it, and afterwards
changes only when ten more have: whoever subtracts two releases has ten drawings again, or nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.safety_maps.grid import Cell
from app.safety_maps.rules import COLOURS, LEAST, LIGHTS, Area

Drawing = Mapping[Cell, str]  # colour of each square that was marked


@dataclass(frozen=True, slots=True)
class Counts:
    """How many drawings gave a square which colour."""

    red: int = 0
    amber: int = 0
    green: int = 0

    @property
    def n(self) -> int:
        return self.red + self.amber + self.green

    def more(self, colour: str) -> "Counts":
        return Counts(
            self.red + (colour == "RED"),
            self.amber + (colour == "AMBER"),
            self.green + (colour == "GREEN"),
        )

    def plus(self, other: "Counts") -> "Counts":
        return Counts(self.red + other.red, self.amber + other.amber, self.green + other.green)

    def percent(self, colour: str) -> int:
        """To the nearest five: nobody reads more out of ten drawings.

        >>> Counts(7, 2, 4).percent("RED")
        55
        """
        return round(self.of(colour) * 20 / self.n) * 5

    def of(self, colour: str) -> int:
        return {"RED": self.red, "AMBER": self.amber, "GREEN": self.green}[colour]

    @property
    def most(self) -> str:
        """What more than half say; else it depends.

        >>> Counts(6, 0, 4).most, Counts(5, 0, 5).most
        ('RED', 'AMBER')
        """
        for colour in COLOURS:
            if self.of(colour.code) * 2 > self.n:
                return colour.code
        return "AMBER"


@dataclass(frozen=True, slots=True)
class Share:
    """Of one batch: how much of what a drawing marks is green, each drawing once."""

    percent: Decimal
    n: int  # drawings


@dataclass(frozen=True, slots=True)
class Release:
    """A batch of one area in one light, as measures compare it with another."""

    area: Area
    after_dark: bool
    number: int  # as the page of the drawings counts them
    share: Share
    first: date  # the days on which its drawings were made
    last: date

    @property
    def key(self) -> str:
        return f"{self.area.code}-{'dark' if self.after_dark else 'day'}-{self.number}"

    @property
    def unit(self) -> str:
        return unit_of(self.area, after_dark=self.after_dark)

    @property
    def words(self) -> str:
        days = f"{self.last:%-d %B %Y}"
        if self.first != self.last:
            days = f"{self.first:%-d %B %Y} to {days}"
        light = f"{self.area.code.capitalize()}, {LIGHTS[self.after_dark].lower()}"
        said = f"{self.share.percent:f}% green, {self.share.n} drawings"
        return f"{light}, release {self.number}: {said}, {days}"


def unit_of(area: Area, *, after_dark: bool) -> str:
    """What a share is of: kept with a measure, and frozen with it.

    >>> from app.safety_maps.rules import area
    >>> unit_of(area("NEAR"), after_dark=False)
    '% green, near, by day'
    """
    return f"% green, {area.code.lower()}, {LIGHTS[after_dark].lower()}"


@dataclass(frozen=True, slots=True)
class Shown:
    """All that leaves the drawings."""

    n: int  # drawings in it
    cells: Mapping[Cell, Counts]
    shares: Sequence[Share]


def batches(released: Sequence[Sequence[Drawing]]) -> list[list[Drawing]]:
    """Releases of at least ten drawings; a smaller one waits for the next."""
    found: list[list[Drawing]] = []
    waiting: list[Drawing] = []
    for batch in released:
        waiting += batch
        if len(waiting) >= LEAST:
            found.append(waiting)
            waiting = []
    return found


def shown(released: Sequence[Sequence[Drawing]]) -> Shown:
    """What is shown after these releases, oldest first."""
    cells: dict[Cell, Counts] = {}
    waiting: dict[Cell, Counts] = {}
    whole = batches(released)
    for batch in whole:
        for drawing in batch:
            for cell, colour in drawing.items():
                waiting[cell] = waiting.get(cell, Counts()).more(colour)
        for cell in [cell for cell, counts in waiting.items() if counts.n >= LEAST]:
            cells[cell] = cells.get(cell, Counts()).plus(waiting.pop(cell))
    shares = [green_share(batch) for batch in whole]
    return Shown(sum(map(len, whole)), dict(sorted(cells.items())), shares)


def green_share(batch: Sequence[Drawing]) -> Share:
    """The mean over drawings, in whole per cent: who marks much counts no more than others.

    >>> green_share([{(0, 0): "GREEN"}, {(0, 0): "RED", (1, 0): "GREEN"}])
    Share(percent=Decimal('75'), n=2)
    """
    parts = [
        sum(colour == "GREEN" for colour in drawing.values()) / len(drawing)
        for drawing in batch
        if drawing
    ]
    mean = sum(parts) / len(parts) if parts else 0.0
    return Share(Decimal(round(mean * 100)), len(parts))
