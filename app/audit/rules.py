"""Leaves, roots and seals: what is hashed, byte for byte, and what a chain must fulfil.

H is SHA-256. Numbers are eight bytes, most significant first.

    leaf   H(0x00 || canonical JSON of the columns id to rows || H(salt || canonical detail))
    node   H(0x01 || left || right); of an odd level the last node is promoted
    seal   H(0x02 || n || era || lo || hi || count || root || hash of seal n-1)

The canonical form of a detail is the text that PostgreSQL writes of jsonb: it keeps every digit of
a number, and the database can make it itself when it erases one.
"""

from hashlib import sha256
from typing import Any, NamedTuple

import orjson

START = bytes(32)

# In the order of their names, as they stand in the canonical JSON. `at` is in microseconds since
# 1970: every timestamp has one, infinite and forged ones too. `xid` holds up to 64 bits.
COLUMNS = (
    "action",
    "actor",
    "agency",
    "at",
    "era",
    "id",
    "object_ref",
    "object_type",
    "outcome",
    "purpose",
    "regime",
    "role",
    "rows",
    "xid",
)


class Event(NamedTuple):
    """One row of the audit, as it is hashed; `detail` is the text of the jsonb."""

    action: str
    actor: str | None
    agency: str | None
    at: int
    era: int
    id: int
    object_ref: str | None
    object_type: str
    outcome: str
    purpose: str | None
    regime: str | None
    role: str
    rows: int
    xid: int
    salt: bytes
    detail: str | None


class Seal(NamedTuple):
    """One row of the chain: `events` of the transactions from `lo` up to before `hi`."""

    n: int
    era: int
    lo: int
    hi: int
    events: int
    root: bytes
    previous: bytes
    hash: bytes

    def expected_hash(self) -> bytes:
        numbers = (self.n, self.era, self.lo, self.hi, self.events)
        # A forged seal may hold a number below zero: as the database would write it.
        said = b"".join((number % 2**64).to_bytes(8, "big") for number in numbers)
        return sha256(b"\x02" + said + self.root + self.previous).digest()


def canonical(event: tuple[Any, ...]) -> bytes:
    """The columns from action to xid as JSON with sorted names and without spaces."""
    return orjson.dumps(dict(zip(COLUMNS, event, strict=False)), option=orjson.OPT_SORT_KEYS)


def leaf(event: tuple[Any, ...]) -> bytes:
    """An erased detail leaves its hash in place of the salt, so that the leaf stays the same."""
    salt, detail = event[14] or b"", event[15]
    hidden = salt if detail is None else sha256(salt + detail.encode()).digest()
    return sha256(b"\x00" + canonical(event) + hidden).digest()


class Tree:
    """A Merkle tree fed leaf by leaf; keeps one node a level and not the leaves."""

    __slots__ = ("_nodes", "count")

    def __init__(self) -> None:
        self.count = 0
        self._nodes: list[bytes] = []

    def add(self, node: bytes) -> None:
        nodes, position = self._nodes, self.count
        while position & 1:
            node = sha256(b"\x01" + nodes.pop() + node).digest()
            position >>= 1
        nodes.append(node)
        self.count += 1

    def root(self) -> bytes:
        """Of at least one leaf."""
        node = self._nodes[-1]
        for left in reversed(self._nodes[:-1]):
            node = sha256(b"\x01" + left + node).digest()
        return node
