"""A small sum that a machine has to do before it may send much: nothing for a person to solve.

Find a number n so that SHA-256 of challenge, colon and n begins with thirteen zero bits: about
half a second of a telephone. It keeps nobody away and makes a flood dear. Pure.
"""

import hashlib
import hmac
from datetime import datetime

ZERO_BITS = 13
LONGEST = 20  # digits of the number


def challenge_of(key: bytes, sending: bytes, hour: datetime) -> str:
    """Of one sending and hour, and only the server can make it: nothing can be done beforehand.

    >>> from datetime import UTC
    >>> made = challenge_of(b"key", b"one", datetime(2026, 11, 26, 9, 59, tzinfo=UTC))
    >>> made == challenge_of(b"key", b"one", datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
    True
    >>> made == challenge_of(b"key", b"two", datetime(2026, 11, 26, 9, 0, tzinfo=UTC))
    False
    """
    said = hour.strftime("%Y-%m-%dT%H ").encode() + sending
    return hmac.new(key, said, hashlib.sha256).hexdigest()[:32]


def is_done(challenge: str, proof: str) -> bool:
    """Whether this is such a number, in one way of writing it."""
    if not (proof.isascii() and proof.isdigit() and len(proof) <= LONGEST):
        return False
    digest = hashlib.sha256(f"{challenge}:{proof}".encode()).digest()
    return int.from_bytes(digest) >> (256 - ZERO_BITS) == 0


def done(challenge: str) -> str:
    """The first such number: what a program that sends much does.

    >>> is_done("an example", done("an example"))
    True
    """
    n = 0
    while not is_done(challenge, str(n)):
        n += 1
    return str(n)
