"""A real dump of a test database, and a real restore of it beside."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg


def dumped(db: Any) -> bytes:
    """As text: every row of every table."""
    return _run(db, "pg_dump", "--dbname", db.logins.cluster.dsn("postgres", db.logins.dbname))


def backup(db: Any, path: Path) -> Path:
    """In the custom format of a backup."""
    dsn = db.logins.cluster.dsn("postgres", db.logins.dbname)
    _run(db, "pg_dump", "--format=custom", "--file", str(path), "--dbname", dsn)
    return path


@contextmanager
def restored(db: Any, path: Path, name: str) -> Iterator[str]:
    """A new database from a backup; its name."""
    cluster = db.logins.cluster
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'create database "{name}"'.encode())
        try:
            _run(db, "pg_restore", "--dbname", cluster.dsn("postgres", name), str(path))
            yield name
        finally:
            admin.execute(f'drop database "{name}" with (force)'.encode())


def _run(db: Any, program: str, *arguments: str) -> bytes:
    command = [str(db.logins.cluster._programs().bin / program), *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout
