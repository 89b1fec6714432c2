"""The attack itself: what every number can still be, for somebody with all releases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.disclosure.model import Model
from geo.disclosure.solver import NEAR, Solver

Array = NDArray[Any]
CONFIRMED_TO = 5  # values: up to here the answer in whole numbers is asked for, too
STALLED = 0.9  # of the columns still open after a push: then each is asked alone


@dataclass(frozen=True, slots=True)
class Interval:
    """Whole numbers from `low` to `high`; None: no limit. `by`: columns that hold the ends."""

    low: int
    high: int | None
    by: tuple[int, ...] = ()

    @property
    def values(self) -> float:
        """How many whole numbers are left."""
        return float("inf") if self.high is None else self.high - self.low + 1


class Attack:
    """Intervals of columns, with as few questions as will do."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.solver = Solver(model)
        self._cap = model.cap
        self.confirmed = 0
        self.changed = 0
        self.feasible = self.solver.feasible()
        self._integer: Solver | None = None

    def spread(self, down: Sequence[int], up: Sequence[int], enough: float) -> None:
        """Push many columns at once until each shows `enough` values or its limit."""
        falling, rising = np.array(down, dtype=int), np.array(up, dtype=int)
        while True:
            falling = falling[~self._fell(falling, enough)]
            rising = rising[~self._rose(rising, enough)]
            before = len(falling) + len(rising)
            if before == 0:
                return
            if len(falling):
                self.solver.push(falling.tolist(), [])
            if len(rising):
                self.solver.push([], rising.tolist())
            left = (~self._fell(falling, enough)).sum() + (~self._rose(rising, enough)).sum()
            if left > STALLED * before:
                return

    def shows(self, column: int, enough: float) -> bool:
        """Whether solutions so far prove that `enough` values are left."""
        return bool(self._width(np.array([column]))[0] >= enough)

    def interval(self, column: int) -> Interval:
        """What a column can be, in whole numbers."""
        low, by_low = self._end(column, up=False)
        high, by_high = self._end(column, up=True)
        if high is not None and 0 < high - low < CONFIRMED_TO:
            low, high = self._confirm(column, low, high)
        return Interval(low, high, tuple(dict.fromkeys(by_low + by_high)))

    def whole_interval(self, column: int) -> Interval:
        """The same by integer programming alone."""
        low = self._whole.end(column, up=False)
        high = self._whole.end(column, up=True)
        if np.isnan(low) or np.isnan(high):  # no proof in time: as if it were known
            return Interval(0, 0)
        return Interval(round(low), self._limit(high))

    @property
    def _whole(self) -> Solver:
        self._integer = self._integer or Solver(self.model, integer=True)
        return self._integer

    def _confirm(self, column: int, low: int, high: int) -> tuple[int, int | None]:
        """In whole numbers: by a solution found for another column, or by asking."""
        self.confirmed += 1
        seen = self._whole.least[column], self._whole.most[column]
        if seen[0] <= low + NEAR and seen[1] >= high - NEAR:
            return low, high
        found = self.whole_interval(column)
        self.changed += (found.low, found.high) != (low, high)
        return found.low, found.high

    def _end(self, column: int, *, up: bool) -> tuple[Any, tuple[int, ...]]:
        """One end, and what holds it there."""
        s = self.solver
        limit = s.high[column] if up else s.low[column]
        seen = s.most[column] if up else s.least[column]
        if abs(seen - limit) < NEAR:
            return (self._limit(limit) if up else round(limit)), (column,)
        value = s.end(column, up=up)
        by = tuple(int(at) for at in s.binding())
        if up:
            return self._limit(float(np.floor(value + NEAR))), by
        return int(np.ceil(value - NEAR)), by

    def _limit(self, value: float) -> int | None:
        return None if value >= self._cap else round(value)

    def _width(self, at: Array) -> Array:
        return np.floor(self.solver.most[at] + NEAR) - np.ceil(self.solver.least[at] - NEAR) + 1

    def _fell(self, at: Array, enough: float) -> Array:
        found: Array = self.solver.least[at] <= self.solver.low[at] + NEAR
        return found | (self._width(at) >= enough)

    def _rose(self, at: Array, enough: float) -> Array:
        found: Array = self.solver.most[at] >= self.solver.high[at] - NEAR
        return found | (self._width(at) >= enough)
