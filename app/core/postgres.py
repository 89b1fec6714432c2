"""The private PostGIS cluster: initialise, start, adopt, stop. A Unix socket only, peer logins."""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from app.core import postgis

LOGINS = ("postgres", "cs_migrate", "cs_app", "cs_public", "cs_job", "cs_audit", "cs_backup")
START_S = 60
# Both pass within seconds of a kill -9: the dead server is not reaped, or holds its memory.
PASSING = ("lock file", "pre-existing shared memory")

SAFE = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_wal_size": "2GB",
    "client_connection_check_interval": "5s",
    "timezone": "UTC",
    # Error lines and their detail would carry values of rows.
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "logging_collector": "off",
}
HASTY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


class ClusterError(RuntimeError):
    """The private cluster cannot serve; the words say what to do."""


class PrivateCluster:
    """PostgreSQL with PostGIS in `data_dir`, owned by this service.

    `durable=False` is for tests: nothing is synced to disk.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.absolute()
        self.durable = durable
        self.pgdata = self.data_dir / "postgres"
        self.log = self.data_dir / "postgres.log"
        self._programs: postgis.Programs | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def socket_dir(self) -> Path:
        """Short, since a socket's path may have 107 bytes; the same for every start."""
        mark = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"contextmap-{mark}"

    def dsn(self, role: str, dbname: str = "contextmap") -> str:
        return f"postgresql://{role}@/{quote(dbname)}?host={quote(str(self.socket_dir), safe='')}"

    def start(self) -> bool:
        """Initialise if new, start or adopt, make the database. True when it was not running."""
        self._prepare_folders()
        self._initialise()
        started = not self.is_running()
        if started:
            self._start_server()
        self._create_database()
        return started

    def stop(self) -> None:
        """Fast shutdown of our child or of an adopted server; returns when it has gone."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        if not self._gone(pid, within_s=20):
            os.kill(pid, signal.SIGQUIT)
            self._gone(pid, within_s=10)
        shutil.rmtree(self.socket_dir, ignore_errors=True)

    def is_running(self) -> bool:
        if self.pid() is None:
            return False
        try:
            psycopg.connect(self.dsn("postgres", "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def pid(self) -> int | None:
        """Of a living postmaster of this data folder; a stale file of a killed one is nothing."""
        try:
            pid = int((self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.pgdata).encode() in command else None

    @contextmanager
    def serving(self) -> Iterator[None]:
        """For the duration of a command: started if need be, stopped only if started here."""
        started = self.start()
        try:
            yield
        finally:
            if started:
                self.stop()

    def _prepare_folders(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._programs = postgis.find_or_get(self.data_dir / "postgis")
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            self.data_dir.chmod(0o711)  # passable for the server's user, not readable
            shutil.chown(self.socket_dir, "postgres", "postgres")

    def _initialise(self) -> None:
        """Into a folder that is renamed at the end: a crash in between leaves nothing half made."""
        if (self.pgdata / "PG_VERSION").exists():
            return
        fresh = self.data_dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(fresh, "postgres", "postgres")
        options = ["--auth=peer", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres"]
        options += ["--data-checksums"] if self.durable else ["--no-sync"]
        self._as_server([str(self._bin("initdb")), "-D", str(fresh), *options])
        (fresh / "pg_hba.conf").write_text("local all all peer map=contextmap\n")
        (fresh / "pg_ident.conf").write_text(self._ident())
        (fresh / "postgresql.auto.conf").write_text(
            "".join(f"{k} = {v}\n" for k, v in self._conf())
        )
        fresh.rename(self.pgdata)

    def _conf(self) -> list[tuple[str, str]]:
        return list((SAFE if self.durable else SAFE | HASTY).items())

    def _ident(self) -> str:
        """Peer logins: who started the service may take each role; nobody else any."""
        users = sorted({pwd.getpwuid(os.geteuid()).pw_name, _server_user()})
        return "".join(f"contextmap {user} {role}\n" for user in users for role in LOGINS)

    def _start_server(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            position = self.log.stat().st_size if self.log.exists() else 0
            self._child = self._spawn()
            if self._answers(deadline):
                return
            said = self.log.read_text(errors="replace")[position:]
            if not any(words in said for words in PASSING) or time.monotonic() > deadline:
                last = said.strip().splitlines()[-1:] or ["no message"]
                raise ClusterError(f"PostgreSQL did not start: {last[0]} See {self.log}.")
            time.sleep(0.3)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [str(self._bin("postgres")), "-D", str(self.pgdata), "-k", str(self.socket_dir)]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                command, stdout=log, stderr=log, start_new_session=True, **self._identity()
            )

    def _answers(self, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if self._child is not None and self._child.poll() is not None:
                return False
            if self.is_running():
                return True
            time.sleep(0.02)
        return False

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn("postgres", "postgres"), autocommit=True) as admin:
            known = "select from pg_database where datname = 'contextmap'"
            if admin.execute(known).fetchone() is None:
                admin.execute("create database contextmap")

    def _gone(self, pid: int, *, within_s: float) -> bool:
        """The server has ended; our own child is reaped, an adopted one only watched."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            if self._child is not None and self._child.pid == pid:
                if self._child.poll() is not None:
                    return True
            elif self.pid() != pid:
                return True
            time.sleep(0.02)
        return False

    def _bin(self, name: str) -> Path:
        if self._programs is None:
            self._programs = postgis.find_or_get(self.data_dir / "postgis")
        return self._programs.bin / name

    def _as_server(self, command: list[str]) -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, check=False, **self._identity()
        )
        if done.returncode != 0:
            raise ClusterError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-300:]}")

    def _identity(self) -> dict[str, Any]:
        """Postgres refuses root: as root it runs as its own user, without root's groups."""
        env = {**os.environ, **(self._programs.env if self._programs else {})}
        if os.geteuid() != 0:
            return {"env": env}
        user = pwd.getpwnam("postgres")
        return {
            "env": env,
            "user": user.pw_uid,
            "group": user.pw_gid,
            "extra_groups": [],
            "cwd": "/",
        }


def _server_user() -> str:
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


@contextmanager
def only_launcher(data_dir: Path, address: str) -> Iterator[None]:
    """Hold the data folder against a second launcher, which is told where the first serves."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "launcher.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            where = lock.read().strip() or "another address"
            raise ClusterError(f"Contextmap is already running at {where}.") from None
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield
