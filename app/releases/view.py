"""Tables of a release as rows and columns of what is shown, for a page and for a file. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.releases import rules
from geo.disclosure import JOIN, Cell
from geo.disclosure.lattice import TABLES

BAND_SIGN, DROPPED_SIGN = "*", "-"
BOM = "\ufeff"
MERGED_SIGN, APART = "&", "shown apart"
COLUMNS = ("table", "period", "area_kind", "area", "group_1", "group_2", "shown", "low", "high",
           "note")  # fmt: skip
# A code that means another thing in one table than in the others.
OF_TABLE = {"RH3": {"LATE": rules.LATE_NIGHT, "ALL": "All kinds of day"}}
REST = "OTHER_PLATFORMS"
Place = tuple[str, str]
Laid = tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]  # columns, rows
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: a heading for each column, and rows that begin with their own."""

    code: str
    title: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    note: str


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
    unit = rules.UNITS.get(code, "incidents")
    layout = LAYOUTS.get(code, _groups_down)
    columns, rows = layout(mine, {**names, **OF_TABLE.get(code, {})})
    merged = any(JOIN in cell.dim_1 for cell in mine)
    note = f"{rules.NOTE} {rules.MERGED_NOTE}" if merged else rules.NOTE
    return Grid(code, rules.TITLES[code], unit, columns or (unit.capitalize(),), rows, note)


def _groups_down(cells: Sequence[Cell], names: Mapping[str, str]) -> Laid:
    """A group that was merged with another in one borough says there where it is counted."""
    found = {(_place(cell), cell.dim_1): cell.shown for cell in cells}
    places = sorted({_place(cell) for cell in cells}, key=lambda place: _place_order(place, names))
    columns = tuple(name_of(place[1], names) for place in places)
    groups = sorted(
        {part for _, dim in found for part in (dim, *dim.split(JOIN))}, key=_group_order
    )
    return columns, tuple(
        (name_of(group, names), tuple(_shown(found, p, group, names) for p in places))
        for group in groups
    )


def _shown(
    found: Mapping[tuple[Place, str], str], place: Place, group: str, names: Mapping[str, str]
) -> str:
    if (place, group) in found:
        return found[place, group]
    merged = _merged_into(group, [dim for at, dim in found if at == place])
    return f"{MERGED_SIGN} {counted_in(merged, names)}" if merged else APART


def _merged_into(group: str, printed: Iterable[str]) -> str | None:
    return next((dim for dim in printed if JOIN in dim and group in dim.split(JOIN)), None)


def counted_in(merged: str, names: Mapping[str, str]) -> str:
    """Where a group is counted that has no number of its own.

    >>> counted_in("HG_SEXUAL+HG_ABSENCE", {})
    'counted in Sexual harm + Missing and absence'
    """
    return f"counted in {name_of(merged, names)}"


def _listed(cells: Sequence[Cell], names: Mapping[str, str]) -> Laid:
    """Places down, by name."""
    rows = [(name_of(cell.geo_code, names), (cell.shown,)) for cell in cells]
    return (), tuple(sorted(rows))


def _banded(cells: Sequence[Cell], names: Mapping[str, str]) -> Laid:
    """By band and name, never by a count that is not shown; what is not shown last."""

    def name(cell: Cell) -> str:
        return name_of(cell.geo_code if cell.dim_1 == "ALL" else cell.dim_1, names)

    ordered = sorted(cells, key=lambda cell: (cell.dim_1 == REST, -cell.low, name(cell)))
    return (), tuple((name(cell), (cell.shown,)) for cell in ordered)


def _alone(cells: Sequence[Cell], names: Mapping[str, str]) -> Laid:
    """Groups down, each of its own place."""
    ordered = sorted(cells, key=lambda cell: _group_order(cell.dim_1))
    return (), tuple((name_of(cell.dim_1, names), (cell.shown,)) for cell in ordered)


def _places_down(cells: Sequence[Cell], names: Mapping[str, str]) -> Laid:
    """Many places, in the order of their codes, and a few groups across."""
    found = {(cell.geo_code, cell.dim_1): cell.shown for cell in cells}
    groups = sorted({cell.dim_1 for cell in cells}, key=_group_order)
    rows = tuple(
        (name_of(place, names), tuple(found.get((place, group), "") for group in groups))
        for place in sorted({cell.geo_code for cell in cells})
    )
    return tuple(name_of(group, names) for group in groups), rows


def _crossed(cells: Sequence[Cell], names: Mapping[str, str]) -> Laid:
    """Both groups of a table: the first down, the second across."""
    found = {(cell.dim_1, cell.dim_2): cell.shown for cell in cells}
    firsts = sorted({cell.dim_1 for cell in cells}, key=_group_order)
    seconds = sorted({cell.dim_2 for cell in cells}, key=_group_order)
    rows = tuple(
        (name_of(first, names), tuple(found.get((first, second), "") for second in seconds))
        for first in firsts
    )
    return tuple(name_of(second, names) for second in seconds), rows


LAYOUTS: dict[str, Callable[[Sequence[Cell], Mapping[str, str]], Laid]] = {
    "RQ7": _banded,
    "RQ10": _alone,
    "RH1": _listed,
    "RH2": _crossed,
    "RH3": _crossed,
    "RH4": _banded,
    "RY1": _places_down,
}


def name_of(code: str, names: Mapping[str, str]) -> str:
    """The printed name of a group, borough, ward or place; merged ones joined by "+"."""
    if code in names:
        return names[code]
    if code in rules.GROUPS:
        return rules.GROUPS[code]
    if JOIN in code:
        return f" {JOIN} ".join(name_of(part, names) for part in code.split(JOIN))
    if code.startswith("?"):
        return f"Without a ward (homes, online), {name_of(code[1:], names)}"
    return code.replace("_", " ").capitalize() if "_" in code else code


def names_of(
    named: Sequence[Mapping[str, str]], boroughs: Mapping[str, str], others: Mapping[str, str]
) -> dict[str, str]:
    """Printed names of all codes of a release that are no groups; `others`: wards, platforms."""
    return {**others, **boroughs, **{one["code"]: one["name"] for one in named if "name" in one}}


def as_csv(cells: Sequence[Cell], names: Mapping[str, str]) -> bytes:
    """UTF-8 with its mark: `*` for a band, `-` for what is not shown, `&` for what was merged.

    >>> as_csv([], {}).decode("utf-8-sig").split(",")[0]
    'table'
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for cell in cells:
        named = {**names, **OF_TABLE.get(cell.table_code, {})}
        limits = (cell.low, "" if cell.high is None else cell.high)
        writer.writerow([*_head(cell, cell.dim_1, named), _sign(cell), *limits, ""])
        for part in cell.dim_1.split(JOIN) if JOIN in cell.dim_1 else ():
            where = counted_in(cell.dim_1, named)
            writer.writerow([*_head(cell, part, named), MERGED_SIGN, "", "", where])
    return (BOM + out.getvalue()).encode()


def _head(cell: Cell, group: str, names: Mapping[str, str]) -> list[str]:
    told = (cell.geo_code, group, cell.dim_2)
    safe = [_safe(name_of(code, names)) for code in told]
    return [cell.table_code, cell.period, cell.geo_kind, *safe]


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


def _place(cell: Cell) -> Place:
    return cell.geo_kind, cell.geo_code


def _place_order(place: Place, names: Mapping[str, str]) -> tuple[int, str]:
    kinds = ("BOROUGH", "WARD", "AREA", "PLACE", "ELSEWHERE", "BOTH")
    return kinds.index(place[0]), name_of(place[1], names)


def _group_order(group: str) -> tuple[int, int, str]:
    """Fixed order; margins last; never by a count that is not shown."""
    first = group.split(JOIN, maxsplit=1)[0]
    return int(group == "ALL"), rules.ORDER.get(first, len(rules.ORDER)), group
