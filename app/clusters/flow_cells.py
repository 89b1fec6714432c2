"""A table of flows as it may be told: exact with its test, or by the number rule. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.core.bulk import Array
from geo.disclosure import BAND, NOT_SHOWN, Shown, gives_away, show
from geo.flows import flow_test
from geo.hotspots.cells import AS_EXPECTED, MORE, UNKNOWN

ALPHA = 0.05
FEWEST_CHILDREN = 20
LEAST_EXPECTED = 3
MIDDLE = 4  # of 1 to 7, where a test needs a number
TOO_FEW = "Fewer than 20 children in the cells: too few to compare. This does not mean no harm."
ONE_LINE = "All share one home district or one district of harm: there is nothing to compare."

Facts = dict[str, Any]
STATUS = {"tested": "ok"}


@dataclass(frozen=True, slots=True)
class Told:
    """Cells by home and place, totals by home; `facts` of a cell beside its number."""

    cells: list[list[Shown]]
    totals: list[Shown]
    unknown: Shown
    facts: list[list[Facts]]
    status: str
    reason: str | None


def exact(counts: Array, totals: Sequence[int], unknown: int) -> Told:
    """For those who may see exact numbers."""
    status, reason, found = _tested(counts)
    return Told(
        [[_as_is(n) for n in row] for row in counts.tolist()],
        [_as_is(n) for n in totals],
        _as_is(unknown),
        [
            [{"n": n} | fact for n, fact in zip(*line, strict=True)]
            for line in zip(counts.tolist(), found, strict=True)
        ],
        status,
        reason,
    )


def banded(counts: Array, totals: Sequence[int], unknown: int) -> Told:
    """By the number rule; a word follows from the numbers shown alone, and never from a band.

    Where all children of a home were harmed in one district only their total is shown: whoever
    knows that a child was harmed would learn where.
    """
    cells = [
        [NOT_SHOWN] * len(row) if np.count_nonzero(row) == 1 else [show(n) for n in row]
        for row in counts.tolist()
    ]
    told = [show(n) for n in totals]
    kept = [
        NOT_SHOWN if gives_away(total, row, overlapping=True) else total
        for total, row in zip(told, cells, strict=True)
    ]
    shown = np.array([[_middle(each) for each in row] for row in cells], dtype=np.int64)
    status, reason, found = _tested(shown)
    words = [
        [
            UNKNOWN if each in (BAND, NOT_SHOWN) else fact["word"]
            for each, fact in zip(*row, strict=True)
        ]
        for row in zip(cells, found, strict=True)
    ]
    blank = dict.fromkeys(("n", "expected", "residual", "p", "q"))
    facts = [[blank | {"word": word} for word in row] for row in words]
    return Told(cells, kept, show(unknown), facts, status, reason)


def _tested(counts: Array) -> tuple[str, str | None, list[list[Facts]]]:
    rows, cols = counts.sum(1) > 0, counts.sum(0) > 0
    reason = None
    if counts.sum() < FEWEST_CHILDREN:
        reason = TOO_FEW
    elif min(rows.sum(), cols.sum()) < 2:
        reason = ONE_LINE
    if reason is not None:
        nothing = dict.fromkeys(("expected", "residual", "p", "q")) | {"word": UNKNOWN}
        return "not enough data", reason, [[nothing for _ in row] for row in counts]
    test = flow_test(counts, np.outer(rows, cols))
    tested = test.status == "tested"
    facts = [
        [
            {
                "expected": _number(test.expected[at]) if tested else None,
                "residual": _number(test.residual[at]),
                "p": _number(test.p[at]),
                "q": _number(test.q[at]),
                "word": _word(test.q[at], test.expected[at]),
            }
            for at in ((i, j) for j in range(counts.shape[1]))
        ]
        for i in range(counts.shape[0])
    ]
    return STATUS.get(test.status, test.status), test.why, facts


def _word(q: float, expected: float) -> str:
    if q <= ALPHA:
        return MORE
    return AS_EXPECTED if q > ALPHA and expected >= LEAST_EXPECTED else UNKNOWN


def _number(value: float) -> float | None:
    """As JSON: nothing where nothing was tested. A tail of chance keeps its small numbers."""
    return None if np.isnan(value) else float(f"{value:.6g}")


def _as_is(n: int) -> Shown:
    return Shown(f"{n:,}", n, n)


def _middle(cell: Shown) -> int:
    """What a test takes a cell for; a line that is not shown takes no part."""
    if cell == NOT_SHOWN:
        return 0
    return MIDDLE if cell == BAND else (cell.low + (cell.high or 0)) // 2
