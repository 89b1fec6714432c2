"""Files that people hand in or fetch: sealed on the disk, under a random name, for a day.

The key of a file is its row's, in the database: neither a stolen disk nor a stolen dump shows a
file, and a row that is deleted takes its file with it, also from copies of the disk.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import NotFoundError

KEEP = timedelta(hours=24)
NONCE_BYTES = 12
NAME = re.compile(r"[0-9a-f]{32}")
GONE = "This file is not kept any more."


@dataclass(frozen=True, slots=True)
class Kept:
    """What the row of a file holds; `key` opens it and stands nowhere else."""

    name: str
    key: bytes
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of sealed files of one kind, readable by the service alone."""

    folder: Path

    def keep(self, body: bytes) -> Kept:
        """Seal a file under a new name and key."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name, key, nonce = secrets.token_hex(16), AESGCM.generate_key(256), secrets.token_bytes(12)
        path = self.folder / name
        path.touch(mode=0o600, exist_ok=False)
        try:
            path.write_bytes(nonce + AESGCM(key).encrypt(nonce, body, name.encode()))
        except OSError:  # a full disk gets back what was written of it
            path.unlink(missing_ok=True)
            raise
        return Kept(name, key, len(body), hashlib.sha256(body).hexdigest())

    def open(self, name: str, key: bytes) -> bytes:
        """The file as it was.

        Raises
        ------
        NotFoundError
            It was deleted, or it is not the one of this key.
        """
        try:
            sealed = self._path(name).read_bytes()
            nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            return AESGCM(key).decrypt(nonce, box, name.encode())
        except (FileNotFoundError, InvalidTag) as gone:
            raise NotFoundError(GONE) from gone

    def drop(self, name: str) -> None:
        """Delete it, if it is there."""
        self._path(name).unlink(missing_ok=True)

    def sweep(self, now: datetime) -> int:
        """Delete what is older than a day, whoever still remembers it; how many that were."""
        old = [
            path
            for path in (self.folder.iterdir() if self.folder.is_dir() else ())
            if NAME.fullmatch(path.name) and path.stat().st_mtime < (now - KEEP).timestamp()
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _path(self, name: str) -> Path:
        if NAME.fullmatch(name) is None:
            raise NotFoundError(GONE)
        return self.folder / name
