"""Limits of what is read, and the sentences of what is refused."""

import re

MAX_COLUMNS = 200
MAX_LINE = 64 * 1024
MAX_CELL = 32 * 1024
MAX_ROWS = 1_200_000
MAX_VERTICES = 500
MAX_POSITIONS = 500_000
MAX_LAYERS = 100
MAX_NAME = 200
SAMPLES = 5
MB = 1024 * 1024
MAX_BYTES = {"CSV": 250 * MB, "XLSX": 50 * MB, "GEOJSON": 20 * MB, "GPKG": 50 * MB, "KML": 50 * MB}

# Only blanks, tabs and line ends of the control characters belong into a text.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
CONTROL_PROBLEM = (
    "A cell holds a character that cannot be shown.",
    "Type the text of this row again.",
)


class RefusedError(Exception):
    """A file that is not read; its text is one sentence or two that a person can act on."""


def counted(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def column_names(raw: list[str | None], remarks: list[str]) -> list[str]:
    """The header as names that differ, each at most 200 characters long."""
    if not raw:
        raise RefusedError("This file has no columns. The first row must hold their names.")
    if len(raw) > MAX_COLUMNS:
        raise RefusedError(
            f"This file has {len(raw):,} columns; at most {MAX_COLUMNS} can be read. "
            "Remove those you do not need."
        )
    names: list[str] = []
    taken: set[str] = set()
    for at, text in enumerate(raw, start=1):
        name = _name(text, at)
        if name in taken:
            remarks.append(f"Two columns are called {name}.")
            name = next(n for i in range(2, len(raw) + 2) if (n := f"{name} ({i})") not in taken)
        taken.add(name)
        names.append(name)
    return names


def _name(text: str | None, at: int) -> str:
    name = " ".join((text or "").split())
    if CONTROL.search(name):
        raise RefusedError(f"The name of column {at} holds a character that cannot be shown.")
    if len(name) > MAX_NAME:
        raise RefusedError(f"The name of column {at} is longer than {MAX_NAME} characters.")
    return name or f"Column {at}"
