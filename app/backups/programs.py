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


@contextmanager
def running(
    settings: Settings, name: str, dsn: str, arguments: list[str], *, reads: bool = False
) -> Iterator[IO[bytes]]:
    """What a program at a database writes, or what it reads; an error if it does not end well.

    Raises
    ------
    InvalidError
        With its own words, without those of any row.
    """
    found = _found(settings, name)
    address, password = _address(dsn)
    line = [str(found.bin / name), *arguments, "--no-password", "--dbname", address]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(  # noqa: S603 - our own command
            line,
            stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if reads else subprocess.PIPE,
            stderr=said,
            env={**os.environ, **found.env, **password},
        ) as process:
            try:
                yield cast("IO[bytes]", process.stdin if reads else process.stdout)
                if process.stdin is not None:
                    process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended before its input: its own words say why
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise InvalidError(f"{name} did not finish. {_last_words(said)}")


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
