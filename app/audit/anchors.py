"""Anchors: signed lines outside of the database that say which seal stood when.

Whoever may rewrite the database may also seal it anew; only what left it before can tell.
"""

import base64
import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from app.audit.chain import Verdict
from app.audit.rules import Seal
from app.core import clock
from app.core.errors import InvalidError

PRIVATE, PUBLIC = "audit-anchor-key", "audit-anchor-key.pub"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One line: seal `n` of `era` had this hash at this time.

    With `begins` a restore says that it was the last one of its life, and which life began.
    """

    line: int
    era: int
    n: int
    seal: bytes
    at: str
    begins: int | None = None


def private_key(data_dir: Path) -> Ed25519PrivateKey:
    """Made at its first use, open to this user alone; its public half is written beside it."""
    path = data_dir / PRIVATE
    if not path.exists():
        _keep_new_key(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidError(f"{path} is no Ed25519 key. Move it away to have one made.")
    public = data_dir / PUBLIC
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if not public.exists() or public.read_bytes() != pem:
        public.write_bytes(pem)
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm) as unreadable:
        raise InvalidError(f"{path} holds no public key.") from unreadable
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidError(f"{path} is no Ed25519 key.")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Short, for a person to compare: the first 16 digits of the hash of the public key."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def signed_line(
    seal: Seal, *, partnership: str, key: Ed25519PrivateKey, begins: int | None = None
) -> bytes:
    said: dict[str, object] = {
        "partnership": partnership,
        "era": seal.era,
        "n": seal.n,
        "seal": seal.hash.hex(),
        "at": clock.now().isoformat(timespec="seconds"),
        "key": key_id(key.public_key()),
    }
    if begins is not None:
        said["begins"] = begins
    signature = base64.b64encode(key.sign(_signed(said))).decode()
    return orjson.dumps(said | {"signature": signature}) + b"\n"


def append(path: Path, line: bytes) -> None:
    """On the disk before this returns."""
    with path.open("ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read(
    path: Path, keys: Sequence[Ed25519PublicKey], *, partnership: str, verdict: Verdict
) -> list[Anchor]:
    """The lines that one of the keys signed; every other line is a problem of the verdict."""
    by_id = {key_id(key): key for key in keys}
    anchors = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        anchor, problem = _read_line(line, number, by_id, partnership)
        if anchor is not None:
            anchors.append(anchor)
        else:
            verdict.add("anchor-unsigned", None, f"Line {number} of the anchors {problem}.")
    if not anchors:
        verdict.add("anchor-unsigned", None, "There is no anchor to compare with.")
    return anchors


def compare(
    verdict: Verdict, anchors: Sequence[Anchor], hashes: dict[int, tuple[int, bytes]]
) -> None:
    """`hashes` has (era, hash) of the seals that the anchors name, as far as they exist.

    Seals after the one to which a backup was restored are lost, as a later line says.
    """
    last = 0 if verdict.last is None else verdict.last.n
    for anchor in anchors:
        standing = hashes.get(anchor.n)
        if standing == (anchor.era, anchor.seal) or anchor.n == 0:
            continue
        restored = _lost_by(anchor, anchors)
        if restored is not None:
            words = f"Seal {anchor.n} of {anchor.at} was lost by the restore of {restored.at}."
            verdict.lost.append(words)
        elif standing is None and anchor.n > last:
            words = f"Seals after {last} are gone: seal {anchor.n} stood at {anchor.at}."
            verdict.add("tail-cut", last + 1, words)
        else:
            words = f"Seal {anchor.n} is not the one that stood at {anchor.at}."
            verdict.add("sealed-anew", anchor.n, words)


def _lost_by(anchor: Anchor, anchors: Sequence[Anchor]) -> Anchor | None:
    """The restore, told further down in the file, that went back to before this seal."""
    for later in anchors:
        if later.begins is not None and later.line > anchor.line and later.n < anchor.n:
            return later
    return None


def _read_line(
    line: bytes, number: int, keys: dict[str, Ed25519PublicKey], partnership: str
) -> tuple[Anchor | None, str]:
    try:
        said = orjson.loads(line)
        signature = base64.b64decode(said.pop("signature"), validate=True)
        key = keys.get(said["key"])
        if key is None:
            return None, "is signed by a key that was not given"
        key.verify(signature, _signed(said))
        if said["partnership"] != partnership:
            return None, "is of another partnership"
        seal = bytes.fromhex(said["seal"])
        begins = None if said.get("begins") is None else int(said["begins"])
        era, n = int(said["era"]), int(said["n"])
        return Anchor(number, era, n, seal, str(said["at"]), begins), ""
    except InvalidSignature:
        return None, "was changed after it was signed"
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, "cannot be read"


def _signed(said: dict[str, object]) -> bytes:
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def _keep_new_key(path: Path) -> None:
    """Whole or absent: of two processes at once, one makes it and both read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # open to this user only
    fresh = Path(name)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()
