"""Where the dots of the safety scale go: one line from 0 to 10, a dot for each party. Pure.

Never averaged. Children come first and are largest; each label has a line of its own above.
"""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, LEFT, RIGHT = 640, 30, 610
LANE, TOP = 30, 20
BIG, SMALL = 13, 9


class Dot(NamedTuple):
    """A party at its score; the label stands left of its stem where there is no room right."""

    label: str
    score: int
    x: float
    y: float
    radius: int
    label_y: int
    anchor: str
    label_x: float


class Dots(NamedTuple):
    dots: Sequence[Dot]
    line_y: int
    height: int
    ticks: Sequence[tuple[int, float]]
    left: int = LEFT
    right: int = RIGHT
    width: int = WIDTH


def across(score: int) -> float:
    return LEFT + (RIGHT - LEFT) * score / 10


def dots(marks: Sequence[tuple[str, int, bool]]) -> Dots:
    """`marks`: label, score, whether it is children's; in the order in which they are told.

    >>> found = dots([("Children", 3, True), ("Police", 7, False), ("School", 7, False)])
    >>> [(dot.x, dot.radius) for dot in found.dots]
    [(204.0, 13), (436.0, 9), (436.0, 9)]
    >>> found.dots[1].y - found.dots[2].y
    20
    """
    line_y = TOP + LANE * len(marks) + 22 * _highest(marks)
    found, at = [], dict[int, int]()
    for lane, (label, score, is_child) in enumerate(marks):
        above = at.get(score, 0)
        radius = BIG if is_child else SMALL
        x = across(score)
        left = score > 5
        found.append(
            Dot(
                label,
                score,
                x,
                line_y - above,
                radius,
                TOP + LANE * lane,
                "end" if left else "start",
                x - 6 if left else x + 6,
            )
        )
        at[score] = above + (24 if is_child else 20)
    ticks = [(score, across(score)) for score in range(11)]
    return Dots(found, line_y, line_y + 50, ticks)


def _highest(marks: Sequence[tuple[str, int, bool]]) -> int:
    """How many dots stand above the lowest one, where most stand."""
    scores = [score for _, score, _ in marks]
    return max((scores.count(score) for score in scores), default=1) - 1
