"""Changes of the private cluster, shipped encrypted within a minute, and what they continue from.

PostgreSQL copies each finished segment into a folder beside its own; the worker compresses and
encrypts it into the archive, and only then deletes the copy. A segment is finished after 30 s.
"""

import gzip
import io
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psycopg

from app.backups import box, programs
from app.core import clock, folders, pgconf
from app.core.errors import InvalidError
from app.core.postgres import PrivateCluster
from app.core.settings import Settings

FORMAT = "contextmap-wal/1"
FINISHED_S = 30
EACH = timedelta(hours=23, minutes=30)
KEPT = timedelta(days=7)
STAMP = "%Y%m%dT%H%M%SZ"
SUFFIX = ".age"
SHIPPING, COPYING = "ship.lock", "base.lock"
UNSET = (
    "Set CONTEXTMAP_WAL_ARCHIVE to a folder on another disk, and CONTEXTMAP_BACKUP_RECIPIENT. With "
    "DATABASE_URL it is for whoever runs that server."
)
UNSTARTED = "Start Contextmap once since CONTEXTMAP_WAL_ARCHIVE is set: scripts/serve."
COPIED = "Another copy of the whole cluster is being made. Wait for its end."
OTHER = "{name} is not what it is called. The archive was changed."


def configure(settings: Settings, cluster: PrivateCluster) -> None:
    """Turn archiving on or off, as the settings say, in the cluster that runs."""
    path = cluster.pgdata / pgconf.ARCHIVE
    before = path.read_text() if path.exists() else ""
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        said = _conf(settings, admin) if is_wanted(settings) else ""
        if said == before:
            return
        path.write_text(said)
        if said:
            _due(settings).touch()  # what happened meanwhile is in no archive
        pgconf.let_copy(cluster.pgdata)
        admin.execute("select pg_reload_conf()")


def is_wanted(settings: Settings) -> bool:
    private = settings.database_url is None
    return private and settings.wal_archive is not None and bool(settings.backup_recipient)


def staged(settings: Settings) -> Path:
    """Where PostgreSQL leaves finished segments, a folder for each cluster that ever was."""
    return settings.data_dir / "wal-ready"


def ship(settings: Settings) -> int:
    """Encrypt what is finished into the archive; how many segments. One process at a time."""
    with folders.alone_at_once(staged(settings) / SHIPPING) as free:
        found = sorted(staged(settings).glob("*/*")) if free and settings.wal_archive else []
        return sum(_ship(settings, segment) for segment in found if segment.suffix != ".part")


def base(settings: Settings) -> Path:
    """A copy of the whole cluster, which the changes since then are applied to.

    Raises
    ------
    InvalidError
        Nothing is shipped here, or another copy is being made.
    """
    if not is_wanted(settings):
        raise InvalidError(UNSET)
    if not staged(settings).is_dir():
        raise InvalidError(UNSTARTED)
    with folders.alone_at_once(staged(settings) / COPYING) as free:
        if not free:
            raise InvalidError(COPIED)
        return _base(settings)


def is_base_due(settings: Settings, now: datetime) -> bool:
    """Each day, and whenever archiving begins: changes alone continue from nothing."""
    if _due(settings).exists():
        return True
    ended = [at for own in staged(settings).glob("*/") for at in bases(_archive(settings, own))]
    return not ended or now - max(ended) > EACH


def prune(folder: Path, now: datetime) -> None:
    """Copies and changes from which nobody goes back any more; the newest copy stays."""
    found = bases(folder)
    if not found:
        return
    kept = {at for at in found if now - at <= KEPT} | {max(found)}
    for at in set(found) - kept:
        found[at].unlink()
    # A copy brings the changes of its own making along.
    before = (min(kept) - timedelta(hours=1)).timestamp()
    for path in folder.glob(f"0*{SUFFIX}"):
        if path.stat().st_mtime < before:
            path.unlink()


def bases(folder: Path) -> dict[datetime, Path]:
    """By when they ended."""
    found = {}
    for path in folder.glob(f"base-*Z{SUFFIX}"):
        stamp = path.name.removeprefix("base-").removesuffix(SUFFIX)
        found[datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)] = path
    return found


def head_of(name: str) -> Callable[[bytes], str]:
    """The first line must name what the file is: segments cannot change places."""

    def read(line: bytes) -> str:
        if line != _line(name).rstrip(b"\n"):
            raise InvalidError(OTHER.format(name=name))
        return name

    return read


def _ship(settings: Settings, segment: Path) -> bool:
    folder = _archive(settings, segment.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / (segment.name + SUFFIX)
    if not target.exists():  # of a worker that was killed between the two
        packed = io.BytesIO(gzip.compress(segment.read_bytes(), 1))
        _write(settings, target, segment.name, packed.read)
    segment.unlink()
    return True


def _base(settings: Settings) -> Path:
    dsn = settings.dsn("postgres")
    with psycopg.connect(dsn) as admin:
        folder = _archive(settings, Path(_cluster_of(admin)))
    folder.mkdir(mode=0o700, exist_ok=True)
    prune(folder, clock.now())  # a full disk must not keep itself full
    growing = folder / "base-growing.age"
    growing.unlink(missing_ok=True)
    arguments = ["--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast"]
    arguments += ["--compress=client-gzip:1"]
    with programs.running(settings, "pg_basebackup", dsn, arguments) as copy:
        _write(settings, growing, "base", copy.read)
    _due(settings).unlink(missing_ok=True)
    # It holds the changes up to its end: no moment before that can be gone back to.
    return growing.rename(folder / f"base-{clock.now().strftime(STAMP)}{SUFFIX}")


def _due(settings: Settings) -> Path:
    return staged(settings) / "base-due"


def _archive(settings: Settings, own: Path) -> Path:
    return (settings.wal_archive or staged(settings)) / own.name


def _line(name: str) -> bytes:
    return orjson.dumps({"format": FORMAT, "name": name}) + b"\n"


def _write(settings: Settings, path: Path, name: str, read: Callable[[int], bytes]) -> None:
    with box.new_file(path) as out:
        source = box.Source(_line(name), read, box.key(settings), lambda _: None)
        box.seal(source, out, box.recipient(settings))


def _conf(settings: Settings, admin: psycopg.Connection) -> str:
    folder = staged(settings)
    folders.claim(folder)
    own = folder / _cluster_of(admin)
    folders.claim(own)
    to = shlex.quote(str(own)).replace("%", "%%")
    part = f"{to}/%f.part"
    command = f'cp "%p" {part} && sync {part} && mv {part} {to}/%f'.replace("'", "''")
    return f"archive_command = '{command}'\narchive_timeout = {FINISHED_S}\n"


def _cluster_of(admin: psycopg.Connection) -> str:
    """Names of segments begin anew with each cluster: two must not meet in one folder."""
    (number,) = admin.execute("select system_identifier from pg_control_system()").fetchone() or (
        0,
    )
    return str(number)
