"""Zeros: every cell of a table is printed, also where nothing was counted. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from geo.disclosure import ALL, Count, Ward
from geo.disclosure.lattice import CLOSED, TABLES

REPORTERS = ("EDUCATION_REPORTER", "COUNCIL_HOUSING", "BUSINESS_TRANSPORT", "VOLUNTARY_FAITH",
             "PUBLIC", "POLICE_HEALTH")  # fmt: skip
DAY_PARTS = ("MORNING", "SCHOOL_RUN", "DAYTIME", "AFTER_SCHOOL", "EVENING", "LATE")
DAY_TYPES = ("SCHOOL_DAY", "HOLIDAY", "WEEKEND")
FEW = {"RQ4": REPORTERS, "RQ8": ("YES",), "RQ10": ("CROSS_BOROUGH",)}
BY_WARD = {"H": "RH1", "Y": "RY1"}
UNKNOWN = "?"  # before a borough: no ward known there

Place = tuple[str, str]


def wards_of(known: Iterable[tuple[str, str]], partners: Sequence[str]) -> tuple[Ward, ...]:
    """Wards and their boroughs, and one for what has no ward, in each borough."""
    none = [Ward(f"{UNKNOWN}{code}", code) for code in partners]
    mine = [Ward(code, borough) for code, borough in known if borough in partners]
    return tuple(sorted([*mine, *none], key=lambda ward: ward.code))


def is_unknown(ward: Ward) -> bool:
    """Whether it stands for what has no ward."""
    return ward.code.startswith(UNKNOWN)


def filled(
    counts: Iterable[Count], period: str, partners: Sequence[str], wards: Sequence[Ward],
    named: Sequence[tuple[str, int, int]] = (), areas: Sequence[str] = (),
) -> list[Count]:  # fmt: skip
    """The counts, and a zero for each cell of the period's tables that has none."""
    found = {count.key: count for count in counts}
    merged = [Count("RY1", period, "AREA", area, harm) for area in areas for harm in CLOSED["harm"]]
    for empty in (*_every(period, partners, wards), *merged):
        found.setdefault(empty.key, empty)
    for ref, sources, dates in named:
        empty = Count("RQ7", period, "PLACE", ref, sources=sources, dates=dates)
        found.setdefault(empty.key, empty)
    return list(found.values())


def _every(period: str, partners: Sequence[str], wards: Sequence[Ward]) -> Iterator[Count]:
    kind = period[5:6] or "Y"
    for code, table in TABLES.items():
        if table.every.value != kind or code in {"RQ7", "RH4", "RY1"}:
            continue
        for geo_kind, geo_code in _places(code, partners, wards):
            for first, second in _groups(code):
                yield Count(code, period, geo_kind, geo_code, first, second)


def _places(code: str, partners: Sequence[str], wards: Sequence[Ward]) -> list[Place]:
    boroughs = [("BOROUGH", one) for one in partners]
    both, elsewhere = ("BOTH", "BOTH"), ("ELSEWHERE", "ELSEWHERE")
    if code in {"RQ1", "RQ2", "RQ6"}:
        return [*boroughs, both]
    if code == "RQ5":
        return [*boroughs, elsewhere, both]
    if code in {"RQ8", "RY2"}:
        return boroughs
    if code == "RH1":
        return [("WARD", ward.code) for ward in wards]
    return [both]


def _groups(code: str) -> list[tuple[str, str]]:
    table = TABLES[code]
    if code in FEW:
        return [(one, ALL) for one in FEW[code]]
    if code == "RH2":
        return [(one, two) for one in CLOSED["harm"] for two in CLOSED["place_group"]]
    if code == "RH3":
        crossed = [(part, day) for part in DAY_PARTS for day in DAY_TYPES]
        alone = ("TIME_UNKNOWN", "AFTER_DARK", "NOT_AFTER_DARK")
        return [*crossed, *((one, ALL) for one in alone)]
    if not table.axes:
        return [(ALL, ALL)]
    margins = [(ALL, ALL)] if table.margins else []
    return [*((one, ALL) for one in CLOSED[table.axes[0]]), *margins]
