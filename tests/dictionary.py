"""Every table and column, what it means, who reads it and how long: docs/data-dictionary.md.

From the catalogue of a migrated database, the permission file and docs/data-dictionary.yaml.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import yaml

from app.accounts.permissions import PERMISSIONS, Thing
from app.core.postgres import PrivateCluster
from tests.databases import TEMPLATE, create_database, migrate

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data-dictionary.md"
WORDS = ROOT / "docs" / "data-dictionary.yaml"

# What extensions brought is theirs to document.
TABLES = """
    select n.nspname || '.' || c.relname, c.relkind::text, obj_description(c.oid, 'pg_class')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^(pg_|information_schema)'
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1
"""
COLUMNS = """
    select n.nspname || '.' || c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           not a.attnotnull, col_description(c.oid, a.attnum),
           (select f.confrelid::regclass::text from pg_constraint f
            where f.conrelid = c.oid and f.contype = 'f' and f.conkey = array[a.attnum] limit 1),
           (select pg_get_constraintdef(k.oid) from pg_constraint k
            where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]
              and pg_get_constraintdef(k.oid) ~ 'ARRAY\\[''' order by k.conname limit 1)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where a.attnum > 0 and not a.attisdropped
    order by 1, a.attnum
"""
SHORT = {
    "timestamp with time zone": "timestamptz",
    "character varying": "varchar",
    "double precision": "float8",
}
UNITS = {
    "_m": "metres",
    "_bytes": "bytes",
    "_min": "minutes",
    "_e6": "millionths of a degree, WGS84",
}
CRS = {"27700": "EPSG:27700 (British National Grid, metres)", "3857": "EPSG:3857 (Web Mercator)"}
HEAD = """# Data dictionary

Made by `.venv/bin/python -m tests.documents` from a migrated database, the permission file and
`docs/data-dictionary.yaml`; a test compares. Do not edit this page: change the comment in a new
migration, or the words in that file.

Times are stored in UTC; days, quarters and parts of the day are of Europe/London. Ranges are
half-open. Coordinates are metres of the British National Grid (EPSG:27700) unless a column says
otherwise. Tiers: H0 partnership, H1 statutory practitioners, P and C police intelligence (C with
conditions and named recipients). A table with a column `tier` says it row by row. "Read by" is
what the permission file allows at most; scope, tier, purpose and conditions narrow it row by row
(app/accounts/permissions.yaml).
"""


class Column(NamedTuple):
    """One column as the catalogue has it."""

    table: str
    name: str
    type: str
    nullable: bool
    comment: str | None
    refers_to: str | None
    check: str | None


class Table(NamedTuple):
    """One table or view."""

    name: str
    kind: str
    comment: str | None
    columns: tuple[Column, ...]

    @property
    def is_view(self) -> bool:
        return self.kind in {"v", "m"}


def words() -> dict[str, Any]:
    """The words written by hand."""
    told: dict[str, Any] = yaml.safe_load(WORDS.read_text())
    return told


def catalogue(connection: psycopg.Connection) -> list[Table]:
    """Every table and view of ours, with its columns."""
    columns: dict[str, list[Column]] = {}
    for row in connection.execute(COLUMNS).fetchall():
        columns.setdefault(row[0], []).append(Column(*row))
    rows = connection.execute(TABLES).fetchall()
    return [Table(*row, columns=tuple(columns[row[0]])) for row in rows]


def meaning(column: Column, told: Mapping[str, Any]) -> str | None:
    """The comment of the database, else the word for this table, else the word for all."""
    own: Mapping[str, str] = told["tables"].get(column.table, {}).get("columns", {})
    found: str | None = column.comment or own.get(column.name) or told["common"].get(column.name)
    return found


def undocumented(tables: list[Table], told: Mapping[str, Any]) -> list[str]:
    """What nobody said a word about."""
    found = []
    for table in tables:
        own = told["tables"].get(table.name, {})
        if not (table.comment or own.get("is")):
            found.append(f"{table.name}: what is it?")
        if not table.is_view and own.get("kept") not in told["kept"]:
            found.append(f"{table.name}: how long is it kept?")
        found += [
            f"{table.name}.{column.name}: what does it mean?"
            for column in table.columns
            if not meaning(column, told)
        ]
    return found


def unused(tables: list[Table], told: Mapping[str, Any]) -> list[str]:
    """Words about what is no longer there, or what the database says by itself."""
    known = {table.name: table for table in tables}
    silent = {(c.table, c.name) for table in tables for c in table.columns if not c.comment}
    found = [f"{name} is no table" for name in told["tables"] if name not in known]
    found += [
        f"{name}.{column} is no column without a comment"
        for name, own in told["tables"].items()
        for column in own.get("columns", {})
        if name in known and (name, column) not in silent
    ]
    found += [
        f"{name} is a column nowhere" for name in told["common"].keys() - {n for _, n in silent}
    ]
    used = {own.get("kept") for own in told["tables"].values()}
    return found + [f"kept {name} is of no table" for name in told["kept"].keys() - used]


def page(tables: list[Table], told: Mapping[str, Any]) -> str:
    """The whole document."""
    parts = [HEAD]
    schema = ""
    for table in tables:
        if table.name.split(".")[0] != schema:
            schema = table.name.split(".")[0]
            parts.append(f"## Schema {schema}\n")
        parts.append("\n".join(_table(table, told)) + "\n")
    return "\n".join(parts)


def _table(table: Table, told: Mapping[str, Any]) -> Iterator[str]:
    own = told["tables"].get(table.name, {})
    yield f"### {table.name}\n"
    yield f"{table.comment or own.get('is', 'TO BE SAID')}.\n"
    kept = told["kept"].get(own.get("kept"), "as its tables")
    yield f"Read by: {_readers(table.name)}. Kept: {kept}.\n"
    yield "| column | type | meaning |"
    yield "|---|---|---|"
    for column in table.columns:
        said = (meaning(column, told) or "TO BE SAID").replace("|", "\\|")
        yield f"| `{column.name}` | {_type(column)} | {said} |"


def _type(column: Column) -> str:
    name = column.type
    for long, short in SHORT.items():
        name = name.replace(long, short)
    parts = [name.replace("|", "\\|")]
    if srid := re.search(r",(\d+)\)", column.type if "geometry" in column.type else ""):
        parts.append(CRS[srid[1]])
    parts += [unit for end, unit in UNITS.items() if column.name.endswith(end)]
    if column.refers_to:
        parts.append("of " + column.refers_to.replace('"', ""))
    if allowed := re.findall(r"'([^']*)'::text", column.check or ""):
        parts.append("one of " + ", ".join(f"`{each}`" for each in allowed))
    if column.nullable:
        parts.append("may be null")
    return "; ".join(parts)


def _readers(table: str) -> str:
    things = [thing for thing in PERMISSIONS.objects.values() if table in thing.tables]
    found = [
        f"{role.label}{how}"
        for name, role in PERMISSIONS.roles.items()
        if (how := _reading(things, name, table)) is not None
    ]
    return ", ".join(found) or "no person; functions and jobs of the service"


def _reading(things: list[Thing], role: str, table: str) -> str | None:
    rules = [
        rule
        for thing in things
        if thing.enabled and (rule := thing.rules[role].get("read"))
        if rule.scope not in {"none", "released"}
        if rule.view == "full" or table not in thing.full_only
    ]
    if not rules:
        return None
    return " (metadata only)" if {rule.scope for rule in rules} == {"meta"} else ""


def migrated() -> list[Table]:
    """The tables of an empty database that ran every migration."""
    folder = Path(tempfile.mkdtemp(prefix="contextmap-dictionary-"))
    cluster = PrivateCluster(folder, durable=False)
    cluster.start()
    try:
        create_database(cluster, TEMPLATE)
        migrate(cluster, TEMPLATE)
        with psycopg.connect(cluster.dsn("postgres", TEMPLATE)) as connection:
            return catalogue(connection)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
