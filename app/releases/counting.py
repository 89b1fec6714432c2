"""True counts of a release, in temporary tables of the transaction that builds it.

Nothing of it outlives the transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.releases import longer_tables, rules, true_tables
from app.releases.rules import Window
from geo.disclosure import JOIN, Count
from geo.disclosure.cells import Key

EMPTY = text("truncate inc, item")
OF_PERIOD = {"Q": true_tables.QUARTER, "H": longer_tables.HALF, "Y": longer_tables.YEAR}
OTHER_PLATFORMS, LARGEST, ENOUGH = "OTHER_PLATFORMS", 5, 8
Held = dict[Key, dict[str, int]]  # of each cell: how many are of each organisation


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted: a window, the boroughs of the partnership, and the borough of each ward.

    `areas`: wards merged for the tables of a year, their codes joined by "+".
    """

    window: Window
    partners: tuple[str, ...]
    homes: tuple[tuple[str, str], ...]
    areas: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        window = self.window
        merged = [(ward, area) for area in self.areas for ward in area.split(JOIN)]
        return {
            "from": window.start_at,
            "to": window.end_at,
            "cut": window.cut_at,
            "cut_before": window.before.cut_at,
            "year_ago": _year_before(window.end_at),
            "first": window.first,
            "end": window.end,
            "period": window.period,
            "partners": list(self.partners),
            "quarters": list(quarters(window)),
            "ward_codes": [ward for ward, _ in self.homes],
            "ward_boroughs": [borough for _, borough in self.homes],
            "wards": [ward for ward, _ in merged],
            "areas": [area for _, area in merged],
        }

    def of(self, period: str) -> "Asked":
        """The same of another period."""
        return replace(self, window=rules.window(period))


def _year_before(at: datetime) -> datetime:
    return at.replace(year=at.year - 1)  # the end of a quarter is never 29 February


@dataclass(frozen=True, slots=True)
class Named:
    """A place that may be named, and from how much the last 12 months know of it."""

    id: Any
    ref: str
    name: str
    ward: str
    place_group: str
    sources: int
    dates: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Every count that is not 0; zeros are added from the lattice by `filled`."""

    counts: list[Count]
    named: list[Named]
    held: Held


def begin(session: Session) -> None:
    for table in true_tables.TABLES:
        session.execute(text(table))


def counts(session: Session, asked: Asked) -> Counted:
    found = _named(session, asked)
    given = asked.values | {"named": [one.id for one in found]}
    kind, period = asked.window.kind, asked.window.period
    source = true_tables.INCIDENTS if kind == "Q" else longer_tables.COUNTED_BEFORE
    session.execute(text(source), given)
    held = _finest(session, asked)
    rows = _rows(session, OF_PERIOD[kind].values(), given)
    by_ref = {one.ref: one for one in found}
    made = [_count(row, period, by_ref) for row in rows]
    if kind == "H":
        platforms = session.execute(longer_tables.PLATFORMS, given).all()
        made += platform_counts([(row.platform_code, row.n) for row in platforms], period)
    return Counted(made, found, held | _held(rows, period))


def by_ward(session: Session, asked: Asked) -> bool:
    """Whether any of what was counted has a ward; where nothing was counted, each ward has none."""
    query = text("""
        select count(*) = 0 or bool_or(ward is not null) from inc where borough = any (:partners)
    """)
    return bool(session.scalar(query, {"partners": list(asked.partners)}))


def before(session: Session, asked: Asked, codes: Iterable[str]) -> Held:
    """What was counted in a period whose release stands, as it was counted: these tables of it."""
    given, tables = asked.values, OF_PERIOD[asked.window.kind]
    session.execute(text(longer_tables.COUNTED_BEFORE), given)
    held = _finest(session, asked)
    rows = _rows(session, [tables[code] for code in codes], given)
    session.execute(EMPTY)
    return held | _held(rows, asked.window.period)


def _finest(session: Session, asked: Asked) -> Held:
    """The crossings of a quarter that no table prints, as cells of tables that have their groups.

    Longer periods have none of their own: their quarters hold them.
    """
    if asked.window.kind != "Q":
        return {}
    found = _rows(session, longer_tables.FINEST.values(), asked.values)
    session.execute(text("truncate item"))
    return _held(found, asked.window.period)


def quarters(window: Window) -> tuple[str, ...]:
    """The quarters that a period is made of.

    >>> quarters(rules.window("2026-H2"))
    ('2026-Q3', '2026-Q4')
    """
    first = (window.first.month - 1) // 3 + 1
    return tuple(
        f"{window.first.year}-Q{n}" for n in range(first, first + rules.MONTHS[window.kind] // 3)
    )


def platform_counts(platforms: Sequence[tuple[str, int]], period: str) -> list[Count]:
    """The five largest; those of fewer than eight, and the rest, together.

    "Other" that held one platform would name it: the next smallest joins.

    >>> [(c.dim_1, c.n) for c in platform_counts([("A", 20), ("B", 9), ("C", 3)], "2026-H1")]
    [('A', 20), ('OTHER_PLATFORMS', 12)]
    """
    told = [one for one in platforms[:LARGEST] if one[1] >= ENOUGH]
    rest = list(platforms[len(told) :])
    if len(rest) == 1 and told:
        rest.append(told.pop())
    other = (OTHER_PLATFORMS, sum(n for _, n in rest))
    return [Count("RH4", period, "BOTH", "BOTH", code, n=n) for code, n in (*told, other)]


def _named(session: Session, asked: Asked) -> list[Named]:
    if asked.window.kind != "Q":
        return []
    rows = session.execute(true_tables.NAMED, asked.values)
    return [Named(r.id, r.ref, r.name, r.ward, r.pg, r.sources, r.dates) for r in rows]


def _rows(session: Session, tables: Iterable[str], given: Mapping[str, Any]) -> Sequence[Any]:
    for query in tables:
        session.execute(text(query), given)
    return session.execute(true_tables.CELLS).all()


def _held(rows: Iterable[Any], period: str) -> Held:
    return {
        (r.table_code, period, r.geo_kind, r.geo_code, r.dim_1, r.dim_2): dict(r.by) for r in rows
    }


def _count(row: Any, period: str, named: dict[str, Named]) -> Count:  # noqa: ANN401 - a row
    place = named.get(row.geo_code) if row.geo_kind == "PLACE" else None
    people = row.table_code == "RQ5"
    return Count(
        row.table_code,
        period,
        row.geo_kind,
        row.geo_code,
        row.dim_1,
        row.dim_2,
        n=row.n,
        top_child=0 if people else row.child,
        top_organisation=max(row.by.values(), default=0),
        sources=place.sources if place else 0,
        dates=place.dates if place else 0,
    )
