"""Folders and locks of the private cluster: who may enter them, who is using them."""

import fcntl
import hashlib
import os
import pwd
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class ClusterError(RuntimeError):
    """The private cluster cannot serve; the words say what to do."""


def server_user() -> pwd.struct_passwd:
    """Who PostgreSQL runs as: it refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError(
            "Started by root, but there is no user postgres. Start as another user."
        ) from None


def socket_dir_of(data_dir: Path) -> Path:
    """Short, since a socket's path may have 107 bytes; the same whatever TMPDIR a session has."""
    mark = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    shared = Path("/tmp")  # noqa: S108 - sticky, and `claim` refuses what another user left there
    usable = shared.is_dir() and os.access(shared, os.W_OK)
    return (shared if usable else Path(tempfile.gettempdir())) / f"contextmap-{mark}"


def claim(folder: Path) -> None:
    """Make a folder for the server alone, and refuse one (or a link) made by somebody else."""
    owner = server_user()
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner.pw_uid, os.geteuid()}:
        raise ClusterError(f"{folder} belongs to somebody else. Have it removed, then try again.")
    if os.geteuid() == 0:
        os.chown(folder, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
    folder.chmod(0o700)


def let_server_pass(data_dir: Path) -> None:
    """As root: the server's user walks through the data folder, and must get that far."""
    if os.geteuid() != 0:
        return
    data_dir.chmod(0o711)  # passable, not readable
    owner = server_user()
    for folder in data_dir.parents:
        found = folder.stat()
        if not found.st_mode & 0o001 and found.st_uid != owner.pw_uid:
            raise ClusterError(
                f"PostgreSQL runs as the user {owner.pw_name}, who cannot enter {folder}. "
                "Choose another --data-dir, such as /var/lib/contextmap."
            )


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time; the others wait."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def alone_at_once(path: Path) -> Iterator[bool]:
    """Whether nobody else holds it, without waiting; if so, it is held until the end."""
    with path.open("a") as lock:
        yield is_last(lock)


@contextmanager
def beside_others(path: Path) -> Iterator[IO[str]]:
    """Counted among the users of something; `is_last` tells whether others remain."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lock


def is_last(lock: IO[str]) -> bool:
    """No other user is left; until the lock is closed nobody can join."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def only_launcher(data_dir: Path, address: str) -> Iterator[None]:
    """Hold the data folder against a second launcher, which is told where the first serves."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "launcher.lock").open("a+") as lock:
        if not is_last(lock):
            raise ClusterError(f"Contextmap is already running at {_address(lock)}.")
        lock.truncate(0)
        lock.write(address)
        lock.flush()
        yield


def launcher_at(data_dir: Path) -> str | None:
    """Where a launcher of this data folder serves, if one does."""
    try:
        with (data_dir / "launcher.lock").open("r+") as lock:
            return None if is_last(lock) else _address(lock)
    except FileNotFoundError:
        return None


def _address(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip() or "another address"
