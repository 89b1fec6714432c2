"""True counts of a release, in temporary tables of the transaction that builds it.

Nothing of it outlives the transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.releases import rules, true_tables
from app.releases.rules import Window
from geo.disclosure import Count


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted: a window, and the boroughs of the partnership."""

    window: Window
    partners: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        window = self.window
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
        }


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


def counts(session: Session, asked: Asked) -> tuple[list[Count], list[Named]]:
    """Every count of the release; zeros are added from the lattice by `filled`."""
    for table in true_tables.TABLES:
        session.execute(text(table))
    found = _named(session, asked)
    given = asked.values | {"named": [one.id for one in found]}
    kind = asked.window.kind
    if kind == "Q":
        session.execute(text(true_tables.INCIDENTS), given)
    else:
        session.execute(
            text(true_tables.COUNTED_BEFORE), {"quarters": list(quarters(asked.window))}
        )
    for query in true_tables.OF_PERIOD[kind].values():
        session.execute(text(query), given)
    by_ref = {one.ref: one for one in found}
    made = [_count(row, asked.window.period, by_ref) for row in session.execute(true_tables.CELLS)]
    if kind == "H":
        made += _platforms(session.execute(true_tables.PLATFORMS, given).all(), asked.window.period)
    return made, found


def quarters(window: Window) -> tuple[str, ...]:
    """The quarters that a longer period is made of.

    >>> quarters(rules.window("2026-H2"))
    ('2026-Q3', '2026-Q4')
    """
    first = (window.first.month - 1) // 3 + 1
    return tuple(
        f"{window.first.year}-Q{n}" for n in range(first, first + rules.MONTHS[window.kind] // 3)
    )


def _named(session: Session, asked: Asked) -> list[Named]:
    if asked.window.kind != "Q":
        return []
    rows = session.execute(true_tables.NAMED, asked.values)
    return [Named(r.id, r.ref, r.name, r.ward, r.pg, r.sources, r.dates) for r in rows]


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
        top_organisation=row.organisation,
        sources=place.sources if place else 0,
        dates=place.dates if place else 0,
    )


def _platforms(rows: Sequence[Any], period: str) -> list[Count]:
    """The five largest; those of fewer than eight, and the rest, together.

    "Other" that held one platform would name it: the next smallest joins.
    """
    told = [row for row in rows[:5] if row.n >= 8]
    rest = list(rows[len(told) :])
    if len(rest) == 1 and told:
        rest.append(told.pop())
    made = [(row.platform_code, row.n) for row in told]
    if rest:
        made.append(("OTHER_PLATFORMS", sum(row.n for row in rest)))
    return [Count("RH4", period, "BOTH", "BOTH", code, n=n) for code, n in made]
