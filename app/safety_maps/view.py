"""Drawings as they are shown: sessions, squares of a picture, a table and a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from app.places.models import Place
from app.safety_maps import queries, rules
from app.safety_maps.grid import NAMES, SIDE, Cell
from app.safety_maps.queries import Sheet
from app.safety_maps.releasing import Counts, Shown
from app.safety_maps.rules import AREAS, COLOURS, LEAST, LIGHTS, Area, Colour, State

UNIT = 40  # of a square in the drawn picture
STATES = {
    State.COLLECTED: "to be checked",
    State.CHECKED: "checked",
    State.RELEASED: "released",
    State.WITHHELD: "withheld",
}


class Square(NamedTuple):
    """One square of the picture; no colour where nothing is shown of it."""

    name: str
    x: int
    y: int
    colour: Colour | None
    counts: Counts | None = None


class Group(NamedTuple):
    """One session, and how far its drawings came."""

    on: date
    area: Area
    light: str
    query: str
    drawings: int
    states: str
    waits: bool  # for a second person


@dataclass(frozen=True, slots=True)
class Board:
    """One area in one light."""

    area: Area
    light: str
    after_dark: bool
    so_far: int
    waiting: int  # checked, not released
    shown: Shown
    squares: Sequence[Square]

    @property
    def sentence(self) -> str:
        """In words what the picture says."""
        if not self.shown.n:
            return f"{counted(self.so_far)} so far. Shown from {LEAST}."
        said = [f"Put together from {counted(self.shown.n)}."]
        for colour in COLOURS:
            named = [one.name for one in self.squares if one.colour is colour and one.counts]
            if named:
                said.append(f"{colour.says}: {', '.join(named)}.")
        if not self.table:
            said.append(f"No square was marked by {LEAST} of them.")
        return " ".join(said)

    @property
    def later(self) -> str:
        """Drawings that are not in it yet."""
        more = self.so_far - self.shown.n
        if not self.shown.n or not more:
            return ""
        return f"{more} more {_are(more)} waiting. {LEAST} more are put in together."

    @property
    def table(self) -> list[Square]:
        return [one for one in self.squares if one.counts]

    @property
    def shares(self) -> list[str]:
        return [
            f"Release {number}: {share.percent:f}% of what a drawing marks is green "
            f"(mean of {counted(share.n)})."
            for number, share in enumerate(self.shown.shares, 1)
        ]


def counted(n: int) -> str:
    """A number of drawings.

    >>> counted(1), counted(7)
    ('1 drawing', '7 drawings')
    """
    return f"{n} drawing" if n == 1 else f"{n} drawings"


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def boards(place: Place, found: Sequence[Sheet]) -> list[Board]:
    """Of every area and light that anybody drew."""
    drawn = {sheet.of for sheet in found if sheet.state != State.WITHHELD}
    return [
        _board(place, found, area, dark)
        for area in AREAS
        for dark in LIGHTS
        if (area.code, dark) in drawn
    ]


def _board(place: Place, found: Sequence[Sheet], area: Area, dark: bool) -> Board:
    own = [one for one in found if one.of == (area.code, dark) and one.state != State.WITHHELD]
    shown = queries.shown(found, area, after_dark=dark)
    grid = queries.grid_of(place, area)
    return Board(
        area,
        LIGHTS[dark],
        dark,
        len(own),
        sum(one.state == State.CHECKED for one in own),
        shown,
        squares(grid.cells(), {cell: counts.most for cell, counts in shown.cells.items()}, shown),
    )


def squares(
    named: Mapping[str, Cell], colours: Mapping[Cell, str], shown: Shown | None = None
) -> list[Square]:
    """Row by row, for a picture eight times `UNIT` wide."""
    known = {colour.code: colour for colour in COLOURS}
    return [
        Square(
            name,
            number % SIDE * UNIT,
            number // SIDE * UNIT,
            known.get(colours.get(named[name], "")),
            None if shown is None else shown.cells.get(named[name]),
        )
        for number, name in enumerate(NAMES)
    ]


def groups(found: Sequence[Sheet]) -> list[Group]:
    """Sessions, newest first."""
    by_session: dict[tuple[date, str, bool], list[Sheet]] = {}
    for sheet in found:
        by_session.setdefault(sheet.session, []).append(sheet)
    return [_group(*key, of) for key, of in sorted(by_session.items(), reverse=True)]


def _group(on: date, code: str, dark: bool, of: Sequence[Sheet]) -> Group:
    light = "dark" if dark else "day"
    counts = {state: sum(one.state == state for one in of) for state in STATES}
    return Group(
        on,
        rules.area(code),
        LIGHTS[dark],
        f"on={on.isoformat()}&area={code}&light={light}&group={max(one.group for one in of)}",
        len(of),
        ", ".join(f"{n} {STATES[state]}" for state, n in counts.items() if n),
        counts[State.COLLECTED] > 0,
    )
