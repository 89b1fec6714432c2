"""The private cluster again as it was at a moment: a copy of the whole, and the changes since.

It is recovered beside the one that serves, which keeps its place until the very end.
"""

import gzip
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import psycopg
from pydantic import SecretStr

from app.backups import box, filling, leftovers, restoring, returning, rules, wal
from app.backups.box import Key
from app.backups.returning import Replay, Returned
from app.core import folders, pgconf
from app.core.errors import InvalidError
from app.core.folders import ClusterError
from app.core.postgres import PrivateCluster
from app.core.settings import Settings

DATABASE = "contextmap"
ASK_S = 0.02
FULL = (
    "The data folder holds a database already. To put the recovered one in its place, and lose "
    "what it holds, add --replace."
)
TOO_EARLY = "No copy of the whole cluster in this archive ended before that time."
TOO_LATE = "The archive ends before that time. Leave --to out to get everything that it holds."


@dataclass(frozen=True, slots=True)
class Recovered:
    """`last_at` is when the last change was committed that is there again."""

    base: Path
    last_at: datetime | None
    era: int
    returned: Returned
    anchored: bool | None


def recover(
    settings: Settings,
    folder: Path,
    identity: Path,
    replay: Replay,
    *,
    to: datetime | None = None,
    replace: bool = False,
    nothing_was_erased: bool = False,
) -> Recovered:
    """From `folder`, the archive of one cluster, up to `to` or to its end."""
    by = box.identity(identity)
    base = _base(folder, to)
    serving = PrivateCluster(settings.data_dir)
    with leftovers.only_restore(settings):
        _refuse(settings, serving, replace=replace)
        with _beside(settings) as beside:
            apart = _apart(settings, beside)
            _unpack(settings, base, by, beside)
            with _fetching(settings, base.parent, by, beside):
                last_at = _replayed(beside, to)
            returning.refuse_unlisted(
                settings,
                returning.erased_before(apart, DATABASE),
                nothing_was_erased=nothing_was_erased,
            )
            era = filling.make_safe(apart, DATABASE)
            returned = returning.take_back(apart, DATABASE, replay)
            told = restoring.anchored(settings, apart)
            beside.stop()
            _change_places(serving, beside)
    return Recovered(base, last_at, era, returned, told)


def _apart(settings: Settings, beside: PrivateCluster) -> Settings:
    """The same installation with its private cluster in another folder."""
    kept = {
        "secret_key": SecretStr(settings.secret().decode()),
        "vault_dir": settings.vault_folder,
        "vault_key_file": settings.vault_master,
        "erased_file": settings.erased_list,
    }
    changed = {"data_dir": beside.data_dir, "database_url": None}
    return settings.model_copy(update=changed | kept)


@contextmanager
def _beside(settings: Settings) -> Iterator[PrivateCluster]:
    """Gone again when the recovery fails: it is readable."""
    folder = settings.data_dir / leftovers.RECOVERING
    leftovers.drop_cluster(folder)  # of a killed one
    try:
        yield PrivateCluster(folder)
    finally:
        leftovers.drop_cluster(folder)


def _base(folder: Path, to: datetime | None) -> Path:
    """The newest copy from before; of the newest cluster, where the folder has several."""
    found = {
        ended: path
        for place in (folder, *sorted(folder.glob("*/")))
        for ended, path in wal.bases(place).items()
    }
    usable = [ended for ended in found if to is None or ended <= to]
    if not usable:
        raise InvalidError(TOO_EARLY)
    return found[max(usable)]


def _refuse(settings: Settings, serving: PrivateCluster, *, replace: bool) -> None:
    if settings.database_url is not None:
        raise InvalidError("DATABASE_URL is set: recover that server by its own means.")
    if serving.pid() is not None:
        raise InvalidError("The database is running. Stop Contextmap first.")
    if serving.pgdata.exists() and not replace:
        raise InvalidError(FULL)


def _unpack(settings: Settings, base: Path, by: Key, beside: PrivateCluster) -> None:
    """Decrypted once, into a file without a name: what was checked is what is unpacked."""
    with tempfile.TemporaryFile(dir=settings.data_dir) as copy:
        _open_into(settings, base, "base", by, copy)
        copy.seek(0)
        beside.data_dir.mkdir(mode=0o700, parents=True)
        folders.let_server_pass(settings.data_dir)
        folders.claim(beside.pgdata)
        to = ["--no-same-owner", "--directory", str(beside.pgdata)]
        command = ["tar", "--extract", "--gzip", *to]
        done = subprocess.run(command, stdin=copy, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        raise InvalidError("The copy of the cluster could not be unpacked.")
    _give_to_server(beside.pgdata)


def _open_into(settings: Settings, path: Path, name: str, by: Key, sink: IO[bytes]) -> None:
    """Whoever vouches for it was asked when this returns, and the file is whole."""
    opened = box.Opened(box.key(settings), sink, read=wal.head_of(name))
    box.open_into(path, by, opened)
    if not opened.is_vouched_for:
        raise InvalidError(rules.NOT_OURS)
    sink.flush()


@contextmanager
def _fetching(settings: Settings, folder: Path, by: Key, beside: PrivateCluster) -> Iterator[None]:
    """PostgreSQL asks for one segment after another by a file; the identity stays in this process.

    Its own user may read neither the identity nor our programs.
    """
    asked, got = beside.data_dir / "asked", beside.data_dir / "got"
    for each in (asked, got):
        folders.claim(each)
    done = threading.Event()

    def serve() -> None:
        while not done.wait(ASK_S):
            for wish in asked.iterdir():
                _fetch(settings, folder, wish.name, by, got)
                wish.unlink(missing_ok=True)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _fetch(settings: Settings, folder: Path, name: str, by: Key, got: Path) -> None:
    """An absent or damaged one is not given: PostgreSQL takes that for the end."""
    found = folder / f"{name}{wal.SUFFIX}"
    if not found.exists():
        return
    packed = got / f"{name}.packed"
    try:
        with packed.open("wb") as out:
            _open_into(settings, found, name, by, out)
        fresh = got / f"{name}.part"
        fresh.write_bytes(gzip.decompress(packed.read_bytes()))
        _give_to_server(fresh)
        fresh.rename(got / name)
    except InvalidError:
        return
    finally:
        packed.unlink(missing_ok=True)


def _replayed(beside: PrivateCluster, to: datetime | None) -> datetime | None:
    """When the last change was made that is there again; the cluster runs on."""
    asked, got = (str(beside.data_dir / name).replace("%", "%%") for name in ("asked", "got"))
    command = (
        f'touch "{asked}/%f"; while [ -e "{asked}/%f" ]; do sleep {ASK_S}; done; mv "{got}/%f" "%p"'
    )
    lines = [f"restore_command = '{command}'", "recovery_target_action = 'promote'"]
    if to is not None:
        lines.append(f"recovery_target_time = '{to.isoformat()}'")
    (beside.pgdata / pgconf.ARCHIVE).write_text("\n".join([*lines, ""]))
    signal = beside.pgdata / "recovery.signal"
    signal.touch()
    _give_to_server(signal)
    try:
        beside.start()
    except (ClusterError, psycopg.OperationalError) as ended:
        raise _ended(beside) from ended
    last_at = _promoted(beside)
    (beside.pgdata / pgconf.ARCHIVE).unlink()
    return last_at


def _promoted(beside: PrivateCluster) -> datetime | None:
    waiting = threading.Event()
    while beside.pid() is not None:
        try:
            with psycopg.connect(beside.dsn("postgres")) as admin:
                recovers, last_at = admin.execute(
                    "select pg_is_in_recovery(), pg_last_xact_replay_timestamp()"
                ).fetchone() or (True, None)
        except psycopg.OperationalError:
            recovers, last_at = True, None
        if not recovers:
            return last_at if isinstance(last_at, datetime) else None
        waiting.wait(0.1)
    raise _ended(beside)


def _ended(beside: PrivateCluster) -> Exception:
    """PostgreSQL stops by itself where the archive does not reach the time."""
    said = beside.log.read_text(errors="replace")
    if "recovery ended before configured recovery target" in said:
        return InvalidError(TOO_LATE)
    return ClusterError("PostgreSQL ended while it recovered. Try another copy, or another time.")


def _change_places(serving: PrivateCluster, beside: PrivateCluster) -> None:
    """Between the two renames a start refuses to make an empty database (core.postgres)."""
    old = serving.replaced
    if serving.pgdata.exists():
        shutil.rmtree(old, ignore_errors=True)
        serving.pgdata.rename(old)
    beside.pgdata.rename(serving.pgdata)
    shutil.rmtree(old, ignore_errors=True)


def _give_to_server(path: Path) -> None:
    if os.geteuid() != 0:
        return
    owner = folders.server_user()
    for each in (path, *path.rglob("*")):
        os.chown(each, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
