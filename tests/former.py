"""The programs of the last release, from the history of this checkout, over a database they made.

Which release that is says `commit` in `migrations/released.json`. Its code runs in processes of its
own, with today's libraries: what was locked then is not installed beside them.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from tests import released
from tests.databases import create_database
from tests.live import ROOT, free_port, wait_until_alive

PARTS = ("app", "geo", "migrations", "frontend", "data", "pyproject.toml")
SECRET = "a key of the tests only"
MAKE_READY = """
from app.core.settings import load_settings
from app.serve import _make_ready
_make_ready(load_settings())
"""


class NoHistoryError(AssertionError):
    """The code of the last release is not here: nothing was shown, so nothing is green."""


def commit() -> str:
    return str(json.loads(released.FILE.read_text())["commit"])


def unpacked(folder: Path, of: str | None = None, checkout: Path = ROOT) -> Path:
    """The code of that commit, in `folder`.

    Raises
    ------
    NoHistoryError
        Without git, in an unpacked archive, or in a clone without its history.
    """
    wanted = of or commit()
    try:
        archive = subprocess.run(
            ["git", "-c", "safe.directory=*", "archive", wanted, *PARTS],
            cwd=checkout,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as failed:
        raise NoHistoryError(
            f"The last release is commit {wanted}, and git does not find it here. Its code must "
            "run in this test: fetch the whole history (git fetch --unshallow)."
        ) from failed
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


@dataclass(frozen=True)
class Former:
    """The code of the last release, and the data folder that its processes share."""

    code: Path
    data_dir: Path
    cluster: PrivateCluster

    def head(self) -> str:
        return (self.code / "migrations" / "HEAD").read_text().strip()

    def settings(self, name: str) -> Settings:
        """Of a database, as today's programs read them."""
        return Settings(
            data_dir=self.data_dir, demo=True, secret_key=SECRET, database_url=self._url(name)
        )

    def made(self, name: str) -> None:
        """A database as this release leaves it at its first start, with the demonstration."""
        create_database(self.cluster, name)
        done = subprocess.run(
            [sys.executable, "-c", MAKE_READY],
            cwd=self.code,
            env=self._environment(name),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    @contextmanager
    def serving(self, name: str) -> Iterator[int]:
        """Its web process over this database; the port."""
        port = free_port()
        with self._running(name, "web", "--port", str(port)) as log:
            wait_until_alive(port, log)
            yield port

    @contextmanager
    def working(self, name: str) -> Iterator[Path]:
        """Its worker over this database; its log."""
        with self._running(name, "worker") as log:
            yield log

    @contextmanager
    def _running(self, name: str, program: str, *arguments: str) -> Iterator[Path]:
        log = self.data_dir / f"{name}-{program}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", f"app.{program}", *arguments],
                cwd=self.code,
                env=self._environment(name),
                stdout=out,
                stderr=out,
            )
        try:
            yield log
        finally:
            process.kill()  # what it was doing is of no interest
            process.wait()

    def people(self) -> dict[str, dict[str, str]]:
        """The accounts that it made for its demonstration, by role."""
        told = json.loads((self.data_dir / "demo-accounts.json").read_text())
        return {each["role"]: each for each in reversed(told)}

    def _url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.cluster.socket_dir}"

    def _environment(self, name: str) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(self.code),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": self._url(name),
            "CONTEXTMAP_DATA_DIR": str(self.data_dir),
            "CONTEXTMAP_DEMO": "1",
            "CONTEXTMAP_SECRET_KEY": SECRET,
            "CONTEXTMAP_TRUSTED_PROXIES": "127.0.0.1",
        }
