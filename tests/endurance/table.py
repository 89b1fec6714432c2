"""Results as one table, on the test's output and in a file where one is named."""

import os
from collections.abc import Sequence
from pathlib import Path


def told(title: str, rows: Sequence[tuple[str, object]]) -> None:
    width = max(len(name) for name, _ in rows)
    lines = [title, *(f"  {name.ljust(width)}  {value}" for name, value in rows)]
    print("\n" + "\n".join(lines))
    out = os.environ.get("CONTEXTMAP_ENDURANCE_OUT")
    if out:
        with Path(out).open("a") as file:
            file.write("\n".join(lines) + "\n")
