"""A correction beside what was withdrawn: what the two tell differently is not shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from geo.disclosure.building import build
from geo.disclosure.cells import Cell, Key, Release, Ward
from geo.disclosure.model import ENDLESS
from geo.disclosure.rows import margins
from geo.disclosure.solver import Solver

Rank = Callable[[Cell], int | None]


def agreeing(
    release: Release, earlier: Sequence[Release], wards: Sequence[Ward], rank: Rank
) -> tuple[Release, tuple[Key, ...]] | None:
    """The release without the cells that contradict a withdrawn one, and which those are.

    What was seen stays known, so that both are in the check and must agree with each other. Cells
    are taken back one by one, finest first, and a cell that cannot be true beside those before it
    stays not shown: the order is fixed, and whether tables agree is a fact, so the same cells are
    lost each time.

    Parameters
    ----------
    release : Release
        The correction, as `protect` made it.
    earlier : sequence of Release
    wards : sequence of Ward
    rank : function of a cell to int or None
        The place of a cell among those that are given up first (ladder); None: last of all.

    Returns
    -------
    tuple of Release and tuple of Key, or None
        None where it contradicts itself or a release that stands: that is never mended here.
    """
    stands = [old for old in earlier if not old.withdrawn]
    if len(stands) == len(earlier) or not _agree([*stands, release], wards):
        return None
    model = build([*earlier, release], wards)
    mine = {cell.key: at for code, cell, at in model.cells if code == release.code}
    solver = Solver(model)
    limits = {cell.key: (cell.low, cell.high) for cell in release.cells}
    for at in mine.values():
        solver.limit(at, 0, ENDLESS)
    if not solver.feasible():
        return None

    def lost(keys: Sequence[Key]) -> list[Key]:
        for key in keys:
            low, high = limits[key]
            solver.limit(mine[key], low, ENDLESS if high is None else high)
        if solver.feasible():
            return []
        for key in keys:
            solver.limit(mine[key], 0, ENDLESS)
        half = len(keys) // 2
        return list(keys) if not half else [*lost(keys[:half]), *lost(keys[half:])]

    told = [cell for cell in release.cells if not cell.dropped]
    told.sort(key=lambda cell: (_order(rank(cell)), cell.key))
    gone = lost([cell.key for cell in told])
    cells = {cell.key: cell for cell in release.cells}
    cells.update((key, cells[key].not_shown()) for key in gone)
    margins(cells)
    return replace(release, cells=tuple(cells.values())), tuple(gone)


def opposed(release: Release, earlier: Sequence[Release], wards: Sequence[Ward]) -> tuple[str, ...]:
    """Which releases that stand say something else, each asked alone."""
    return tuple(
        old.code for old in earlier if not old.withdrawn and not _agree([old, release], wards)
    )


def _agree(releases: Sequence[Release], wards: Sequence[Ward]) -> bool:
    return Solver(build(releases, wards)).feasible()


def _order(rank: int | None) -> int:
    """What the ladder gives up first is taken back last."""
    return -1000 if rank is None else -rank
