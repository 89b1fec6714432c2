"""Data folders, processes and ports for tests that start the real thing."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from app.core import log
from app.core.postgres import PrivateCluster
from app.spare import NAME

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def folder_for_a_cluster() -> Iterator[Path]:
    """Where PostgreSQL's own user gets to, which pytest's folders are closed to."""
    folder = Path(tempfile.mkdtemp(prefix="contextmap-runtime-"))
    try:
        yield folder
    finally:
        PrivateCluster(folder).stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with folder_for_a_cluster() as folder:
        yield folder


@pytest.fixture(scope="session")
def initialised() -> Iterator[Path]:
    """A cluster that was started once; copied, since initdb takes a second of each test."""
    with folder_for_a_cluster() as folder:
        PrivateCluster(folder, durable=False).start()
        PrivateCluster(folder).stop()
        yield folder / "postgres"


@pytest.fixture
def private(initialised, data_dir) -> PrivateCluster:
    subprocess.run(["cp", "-a", initialised, data_dir / "postgres"], check=True)
    return PrivateCluster(data_dir, durable=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_rows(cluster: PrivateCluster, count: int) -> None:
    with psycopg.connect(cluster.dsn("postgres")) as admin:
        admin.execute("create table if not exists kept (n int)")
        admin.execute("insert into kept select generate_series(1, %s)", (count,))


def rows(cluster: PrivateCluster) -> int:
    with psycopg.connect(cluster.dsn("postgres")) as admin:
        return admin.execute("select count(*) from kept").fetchone()[0]


def wait_for(condition, *, within_s: float = 20) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def processes_naming(text: str) -> list[int]:
    """Living processes with this text in their command or environment; zombies have neither."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                said = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in said:
                found.append(int(folder.name))
    return found


def is_a(pid: int, kind: str) -> bool:
    """A web process or worker: started as one, or a spare that took the place of one."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        known_as = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return False  # it has ended meanwhile
    return f"app.{kind}".encode() in command or known_as == NAME.format(kind=kind)


# What the launcher itself says besides the lines of the log, and PostgreSQL before it has one.
SAID = re.compile(
    r"Contextmap is ready: http://\S+|[a-z]+( \d+)? ended \(-?\d+\); starting it again\."
    r"|PostgreSQL ended; starting it again\.|PostgreSQL did not start: [^'\"]* See \S+"
)


def strange(said: list[str]) -> list[str]:
    """Lines of launcher, web and worker that are none of the log with its own keys only."""
    return [line for line in said if line and not SAID.fullmatch(line) and not _is_of_log(line)]


def _is_of_log(line: str) -> bool:
    try:
        told = json.loads(line)
    except ValueError:
        return False
    return isinstance(told, dict) and told.keys() <= log.KEYS | {"time", "level"}


@dataclass
class Launcher:
    """`python -m app.serve` over one data folder."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)
    demo: bool = False

    def start(self, *options: str, within_s: float = 60) -> float:
        """Seconds until it is ready."""
        began = time.monotonic()
        self.said = []
        self.process = self.spawn(*options)
        Thread(target=self._listen, args=(self.process,), daemon=True).start()
        host = options[options.index("--host") + 1] if "--host" in options else "127.0.0.1"
        ready = f"Contextmap is ready: http://{host}:{self.port}"
        done = wait_for(
            lambda: ready in self.said or self.process.poll() is not None, within_s=within_s
        )
        assert done, self.said
        assert ready in self.said, self.said
        return time.monotonic() - began

    def refused(self, *options: str) -> tuple[int, str]:
        """Exit code and last words of a start that must not succeed."""
        process = self.spawn(*options)
        said, _ = process.communicate(timeout=30)
        return process.returncode, said.strip().splitlines()[-1]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=90)

    def spawn(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "app.serve", "--port", str(self.port)]
        return subprocess.Popen(
            [*command, "--data-dir", str(self.data_dir), *options],
            cwd=ROOT,
            env={**os.environ, "CONTEXTMAP_DEMO": str(int(self.demo))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _listen(self, process: subprocess.Popen[str]) -> None:
        with process.stdout as lines:
            self.said.extend(line.rstrip("\n") for line in lines)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.terminate()


@pytest.fixture
def launcher(data_dir) -> Iterator[Launcher]:
    made = Launcher(data_dir)
    yield made
    made.close()


@pytest.fixture(scope="module")
def service() -> Iterator[Launcher]:
    """One data folder for the tests of a file: the first start of it takes longest."""
    with folder_for_a_cluster() as folder:
        made = Launcher(folder)
        yield made
        made.close()
