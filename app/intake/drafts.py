"""Open forms: encrypted on the server with a key that only the cookie makes; nothing on the device.

The cookie itself is not stored: the row is named by a hash of it. Without the cookie, nobody reads
the answers: neither who holds the database nor who holds the secret of the service.
"""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.core import clock
from app.core.closed import FORM_COOKIE
from app.core.ids import random_id
from app.intake.schemas import Draft

COOKIE = FORM_COOKIE
NONCE_BYTES = 12

READ = text("select intake.draft_read(:id)")
WRITE = text("select intake.draft_write(:id, :cipher)")
DROP = text("select intake.draft_drop(:id)")


@dataclass(frozen=True, slots=True)
class Lock:
    """What one cookie opens: the row's name, and the key to what is in it."""

    id: bytes
    key: bytes

    @classmethod
    def of(cls, cookie: str) -> "Lock":
        said = cookie.encode()
        derived = HKDF(SHA256(), 32, salt=None, info=b"contextmap draft key").derive(said)
        return cls(hashlib.sha256(b"contextmap draft id " + said).digest(), derived)

    def seal(self, draft: Draft) -> bytes:
        """Bound to its row: moved to another it does not open."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        plain = draft.model_dump_json().encode()
        return nonce + AESGCM(self.key).encrypt(nonce, plain, self.id)

    def opened(self, cipher: bytes) -> Draft | None:
        """None for what is not ours, or was written by another version."""
        try:
            plain = AESGCM(self.key).decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], self.id)
            return Draft.model_validate_json(plain)
        except (InvalidTag, ValidationError, ValueError):
            return None


def new_cookie() -> str:
    return secrets.token_urlsafe(32)


def start(session: Session, *, sender: UUID | None = None, about: str | None = None) -> str:
    """An empty form; the value of its cookie. Of `sender`, where a signed-in person reports.

    `about` is an earlier report of theirs.
    """
    cookie = new_cookie()
    started = clock.now().timestamp()
    draft = Draft(key=random_id(), started_at_s=started, sender=sender, about=about)
    write(session, Lock.of(cookie), draft)
    return cookie


def read(session: Session, lock: Lock) -> Draft | None:
    """What was answered, for an hour after the last answer."""
    cipher = session.scalar(READ, {"id": lock.id})
    return None if cipher is None else lock.opened(bytes(cipher))


def write(session: Session, lock: Lock, draft: Draft) -> None:
    session.execute(WRITE, {"id": lock.id, "cipher": lock.seal(draft)})


def drop(session: Session, lock: Lock) -> None:
    session.execute(DROP, {"id": lock.id})


def drop_of(session: Session, cookie: str | None) -> None:
    """Whatever a cookie opens: a form, or the mailbox of a report."""
    if cookie:
        drop(session, Lock.of(cookie))


def remember(answer: Response, cookie: str) -> Response:
    """Until the browser is closed: for this host only, over TLS only, out of reach of scripts."""
    answer.set_cookie(COOKIE, cookie, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def forget(answer: Response) -> Response:
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer
