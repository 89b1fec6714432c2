"""What the reading process says: frames of a kind, a length and a body, and an end that is told."""

import struct
from collections.abc import Iterator
from typing import IO

HEAD = struct.Struct(">cI")
FOUND, ROWS, PART, REFUSED, END = b"F", b"R", b"B", b"E", b"."


def write(out: IO[bytes], kind: bytes, body: bytes = b"") -> None:
    out.write(HEAD.pack(kind, len(body)) + body)


def parsed(said: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The frames of a whole answer.

    Raises
    ------
    ValueError
        It is cut short, or the end is missing.
    """
    at, whole = 0, memoryview(said)
    while True:
        if at + HEAD.size > len(whole):
            raise ValueError("cut short")
        kind, length = HEAD.unpack_from(whole, at)
        at += HEAD.size
        if at + length > len(whole):
            raise ValueError("cut short")
        yield kind, whole[at : at + length]
        at += length
        if kind == END:
            return
