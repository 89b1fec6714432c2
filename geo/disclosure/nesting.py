"""How the tables of the lattice hang together: equal sums, and parts within wholes."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product

from geo.disclosure.cells import Cell, Release
from geo.disclosure.lattice import (
    AFTER_DARK,
    CLOSED,
    CROSS_BOROUGH,
    HARM_GROUPS,
    HARM_OF_SV,
    MISSING_IN,
    MISSING_KINDS,
    NOT_AFTER_DARK,
    PROACTIVE,
    TABLES,
    TIME_UNKNOWN,
    quarters_of,
)
from geo.disclosure.model import ENDLESS, Model, Name


def join(model: Model, cells: Iterable[Cell]) -> None:
    """How tables hang together: the nesting column of the lattice."""
    used = {(TABLES[c.table_code].family, q) for c in cells for q in quarters_of(c.period)}
    if any(family == "named" for family, _ in used):
        used |= {(f, q) for family, q in used if family == "named" for f in ("ward", "place")}
    for borough, (family, quarter) in product(model.boroughs, sorted(used)):
        if family in JOINS:
            JOINS[family](model, borough, quarter)
    _join_both(model)


def _places_of(model: Model, borough: str, quarter: str) -> None:
    at = (borough, quarter)
    for harm in HARM_GROUPS:
        parts: list[Name] = [("place", *at, harm, group) for group in CLOSED["place_group"]]
        _same(model, parts, [("harm", *at, harm)])


def _wards_of(model: Model, borough: str, quarter: str) -> None:
    mine = [ward.code for ward in model.wards if ward.borough == borough]
    for harm in HARM_GROUPS:
        parts: list[Name] = [("ward", ward, quarter, harm) for ward in mine]
        _same(model, parts, [("harm", borough, quarter, harm)])


def _sv_of(model: Model, borough: str, quarter: str) -> None:
    for harm in sorted(set(HARM_OF_SV.values())):
        codes = [code for code, group in HARM_OF_SV.items() if group == harm]
        parts: list[Name] = [("sv", borough, quarter, code) for code in codes]
        _within(model, parts, [("harm", borough, quarter, harm)])


def _missing_of(model: Model, borough: str, quarter: str) -> None:
    parts: list[Name] = [("missing", borough, quarter, kind) for kind in MISSING_KINDS]
    _within(model, parts, [("harm", borough, quarter, MISSING_IN)])


def _proactive_of(model: Model, borough: str, quarter: str) -> None:
    parts: list[Name] = [("proactive", borough, quarter, each) for each in PROACTIVE]
    _same(model, parts, [("harm", borough, quarter, harm) for harm in HARM_GROUPS])


JOINS: dict[str, Callable[[Model, str, str], None]] = {
    "place": _places_of,
    "ward": _wards_of,
    "sv": _sv_of,
    "missing": _missing_of,
    "proactive": _proactive_of,
}


def _join_both(model: Model) -> None:
    """Clusters are a part of all incidents; times of day are all of a half-year, twice over."""
    names = list(model.columns)
    for name in names:
        if name[0] == "cluster" and name[2] == CROSS_BOROUGH:
            _within(model, [name], _all(model, name[1]))
    for half in dict.fromkeys(name[1] for name in names if name[0] == "time"):
        times = [name for name in names if name[:2] == ("time", half)]
        dark = [name for name in times if name[2] in (AFTER_DARK, NOT_AFTER_DARK)]
        unknown = [name for name in times if name[2] == TIME_UNKNOWN]
        plain = [name for name in times if name not in dark]
        for parts in (plain, dark + unknown if dark else []):
            if parts:
                _same(model, parts, _all(model, half))


def place(model: Model, releases: Sequence[Release]) -> None:
    """Incidents of named places are among those of their ward, and of their group and borough."""
    borough = {ward.code: ward.borough for ward in model.wards}
    stood = dict.fromkeys(each for release in releases for each in release.places)
    within: dict[Name, list[Name]] = {}
    for each in stood:
        name = ("named", each.period, each.code)
        if name in model.columns and each.ward in borough:
            within.setdefault(("ward", each.ward, each.period), []).append(name)
            group = ("place", borough[each.ward], each.period, each.place_group)
            within.setdefault(group, []).append(name)
    for whole, names in within.items():
        parts: list[Name] = [(*whole[:3], harm, *whole[3:]) for harm in HARM_GROUPS]
        _within(model, list(dict.fromkeys(names)), parts)


def _all(model: Model, period: str) -> list[Name]:
    found = product(model.boroughs, quarters_of(period), HARM_GROUPS)
    return [("harm", *name) for name in found]


def _same(model: Model, parts: list[Name], whole: list[Name]) -> None:
    model.row([(n, 1.0) for n in parts] + [(n, -1.0) for n in whole], 0, 0)


def _within(model: Model, parts: list[Name], whole: list[Name]) -> None:
    model.row([(n, 1.0) for n in parts] + [(n, -1.0) for n in whole], -ENDLESS, 0)
