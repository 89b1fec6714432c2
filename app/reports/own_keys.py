"""A key of its own for each report, and another for how to reach its reporter, each in a file.

What a report said is sealed to the service and then under such a key. The files are in no database
and in no backup of one: whoever erases a report unlinks them, and what an old backup still holds
is closed for good, also to whoever holds the secret of the service. A table of keys would be
simpler and could not do this: a copy of the cluster with its write-ahead log holds every table.
"""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core import disk, log
from app.core.errors import BusyError

MARK = b"own key 1:"  # before what is sealed so; older boxes begin with random bytes
KEY_BYTES, NONCE_BYTES = 32, 12
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
NOT_NOW = "We cannot take this safely now. Try again soon."


def key_id(report: UUID, use: str) -> UUID:
    """The report itself; for the contact, which goes earlier, another one. As in migration 0051."""
    if use != "contact":
        return report
    return UUID(bytes=hashlib.sha256(f"contact {report}".encode()).digest()[:16])


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The folder of these files."""

    folder: Path

    def closed(self, box: bytes, report: UUID, use: str) -> bytes:
        """Under the key of this report, which is on the disk before anything else knows of it."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        key = self._key(key_id(report, use)) or self._made(key_id(report, use))
        return MARK + nonce + AESGCM(key).encrypt(nonce, box, MARK)

    def opened(self, box: bytes, report: UUID, use: str) -> bytes | None:
        """The box within; itself where it is an older one; None when the key was destroyed.

        Raises
        ------
        InvalidTag
            The box is of another report, or was changed.
        """
        if not box.startswith(MARK):
            return box
        key = self._key(key_id(report, use))
        if key is None:
            return None
        nonce, sealed = box[len(MARK) :][:NONCE_BYTES], box[len(MARK) + NONCE_BYTES :]
        return AESGCM(key).decrypt(nonce, sealed, MARK)

    def forget(self, report: UUID) -> None:
        """Keys of a report that was not taken: nothing was closed with them that anybody kept."""
        for use in ("words", "contact"):
            with suppress(OSError):  # it opens nothing, so that it may stay
                self._path(key_id(report, use)).unlink(missing_ok=True)

    def _key(self, name: UUID) -> bytes | None:
        with suppress(FileNotFoundError):
            return self._path(name).read_bytes()
        return None

    def _made(self, name: UUID) -> bytes:
        """Of two processes that make the first, one does. Nothing half made stays on a full disk.

        Raises
        ------
        BusyError
            The folder takes no file: the form says so, and nothing is acknowledged.
        """
        key = secrets.token_bytes(KEY_BYTES)
        try:
            fresh = self._fresh(key)
            try:
                self._path(name).hardlink_to(fresh)
            except FileExistsError:
                key = self._path(name).read_bytes()
            finally:
                fresh.unlink()
            disk.sync_folder(self.folder)
        except OSError as refused:
            log.error("report.key", error=refused)
            raise BusyError(NOT_NOW) from refused
        return key

    def _fresh(self, key: bytes) -> Path:
        """A whole file of another name, told to the disk, or none."""
        fresh = self.folder / f".new-{secrets.token_hex(8)}"
        try:
            handle = os.open(fresh, NEW, mode=0o600)
        except FileNotFoundError:
            for folder in (self.folder.parent, self.folder):  # parents get no mode by themselves
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(fresh, NEW, mode=0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(handle)
        except BaseException:
            fresh.unlink()
            raise
        return fresh

    def _path(self, name: UUID) -> Path:
        return self.folder / f"{name}.key"
