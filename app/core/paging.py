"""Numbered pages of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a longer list; the addresses are None at its ends."""

    rows: Sequence[Row]
    total: int
    number: int = 1
    next_url: str | None = None
    prev_url: str | None = None
