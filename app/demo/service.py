"""Load synthetic records. A second load of the same seed adds nothing."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import sql

from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.demo.models import Rows, generate
from app.demo.rules import Area, Harm, Kind, Plan, Planted, Row, first_key
from app.places.rules import Sensitivity

TABLES = Path(__file__).resolve().parents[2] / "data" / "demo"
JOB = job_actor("demo:load")

Cursor = psycopg.Cursor[Any]
Progress = Callable[[int, int, str], None]


def load_once(db: Database) -> dict[str, int]:
    """What a first start in demo mode does; costs one query on later starts."""
    return load(db)


def load(
    db: Database, *, seed: int = 1, scale: int = 1, progress: Progress | None = None
) -> dict[str, int]:
    """`scale` copies of the demonstration, dated back from today; how many records were added."""
    added: dict[str, int] = {field.name: 0 for field in fields(Rows)}
    refs: set[str] = set()
    with db.cursor(JOB) as cursor:
        if _loaded(cursor, seed=seed, copy=scale - 1):
            return added
        plan = read_plan(_sensitivities(cursor))
        for copy in range(scale):
            rows = generate(plan, seed=seed, copy=copy, today=clock.today(), refs=refs)
            for name, made in _insert(cursor, rows).items():
                added[name] += made
            if progress is not None:
                progress(copy + 1, scale, "Loading demonstration records")
        facts = orjson.dumps({"seed": seed, "scale": scale, **added}).decode()
        cursor.execute(
            "select audit.log('demo.load', 'demo', null, 'done', %s, cast(%s as jsonb))",
            (sum(added.values()), facts),
        )
    return added


def _loaded(cursor: Cursor, *, seed: int, copy: int) -> bool:
    """A load is one transaction: its first record tells of all."""
    found = cursor.execute(
        "select exists (select from app.child where id = %s)", (first_key(seed, copy),)
    ).fetchone()
    return found is not None and bool(found[0])


def read_plan(sensitivities: Mapping[str, str]) -> Plan:
    """The tables of data/demo; the class of each type is the one of the code list."""
    weights: dict[str, dict[str, int]] = {}
    for row in _table("weights"):
        weights.setdefault(row["list"], {})[row["code"]] = int(row["weight"])
    return Plan(
        areas=[
            Area(
                row["name"],
                float(row["easting"]),
                float(row["northing"]),
                row["lad_code"],
                float(row["weight"]),
            )
            for row in _table("areas")
        ],
        kinds=[_kind(row, sensitivities) for row in _table("place_types")],
        planted=[_planted(row) for row in _table("clusters")],
        harms=[Harm(r["harm_code"], float(r["weight"]), int(r["hour"])) for r in _table("harms")],
        weights=weights,
    )


def _kind(row: dict[str, str], sensitivities: Mapping[str, str]) -> Kind:
    code = row["type_code"]
    sensitivity = Sensitivity(sensitivities[code])
    return Kind(code, row["noun"], int(row["n"]), row["shape"], float(row["size_m"]), sensitivity)


def _planted(row: dict[str, str]) -> Planted:
    a, b = ((float(row[f"{x}_easting"]), float(row[f"{x}_northing"])) for x in "ab")
    first, last = int(row["first_days_ago"]), int(row["last_days_ago"])
    return Planted(row["name"], (a, b), int(row["n"]), first, last, row["harm_code"])


@cache
def _table(name: str) -> Sequence[dict[str, str]]:
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _sensitivities(cursor: Cursor) -> dict[str, str]:
    return dict(cursor.execute("select code, sensitivity from reference.place_type").fetchall())


def _insert(cursor: Cursor, rows: Rows) -> dict[str, int]:
    """Parents first; then the places each incident belongs to, all at once."""
    added = {f.name: insert_rows(cursor, f.name, getattr(rows, f.name)) for f in fields(rows)}
    cursor.execute(
        "select app.link_incidents(%s, '{}')", ([incident["id"] for incident in rows.incident],)
    )
    return added


def insert_rows(cursor: Cursor, name: str, rows: Sequence[Row]) -> int:
    """COPY is refused for a table with policies, so through a temporary one of its shape."""
    target, staging = sql.Identifier("app", name), sql.Identifier(f"demo_{name}")
    columns = sql.SQL(", ").join(map(sql.Identifier, rows[0]))
    cursor.execute(
        sql.SQL("create temporary table {} on commit drop as select {} from {} limit 0").format(
            staging, columns, target
        )
    )
    with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(staging, columns)) as copy:
        for row in rows:
            copy.write_row(list(row.values()))
    cursor.execute(
        sql.SQL("insert into {0} ({1}) select {1} from {2} on conflict do nothing").format(
            target, columns, staging
        )
    )
    made = cursor.rowcount
    cursor.execute(sql.SQL("drop table {}").format(staging))
    return made
