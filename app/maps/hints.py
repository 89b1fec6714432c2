"""How many places there would be without each filter, where the map found none."""

from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.maps import conditions, queries
from app.maps import fragments as say
from app.maps.rules import Filters

MOST_MS = 2_000
BEFORE = "select current_setting('statement_timeout')"
WITHIN = "select set_config('statement_timeout', cast(:limit as text), true)"


def matches(
    session: Session, ways: Sequence[Filters], partners: list[str], *, most_ms: int = MOST_MS
) -> list[int] | None:
    """How many places each of several filters leaves, in one statement; None: not in that time.

    Each is a question of its own in it: as filters of one count, none could use an index or a join.
    Who has so many children is the same in each that asks, and is asked once.
    """
    counted: list[str] = []
    given: dict[str, Any] = {}
    for nth, filters in enumerate(ways):
        asked, values = conditions.places(filters), conditions.values(filters, partners)
        if say.WITH_CHILDREN in asked:
            given |= {key: values[key] for key in queries.BOUND.findall(say.WITH_CHILDREN)}
            asked = asked.replace(say.WITH_CHILDREN, "select id from with_children")
        given |= {f"{key}_{nth}": values[key] for key in queries.BOUND.findall(asked)}
        asked = queries.BOUND.sub(rf":\1_{nth}", asked)
        counted.append(f"(select count(*) from app.place where place.deleted_at is null{asked})")
    once = "fewest_children" in given
    statement = f"with with_children (id) as materialized ({say.WITH_CHILDREN}) " if once else ""
    statement += f"select {', '.join(counted)}"
    return _in_time(session, statement, given, most_ms) if counted else []


def _in_time(
    session: Session, statement: str, given: dict[str, Any], most_ms: int
) -> list[int] | None:
    """A page is not lost over what it could do without."""
    try:
        with session.begin_nested():
            before = session.execute(text(BEFORE)).scalar_one()
            session.execute(text(WITHIN), {"limit": str(most_ms)})
            found = list(session.execute(text(statement), given).one())
            session.execute(text(WITHIN), {"limit": before})
            return found
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.QueryCanceled):
            return None
        raise
