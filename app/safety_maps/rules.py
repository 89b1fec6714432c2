"""What children's drawings are made of, how they move on, and what a group hears first. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from app.core.errors import InvalidError

LEAST = 10  # drawings: below it nothing of them is shown
WRONG = "Some answers need another look."
CONSENT = (
    "You do not have to do this, and you can stop at any time. Nobody asks your name, and nothing "
    "is kept that says which drawing is yours. At least ten drawings are put together before "
    "anybody outside sees where young people feel safe here and where they do not. It is used to "
    "change the place. If something here has hurt you or somebody you know, tell me or another "
    "adult you trust."
)


class State(StrEnum):
    COLLECTED = "COLLECTED"
    CHECKED = "CHECKED"
    RELEASED = "RELEASED"
    WITHHELD = "WITHHELD"


MOVES: Mapping[str, tuple[State, ...]] = {
    State.COLLECTED: (State.CHECKED,),
    State.CHECKED: (State.RELEASED, State.WITHHELD),
}


class Colour(NamedTuple):
    """Never the colour alone: a word and a sign go with it."""

    code: str
    name: str
    says: str
    sign: str


RED = Colour("RED", "Red", "I do not feel safe here", "✕")
AMBER = Colour("AMBER", "Amber", "It depends", "?")
GREEN = Colour("GREEN", "Green", "I feel safe here", "✓")
COLOURS = (RED, AMBER, GREEN)


class Area(NamedTuple):
    """How far a drawing goes: eight squares by eight around the place."""

    code: str
    label: str  # kept with each drawing: the same label is the same area
    cell_m: int


AREAS = (
    Area("NEAR", "The place and right around it: 400 m across, squares of 50 m", 50),
    Area("WAYS", "The place and the ways to it: 800 m across, squares of 100 m", 100),
    Area("WIDE", "The neighbourhood: 2 km across, squares of 250 m", 250),
)
LIGHTS = {False: "By day", True: "After dark"}


def area(code: str) -> Area:
    return next(one for one in AREAS if one.code == code)


def area_of(label: str) -> Area | None:
    return next((one for one in AREAS if one.label == label), None)


def squares(typed: str) -> list[str]:
    """Names of squares as somebody types them from paper.

    >>> squares("b3, B4;C4 b3")
    ['B3', 'B4', 'C4']
    """
    return list(dict.fromkeys(re.findall(r"[^\s,;.]+", typed.upper())))


def coloured(typed: Mapping[str, str], known: frozenset[str]) -> dict[str, str]:
    """Colour of each named square.

    Raises
    ------
    InvalidError
        A name is of no square, a square has two colours, or nothing was marked.

    >>> coloured({"RED": "A1", "GREEN": "B1 B2"}, frozenset({"A1", "B1", "B2"}))
    {'A1': 'RED', 'B1': 'GREEN', 'B2': 'GREEN'}
    """
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for colour in COLOURS:
        for name in squares(typed.get(colour.code, "")):
            if name not in known:
                wrong[colour.code.lower()] = (
                    f"{name[:8]} is no square. They go from A1 in the corner to H8."
                )
            elif found.setdefault(name, colour.code) != colour.code:
                wrong[colour.code.lower()] = f"{name} has two colours. Choose one."
    if not found and not wrong:
        wrong["red"] = "Mark at least one square."
    if wrong:
        raise InvalidError(WRONG, wrong)
    return found
