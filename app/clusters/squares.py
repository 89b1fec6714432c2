"""Hot-spot squares of a run: of all boroughs together, and of each borough's own records alone.

Whoever reads one borough reads squares in which no record of another, of a home, or of a closer
circle was counted: what they may not open changes nothing they see.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import shapely
from psycopg import sql

from app.clusters.names import squares as names
from app.clusters.study import Study
from app.core.bulk import Array, Cursor
from geo.boundaries import Lads, lad_of
from geo.grids import cell_id, square
from geo.hotspots import HotCells, on_grid
from geo.hotspots.cells import AS_EXPECTED, FEWER, MORE, UNKNOWN

SIDE_M = 250
HALO_M = 2000
KEPT_RUNS = 10  # of a series: a night and its changes
ALL = "ALL"
CLASSES = {MORE: "MORE", AS_EXPECTED: "EXPECTED", FEWER: "FEWER", UNKNOWN: "UNKNOWN"}
COLUMNS = (
    "run_id, side, cell, column_no, row_no, lad_code, borough_codes, grounds, name, class, n, "
    "around, expected, q, agencies, days"
)
FORGET = """
    delete from app.hot_cell where run_id in (
        select run.id from app.cluster_run as run
        where run.state = 'DONE' and run.series = (
            select series from app.cluster_run where id = %s)
        order by run.finished_at desc, run.id offset %s)
"""

Row = tuple[Any, ...]
COARSE_M = 20.0  # how far the ground that is searched may be off
BESIDE_M = 150.0  # a square whose middle is so far outside still is the borough's


class Square(NamedTuple):
    """What a square is, whatever was counted in it."""

    lad: str
    name: str
    grounds: list[str]


Squares = dict[tuple[int, int], Square]


class Side(NamedTuple):
    """Whose squares: their boroughs by number, and which rows of the study count."""

    name: str
    own: list[int]
    some: Array
    halo_m: float


Reported = dict[tuple[int, int], tuple[list[str], int]]


def store(cursor: Cursor, run_id: UUID, study: Study, lads: Lads, partners: Sequence[str]) -> int:
    """Beside the clusters of the run, in its transaction; older squares of its series go."""
    own = [i for i, code in enumerate(lads.codes) if code in partners]
    if not own:
        return 0
    placed = np.isfinite(study.events.xy_m).all(axis=1)
    every = _counted(study, Side(ALL, own, np.flatnonzero(placed), HALO_M), lads)
    squares = _squares(cursor, every, lads, own)
    rows = list(_rows(run_id, study, ALL, every, np.flatnonzero(placed), squares))
    for i in own:
        alone = np.flatnonzero(placed & np.equal(study.events.lad, i) & study.opened)
        found = _counted(study, Side(lads.codes[i], [i], alone, BESIDE_M + COARSE_M), lads)
        rows += _rows(run_id, study, lads.codes[i], found, alone, squares)
    listed = sql.SQL(COLUMNS)
    cursor.execute(
        sql.SQL(
            "create temporary table hot_in on commit drop as select {} from app.hot_cell limit 0"
        ).format(listed)
    )
    with cursor.copy(sql.SQL("copy hot_in ({}) from stdin").format(listed)) as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(sql.SQL("insert into app.hot_cell ({0}) select {0} from hot_in").format(listed))
    forget(cursor, run_id)
    return len(rows)


def forget(cursor: Cursor, run_id: UUID) -> None:
    """Squares of older runs of its series: clusters stay, the layer shows the newest."""
    cursor.execute(FORGET, (run_id, KEPT_RUNS))


def _counted(study: Study, side: Side, lads: Lads) -> HotCells:
    """Over ground drawn coarsely: which squares are whose is told by the exact borders."""
    ground = shapely.simplify(shapely.union_all(lads.shapes[side.own]), COARSE_M)
    xy_m, weight = study.events.xy_m[side.some], study.events.weight[side.some]
    return on_grid(xy_m, weight, SIDE_M, ground, halo_m=side.halo_m)


def _squares(cursor: Cursor, every: HotCells, lads: Lads, own: Sequence[int]) -> Squares:
    """The squares of the partnership: borough, name, and the boroughs they lie in."""
    corner = np.column_stack([every.column, every.row]) * SIDE_M
    # A square whose middle is in the river belongs to the nearer bank.
    borough = lad_of(corner + SIDE_M / 2, lads, nearest_m=BESIDE_M)
    kept = np.flatnonzero(np.isin(borough, own))
    corner = corner[kept]
    boxes = shapely.box(*corner.T, *(corner + SIDE_M).T)
    meets = np.column_stack([shapely.intersects(lads.shapes[i], boxes) for i in own])
    called = names(cursor, corner + SIDE_M / 2, SIDE_M)
    return {
        (int(every.column[i]), int(every.row[i])): Square(
            lads.codes[borough[i]],
            name,
            [lads.codes[own[k]] for k in np.flatnonzero(ground).tolist()],
        )
        for i, name, ground in zip(kept.tolist(), called, meets, strict=True)
    }


def _rows(
    run_id: UUID, study: Study, side: str, found: HotCells, some: Array, squares: Squares
) -> Iterator[Row]:
    reported = _reported(study, some)
    for i, at in enumerate(zip(found.column.tolist(), found.row.tolist(), strict=True)):
        square = squares.get(at)
        if square is None or (side not in {ALL, square.lad} and not found.n[i]):
            continue
        codes = [] if side == ALL else [side]
        yield (run_id, side, *_cell(found, i), square.lad, codes, codes or square.grounds,
               square.name, *_numbers(found, i), *reported.get(at, ([], 0)))  # fmt: skip


def _cell(found: HotCells, i: int) -> tuple[str, int, int]:
    column, row = int(found.column[i]), int(found.row[i])
    return cell_id(column, row, SIDE_M), column, row


def _numbers(found: HotCells, i: int) -> tuple[str, int, int, float, float]:
    word = CLASSES[str(found.word[i])]
    expected, q = round(float(found.expected[i]), 3), round(float(found.q[i]), 6)
    return word, int(found.n[i]), int(found.around[i]), expected, q


def _reported(study: Study, some: Array) -> Reported:
    """Which agencies recorded something in each square, and on how many days."""
    if study.recorded is None or study.events.agency is None:
        return {}
    agencies: dict[tuple[int, int], set[str]] = {}
    days: dict[tuple[int, int], set[int]] = {}
    at = square(study.events.xy_m[some], SIDE_M).tolist()
    agency, day = study.events.agency[some].tolist(), study.events.day[some].tolist()
    for (column, row), who, when in zip(at, agency, day, strict=True):
        agencies.setdefault((column, row), set()).add(study.recorded.agencies[who])
        days.setdefault((column, row), set()).add(when)
    return {key: (sorted(who), len(days[key])) for key, who in agencies.items()}
