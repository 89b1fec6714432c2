"""Show that a backup can be restored, in a PostgreSQL of its own that is thrown away."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from app.backups import box, filling
from app.backups.rules import Manifest
from app.core import folders
from app.core.postgres import PrivateCluster
from app.core.settings import Settings

FOLDER = "backup-check-"
DATABASE = "contextmap"
Progress = Callable[[int, int, str], None]


def verify(
    settings: Settings,
    path: Path,
    identity: Path,
    *,
    other_secret: bool = False,
    progress: Progress = lambda *_: None,
) -> Manifest:
    """Rows, policies, marks and grants as they were; the serving database is not touched."""
    by = box.identity(identity)
    manifest = filling.checked(settings, path, by, other_secret=other_secret, progress=progress)
    with scratch(settings) as apart:
        filling.fill(apart, DATABASE, path, by, progress)
        filling.make_safe(apart, DATABASE)
    return manifest


@contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """A cluster in the data folder, as closed as the serving one, and gone at the end."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with folders.alone(settings.data_dir / "backup-check.lock"):
        for left in settings.data_dir.glob(f"{FOLDER}*"):  # by one that was killed
            _drop(left)
        folder = settings.data_dir / f"{FOLDER}{secrets.token_hex(4)}"
        secret = SecretStr(secrets.token_urlsafe(32))
        try:
            folders.let_server_pass(settings.data_dir)
            PrivateCluster(folder, durable=False).start()
            yield settings.model_copy(
                update={"data_dir": folder, "database_url": None, "secret_key": secret}
            )
        finally:
            _drop(folder)


def _drop(folder: Path) -> None:
    PrivateCluster(folder).stop()
    shutil.rmtree(folder, ignore_errors=True)
