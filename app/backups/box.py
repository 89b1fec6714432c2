"""The age stream around a backup: written to an offline public key, opened with its identity."""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Generic, Protocol, TypeVar

import pyrage

from app.backups import rules
from app.backups.rules import LINE_BYTES, MARK_BYTES, Manifest
from app.core import disk
from app.core.errors import InvalidError
from app.core.settings import Settings

NO_RECIPIENT = (
    "Set CONTEXTMAP_BACKUP_RECIPIENT to the public key (age1...) that backups are written to. "
    "docs/operator/backups.md tells how to make one."
)
WRONG_KEY = "This identity does not open this backup: it was written to another key."
DAMAGED = "This backup is damaged or was cut off. Nothing was restored from it; use another one."
Key = Any  # of age: the library has no types
Head = TypeVar("Head")
Passed = Callable[[int], None]


class Sink(Protocol):
    def write(self, piece: bytes, /) -> Any: ...  # noqa: ANN401 - files and pipes differ


def recipient(settings: Settings) -> Key:
    if not settings.backup_recipient:
        raise InvalidError(NO_RECIPIENT)
    try:
        return pyrage.x25519.Recipient.from_str(settings.backup_recipient.strip())
    except pyrage.RecipientError as wrong:
        raise InvalidError("CONTEXTMAP_BACKUP_RECIPIENT is no public key of age.") from wrong


def identity(path: Path) -> Key:
    """The private key in a file as age-keygen writes it: comments, then one line."""
    if not path.is_file():
        raise InvalidError(f"There is no identity file {path}.")
    lines = path.read_text(errors="replace").split()
    found = next((line for line in lines if line.startswith("AGE-SECRET-KEY-")), "")
    try:
        return pyrage.x25519.Identity.from_str(found)
    except pyrage.IdentityError as wrong:
        raise InvalidError(f"{path} holds no identity of age (AGE-SECRET-KEY-...).") from wrong


def new_identity(path: Path) -> str:
    """Written as age-keygen does; its public key."""
    made = pyrage.x25519.Identity.generate()
    public = str(made.to_public())
    with new_file(path) as out:
        out.write(f"# public key: {public}\n{made}\n".encode())
    return public


def key(settings: Settings) -> bytes:
    """What an installation vouches for its backups with."""
    return settings.key_for("backup")


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Under another name until it is whole and on the disk: a broken one never has `path`."""
    if path.exists():
        raise InvalidError(f"{path} is there already. Choose another name.")
    if not path.parent.is_dir():
        raise InvalidError(f"There is no folder {path.parent}.")
    partial = path.with_name(path.name + ".partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        partial.rename(path)
        with suppress(OSError):  # some file systems of networks cannot
            disk.sync_folder(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def seal(source: "Source", out: IO[bytes], to: Key) -> None:
    """Encrypt what `source` reads; an error of the source is raised as it was."""
    try:
        pyrage.encrypt_io(source, out, [to])
    except pyrage.EncryptError as failed:
        raise source.failed or failed from failed


class Source:
    """Manifest, dump and mark, read as one."""

    def __init__(self, line: bytes, dump: Callable[[int], bytes], key: bytes, told: Passed) -> None:
        self.failed: Exception | None = None
        self._pending, self._dump, self._told = line, dump, told
        self._mac: hmac.HMAC | None = hmac.new(key, digestmod=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        try:
            return self._read(size)
        except Exception as error:
            self.failed = error
            raise

    def _read(self, size: int) -> bytes:
        if self._mac is None:
            return b""
        piece, self._pending = (self._pending or self._dump(size)), b""
        if not piece:
            piece, self._mac = self._mac.digest(), None
            return piece
        if len(piece) > size > 0:
            self._pending, piece = piece[size:], piece[:size]
        self._mac.update(piece)
        self._told(len(piece))
        return piece


class Opened(Generic[Head]):
    """What an age stream is decrypted into: takes the first line off, and holds the mark back."""

    def __init__(
        self, key: bytes, sink: Sink | None = None, *, read: Callable[[bytes], Head]
    ) -> None:
        self.head: Head | None = None
        self._read = read
        self.refused: Exception | None = None
        self._mac = hmac.new(key, digestmod=hashlib.sha256)
        self._sink, self._held = sink, b""

    def write(self, piece: bytes) -> int:
        try:
            self._take(piece)
        except Exception as error:
            self.refused = error
            raise
        return len(piece)

    def flush(self) -> None:
        """Nothing is kept that could go out already."""

    @property
    def is_vouched_for(self) -> bool:
        """When the stream has ended."""
        return hmac.compare_digest(self._mac.digest(), self._held)

    def _take(self, piece: bytes) -> None:
        self._held += piece
        if self.head is None:
            line, end, rest = self._held.partition(b"\n")
            if not end:
                if len(line) > LINE_BYTES:
                    raise InvalidError(rules.NOT_A_BACKUP)
                return
            self.head, self._held = self._read(line), rest
            self._mac.update(line + end)
        ready, self._held = self._held[:-MARK_BYTES], self._held[-MARK_BYTES:]
        self._mac.update(ready)
        if self._sink is not None and ready:
            self._sink.write(ready)


def open_into(path: Path, by: Key, opened: Opened[Head], told: Passed = lambda _: None) -> Head:
    """Decrypt a whole file; what its first line says.

    Raises
    ------
    InvalidError
        Another key, a damaged or cut file, or something else than a backup.
    """
    if not path.is_file():
        raise InvalidError(f"There is no file {path}.")
    with path.open("rb") as file:
        try:
            pyrage.decrypt_io(_Counted(file, told), opened, [by])
        except pyrage.DecryptError as failed:
            wrong_key = "matching keys" in str(failed)
            raise InvalidError(WRONG_KEY if wrong_key else rules.NOT_A_BACKUP) from failed
        except OSError as failed:
            if opened.refused is not None:
                raise opened.refused from failed
            raise InvalidError(DAMAGED) from failed
    if opened.head is None:
        raise InvalidError(rules.NOT_A_BACKUP)
    return opened.head


class _Counted:
    def __init__(self, file: IO[bytes], told: Passed) -> None:
        self._file, self._told = file, told

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._told(len(piece))
        return piece


def manifest_of(line: bytes) -> Manifest:
    try:
        return rules.read(line)
    except ValueError as other:
        raise InvalidError(rules.NOT_A_BACKUP) from other
