"""HiGHS on one model: least and most of a column, each answer starting from the last basis."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.disclosure.model import ENDLESS, Model

Array = NDArray[Any]
NEAR = 1e-6
INTEGER_SECONDS = 30.0


class Solver:
    """A model, solved again and again with another objective.

    Every solution is a year that could have happened. What each column reached in any of them is
    kept in `least` and `most`: most questions are answered by a solution found for another.
    """

    def __init__(self, model: Model, *, integer: bool = False) -> None:
        from highspy import _core

        self._core = _core
        # The class above it prints a banner for its callbacks; none are needed.
        self._highs = _core._Highs()  # noqa: SLF001
        self._columns = len(model.low)
        self._cap = model.cap
        self._options(integer=integer)
        self._highs.passModel(_matrix(model, _core, integer=integer))
        self._costs: list[int] = []
        self.solved = 0
        self.least = np.full(self._columns, ENDLESS)
        self.most = np.full(self._columns, -ENDLESS)
        self._values = self.least
        self.low, self.high = np.array(model.low), np.minimum(model.high, model.cap)

    @property
    def version(self) -> str:
        """Name and version of the solver."""
        return f"HiGHS {self._highs.version()}"

    def _options(self, *, integer: bool) -> None:
        options: dict[str, bool | float | str | int] = {
            "output_flag": False,
            "threads": 1,
            "parallel": "off",
            "random_seed": 0,
        }
        if integer:
            options |= {"time_limit": INTEGER_SECONDS, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5}
        else:  # only costs change: the last basis stays feasible, and the primal method goes on
            options |= {"presolve": "off", "solver": "simplex", "simplex_strategy": 4}
        for name, value in options.items():
            self._highs.setOptionValue(name, value)

    def feasible(self) -> bool:
        """Whether the tables agree with each other at all."""
        return not self._columns or self._solve([], [])

    def limit(self, column: int, low: float, high: float) -> None:
        """Other limits of a column from now on; what was reached before is void."""
        self.low[column], self.high[column] = low, min(high, self._cap)
        self._highs.changeColBounds(column, low, self.high[column])

    def push(self, down: Sequence[int], up: Sequence[int]) -> None:
        """One solution with the first columns as small, and the others as large, as may be."""
        self._solve(down, up)

    def end(self, column: int, *, up: bool) -> float:
        """The least or most that a column can be; not a number where no proof came in time."""
        solved = self._solve([], [column]) if up else self._solve([column], [])
        return float(self._values[column]) if solved else float("nan")

    def binding(self) -> Array:
        """Columns that hold the last answer where it is: at a limit, with a price."""
        duals = np.asarray(self._highs.getSolution().col_dual)
        return np.flatnonzero(np.abs(duals) > NEAR)

    def _solve(self, down: Sequence[int], up: Sequence[int]) -> bool:
        for column in self._costs:
            self._highs.changeColCost(column, 0.0)
        for column in down:
            self._highs.changeColCost(column, 1.0)
        for column in up:
            self._highs.changeColCost(column, -1.0)
        self._costs = [*down, *up]
        self._highs.run()
        self.solved += 1
        if self._highs.getModelStatus() != self._core.HighsModelStatus.kOptimal:
            return False
        self._values = np.asarray(self._highs.getSolution().col_value)
        np.minimum(self.least, self._values, out=self.least)
        np.maximum(self.most, self._values, out=self.most)
        return True


def _matrix(model: Model, core: Any, *, integer: bool) -> Any:  # noqa: ANN401 - loaded late
    """The model as HiGHS reads it."""
    lp = core.HighsLp()
    lp.num_col_, lp.num_row_ = len(model.low), len(model.rows)
    lp.col_cost_ = np.zeros(lp.num_col_)
    lp.col_lower_, lp.col_upper_ = np.array(model.low), np.minimum(model.high, model.cap)
    lp.row_lower_ = np.array([row[2] for row in model.rows], dtype=float)
    lp.row_upper_ = np.array([row[3] for row in model.rows], dtype=float)
    sizes = [len(row[0]) for row in model.rows]
    lp.a_matrix_.format_ = core.MatrixFormat.kRowwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = lp.num_col_, lp.num_row_
    lp.a_matrix_.start_ = np.cumsum([0, *sizes]).astype(np.int32)
    lp.a_matrix_.index_ = np.array([at for row in model.rows for at in row[0]], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([v for row in model.rows for v in row[1]], dtype=float)
    if integer:
        lp.integrality_ = [core.HighsVarType.kInteger] * lp.num_col_
    return lp
