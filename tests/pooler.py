"""A real pgbouncer in transaction mode before the cluster of the tests."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from app.core import folders
from app.core.debian import library_path
from app.core.postgres import PrivateCluster

UNPACKED = Path(sys.prefix) / "pgbouncer" / "root"  # by scripts/test
CONF = """
[databases]
* = host={server}
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 400
server_reset_query = {reset}
server_reset_query_always = {always}
admin_users = postgres
log_connections = 0
log_disconnections = 0
"""
# As docs/operator/scaling.md has it; the role's own settings stay.
RESET = "reset all; select pg_advisory_unlock_all()"


@dataclass(frozen=True)
class Pooler:
    """Logins through it."""

    folder: Path
    dbname: str

    def dsn(self, role: str) -> str:
        return (
            f"postgresql://{role}@/{self.dbname}?host={quote(str(self.folder), safe='')}&port=6432"
        )

    def served(self) -> int:
        """Transactions so far."""
        with psycopg.connect(
            f"postgresql://postgres@/pgbouncer?host={quote(str(self.folder), safe='')}&port=6432",
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
        ) as admin:
            rows = admin.execute("show stats_totals").fetchall()
        return sum(row[1] for row in rows if row[0] == self.dbname)


def program() -> tuple[str, dict[str, str]]:
    if (installed := shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")) is not None:
        return installed, {}
    if not (UNPACKED / ".complete").exists():
        pytest.skip("pgbouncer is not there: scripts/test fetches it")
    return str(UNPACKED / "usr" / "sbin" / "pgbouncer"), {"LD_LIBRARY_PATH": library_path(UNPACKED)}


@contextmanager
def pooling(
    cluster: PrivateCluster, dbname: str, *, size: int, reset: str = ""
) -> Iterator[Pooler]:
    """`size` sessions of the server for each login; without `reset` none is made as new."""
    command, env = program()
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    conf = CONF.format(
        server=cluster.socket_dir,
        folder=folder,
        size=size,
        reset=reset,
        always=int(bool(reset)),
    )
    (folder / "conf").write_text(conf)
    (folder / "users").write_text(
        "".join(f'"{role}" ""\n' for role in ("postgres", "cs_app", "cs_public", "cs_audit"))
    )
    only = {}
    if os.geteuid() == 0:  # it refuses root, as the server does
        user = folders.server_user()
        only = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
    with (folder / "log").open("ab") as log:
        running = subprocess.Popen(
            [command, str(folder / "conf")],
            stdout=log,
            stderr=log,
            env=os.environ | env,
            **only,
        )
    try:
        found = Pooler(folder, dbname)
        _wait_for(found)
        yield found
    finally:
        running.terminate()
        running.wait(timeout=10)
        shutil.rmtree(folder)


def _wait_for(pooler: Pooler) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(pooler.dsn("cs_app")).close()
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise AssertionError((pooler.folder / "log").read_text()[-1000:]) from None
            time.sleep(0.05)
        else:
            return
