"""The code that a reporter keeps: the only way back to a report, and never stored.

23 random symbols of the 31 of our references (114 bits) and a check symbol, so that a slip of the
pen is told from a code that does not exist. The mailbox's key is made of the code itself.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.core.ids import ALPHABET, BASE

LENGTH = 24
GROUP = 4
FOLD = str.maketrans("OIL", "011")
# 24 * c = -(sum of i * x_i), so c = -(sum) / 24, all modulo the prime 31.
OVER_LAST = pow(LENGTH, -1, BASE)


def receipt_of(key: bytes, idempotency_key: bytes) -> str:
    """Of one sending always the same code: a retry after a lost answer is told it again.

    >>> receipt_of(b"key", b"sending") == receipt_of(b"key", b"sending")
    True
    """
    number = int.from_bytes(hmac.new(key, idempotency_key, hashlib.sha512).digest())
    symbols = []
    for _ in range(LENGTH - 1):
        number, place = divmod(number, BASE)
        symbols.append(ALPHABET[place])
    return "".join(symbols) + _check("".join(symbols))


def spelled(receipt: str) -> str:
    """In groups of four, to be written down.

    >>> spelled("K7Q4M2XD9BTP3VWHR8NC6J5F")
    'K7Q4-M2XD-9BTP-3VWH-R8NC-6J5F'
    """
    return "-".join(receipt[at : at + GROUP] for at in range(0, len(receipt), GROUP))


def folded(typed: str) -> str:
    """As stored: any case, spaces and hyphens out, O as 0, I and L as 1."""
    return "".join(c for c in typed.upper() if c.isalnum()).translate(FOLD)


def is_whole(receipt: str) -> bool:
    """As long as a code is, of its symbols, and with the right check symbol."""
    return (
        len(receipt) == LENGTH
        and all(c in ALPHABET for c in receipt)
        and _check(receipt[:-1]) == receipt[-1]
    )


def receipt_hmac(key: bytes, receipt: str) -> bytes:
    """What the database keeps of it."""
    return hmac.new(key, receipt.encode(), hashlib.sha256).digest()


def mailbox_of(receipt: str) -> X25519PrivateKey:
    """Only who has the code opens its messages: not the database, not the team.

    The team reads its own copy of each message.
    """
    seed = hmac.new(b"contextmap mailbox", receipt.encode(), hashlib.sha256).digest()
    return X25519PrivateKey.from_private_bytes(seed)


def _check(symbols: str) -> str:
    total = sum(i * ALPHABET.index(x) for i, x in enumerate(symbols, start=1))
    return ALPHABET[-OVER_LAST * total % BASE]
