"""What the last release relies on in the database and in the queue: `migrations/released.json`.

Made anew when a release is cut: `python -m tests.released`, which starts a PostGIS of its own. Its
code is the commit that is checked out then; tests/former.py runs it.
"""

import inspect
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from app.core.migrate import head
from app.core.postgres import PrivateCluster
from app.worker import create_worker
from tests.databases import create_database, migrate

FILE = Path(__file__).resolve().parents[1] / "migrations" / "released.json"
SCHEMAS = ["app", "vault", "intake", "audit", "sec", "reference", "queue"]
# A column that a row may be written without: null, a default, or made by the database itself.
COLUMNS = """
    select format('%%I.%%I', n.nspname, c.relname), a.attname::text,
           format_type(a.atttypid, a.atttypmod), not a.attnotnull or a.atthasdef
           or a.attidentity <> '' as may_be_left_out
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v')
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (%s) and a.attnum > 0 and not a.attisdropped
    order by 1, 2
"""
FUNCTIONS = """
    select p.oid::regprocedure::text, pg_get_function_result(p.oid),
           array(select login from unnest(array['cs_app', 'cs_job', 'cs_public', 'cs_audit'])
                 as login where has_function_privilege(login, p.oid, 'execute'))
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = any (%s) order by 1
"""


def schema(connection: psycopg.Connection) -> dict[str, Any]:
    tables: dict[str, dict[str, list[Any]]] = {}
    for table, column, kind, left_out in connection.execute(COLUMNS, (SCHEMAS,)):
        tables.setdefault(table, {})[column] = [kind, left_out]
    rows = connection.execute(FUNCTIONS, (SCHEMAS,)).fetchall()
    called = {name: [result, logins] for name, result, logins in rows if logins}
    return {"tables": tables, "functions": called}


def tasks() -> dict[str, list[str]]:
    """By name, what a job of it is given; the context is the worker's own."""
    known = create_worker("").tasks
    return {
        task.name: [*inspect.signature(task.func).parameters][task.pass_context :]
        for _, task in sorted(known.items())
        if not task.name.startswith(("builtin:", "procrastinate."))
    }


def commit() -> str:
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.check_output(asked, cwd=FILE.parent, text=True).strip()


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="contextmap-released-"))
    cluster = PrivateCluster(folder, durable=False)
    cluster.start()
    try:
        create_database(cluster, "released")
        migrate(cluster, "released")
        with psycopg.connect(cluster.dsn("postgres", "released")) as connection:
            found = {"commit": commit(), "head": head(), "tasks": tasks()} | schema(connection)
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    FILE.write_text(written(found))
    return 0


def written(found: dict[str, Any]) -> str:
    """A line for each table, function and task, so that a change can be read."""
    parts = []
    for key, value in sorted(found.items()):
        if isinstance(value, dict):
            lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(value.items())]
            parts.append(f" {json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n }")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
