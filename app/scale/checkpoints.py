"""What is finished stays: a run that was cut short goes on where it was.

Each result is a file named by what it was worked out from: input, parameters and code. Nothing is
ever looked up by time or place, so a result of other data or of another version is never used.
"""

import contextlib
import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from app.scale.tasks import code_version


def fingerprint(task: str, given: Any) -> str:  # noqa: ANN401 - arguments of any task
    """SHA-256 of a task and all that it is given."""
    digest = hashlib.sha256(f"{code_version()}|{task}".encode())
    for piece in _pieces(given):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(given: Any) -> Iterator[bytes]:  # noqa: ANN401 - as above
    if isinstance(given, np.ndarray):
        yield f"{given.dtype.str}{given.shape}".encode()
        yield np.ascontiguousarray(given).tobytes()
    elif is_dataclass(given):
        for field in fields(given):
            yield from _pieces(getattr(given, field.name))
    elif isinstance(given, tuple):
        for one in given:
            yield from _pieces(one)
    else:
        yield f"|{given!r}".encode()


class Checkpoints:
    """A folder of results; None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def get(self, name: str, kind: Any) -> Any:  # noqa: ANN401 - a kind of named tuple
        """A result by its fingerprint; None where there is none that can be read."""
        if self.folder is None:
            return None
        try:
            with (
                (self.folder / f"{name}.npz").open("rb") as file,
                np.load(file, allow_pickle=False) as held,
            ):
                columns = [held[field] for field in kind._fields]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None  # never written, or cut short with the machine
        return kind._make(c.item() if c.ndim == 0 else c for c in columns)

    def put(self, name: str, found: NamedTuple) -> None:
        """Whole or not at all: written beside, then renamed."""
        if self.folder is None:
            return
        beside = self.folder / f"{name}.part"
        with beside.open("wb") as file:
            np.savez(file, **found._asdict())
        beside.replace(self.folder / f"{name}.npz")

    def forget(self) -> None:
        """A finished run needs none of it."""
        if self.folder is None:
            return
        for path in [*self.folder.glob("*.npz"), *self.folder.glob("*.part")]:
            path.unlink()
        with contextlib.suppress(OSError):  # somebody else keeps something there
            self.folder.rmdir()
