"""Goals and responses to choose from, as data/lookups/goal.csv and response.csv have them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LOOKUPS = Path(__file__).resolve().parents[2] / "data" / "lookups"
KINDS = ("welfare", "environmental", "regulatory", "enforcement")


@dataclass(frozen=True, slots=True)
class LibraryGoal:
    """An indicator turned into a positive statement; the text may be edited."""

    code: str
    text: str
    indicator_code: str
    measure: str
    measure_kind: str


@dataclass(frozen=True, slots=True)
class Response:
    """What somebody does; `needs_gates`: an equality note, a displacement ring and voice first."""

    code: str
    kind: str
    label: str
    needs_gates: bool


@cache
def goals() -> tuple[LibraryGoal, ...]:
    return tuple(
        LibraryGoal(
            row["code"], row["text"], row["indicator_code"], row["measure"], row["measure_kind"]
        )
        for row in _rows("goal")
    )


def goal(code: str) -> LibraryGoal:
    """KeyError for a code that the library does not hold."""
    return {one.code: one for one in goals()}[code]


@cache
def responses() -> dict[str, Response]:
    """By code, welfare first.

    >>> responses()["PSPO"].kind
    'enforcement'
    """
    return {
        row["code"]: Response(row["code"], row["kind"], row["label"], row["needs_gates"] == "yes")
        for row in _rows("response")
    }


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (LOOKUPS / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)
