"""Words of reporters, sealed before they reach the database (HPKE, RFC 9180).

Whoever sends a report can seal, with the public half; staff processes and the worker open, with
the private half, which is made from the secret of the service and is in no database or backup.
Each box is bound to its report and use: moved to another row it does not open.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from app.core.settings import Settings

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
# The length of a box tells the length of the words to the nearest of these only.
STEP_BYTES = 256

Content = dict[str, Any]


class SealBrokenError(ValueError):
    """Not a box of ours, of this report and use, or made for another key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What a process that receives or reads reports holds in memory."""

    triage: X25519PrivateKey
    contact: X25519PrivateKey
    receipts: bytes
    sendings: bytes
    matching: bytes

    @classmethod
    def of(cls, settings: Settings) -> "Keys":
        return _of_secrets(
            *(settings.key_for(use) for use in ("triage", "contact", "receipts")),
            *(settings.key_for(use) for use in ("sendings", "matching")),
        )


@lru_cache(maxsize=8)
def _of_secrets(
    triage: bytes, contact: bytes, receipts: bytes, sendings: bytes, matching: bytes
) -> Keys:
    return Keys(
        triage=X25519PrivateKey.from_private_bytes(triage),
        contact=X25519PrivateKey.from_private_bytes(contact),
        receipts=receipts,
        sendings=sendings,
        matching=matching,
    )


def seal(content: Content, key: X25519PublicKey, *, report: UUID, use: str) -> bytes:
    """`use` says what the box is for: words, contact, redacted, message."""
    plain = orjson.dumps(content)
    padded = plain + b"\0" * (-len(plain) % STEP_BYTES)
    return bytes(SUITE.encrypt(padded, key, _bound(report, use)))


def opened(box: bytes, key: X25519PrivateKey, *, report: UUID, use: str) -> Content:
    """What was sealed.

    Raises
    ------
    SealBrokenError
        The box is of another report, use or key, or was changed.
    """
    try:
        padded = SUITE.decrypt(box, key, _bound(report, use))
    except (InvalidTag, ValueError) as broken:
        raise SealBrokenError("This text cannot be opened with the keys of this service.") from (
            broken
        )
    found: Content = orjson.loads(bytes(padded).rstrip(b"\0"))
    return found


def public_key(raw: bytes) -> X25519PublicKey:
    """As the database keeps the public half of a mailbox."""
    return X25519PublicKey.from_public_bytes(raw)


def _bound(report: UUID, use: str) -> bytes:
    return b"contextmap report " + use.encode() + b" " + report.bytes
