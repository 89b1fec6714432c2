"""Keys of identities: one a child, each in a file of its own, wrapped by a master key.

They are in no database, so that neither a dump nor a copy of one opens an identity. Whoever erases
a child unlinks its file: what an old backup still holds is then closed for good, to the holder of
the master key, too. So the folder must never be in a backup; the master keys must (in escrow).
"""

import json
import os
import secrets
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core import disk
from app.core.errors import NotFoundError
from app.core.ids import random_id
from app.core.settings import Settings
from app.vault.rules import Identity, blind, bound_to, identity_of, text_of

NONCE_BYTES = 12
STEP_BYTES = 256  # the length of a box tells nothing of a name
GONE = "This identity cannot be opened: its key was destroyed."
MASTER, BLIND = "master", "blind"
REPORTS = "reports"  # the folder of app.reports.own_keys


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the database keeps of an identity."""

    box: bytes
    key_id: UUID
    key_version: int
    blind: bytes
    blind_version: int


@dataclass(frozen=True, slots=True)
class Vault:
    """A folder of wrapped keys, and the file of what wraps them."""

    folder: Path
    master_file: Path

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        return cls(settings.vault_folder, settings.vault_master)

    def seal(self, child_id: UUID, identity: Identity) -> Sealed:
        """Under a new key, which is on the disk before anything else knows of it."""
        version, master = self._newest(MASTER)
        key_id, key = random_id(), AESGCM.generate_key(256)
        self._write(key_id, _wrapped(key_id, key, version, master))
        plain = orjson.dumps(text_of(identity))
        padded = plain + b" " * (-len(plain) % STEP_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        box = nonce + AESGCM(key).encrypt(nonce, padded, bound_to(str(child_id), 1))
        blind_version, blinding = self._newest(BLIND)
        mac = blind(blinding, identity.surname, identity.born_on)
        return Sealed(box, key_id, 1, mac, blind_version)

    def open(self, child_id: UUID, box: bytes, key_id: UUID, key_version: int) -> Identity:
        """Who it is.

        Raises
        ------
        NotFoundError
            The key is gone, or the box is not the one of this child and key.
        """
        try:
            nonce, sealed = box[:NONCE_BYTES], box[NONCE_BYTES:]
            bound = bound_to(str(child_id), key_version)
            plain = AESGCM(self._key(key_id)).decrypt(nonce, sealed, bound)
        except (FileNotFoundError, InvalidTag, KeyError) as gone:
            raise NotFoundError(GONE) from gone
        return identity_of(orjson.loads(plain))

    def blinds(self, identity: Identity) -> list[bytes]:
        """Under every key that rows may still have been compared with."""
        keys = self._keys()[BLIND].values()
        return [blind(b64decode(key), identity.surname, identity.born_on) for key in keys]

    def newest_blind(self, identity: Identity) -> tuple[int, bytes]:
        version, key = self._newest(BLIND)
        return version, blind(key, identity.surname, identity.born_on)

    def destroy(self, key_id: UUID) -> None:
        """Written over, unlinked, and the folder told to the disk; gone already is well.

        Of an identity, or of a report: both are named by an id that no other has.
        """
        for path in (self._path(key_id), self.folder / REPORTS / f"{key_id}.key"):
            with suppress(FileNotFoundError):
                with path.open("r+b") as file:
                    file.write(secrets.token_bytes(path.stat().st_size))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
                disk.sync_folder(path.parent)

    def held(self) -> set[UUID]:
        return {UUID(path.stem) for path in self._files()}

    def rotate(self, use: str) -> int:
        """A new key for what comes; the number of it. Those before still open what they closed."""
        keys = self._keys()
        version = max(map(int, keys[use])) + 1
        keys[use][str(version)] = _new_key()
        self._save(keys)
        return version

    def rewrap(self) -> int:
        """Every key that an older master wraps, wrapped by the newest; how many that were."""
        version, master = self._newest(MASTER)
        done = 0
        for path in self._files():
            key_id = UUID(path.stem)
            if json.loads(path.read_text())["version"] != version:
                self._write(key_id, _wrapped(key_id, self._key(key_id), version, master))
                done += 1
        return done

    def forget(self, use: str) -> int:
        """Take all but the newest two out of the file; how many that were.

        The one before stays for whoever closed something with it a moment ago.
        """
        keys = self._keys()
        kept = sorted(keys[use], key=int)[-2:]
        dropped = len(keys[use]) - len(kept)
        keys[use] = {version: keys[use][version] for version in kept}
        if dropped:
            self._save(keys)
        return dropped

    def _key(self, key_id: UUID) -> bytes:
        told = json.loads(self._path(key_id).read_text())
        master = b64decode(self._keys()[MASTER][str(told["version"])])
        nonce, wrapped = (b64decode(told[name]) for name in ("nonce", "wrapped"))
        return AESGCM(master).decrypt(nonce, wrapped, _bound_key(key_id, told["version"]))

    def _newest(self, use: str) -> tuple[int, bytes]:
        keys = self._keys()[use]
        version = max(map(int, keys))
        return version, b64decode(keys[str(version)])

    def _keys(self) -> dict[str, dict[str, str]]:
        """Read each time: a rotation counts at once, in every process."""
        if not self.master_file.exists():
            first = {use: {"1": _new_key()} for use in (MASTER, BLIND)}
            self._save(first, first=True)
        found: dict[str, dict[str, str]] = json.loads(self.master_file.read_text())
        return found

    def _save(self, keys: dict[str, dict[str, str]], *, first: bool = False) -> None:
        """Whole or not at all; of two processes that make the first, one does."""
        self.master_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = _written_beside(self.master_file, json.dumps(keys, indent=1))
        if first:
            with suppress(FileExistsError):
                self.master_file.hardlink_to(fresh)
            fresh.unlink()
        else:
            fresh.replace(self.master_file)

    def _write(self, key_id: UUID, told: dict[str, object]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _written_beside(self._path(key_id), json.dumps(told)).replace(self._path(key_id))
        disk.sync_folder(self.folder)

    def _files(self) -> Iterator[Path]:
        yield from sorted(self.folder.glob("*.key")) if self.folder.is_dir() else ()

    def _path(self, key_id: UUID) -> Path:
        return self.folder / f"{key_id}.key"


def _wrapped(key_id: UUID, key: bytes, version: int, master: bytes) -> dict[str, object]:
    nonce = secrets.token_bytes(NONCE_BYTES)
    wrapped = AESGCM(master).encrypt(nonce, key, _bound_key(key_id, version))
    return {
        "version": version,
        "nonce": b64encode(nonce).decode(),
        "wrapped": b64encode(wrapped).decode(),
    }


def _bound_key(key_id: UUID, version: int) -> bytes:
    return f"contextmap vault key|{key_id}|{version}".encode()


def _new_key() -> str:
    return b64encode(AESGCM.generate_key(256)).decode()


def _written_beside(path: Path, words: str) -> Path:
    """Open to this user only from its first byte on, and on the disk."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w") as file:
        file.write(words)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
