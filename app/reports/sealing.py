"""Words of reporters, sealed before they reach the database (HPKE, RFC 9180).

Whoever sends a report can seal, with the public half; staff processes and the worker open, with
the private half, which is made from the secret of the service and is in no database or backup.
Each box is bound to its report and use: moved to another row it does not open. Around it is a
second one, under a key of the report itself (`own_keys`), which an erasure destroys.
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
from app.reports.own_keys import OwnKeys

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
# The length of a box tells the length of the words to the nearest of these only.
STEP_BYTES = 256

OTHERS = "This text cannot be opened with the keys of this service."
ERASED = "This text cannot be opened: its key was destroyed, or is in a folder of another host."

Content = dict[str, Any]


class SealBrokenError(ValueError):
    """Not a box of ours, of this report and use, or made for another key, or erased."""


@dataclass(frozen=True, slots=True)
class Lid:
    """What closes a box: the public half of a use, and the keys of reports."""

    public: X25519PublicKey
    own: OwnKeys


@dataclass(frozen=True, slots=True)
class Lock:
    """What opens it again."""

    private: X25519PrivateKey
    own: OwnKeys

    def public_key(self) -> Lid:
        return Lid(self.private.public_key(), self.own)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a process that receives or reads reports holds in memory."""

    triage: Lock
    contact: Lock
    receipts: bytes
    sendings: bytes
    matching: bytes

    @classmethod
    def of(cls, settings: Settings) -> "Keys":
        return _of_secrets(
            *(settings.key_for(use) for use in ("triage", "contact", "receipts")),
            *(settings.key_for(use) for use in ("sendings", "matching")),
            OwnKeys(settings.report_keys),
        )

    def forget(self, report: UUID) -> None:
        """Of a report that was not taken."""
        self.triage.own.forget(report)


@lru_cache(maxsize=8)
def _of_secrets(*given: Any) -> Keys:  # noqa: ANN401 - five secrets and the folder
    triage, contact, receipts, sendings, matching, own = given
    return Keys(
        triage=Lock(X25519PrivateKey.from_private_bytes(triage), own),
        contact=Lock(X25519PrivateKey.from_private_bytes(contact), own),
        receipts=receipts,
        sendings=sendings,
        matching=matching,
    )


def seal(content: Content, key: Lid | X25519PublicKey, *, report: UUID, use: str) -> bytes:
    """`use` says what the box is for: words, contact, redacted, message.

    To a mailbox there is its own half alone: nobody but who has the receipt opens that.
    """
    plain = orjson.dumps(content)
    padded = plain + b"\0" * (-len(plain) % STEP_BYTES)
    public = key.public if isinstance(key, Lid) else key
    box = bytes(SUITE.encrypt(padded, public, _bound(report, use)))
    return key.own.closed(box, report, use) if isinstance(key, Lid) else box


def opened(box: bytes, key: Lock | X25519PrivateKey, *, report: UUID, use: str) -> Content:
    """What was sealed.

    Raises
    ------
    SealBrokenError
        The box is of another report, use or key, was changed, or its own key was destroyed.
    """
    try:
        within = key.own.opened(box, report, use) if isinstance(key, Lock) else box
        private = key.private if isinstance(key, Lock) else key
        padded = within and SUITE.decrypt(within, private, _bound(report, use))
    except (InvalidTag, ValueError) as broken:
        raise SealBrokenError(OTHERS) from broken
    if padded is None:
        raise SealBrokenError(ERASED)
    found: Content = orjson.loads(bytes(padded).rstrip(b"\0"))
    return found


def public_key(raw: bytes) -> X25519PublicKey:
    """As the database keeps the public half of a mailbox."""
    return X25519PublicKey.from_public_bytes(raw)


def _bound(report: UUID, use: str) -> bytes:
    return b"contextmap report " + use.encode() + b" " + report.bytes
