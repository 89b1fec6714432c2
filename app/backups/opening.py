"""A backup decrypted once, into a file without a name that goes with this process.

What was checked is what is restored: whoever may write where backups lie cannot change places with
another file in between. pg_restore needs a file, too, to restore several tables at once.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.backups import box, rules
from app.backups.box import Key
from app.backups.rules import Manifest
from app.core.errors import InvalidError
from app.core.migrate import head, is_newer
from app.core.settings import Settings

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Dump:
    """What pg_dump wrote, and what it was said to hold."""

    manifest: Manifest
    file: IO[bytes]


@contextmanager
def opened(
    settings: Settings,
    path: Path,
    by: Key,
    *,
    other_secret: bool,
    progress: Progress = lambda *_: None,
) -> Iterator[Dump]:
    """In the data folder, beside the database that holds the same in plain text.

    Raises
    ------
    InvalidError
        Another key, a damaged or cut file, another file, one of another installation, or one of a
        newer release. Nothing was touched yet.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.data_dir) as file:
        stream = box.Opened(box.key(settings), file, read=box.manifest_of)
        manifest = box.open_into(path, by, stream, _counting(path, progress))
        if not (stream.is_vouched_for or other_secret):
            raise InvalidError(rules.NOT_OURS)
        if is_newer(manifest.head):
            raise InvalidError(rules.NEWER.format(theirs=manifest.head, ours=head()))
        file.flush()
        yield Dump(manifest, file)


def _counting(path: Path, progress: Progress) -> Callable[[int], None]:
    total, done = path.stat().st_size if path.is_file() else 0, 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        if count or done:
            progress(done, total, "Opening the file")

    return told
