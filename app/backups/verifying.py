"""Show that a backup can be restored, in a PostgreSQL of its own that is thrown away."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from app.backups import box, filling, leftovers, opening
from app.backups.opening import Progress
from app.backups.rules import Manifest
from app.core import folders
from app.core.postgres import PrivateCluster
from app.core.settings import Settings

DATABASE = "contextmap"


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
    with opening.opened(settings, path, by, other_secret=other_secret, progress=progress) as dump:
        with scratch(settings) as apart:
            filling.fill(apart, DATABASE, dump, progress)
            filling.make_safe(apart, DATABASE)
        return dump.manifest


@contextmanager
def scratch(settings: Settings) -> Iterator[Settings]:
    """A cluster in the data folder, as closed as the serving one, and gone at the end."""
    data_dir = settings.data_dir
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with folders.alone(data_dir / leftovers.CHECK_LOCK):
        leftovers.drop_checks(data_dir)  # by one that was killed
        folder = data_dir / f"{leftovers.CHECKS}{secrets.token_hex(4)}"
        secret = SecretStr(secrets.token_urlsafe(32))
        try:
            folders.let_server_pass(data_dir)
            PrivateCluster(folder, durable=False).start()
            yield settings.model_copy(
                update={"data_dir": folder, "database_url": None, "secret_key": secret}
            )
        finally:
            leftovers.drop_cluster(folder)
