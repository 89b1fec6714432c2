"""A primary and its streaming replica, both real, made of a copy of the cluster of the tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from app.core import folders
from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.replica import Replica
from tests.databases import CLAIMS_KEY, Logins

SECONDS = 30  # a state that does not come in that time will not come


@dataclass(frozen=True)
class WhoeverTakesChanges:
    """Both servers in one address; libpq finds the one that is no replica."""

    pair: "Pair"

    def dsn(self, role: str) -> str:
        hosts = ",".join(
            quote(str(one.socket_dir), safe="") for one in (self.pair.primary, self.pair.copy)
        )
        return (
            f"postgresql://{role}@/{self.pair.dbname}?host={hosts}&target_session_attrs=read-write"
        )


@dataclass
class Pair:
    """`spoilt` once the primary is gone."""

    primary: PrivateCluster
    copy: PrivateCluster
    dbname: str
    spoilt: bool = False

    @classmethod
    def of(cls, cluster: PrivateCluster, dbname: str) -> "Pair":
        primary = copied(cluster, "primary", follows=False)
        return cls(primary, copied(primary, "replica", follows=True), dbname)

    def database(self) -> Database:
        both = WhoeverTakesChanges(self)
        database = Database(both, CLAIMS_KEY, replica=Replica(Logins(self.copy, self.dbname), both))
        self.until(lambda: looked(database.replica).answers)
        return database

    def kill_primary(self) -> None:
        self.spoilt = True
        killed(self.primary)

    def promote(self) -> None:
        with self.admin(self.copy) as admin:
            admin.execute("select pg_promote()")

    def paused(self, wanted: bool) -> None:
        """Whether the replica stands still."""
        with self.admin(self.copy) as admin:
            admin.execute(
                "select pg_wal_replay_pause()" if wanted else "select pg_wal_replay_resume()"
            )

    def admin(self, one: PrivateCluster) -> psycopg.Connection:
        return psycopg.connect(one.dsn("postgres", self.dbname), autocommit=True)

    def end(self) -> None:
        for one in (self.copy, self.primary):
            with suppress(ProcessLookupError):
                one.stop()
            shutil.rmtree(one.data_dir, ignore_errors=True)

    @staticmethod
    def until(holds: Callable[[], object]) -> float:
        """Seconds until it holds."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < SECONDS
            time.sleep(0.01)
        return time.monotonic() - began


def looked(replica: Replica) -> Replica:
    replica.look()
    return replica


def killed(one: PrivateCluster) -> None:
    """As by kill -9 of the whole server; returns when nobody answers."""
    pid = one.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    Pair.until(lambda: not one.is_running())


def copied(cluster: PrivateCluster, name: str, *, follows: bool) -> PrivateCluster:
    """By pg_basebackup, and running."""
    access = cluster.pgdata / "pg_hba.conf"
    if "replication" not in access.read_text():
        access.write_text(access.read_text() + "local replication all peer map=contextmap\n")
        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute("select pg_reload_conf()")
            Pair.until(
                lambda: admin.execute(
                    "select true from pg_hba_file_rules where 'replication' = any(database)"
                ).fetchone()
            )
        time.sleep(0.2)  # the rules are those of the file; the postmaster reads them a moment later
    folder = Path(tempfile.mkdtemp(prefix=f"contextmap-test-{name}-"))
    fresh = PrivateCluster(folder, durable=False)
    folders.let_server_pass(folder)
    programs = cluster._programs()
    folders.claim(folder / "postgres")
    command = [str(programs.bin / "pg_basebackup"), "-D", str(folder / "postgres")]
    command += ["-h", str(cluster.socket_dir), "-U", "postgres", "--checkpoint=fast", "--no-sync"]
    subprocess.run(command + (["-R"] if follows else []), check=True, **cluster._identity())
    fresh.start()
    if not follows:  # as in earnest: what is committed is in the log of the disk
        with psycopg.connect(fresh.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute("alter system set synchronous_commit = on")
            admin.execute("select pg_reload_conf()")
    return fresh
