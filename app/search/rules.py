"""What was typed, and where it stands in a text. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

SHORTEST, LONGEST = 2, 80
AROUND = 70  # letters kept on each side of the first place where the words stand
MOST = 220


class Piece(NamedTuple):
    """A stretch of text, and whether it is what was searched for."""

    text: str
    is_hit: bool


def words_of(typed: str | None) -> str:
    """One line, single spaces."""
    return " ".join((typed or "").split())[:LONGEST]


def marked(text: str, words: str) -> list[Piece]:
    """The text in stretches, so that a template marks hits without writing HTML itself.

    >>> [(piece.text, piece.is_hit) for piece in marked("Eden Street", "ede")]
    [('Ede', True), ('n Street', False)]
    """
    if not words:
        return [Piece(text, is_hit=False)]
    parts = re.split(f"({re.escape(words)})", text, flags=re.IGNORECASE)
    return [Piece(part, number % 2 == 1) for number, part in enumerate(parts) if part]


def excerpt(text: str, words: str) -> str:
    """The part of a long text in which the words stand first, cut at spaces.

    >>> excerpt("short", "or")
    'short'
    """
    if len(text) <= MOST:
        return text
    at = max(text.casefold().find(words.casefold()), 0)
    begin, end = max(at - AROUND, 0), min(at + len(words) + MOST - AROUND, len(text))
    cut = text[begin:end]
    if begin:
        cut = "… " + cut.partition(" ")[2]
    return cut if end == len(text) else cut.rpartition(" ")[0] + " …"


def whole(pieces: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in pieces)
