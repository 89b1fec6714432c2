"""pg_dump and pg_restore: those of the private cluster, or of this machine."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from app.core import postgis
from app.core.errors import InvalidError
from app.core.settings import Settings

QUOTED = re.compile(r"""["'].*["']|: \d.*""")
MOST_JOBS = 4
# Nobody waits for one of its rows: the two renames at the end bring all of it to the disk.
HURRY = "-c synchronous_commit=off -c maintenance_work_mem=256MB"


@contextmanager
def running(settings: Settings, name: str, dsn: str, arguments: list[str]) -> Iterator[IO[bytes]]:
    """What a program at a database writes; an error if it does not end well.

    Raises
    ------
    InvalidError
        With its own words, without those of any row.
    """
    line, env = _command(settings, name, dsn, arguments)
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(  # noqa: S603 - our own command
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=env
        ) as process:
            try:
                yield cast("IO[bytes]", process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise InvalidError(f"{name} did not finish. {_last_words(said)}")


def restore(settings: Settings, dsn: str, dump: IO[bytes]) -> None:
    """A dump into an empty database, several tables and indexes at once.

    Not in one transaction, then: what it leaves when it fails is for the caller to drop. It opens
    the file, which has no name, by its number.

    Raises
    ------
    InvalidError
        With its own words, without those of any row.
    """
    jobs = min(max(os.cpu_count() or 1, 2), MOST_JOBS)
    arguments = ["--exit-on-error", "--format=custom", f"--jobs={jobs}"]
    line, env = _command(settings, "pg_restore", dsn, arguments)
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(  # noqa: S603 - our own command
            [*line, f"/proc/self/fd/{dump.fileno()}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=env | {"PGOPTIONS": HURRY},
            pass_fds=(dump.fileno(),),
            check=False,
        )
        if done.returncode != 0:
            raise InvalidError(f"pg_restore did not finish. {_last_words(said)}")


def _command(
    settings: Settings, name: str, dsn: str, arguments: list[str]
) -> tuple[list[str], dict[str, str]]:
    found = _found(settings, name)
    address, password = _address(dsn)
    line = [str(found.bin / name), *arguments, "--no-password", "--dbname", address]
    return line, {**os.environ, **found.env, **password}


def _address(dsn: str) -> tuple[str, dict[str, str]]:
    """A password is not for a command line, which every user of the machine can read."""
    parts = urlsplit(dsn)
    if parts.password is None:
        return dsn, {}
    host = f"{parts.username}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=host)), {"PGPASSWORD": unquote(parts.password)}


def _found(settings: Settings, name: str) -> postgis.Programs:
    """A server elsewhere needs programs at least as new as it is, which the operator installs."""
    if settings.database_url is None:
        return postgis.find_or_get(settings.data_dir)
    on_path = shutil.which(name)
    if on_path is not None:
        return postgis.Programs(Path(on_path).parent)
    installed = postgis.installed()
    if installed is None:
        raise InvalidError(f"Install {name} (postgresql-client), as new as the server at least.")
    return installed


def _last_words(said: IO[bytes]) -> str:
    """Without what is quoted: it may be of a row."""
    said.seek(0)
    lines = said.read(65536).decode(errors="replace").splitlines()
    found = [line for line in lines if "error:" in line] or lines[:1] or ["It said nothing."]
    return QUOTED.sub("…", found[0])[:200]
