"""Ids and references. Addresses carry references; nothing on the wire is a sequence."""

import secrets
from collections.abc import Callable, Collection
from uuid import UUID, uuid4  # noqa: TID251 - the one place

from uuid_utils.compat import uuid7

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"  # 31 symbols: no I, L, O, U, Z
BASE = len(ALPHABET)


def new_id() -> UUID:
    """UUIDv7: sorts by creation."""
    return uuid7()


def random_id() -> UUID:
    """UUIDv4, for a child or a report, whose time of creation must not show."""
    return uuid4()


def new_reference(prefix: str) -> str:
    """`PL-7K2-Q4MT`: random, so that a reference never counts records."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return _spell(prefix, symbols + check_symbol(symbols))


def new_references(
    prefix: str, n: int, taken: Callable[[Collection[str]], Collection[str]]
) -> list[str]:
    """`n` of them, none twice and none of those that `taken` finds in use.

    There are 887 million: of 60,000 drawn at once two are likely to be alike.
    """
    found: set[str] = set()
    while len(found) < n:
        drawn = {new_reference(prefix) for _ in range(n - len(found))} - found
        found |= drawn - set(taken(drawn))
    return list(found)


def check_symbol(symbols: str) -> str:
    """Seventh symbol c with sum(i * x_i, i = 1..7) = 0 mod 31."""
    total = sum(i * ALPHABET.index(x) for i, x in enumerate(symbols, start=1))
    return ALPHABET[-9 * total % BASE]


def read_reference(text: str, prefix: str) -> str | None:
    """The reference as stored, however it was typed; None when a character must be wrong."""
    folded = text.strip().upper().replace("-", "").replace(" ", "")
    if not folded.startswith(prefix) or len(folded) != len(prefix) + 7:
        return None
    symbols = folded[len(prefix) :].translate(str.maketrans("OIL", "011"))
    if any(x not in ALPHABET for x in symbols) or check_symbol(symbols[:6]) != symbols[6]:
        return None
    return _spell(prefix, symbols)


def _spell(prefix: str, symbols: str) -> str:
    return f"{prefix}-{symbols[:3]}-{symbols[3:]}"
