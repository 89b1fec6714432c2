"""Find bubblewrap, which gives a program namespaces of its own, or get Debian's without root."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.core import debian
from app.core.settings import default_data_dir

PACKAGE = "bubblewrap"


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Where the program is, and what it needs in its environment."""

    path: str
    env: Mapping[str, str] = field(default_factory=dict)


def find() -> Bubblewrap | None:
    """Installed, or unpacked earlier."""
    installed = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if installed is not None:
        return Bubblewrap(installed)
    root = folder() / "root"
    program = root / "usr" / "bin" / "bwrap"
    if not (root / ".complete").exists() or not os.access(program, os.X_OK):
        return None
    return Bubblewrap(str(program), {"LD_LIBRARY_PATH": debian.library_path(root)})


def find_or_get() -> Bubblewrap | None:
    """The same, fetched where that is possible; without it the reader needs its other wall."""
    found = find()
    if found is None and debian.is_debian():
        try:
            debian.unpack(folder(), [PACKAGE])
        except (debian.PackagesError, OSError):
            return None
        found = find()
    return found


def folder() -> Path:
    """Beside the other unpacked programs."""
    return default_data_dir() / "bubblewrap"
