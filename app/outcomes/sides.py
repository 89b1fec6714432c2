"""The safety scale asked again: what each party said before and says now, side by side. Pure.

Never averaged. Each party has a line of its own, children first and largest; children and the
adults who look after this place have theirs also where nobody has heard them yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from app.assessments.dots import BIG, LEFT, RIGHT, SMALL, WIDTH, across
from app.assessments.rules import PARTIES, SMALL_GROUP

CHILDREN = "CHILDREN"
GUARDIANS = ("PARENTS_CARERS", "PLACE_MANAGER", "RESIDENTS", "YOUTH_WORK")
TOP, LANE = 24, 58
UNHEARD, NOT_AGAIN, NOT_BEFORE = "not asked yet", "not asked again yet", "not asked before"


class Score(NamedTuple):
    """What one group of a party said on one day."""

    key: UUID
    party: str
    n: int
    score: int
    on: date
    why: str
    one_point: str


@dataclass(frozen=True, slots=True)
class Side:
    """One party: its scores before and in this review, either of them perhaps none."""

    code: str
    before: Sequence[Score]
    now: Sequence[Score]

    @property
    def label(self) -> str:
        return PARTIES[self.code]

    @property
    def is_child(self) -> bool:
        return self.code == CHILDREN

    @property
    def few(self) -> bool:
        """A group of so few children that its score goes no further."""
        said = [*self.before, *self.now]
        return self.is_child and any(one.n < SMALL_GROUP for one in said)

    @property
    def words(self) -> str:
        """In one line: "Children: 3 before, 6 now".

        >>> Side("CHILDREN", [], []).words
        'Children: not asked yet'
        """
        if not self.before and not self.now:
            return f"{self.label}: {UNHEARD}"
        before = f"{_scores(self.before)} before" if self.before else NOT_BEFORE
        now = f"{_scores(self.now)} now" if self.now else NOT_AGAIN
        return f"{self.label}: {before}, {now}"


class Dot(NamedTuple):
    x: float
    radius: int
    now: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """Where a party is drawn: words above its line, dots on it; the way between two of them."""

    words: str
    is_child: bool
    y: int
    label_y: int
    dots: Sequence[Dot]
    way: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Board:
    """The drawing and the table, from the same scores."""

    sides: Sequence[Side]
    lanes: Sequence[Lane]
    height: int
    ticks: Sequence[tuple[int, float]]
    left: int = LEFT
    right: int = RIGHT
    width: int = WIDTH


def board(before: Sequence[Score], now: Sequence[Score]) -> Board:
    """Children first, then in the order of the list.

    >>> found = board([], [])
    >>> [side.words for side in found.sides][:2]
    ['Children: not asked yet', 'Parents and carers: not asked yet']
    """
    sides = [
        Side(
            code,
            [one for one in before if one.party == code],
            [one for one in now if one.party == code],
        )
        for code in PARTIES
    ]
    sides = [one for one in sides if one.before or one.now or one.code in (CHILDREN, *GUARDIANS)]
    lanes = [_lane(side, TOP + LANE * number) for number, side in enumerate(sides)]
    ticks = [(score, across(score)) for score in range(11)]
    return Board(sides, lanes, TOP + LANE * len(sides) + 30, ticks)


def _lane(side: Side, label_y: int) -> Lane:
    big = BIG if side.is_child else SMALL
    dots = [Dot(across(one.score), big, now=False) for one in side.before]
    dots += [Dot(across(one.score), big, now=True) for one in side.now]
    way = None
    if len(side.before) == len(side.now) == 1 and side.before[0].score != side.now[0].score:
        way = across(side.before[0].score), across(side.now[0].score)
    return Lane(side.words, side.is_child, label_y + 22, label_y, dots, way)


def _scores(said: Sequence[Score]) -> str:
    return " and ".join(str(one.score) for one in said)
