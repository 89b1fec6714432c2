"""Statements with named values, `%(name)s`, as PostgreSQL numbers them: `$1`, each name once."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, Select, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.core.lines import Statement

DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
NAMED = re.compile(r"%%|%\((\w+)\)s")


@lru_cache(maxsize=1024)
def numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement, and the names of its values in their order.

    >>> numbered("select %(a)s::int + %(b)s::int + %(a)s::int where 'x' like 'x%%'")
    (b"select $1::int + $2::int + $1::int where 'x' like 'x%'", ('a', 'b'))
    """
    names: dict[str, int] = {}

    def one(found: re.Match[str]) -> str:
        name = found[1]
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return NAMED.sub(one, text).encode(), tuple(names)


def statement(text: str, given: Mapping[str, Any]) -> Statement:
    """Each value as text: the statement says of what type it is, with a cast."""
    asked, names = numbered(text)
    return Statement(asked, [written(given[name]) for name in names])


def compiled(asked: Select[*tuple[Any, ...]]) -> Statement:
    """A question in the words of SQLAlchemy, which says the types of its values, too."""
    made = asked.compile(dialect=DIALECT)
    return statement(str(made), made.params)


def of_text(asked: TextClause, given: Mapping[str, Any]) -> Statement:
    """A statement with `:name`; what calls it, or a cast, says of what type each value is."""
    return statement(_worded(asked), given)


@lru_cache(maxsize=256)
def _worded(asked: TextClause) -> str:
    return str(asked.compile(dialect=DIALECT))


def written(value: object) -> bytes | None:
    """A value as PostgreSQL reads it from text.

    >>> written(True), written(1.5), written(["a", "b, c"])
    (b'true', b'1.5', b'{"a","b, c"}')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, datetime | date):
        return value.isoformat().encode()
    if isinstance(value, list | tuple):
        return ("{" + ",".join(_element(one) for one in value) + "}").encode()
    if isinstance(value, str | int | float | UUID):
        return str(value).encode()
    raise TypeError(f"a {type(value).__name__} is not known here")


def _element(value: str) -> str:
    said = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{said}"'
