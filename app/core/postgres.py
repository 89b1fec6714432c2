"""The private PostGIS cluster: initialise, start, adopt, stop. A Unix socket only, peer logins."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from app.core import folders, pgconf, postgis, survivors
from app.core.folders import ClusterError

STATUS = 7  # of the lines in postmaster.pid, counted from 0
START_S = 300  # crash recovery replays up to max_wal_size
# Both pass within seconds of a kill -9: the dead server is not reaped, or holds its memory.
HELD = "pre-existing shared memory"
PASSING = ("lock file", HELD)


class PrivateCluster:
    """PostgreSQL with PostGIS in `data_dir`, owned by this service.

    `durable=False` is for tests: nothing is synced to disk.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.durable = durable
        self.pgdata = self.data_dir / "postgres"
        self.replaced = self.data_dir / "postgres.replaced"
        self.log = self.data_dir / "postgres.log"
        self.socket_dir = folders.socket_dir_of(self.data_dir)
        self._passing_guest = self.data_dir / "cluster.transient"
        self._found: postgis.Programs | None = None

    def dsn(self, role: str, dbname: str = "contextmap") -> str:
        return f"postgresql://{role}@/{quote(dbname)}?host={quote(str(self.socket_dir), safe='')}"

    def start(self) -> bool:
        """Initialise if new, start or adopt, make the database. True when it was not running."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folders.alone(self.data_dir / "cluster.lock"):
            self._programs()
            folders.let_server_pass(self.data_dir)
            folders.claim(self.socket_dir)
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
        if not _gone(pid, within_s=20):
            os.kill(pid, signal.SIGQUIT)
            _gone(pid, within_s=10)
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
        pid, command = self._named_process()
        return pid if str(self.pgdata).encode() in command else None

    @contextmanager
    def owned(self) -> Iterator[None]:
        """By the launcher: started or adopted, and stopped in the end whoever started it."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folders.beside_others(self.data_dir / "users.lock"):
            self.start()
            self.keep()
            try:
                yield
            finally:
                self.stop()

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """By a command: what commands started is stopped by the last of them, else left alone."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folders.beside_others(self.data_dir / "users.lock") as users:
            if self.start():
                self._passing_guest.touch()
            try:
                yield
            finally:
                if folders.is_last(users) and self._passing_guest.exists():
                    self.stop()
                    self.keep()

    def keep(self) -> None:
        """Running on is wanted: no command that ends may stop it."""
        self._passing_guest.unlink(missing_ok=True)

    def run(self, program: str, *arguments: str) -> int:
        """One of the server's programs in this terminal, psql for one."""
        command = [str(self._programs().bin / program), *arguments]
        env = {**os.environ, **self._programs().env}
        return subprocess.run(command, env=env, check=False).returncode  # noqa: S603 - our own

    def _programs(self) -> postgis.Programs:
        if self._found is None:
            self._found = postgis.find_or_get(self.data_dir)
        return self._found

    def _named_process(self, by: Path | None = None) -> tuple[int, bytes]:
        """The process that postmaster.pid names, and its command, which is empty of a dead one."""
        try:
            pid = int((by or self.pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return 0, b""
        command = _command_of(pid)
        if not command:
            _reap(pid)  # or the next server takes it for a living one
        return pid, command

    def _initialise(self) -> None:
        """Into a folder that is renamed at the end: a crash in between leaves nothing half made."""
        if (self.pgdata / "PG_VERSION").exists():
            self._refuse_another_version()
            return
        if self.replaced.exists():
            raise ClusterError("A recovery was broken off: run contextmap backup recover again.")
        fresh = self.data_dir / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        folders.claim(fresh)
        options = ["--auth=peer", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres"]
        options += ["--data-checksums"] if self.durable else ["--no-sync"]
        self._initdb(["-D", str(fresh), *options])
        pgconf.write_access(fresh, {folders.server_user().pw_name, _login_name()})
        pgconf.include_ours(fresh)
        fresh.rename(self.pgdata)

    def _refuse_another_version(self) -> None:
        """Its own words, `database files are incompatible`, tell nobody what to do."""
        made = (self.pgdata / "PG_VERSION").read_text().strip()
        have = self._programs().bin.parent.name
        if have.isdigit() and made != have:
            raise ClusterError(
                f"The database in {self.pgdata} was made by PostgreSQL {made}; PostgreSQL {have} "
                f"is installed and cannot read it. Install PostgreSQL {made} again; "
                "see docs/operator/upgrades.md."
            )

    def _initdb(self, options: list[str]) -> None:
        command = [str(self._programs().bin / "initdb"), *options]
        done = subprocess.run(  # noqa: S603 - our own command
            command, capture_output=True, text=True, check=False, **self._identity()
        )
        if done.returncode != 0:
            raise ClusterError(f"initdb failed: {done.stderr.strip()[-300:]}")

    def _start_server(self) -> None:
        pgconf.write_settings(self.pgdata, durable=self.durable)
        self._drop_stale_files()
        deadline = time.monotonic() + START_S
        while True:
            position = self.log.stat().st_size if self.log.exists() else 0
            # One that is there is starting, or recovering after a crash.
            child = self._spawn() if self.pid() is None else None
            if self._answers(child, deadline):
                return
            said = self.log.read_text(errors="replace")[position:]
            final = child is not None and not any(words in said for words in PASSING)
            if final or time.monotonic() > deadline:
                last = said.strip().splitlines()[-1:] or ["no message"]
                raise ClusterError(f"PostgreSQL did not start: {last[0]} See {self.log}.")
            if HELD in said and self.pid() is None:
                survivors.end(self.pgdata)
            time.sleep(0.1)

    def _drop_stale_files(self) -> None:
        """After a reboot their number may be another process's, which PostgreSQL takes for itself.

        Safe: processes of the dead server that live on are still found by their shared memory. The
        lock of the socket outlives a folder that was lost with its server.
        """
        for file in (self.pgdata / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"):
            _, command = self._named_process(file)
            if command and str(self.pgdata).encode() not in command:
                file.unlink()

    def _spawn(self) -> subprocess.Popen[bytes]:
        programs = self._programs()
        command = [str(programs.bin / "postgres"), "-D", str(self.pgdata)]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                [*command, "-k", str(self.socket_dir)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._identity(),
            )

    def _answers(self, child: subprocess.Popen[bytes] | None, deadline: float) -> bool:
        while time.monotonic() < deadline:
            if self._says_ready() and self.is_running():
                if child is not None:
                    child.returncode = (
                        0  # from here on it is known by its pid, as an adopted one is
                    )
                return True
            if (child is None or child.poll() is not None) and self.pid() is None:
                return False
            time.sleep(0.02)
        return False

    def _says_ready(self) -> bool:
        """As it notes itself: each connection that it refuses costs it a process, and time."""
        try:
            lines = (self.pgdata / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        return len(lines) > STATUS and lines[STATUS].strip() == "ready"

    def _create_database(self) -> None:
        with psycopg.connect(self.dsn("postgres", "postgres"), autocommit=True) as admin:
            known = "select from pg_database where datname = 'contextmap'"
            if admin.execute(known).fetchone() is None:
                admin.execute("create database contextmap")

    def _identity(self) -> dict[str, Any]:
        """As root the server runs as its own user, without root's groups."""
        env = {**pgconf.MEMORY, **os.environ, **self._programs().env}
        if os.geteuid() != 0:
            return {"env": env}
        user = folders.server_user()
        only = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        return {"env": env, "cwd": "/", **only}


def _gone(pid: int, *, within_s: float) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        _reap(pid)
        if not _command_of(pid):
            return True
        time.sleep(0.02)
    return False


def _command_of(pid: int) -> bytes:
    """Empty for a process that is dead, even where nobody has reaped it yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _reap(pid: int) -> None:
    """If it was a child of this process, by whichever object it was started."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _login_name() -> str:
    return "root" if os.geteuid() == 0 else folders.server_user().pw_name
