"""Releases one after the other, as time brings them: late, withdrawn, re-coded, erased records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geo.disclosure import ALL, Climb, Count, Known, Release, climb, merge_wards, protect
from geo.disclosure import lattice as lt
from tests.synthetic_years import (
    WARDS,
    Row,
    Year,
    half_counts,
    make_year,
    of,
    places_of,
    quarter_counts,
    year_counts,
)

LATE, RECODED, ERASED_AFTER = 0.05, 0.04, ("Q1", "Q2", "Q3")
OTHERS = ("RQ4", "RQ5", "RQ9", "RH4")  # universes of their own


@dataclass(frozen=True, slots=True)
class Built:
    """One release before the gate: true counts, and what one organisation knows."""

    release: Release
    counts: tuple[Count, ...]
    known: Known


def built(seed: int, n: int, years: Sequence[int] = (2026, 2027)) -> Iterator[Built]:
    """Four quarters a year with half-years and the year; H and Y tables read what was counted.

    After each release 4% of its rows are re-coded or withdrawn, which changes `live` alone; one row
    is erased after each of the first three quarters. 5% come after the cut, for RQ9 of the next.
    """
    late = 0
    for year in years:
        made = make_year(seed, n, year)
        rng = np.random.default_rng([seed, n, year, 1])
        counted: list[Row] = []
        before: list[Count] = []
        for quarter in lt.quarters_of(str(year)):
            rows = of(made.rows, quarter)
            is_late = rng.random(len(rows)) < LATE
            mine = [row for row, after in zip(rows, is_late, strict=True) if not after]
            counted += mine
            counts = [
                *quarter_counts(made, mine, quarter, late),
                *_longer(made, counted, quarter, before),
            ]
            late = int(is_late.sum())
            before += counts
            erased = sum(quarter[-2:] > each for each in ERASED_AFTER)
            release = Release(quarter, protect(counts), places_of(made, quarter), erased)
            yield Built(release, tuple(counts), _known(made, counted, before))
            if quarter[-2:] in ERASED_AFTER:
                counted.pop(int(rng.integers(len(counted))))


def _longer(
    year: Year, counted: Sequence[Row], quarter: str, before: Sequence[Count]
) -> list[Count]:
    """Tables of the half-year and of the year that end with a quarter."""
    counts: list[Count] = []
    name = quarter[:4]
    if quarter[-1] in "24":
        half = f"{name}-H{int(quarter[-1]) // 2}"
        counts += half_counts(year, of(counted, half), half)
    if quarter.endswith("Q4"):
        halves = [c for c in (*before, *counts) if c.table_code == "RH1"]
        counts += year_counts(counted, name, merge_wards(WARDS, protect(halves)))
    return counts


def recoded(rows: Sequence[Row], rng: np.random.Generator) -> list[Row]:
    """Rows as they stand in the live record later: what tables of a half-year must not read."""
    return [
        replace(row, harm=str(rng.choice(lt.HARM_GROUPS[4:])), sv="", missing="")
        if rng.random() < RECODED
        else row
        for row in rows
        if rng.random() >= RECODED / 2
    ]


def _known(year: Year, counted: Sequence[Row], counts: Sequence[Count]) -> Known:
    """What the organisation with most rows knows: its own in each cell, and finest crossings."""
    org = Counter(row.organisation for row in counted).most_common(1)[0][0]
    mine = [row for row in counted if row.organisation == org]
    total = {count.key: count.n for count in counts}
    own: dict[tuple[str, ...], int] = {}
    for period in dict.fromkeys(count.period for count in counts):
        rows = of(mine, period)
        if "-Q" in period:
            found = quarter_counts(year, rows, period)
        elif "-H" in period:
            found = half_counts(year, rows, period)
        else:
            areas = dict.fromkeys(c.geo_code for c in counts if c.table_code == "RY1")
            found = year_counts(rows, period, tuple(areas))
        own |= {c.key: c.n for c in found if c.table_code not in OTHERS and c.dim_1 != lt.OUTSIDE}
    shared = frozenset(key for key, n in own.items() if n < total[key])
    for row in mine:
        for key in (
            ("RH1", row.quarter, "WARD", row.ward, row.harm, ALL),
            ("RH2", row.quarter, "BOROUGH", row.borough, row.harm, row.group),
        ):
            own[key] = own.get(key, 0) + 1
    return Known({key: n for key, n in own.items() if n}, shared)


def published(
    seed: int, n: int, years: Sequence[int] = (2026, 2027), *, insider: bool = False
) -> Iterator[tuple[Built, Climb]]:
    """The same, each through gate and ladder beside those before it."""
    earlier: list[Release] = []
    for each in built(seed, n, years):
        found = climb(each.release, earlier, WARDS, each.known if insider else None)
        earlier.append(found.release)
        yield each, found
