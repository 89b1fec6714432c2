"""Tables of a release as rows and columns of what is shown, for a page and for a file. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.releases import rules
from geo.disclosure import Cell
from geo.disclosure.lattice import TABLES

BAND_SIGN, DROPPED_SIGN = "*", "-"
BOM = "\ufeff"
COLUMNS = ("table", "period", "area_kind", "area", "group_1", "group_2", "shown", "low", "high")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: a heading for each column, and rows that begin with their own."""

    code: str
    title: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    note: str = rules.NOTE


def grid(code: str, cells: Sequence[Cell], names: Mapping[str, str]) -> Grid:
    """Groups down and places across; places down where there are many of them.

    Examples
    --------
    >>> from geo.disclosure import Count, protect
    >>> cells = protect([Count("RQ3", "2026-Q3", "BOTH", "BOTH", "SV_KNIFE", n=9)])
    >>> grid("RQ3", cells, {}).rows
    (('Knife crime', ('10',)),)
    """
    mine = [cell for cell in cells if cell.table_code == code]
    found = {(_place(cell), (cell.dim_1, cell.dim_2)): cell.shown for cell in mine}
    places = sorted({_place(cell) for cell in mine}, key=lambda place: _place_order(place, names))
    groups = sorted({(cell.dim_1, cell.dim_2) for cell in mine}, key=_group_order)
    title = rules.TITLES[code]
    unit = rules.UNITS.get(code, "incidents")
    if code in {"RQ7", "RH1"}:
        rows = [(name_of(place[1], names), (found[place, groups[0]],)) for place in places]
        if code == "RQ7":
            order = {(place, groups[0]): _band(mine, place) for place in places}
            keyed = sorted(places, key=lambda p: (order[p, groups[0]], name_of(p[1], names)))
            rows = [(name_of(place[1], names), (found[place, groups[0]],)) for place in keyed]
        return Grid(code, title, unit, (unit.capitalize(),), tuple(rows))
    if any(second != "ALL" for _, second in groups) and len(places) == 1:
        return _crossed(code, found, places[0], groups)
    columns = tuple(name_of(place[1], names) for place in places)
    return Grid(
        code,
        title,
        unit,
        columns,
        tuple(
            (name_of(first, names), tuple(found.get((p, (first, second)), "-") for p in places))
            for first, second in groups
        ),
    )


def _crossed(
    code: str,
    found: Mapping[tuple[tuple[str, str], tuple[str, str]], str],
    place: tuple[str, str],
    groups: Sequence[tuple[str, str]],
) -> Grid:
    """Both groups of a table: the first down, the second across."""
    firsts = list(dict.fromkeys(first for first, _ in groups))
    seconds = sorted({second for _, second in groups}, key=lambda one: rules.ORDER.get(one, 999))
    rows = tuple(
        (name_of(first, {}), tuple(found.get((place, (first, second)), "") for second in seconds))
        for first in firsts
    )
    columns = tuple(name_of(second, {}) for second in seconds)
    return Grid(code, rules.TITLES[code], rules.UNITS.get(code, "incidents"), columns, rows)


def name_of(code: str, names: Mapping[str, str]) -> str:
    """The printed name of a group, borough, ward or place; merged ones joined by "and"."""
    if code in names:
        return names[code]
    if code in rules.GROUPS:
        return rules.GROUPS[code]
    if "+" in code:
        return " and ".join(name_of(part, names) for part in code.split("+"))
    if code.startswith("?"):
        return f"Ward not known, {name_of(code[1:], names)}"
    return code.replace("_", " ").capitalize() if "_" in code else code


def names_of(
    named: Sequence[Mapping[str, str]], boroughs: Mapping[str, str], wards: Mapping[str, str]
) -> dict[str, str]:
    """Printed names of all codes of a release that are no groups."""
    return {**wards, **boroughs, **{one["code"]: one["name"] for one in named if "name" in one}}


def as_csv(cells: Sequence[Cell], names: Mapping[str, str]) -> bytes:
    """UTF-8 with its mark, `*` for a band and `-` for what is not shown.

    >>> as_csv([], {}).decode("utf-8-sig").split(",")[0]
    'table'
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for cell in cells:
        writer.writerow(
            [
                cell.table_code,
                cell.period,
                cell.geo_kind,
                _safe(name_of(cell.geo_code, names)),
                _safe(name_of(cell.dim_1, names)),
                _safe(name_of(cell.dim_2, names)),
                _sign(cell),
                cell.low,
                "" if cell.high is None else cell.high,
            ]
        )
    return (BOM + out.getvalue()).encode()


def tables_of(cells: Sequence[Cell]) -> list[str]:
    """Codes of the tables that a release has, in the order of the lattice."""
    have = {cell.table_code for cell in cells}
    return [code for code in TABLES if code in have]


def _sign(cell: Cell) -> str:
    if cell.dropped:
        return DROPPED_SIGN
    return BAND_SIGN if cell.shown == "1 to 7" else cell.shown


def _safe(words: str) -> str:
    """A name that a spreadsheet would take for a formula is text."""
    return f"'{words}" if words.startswith(FORMULA) else words


def _place(cell: Cell) -> tuple[str, str]:
    return cell.geo_kind, cell.geo_code


def _place_order(place: tuple[str, str], names: Mapping[str, str]) -> tuple[int, str]:
    kinds = ("BOROUGH", "WARD", "AREA", "PLACE", "ELSEWHERE", "BOTH")
    return kinds.index(place[0]), name_of(place[1], names)


def _group_order(group: tuple[str, str]) -> tuple[int, int, int, str]:
    """Fixed order; margins last; never by a count that is not shown."""
    first, second = group
    last = len(rules.ORDER) + 1
    return (
        int(first == "ALL"),
        rules.ORDER.get(first, last),
        last if second == "ALL" else rules.ORDER.get(second, last - 1),
        first + second,
    )


def _band(cells: Sequence[Cell], place: tuple[str, str]) -> int:
    """Higher bands first; what is not shown last."""
    return next(-cell.low for cell in cells if _place(cell) == place)
