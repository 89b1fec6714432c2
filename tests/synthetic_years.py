"""Made-up years of incidents as releases would count them: skewed, seeded, nobody in them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from geo.disclosure import ALL, Count, NamedPlace, Release, Ward, merge_wards, protect
from geo.disclosure import lattice as lt

K, R = "KINGSTON", "RICHMOND"
BOROUGHS = (K, R)
WARDS = tuple(Ward(f"{b[0]}{at:02}", b) for b, n in ((K, 19), (R, 18)) for at in range(1, n + 1))
SLOTS = ("MORNING", "SCHOOL_RUN", "DAYTIME", "AFTER_SCHOOL", "EVENING", "LATE")
DAYS = ("SCHOOL_DAY", "WEEKEND", "HOLIDAY")
ORGANISATIONS = ("police", "council", "schools", "health", "youth", "public")
REPORTERS = ("EDUCATION", "COUNCIL_HOUSING", "BUSINESS", "VOLUNTARY", "PUBLIC", "POLICE_HEALTH")
PLATFORMS = ("P1", "P2", "P3", "P4", "P5", "OTHER")
N_PLACES = 24


@dataclass(frozen=True, slots=True)
class Row:
    """One incident as counted."""

    quarter: str
    ward: str
    borough: str
    harm: str
    group: str
    sv: str
    missing: str
    proactive: bool
    slot: str
    day: str
    dark: str
    place: int  # of the named ones, or -1
    cluster: bool
    organisation: str
    child: int
    home: str


@dataclass(frozen=True, slots=True)
class Year:
    """What a year holds beside its incidents."""

    rows: tuple[Row, ...]
    reports: dict[str, tuple[tuple[str, str], ...]]  # quarter: reporter group, organisation
    online: dict[str, dict[str, int]]
    places: tuple[tuple[str, str], ...]  # ward and group of each named place
    outside: dict[str, int] = field(default_factory=dict)


def make_year(seed: int, n: int, year: int = 2026) -> Year:
    """`n` incidents, about a quarter of them in each quarter."""
    rng = np.random.default_rng([seed, n, year])
    quarters = lt.quarters_of(str(year))
    weight = rng.gamma(1.2, 1, len(WARDS))
    groups = (*lt.PLACE_GROUPS, lt.NO_PLACE)
    places = tuple(
        (WARDS[rng.choice(len(WARDS), p=weight / weight.sum())].code, str(rng.choice(groups[:4])))
        for _ in range(N_PLACES)
    )
    popular = rng.dirichlet(np.full(N_PLACES, 0.5))
    rows = tuple(
        _row(rng, str(rng.choice(quarters)), weight / weight.sum(), places, popular)
        for _ in range(n)
    )
    reports = {
        q: tuple(
            (REPORTERS[g], str(rng.choice(ORGANISATIONS, p=(0.3, 0.2, 0.2, 0.1, 0.1, 0.1))))
            for g in rng.choice(6, rng.poisson(n / 3), p=rng.dirichlet(np.full(6, 1.5)))
        )
        for q in quarters
    }
    halves = {half: {p: int(rng.poisson(6)) for p in PLATFORMS} for half in _halves(year)}
    return Year(rows, reports, halves, places, {q: int(rng.poisson(n / 40)) for q in quarters})


def _row(rng, quarter, weight, places, popular) -> Row:
    harm = str(rng.choice(lt.HARM_GROUPS, p=(0.22, 0.33, 0.1, 0.15, 0.14, 0.06)))
    place = int(rng.choice(N_PLACES, p=popular)) if rng.random() < 0.3 else -1
    ward = places[place][0] if place >= 0 else WARDS[rng.choice(len(WARDS), p=weight)].code
    groups = (*lt.PLACE_GROUPS, lt.NO_PLACE)
    drawn = str(rng.choice(groups, p=(0.2, 0.25, 0.15, 0.1, 0.15, 0.05, 0.1)))
    sv = [code for code, group in lt.HARM_OF_SV.items() if group == harm]
    known = rng.random() < 0.85
    slot = rng.choice(len(SLOTS), p=(0.05, 0.05, 0.15, 0.3, 0.25, 0.2))
    return Row(
        quarter=quarter,
        ward=ward,
        borough=K if ward.startswith("K") else R,
        harm=harm,
        group=places[place][1] if place >= 0 else drawn,
        sv=str(rng.choice(sv)) if sv and rng.random() < 0.6 else "",
        missing=_missing(rng) if harm == lt.MISSING_IN and rng.random() < 0.8 else "",
        proactive=bool(rng.random() < 0.2),
        slot=SLOTS[slot] if known else lt.TIME_UNKNOWN,
        day=str(rng.choice(DAYS, p=(0.55, 0.25, 0.2))) if known else ALL,
        dark=(lt.AFTER_DARK if slot >= 4 else lt.NOT_AFTER_DARK) if known else "",
        place=place,
        cluster=bool(rng.random() < 0.15),
        organisation=str(rng.choice(ORGANISATIONS, p=(0.45, 0.2, 0.15, 0.08, 0.07, 0.05))),
        child=int(rng.zipf(1.6)) % 500 if rng.random() < 0.5 else -1,
        home=str(rng.choice((K, R, "ELSEWHERE"), p=(0.45, 0.4, 0.15))),
    )


def _missing(rng) -> str:
    return str(rng.choice(lt.MISSING_KINDS, p=(0.5, 0.35, 0.15)))


def _halves(year: int) -> tuple[str, str]:
    return f"{year}-H1", f"{year}-H2"


def quarter_counts(year: Year, rows: Sequence[Row], quarter: str, late: int = 0) -> list[Count]:
    """RQ1-RQ10 of the rows of a quarter."""
    named = [(f"PL{at:02}", place) for at, place in enumerate(year.places)]
    empty = _q_keys(quarter)
    counts = _tally(rows, lambda row: _q_cells(row, quarter), empty)
    counts += [
        Count("RQ7", quarter, "PLACE", code, n=n, sources=min(2, n), dates=min(n, 3))
        for at, (code, _) in enumerate(named)
        for n in [sum(row.place == at for row in rows)]
    ]
    reports = year.reports[quarter]
    for group in REPORTERS:
        by = Counter(org for each, org in reports if each == group)
        counts.append(
            Count("RQ4", quarter, "BOTH", "BOTH", group, n=sum(by.values()),
                  top_organisation=max(by.values(), default=0))
        )  # fmt: skip
    homes = {row.child: row.home for row in rows if row.child >= 0}
    for kind, code in (
        ("BOROUGH", K),
        ("BOROUGH", R),
        ("ELSEWHERE", "ELSEWHERE"),
        ("BOTH", "BOTH"),
    ):
        n = sum(home == code or kind == "BOTH" for home in homes.values())
        counts.append(Count("RQ5", quarter, kind, code, n=n, top_child=min(n, 1)))
    counts.append(Count("RQ9", quarter, "BOTH", "BOTH", lt.LATE, n=late))
    counts.append(
        Count("RQ10", quarter, "ELSEWHERE", "ELSEWHERE", lt.OUTSIDE, n=year.outside[quarter])
    )
    return counts


def half_counts(year: Year, rows: Sequence[Row], half: str) -> list[Count]:
    """RH1-RH4 of the rows of two quarters."""
    counts = _tally(rows, lambda row: _h_cells(row, half), _h_keys(half))
    return counts + [
        Count("RH4", half, "BOTH", "BOTH", each, n=n) for each, n in year.online[half].items()
    ]


def year_counts(rows: Sequence[Row], year: str, areas: Sequence[str]) -> list[Count]:
    """RY1 and RY2 of the rows of four quarters."""
    area = {ward: code for code in areas for ward in code.split("+")}
    empty = [("RY1", year, "AREA", code, harm, ALL) for code in areas for harm in lt.HARM_GROUPS]
    empty += [("RY2", year, "BOROUGH", b, code, ALL) for b in BOROUGHS for code in lt.HARM_OF_SV]

    def cells(row: Row) -> Iterator[tuple[str, ...]]:
        yield "RY1", year, "AREA", area[row.ward], row.harm, ALL
        if row.sv:
            yield "RY2", year, "BOROUGH", row.borough, row.sv, ALL

    return _tally(rows, cells, empty)


def _q_cells(row: Row, q: str) -> Iterator[tuple[str, ...]]:
    for kind, code in (("BOROUGH", row.borough), ("BOTH", "BOTH")):
        for table, dim in (("RQ1", row.harm), ("RQ2", row.group), ("RQ6", row.missing)):
            if dim:
                yield table, q, kind, code, dim, ALL
                yield table, q, kind, code, ALL, ALL
    if row.sv:
        yield "RQ3", q, "BOTH", "BOTH", row.sv, ALL
    if row.proactive:
        yield "RQ8", q, "BOROUGH", row.borough, "YES", ALL
    if row.cluster:
        yield "RQ10", q, "BOTH", "BOTH", lt.CROSS_BOROUGH, ALL


def _q_keys(q: str) -> list[tuple[str, ...]]:
    geo = (*(("BOROUGH", b) for b in BOROUGHS), ("BOTH", "BOTH"))
    groups = {
        "RQ1": lt.HARM_GROUPS,
        "RQ2": (*lt.PLACE_GROUPS, lt.NO_PLACE),
        "RQ6": lt.MISSING_KINDS,
    }
    keys = [
        (table, q, *where, dim, ALL)
        for table, dims in groups.items()
        for where in geo
        for dim in (*dims, ALL)
    ]
    keys += [("RQ3", q, "BOTH", "BOTH", code, ALL) for code in lt.HARM_OF_SV]
    keys += [("RQ8", q, "BOROUGH", b, "YES", ALL) for b in BOROUGHS]
    return [*keys, ("RQ10", q, "BOTH", "BOTH", lt.CROSS_BOROUGH, ALL)]


def _h_cells(row: Row, half: str) -> Iterator[tuple[str, ...]]:
    yield "RH1", half, "WARD", row.ward, ALL, ALL
    if row.group != lt.NO_PLACE:
        yield "RH2", half, "BOTH", "BOTH", row.harm, row.group
    yield "RH3", half, "BOTH", "BOTH", row.slot, row.day
    if row.dark:
        yield "RH3", half, "BOTH", "BOTH", row.dark, ALL


def _h_keys(half: str) -> list[tuple[str, ...]]:
    keys = [("RH1", half, "WARD", ward.code, ALL, ALL) for ward in WARDS]
    keys += [("RH2", half, "BOTH", "BOTH", h, p) for h in lt.HARM_GROUPS for p in lt.PLACE_GROUPS]
    keys += [("RH3", half, "BOTH", "BOTH", slot, day) for slot in SLOTS for day in DAYS]
    rest = (lt.TIME_UNKNOWN, lt.AFTER_DARK, lt.NOT_AFTER_DARK)
    return keys + [("RH3", half, "BOTH", "BOTH", each, ALL) for each in rest]


def _tally(rows: Iterable[Row], cells, empty) -> list[Count]:
    held: dict[tuple[str, ...], list[Row]] = {key: [] for key in empty}
    for row in rows:
        for key in cells(row):
            held[key].append(row)
    return [
        Count(
            *key,
            n=len(mine),
            top_child=max(Counter(r.child for r in mine if r.child >= 0).values(), default=0),
            top_organisation=max(Counter(r.organisation for r in mine).values(), default=0),
        )
        for key, mine in held.items()
    ]


def places_of(year: Year, quarter: str) -> tuple[NamedPlace, ...]:
    """Where the named places stood."""
    return tuple(
        NamedPlace(f"PL{at:02}", quarter, ward, group)
        for at, (ward, group) in enumerate(year.places)
    )


@cache
def counts_of_year(seed: int, n: int, year: int = 2026) -> tuple[Year, tuple[Count, ...]]:
    """All tables of one year at once, as one release would hold them."""
    made = make_year(seed, n, year)
    counts: list[Count] = []
    for quarter in lt.quarters_of(str(year)):
        counts += quarter_counts(made, of(made.rows, quarter), quarter)
    for half in _halves(year):
        counts += half_counts(made, of(made.rows, half), half)
    areas = merge_wards(WARDS, protect(c for c in counts if c.table_code == "RH1"))
    return made, (*counts, *year_counts(made.rows, str(year), areas))


def of(rows: Iterable[Row], period: str) -> list[Row]:
    """Rows of a period."""
    wanted = lt.quarters_of(period)
    return [row for row in rows if row.quarter in wanted]


def whole_year(seed: int, n: int) -> Release:
    """One release of a whole year, protected."""
    made, counts = counts_of_year(seed, n)
    places = tuple(p for q in lt.quarters_of("2026") for p in places_of(made, q))
    return Release("2026", protect(counts), places)
