"""Rules about cells and rows, before any attack: dominance, groups, margins, the row test."""

from collections.abc import Iterable, Iterator, Sequence

from geo.disclosure.bands import NOT_SHOWN, Shown, show, show_place
from geo.disclosure.cells import ALL, JOIN, Cell, Count, Geo, Key, cell_of, sort_cells
from geo.disclosure.lattice import CLOSED, TABLES, Table, quarters_of, table_of
from geo.disclosure.totals import gives_away
from geo.errors import GeoInputError

TWINS = ("RQ1", "RQ2")  # their totals are the same number, so both are shown or neither

Cells = dict[Key, Cell]


def protect(counts: Iterable[Count]) -> tuple[Cell, ...]:
    """Cells as they may be told, before the attack: number rule, R1-R3, M1-M3.

    M4 happens before: the areas of RY1 come from `merge_wards`. A margin is dropped where a part
    under it is banded, and also where a part is not shown: it would be told by the difference.

    Parameters
    ----------
    counts : iterable of Count
        True counts; zeros too, for a zero is printed. "NO" of RQ8 is left out (M2).

    Returns
    -------
    tuple of Cell
        Sorted; `n` still in them.

    Raises
    ------
    GeoInputError
        A table, geography or group that is not in the lattice (R4, R5), a cell twice, or more
        items of one child or organisation than items.

    Examples
    --------
    >>> row = [("HOME", 9), ("CARE", 6), ("EDUCATION", 0), ("ALL", 15)]
    >>> cells = protect(Count("RQ6", "2026-Q3", "BOROUGH", "K", kind, n=n) for kind, n in row)
    >>> {cell.dim_1: cell.shown for cell in cells}
    {'ALL': '15', 'CARE': '1 to 7', 'EDUCATION': '0', 'HOME': '10'}
    """
    first = sort_cells(_alone(count) for count in counts if _printed(count))
    cells = {cell.key: cell for cell in first}
    _only_the_total(cells)
    margins(cells)
    return tuple(cells.values())


def margins(cells: Cells) -> None:
    """M1 and M3 on the cells of one release, in place.

    M1 comes first, since a margin that it drops is no part of the total of both boroughs; and
    once more, since a total that the row test drops would be told by the other borough's.
    """
    _both(cells)
    for table, period in _tables(cells):
        if "M3" in table.rules:
            for total, parts in _rows(_of(cells, table.code, period)):
                if gives_away(total.told, [part.told for part in parts]):
                    cells[total.key] = total.not_shown()
    _as_twins(cells)
    _both(cells)
    _as_twins(cells)


def _printed(count: Count) -> bool:
    """M2, and the definition of the table."""
    table = table_of(count.table_code)
    quarters_of(count.period)
    _refuse_other_cells(count, table)
    return not (table.code == "RQ8" and count.dim_1 == "NO")


def _refuse_other_cells(count: Count, table: Table) -> None:
    where = f"{table.code} {count.period} {count.geo_kind} {count.geo_code}"
    if count.geo_kind not in table.geo:
        raise GeoInputError(f"{where}: {table.code} has no cells of this geography.")
    if count.period[5:6] != table.every.value.replace("Y", ""):
        raise GeoInputError(f"{where}: {table.code} has another period.")
    if max(count.top_child, count.top_organisation) > count.n:
        raise GeoInputError(f"{where}: more items of one child or organisation than items.")
    asked = (count.dim_1, count.dim_2)
    for axis, value in zip((*table.axes, "", "")[:2], asked, strict=True):
        known = CLOSED.get(axis)
        if value != ALL and (
            not axis or (known is not None and not set(value.split(JOIN)) <= set(known))
        ):
            raise GeoInputError(f"{where}: {table.code} has no group {value}.")


def _alone(count: Count) -> Cell:
    """One count by the number rule, R1 and R2: what needs no other cell."""
    table = TABLES[count.table_code]
    if table.family == "named":
        return cell_of(count, show_place(count.n, sources=count.sources, dates=count.dates))
    told: Shown = show(count.n)
    one_child = "R1" in table.rules and count.top_child * 2 > count.n
    one_source = "R2" in table.rules and count.top_organisation * 5 > count.n * 4
    return cell_of(count, NOT_SHOWN if one_child or one_source else told)


def _only_the_total(cells: Cells) -> None:
    """R3: a row about people that is all in one cell prints its total alone."""
    for table, period in _tables(cells):
        for total, parts in _rows(_of(cells, table.code, period)) if table.people else ():
            if total.geo_kind == Geo.BOTH and table.code != "RQ5":
                continue  # M1 sees to the row of both boroughs
            if sum(bool(part.n) for part in parts) == 1:
                cells.update((part.key, part.not_shown()) for part in parts)


def _rows(mine: Sequence[Cell]) -> Iterator[tuple[Cell, list[Cell]]]:
    """Each total of one table with its parts along one dimension."""
    for total in mine:
        if total.geo_kind == Geo.BOTH:
            parts = [c for c in mine if c.geo_kind != Geo.BOTH and c.dim_1 == total.dim_1]
            if parts:
                yield total, parts
        if total.dim_1 == ALL:
            parts = [c for c in mine if c.dim_1 != ALL and _place(c) == _place(total)]
            if parts:
                yield total, parts


def _both(cells: Cells) -> None:
    """M1: both boroughs together only over parts that are numbers."""
    for table, period in _tables(cells):
        if "M1" not in table.rules:
            continue
        mine = _of(cells, table.code, period)
        for total in mine:
            parts = [c for c in mine if c.geo_kind == Geo.BOROUGH and c.dim_1 == total.dim_1]
            if total.geo_kind == Geo.BOTH and any(part.banded or part.dropped for part in parts):
                cells[total.key] = total.not_shown()


def _as_twins(cells: Cells) -> None:
    """RQ1 and RQ2 print the same totals: not shown in one, it is not shown in the other."""
    for cell in list(cells.values()):
        if cell.table_code in TWINS and cell.dim_1 == ALL and cell.dropped:
            for code in TWINS:
                twin = cells.get((code, *cell.key[1:]))
                if twin is not None:
                    cells[twin.key] = twin.not_shown()


def _of(cells: Cells, code: str, period: str) -> list[Cell]:
    return [c for c in cells.values() if (c.table_code, c.period) == (code, period)]


def _tables(cells: Cells) -> list[tuple[Table, str]]:
    found = dict.fromkeys((cell.table_code, cell.period) for cell in cells.values())
    return [(TABLES[code], period) for code, period in found]


def _place(cell: Cell) -> tuple[str, str]:
    return cell.geo_kind, cell.geo_code
