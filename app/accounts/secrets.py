"""What proves who somebody is: hashes, sealed secrets, codes. Nothing here touches the database."""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from threading import BoundedSemaphore
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.accounts.passwords import normal
from app.core.ids import ALPHABET
from app.core.settings import Settings

# 64 MiB three times over: 0.15 s here, and nothing to gain from a graphics card.
STRONG = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
AT_ONCE = 2  # hashes of 64 MiB at a time in one process
STEP_S, STEPS_EITHER_SIDE = 30, 1
NONCE_BYTES = 12
RECOVERY_CODES, RECOVERY_SYMBOLS = 10, 12


def new_token() -> str:
    """256 random bits, for a cookie, a link or a program."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Factors:
    """Keys and the cost of a hash; one a process. Tests pass a cheaper hasher."""

    seal_key: bytes
    recovery_key: bytes
    failure_key: bytes
    hasher: PasswordHasher = STRONG
    _few: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def hashed(self, password: str) -> str:
        with self._few:
            return self.hasher.hash(normal(password))

    def password_matches(self, stored: str | None, password: str) -> bool:
        """The same work whether or not anything is stored."""
        if stored is None:
            self.hashed(password)
            return False
        try:
            with self._few:
                return self.hasher.verify(stored, normal(password))
        except (VerifyMismatchError, InvalidHashError):
            return False

    def seal(self, secret: str, user_id: UUID) -> bytes:
        """Bound to its owner: a secret copied to another row does not open."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.seal_key).encrypt(nonce, secret.encode(), user_id.bytes)

    def unseal(self, sealed: bytes, user_id: UUID) -> str | None:
        """None when it was sealed for somebody else or under another key."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self.seal_key).decrypt(nonce, body, user_id.bytes).decode()
        except InvalidTag:
            return None

    def recovery_hash(self, code: str, user_id: UUID) -> bytes:
        """Keyed, so that 60 bits are enough against whoever holds the database alone."""
        return hmac.new(
            self.recovery_key, user_id.bytes + plain_code(code).encode(), sha256
        ).digest()

    def recovery_codes(self, token: str) -> list[str]:
        """Ten codes that only the browser with this token can have shown again."""
        return [_spelt(self.recovery_key, f"{token} {n}") for n in range(RECOVERY_CODES)]

    def failure_keys(self, account: str, source: str) -> list[bytes]:
        """What failures are counted by, without saying whose they were."""
        said = (f"account {account}", f"source {source}")
        return [hmac.new(self.failure_key, each.encode(), sha256).digest() for each in said]


def factors_of(settings: Settings, hasher: PasswordHasher = STRONG) -> Factors:
    return Factors(
        seal_key=settings.key_for("totp"),
        recovery_key=settings.key_for("recovery codes"),
        failure_key=settings.key_for("sign-in failures"),
        hasher=hasher,
    )


def new_totp_secret() -> str:
    return pyotp.random_base32()


def totp_address(secret: str, username: str) -> str:
    """What the picture for an authenticator app says."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Contextmap")


def totp_step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The 30 s step this code is of; None when it is of no step now or was used already.

    `after` is the last step used: each code counts once. One step either side is allowed,
    for clocks that differ.
    """
    typed = "".join(code.split())
    this = int(now.timestamp()) // STEP_S
    steps: Sequence[int] = range(this - STEPS_EITHER_SIDE, this + STEPS_EITHER_SIDE + 1)
    totp = pyotp.TOTP(secret)
    right = [s for s in steps if hmac.compare_digest(totp.at(s * STEP_S).encode(), typed.encode())]
    return next((step for step in right if step > after), None)


def plain_code(code: str) -> str:
    """As it was made, however it was typed."""
    return "".join(code.upper().split()).replace("-", "").translate(str.maketrans("OIL", "011"))


def _spelt(key: bytes, message: str) -> str:
    """Twelve symbols as `XXXX-XXXX-XXXX`; 31 of 32 values of five bits, so nearly 60 bits."""
    number = int.from_bytes(hmac.new(key, message.encode(), sha256).digest())
    symbols = []
    for _ in range(RECOVERY_SYMBOLS):
        number, digit = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[digit])
    return "-".join("".join(symbols[i : i + 4]) for i in (0, 4, 8))
