"""What is coarsened when the gate refuses: fixed order, only this release, each step logged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from geo.disclosure.bands import show
from geo.disclosure.cells import ALL, JOIN, Cell, Count, Geo, Key, Release, Ward, cell_of
from geo.disclosure.contradiction import agreeing, opposed
from geo.disclosure.gate import Finding, GateResult, Known, check, of_year
from geo.disclosure.lattice import CLOSED, TABLES
from geo.disclosure.refusals import refusal
from geo.disclosure.rows import Cells, margins

ROUNDS = 6
COARSEST = ("RY2", "RY1", "RH3", "RH2", "RH1")  # then the margins of these, then totals of people:
MARGINS = ("RQ1", "RQ2", "RQ6")
TOTALS = ("RQ6", "RQ5")
MERGED = ("RQ3", "RQ1", "RQ2", "RY1")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the log: which step of the ladder took which cell, and for which criterion."""

    round: int
    step: int
    criterion: str
    cell: Key

    @property
    def words(self) -> str:
        """As the log prints it."""
        said = {
            0: "not shown (a withdrawn release says otherwise)",
            1: "not shown (coarsest cell that binds)",
            2: "merged",
            3: "not shown",
            4: "table left out",
        }
        where = " ".join(part for part in self.cell if part != ALL)
        return f"Round {self.round}, step {self.step}, {self.criterion}: {where}: {said[self.step]}"


@dataclass(frozen=True, slots=True)
class Climb:
    """The release as it may be published, or as it stood when the ladder ended."""

    release: Release
    result: GateResult
    log: tuple[Step, ...]
    rounds: int
    opposed: tuple[str, ...] = ()  # releases that stand and say something else

    @property
    def contradicting(self) -> int:
        """Cells not shown because a withdrawn release says otherwise."""
        return sum(step.step == 0 for step in self.log)

    @property
    def refusal(self) -> str | None:
        """K2 in words, or nothing where the gate passed."""
        return refusal(self.result, self.release.code, self.opposed)


def climb(
    release: Release,
    earlier: Sequence[Release],
    wards: Sequence[Ward],
    known: Known | None = None,
) -> Climb:
    """Check a release; while the gate refuses it, coarsen it by the ladder, six rounds at most.

    Parameters
    ----------
    release : Release
        As `protect` made it, with `n` in its cells: merged groups are counted anew.
    earlier : sequence of Release
    wards : sequence of Ward
    known : Known, optional

    Returns
    -------
    Climb
        An approved release, the threshold and the base never change. What contradicts a withdrawn
        release is not shown (step 0); other contradictions (A5) are never mended here.

    Raises
    ------
    GeoInputError
        As `check`.

    Examples
    --------
    >>> from geo.disclosure import Count, protect
    >>> cells = protect([Count("RQ3", "2026-Q1", "BOTH", "BOTH", "SV_KNIFE", n=3)])
    >>> climb(Release("2026-Q1", cells), [], [Ward("K1", "K")]).rounds
    0
    """
    home = {ward.code: ward.borough for ward in wards}
    log: list[Step] = []
    result = check(release, earlier, wards, known)
    if not result.criteria["A5"]:
        before = of_year(release, earlier)
        found = agreeing(release, before, wards, _rank)
        if found is None:
            return Climb(release, result, (), 0, opposed(release, before, wards))
        release, gone = found
        log += [Step(0, 0, "A5", key) for key in gone]
        result = check(release, earlier, wards, known)
    for round_ in range(1, ROUNDS + 1):
        if result.passed or not result.criteria["A5"]:
            break
        taken = _round(release, result, round_, home)
        if not taken[1] or not taken[0].cells:
            break
        release = taken[0]
        log += taken[1]
        result = check(release, earlier, wards, known)
    if result.findings and result.criteria["A5"]:
        return _last(Climb(release, result, tuple(log), _rounds(log)), earlier, wards, known)
    return Climb(release, result, tuple(log), _rounds(log))


def _rounds(log: Sequence[Step]) -> int:
    return max((step.round for step in log), default=0)


def _last(
    stuck: Climb, earlier: Sequence[Release], wards: Sequence[Ward], known: Known | None
) -> Climb:
    """Step 4 where nothing that binds is left to take: one table fewer, or the fewest in order.

    What binds may be only what was published before, or whole numbers: then no cell of this
    release is named, and still a table of it may be what one must do without.
    """
    tables = sorted({cell.table_code for cell in stuck.release.cells}, key=_given_up)
    first = stuck.result.findings[0]
    for gone in (*((code,) for code in tables), *(tables[:n] for n in range(2, len(tables)))):
        cells = tuple(cell for cell in stuck.release.cells if cell.table_code not in gone)
        release = replace(stuck.release, cells=cells)
        if not cells or not (result := check(release, earlier, wards, known)).passed:
            continue
        keys = [next(c.key for c in stuck.release.cells if c.table_code == code) for code in gone]
        steps = [Step(stuck.rounds + 1, 4, first.criterion, key) for key in keys]
        return Climb(release, result, (*stuck.log, *steps), stuck.rounds + 1)
    return stuck


def _given_up(code: str) -> tuple[int, int]:
    """The coarsest first, the totals of a quarter, which all others rest on, last."""
    rank = COARSEST.index(code) if code in COARSEST else len(COARSEST)
    return rank, -list(TABLES).index(code)


def _round(
    release: Release, result: GateResult, number: int, home: Mapping[str, str]
) -> tuple[Release, list[Step]]:
    """Steps of the lowest number that any finding asks for; a cell is touched once a round.

    What an organisation knows of a single cell (A6, nothing else binds) is mended at once.
    """
    cells: Cells = {cell.key: cell for cell in release.cells}
    asked = []
    for finding in result.findings:
        own = finding.what if finding.release == release.code else None
        mine = [key for code, key in finding.by if code == release.code and key != own]
        first = _take(dict(cells), finding, mine, number, home)
        asked += [(first.step, finding, mine)] if first else []
    lowest = min((step for step, _, _ in asked), default=0)
    steps: list[Step] = []
    for step, finding, mine in asked:
        touched = {each.cell for each in steps}
        if (step == lowest or not finding.by) and not touched & {*mine, finding.what}:
            taken = _take(cells, finding, mine, number, home)
            steps += [taken] if taken else []
    margins(cells)
    return replace(release, cells=tuple(sorted(cells.values(), key=lambda c: c.key))), steps


def _take(
    cells: Cells, finding: Finding, binding: Sequence[Key], number: int, home: Mapping[str, str]
) -> Step | None:
    """The first step of the ladder that has something to take."""
    shown = [key for key in binding if key in cells and not cells[key].dropped]
    own = cells.get(_key(finding.what))
    coarse = sorted((rank, key) for key in shown if (rank := _rank(cells[key])) is not None)
    if coarse:
        return _drop(cells, coarse[0][1], finding, (number, 1))
    if own is not None and finding.criterion != "A6" and _merge(cells, own, home):
        return Step(number, 2, finding.criterion, own.key)
    finest = [own.key] if own is not None and not own.dropped else sorted(shown)
    if finest:
        return _drop(cells, finest[0], finding, (number, 3))
    table = next((key[0] for key in binding if key in cells), own.table_code if own else None)
    if table is None:
        return None
    gone = [key for key in cells if key[0] == table]
    for key in gone:
        del cells[key]
    return Step(number, 4, finding.criterion, gone[0])


def _drop(cells: Cells, key: Key, finding: Finding, at: tuple[int, int]) -> Step:
    cells[key] = cells[key].not_shown()
    return Step(*at, finding.criterion, key)


def _rank(cell: Cell) -> int | None:
    """The place of a cell in step 1, or nothing."""
    if cell.table_code in COARSEST:
        return COARSEST.index(cell.table_code)
    if cell.table_code in TOTALS and cell.dim_1 == ALL:
        return len(COARSEST) + len(MARGINS) + TOTALS.index(cell.table_code)
    if cell.table_code in MARGINS and _is_margin(cell):
        return len(COARSEST) + MARGINS.index(cell.table_code)
    return None


def _is_margin(cell: Cell) -> bool:
    return cell.dim_1 == ALL or (cell.geo_kind == Geo.BOTH and TABLES[cell.table_code].margins)


def _merge(cells: Cells, own: Cell, home: Mapping[str, str]) -> bool:
    """Step 2: the two smallest groups of the row, or the ward with its neighbour."""
    if own.table_code not in MERGED or _is_margin(own):
        return False
    row = [
        cell
        for cell in cells.values()
        if cell.key[:2] == own.key[:2] and cell.geo_kind == own.geo_kind and cell.dim_1 != ALL
    ]
    if own.table_code == "RY1":
        return _merge_areas(cells, row, own, home)
    axis = CLOSED[TABLES[own.table_code].axes[0]]
    mine = [cell for cell in row if cell.geo_code == own.geo_code and not cell.dropped]
    mine.sort(key=lambda cell: (cell.low, axis.index(cell.dim_1.split(JOIN)[0])))
    if len(mine) < 3 or any(cell.n is None for cell in mine[:2]):
        return False  # two groups of two would be the total again
    _join(cells, mine[0], mine[1], replace(mine[0], dim_1=JOIN.join(c.dim_1 for c in mine[:2])))
    for cell in mine[:2]:  # with a group gone from one row its column would tell it
        margin = (*cell.key[:2], Geo.BOTH.value, Geo.BOTH.value, *cell.key[4:])
        if margin in cells:
            cells[margin] = cells[margin].not_shown()
    return True


def _merge_areas(cells: Cells, table: Sequence[Cell], own: Cell, home: Mapping[str, str]) -> bool:
    borough = home[own.geo_code.split(JOIN)[0]]
    areas = sorted({c.geo_code for c in table if home[c.geo_code.split(JOIN)[0]] == borough})
    if len(areas) < 2:
        return False
    at = areas.index(own.geo_code)
    other = areas[at + 1] if at + 1 < len(areas) else areas[at - 1]
    code = JOIN.join(sorted((own.geo_code, other)))
    for harm in dict.fromkeys(cell.dim_1 for cell in table):
        first, second = ((*own.key[:3], area, harm, ALL) for area in (own.geo_code, other))
        if first in cells and second in cells:
            _join(cells, cells[first], cells[second], replace(cells[first], geo_code=code))
    return True


def _join(cells: Cells, first: Cell, second: Cell, merged: Cell) -> None:
    n = (first.n or 0) + (second.n or 0)
    del cells[first.key], cells[second.key]
    told = cell_of(Count(*merged.key, n=n), show(n))
    cells[told.key] = told.not_shown() if first.dropped or second.dropped else told


def _key(what: tuple[str, ...]) -> Key:
    return (*what[:6], *("",) * (6 - len(what[:6])))  # type: ignore[return-value]  # always six
