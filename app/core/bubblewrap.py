"""Find bubblewrap, which gives a program namespaces of its own: Debian's, or unpacked by setup."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.core import debian


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Where the program is, and what it needs in its environment."""

    path: str
    env: Mapping[str, str] = field(default_factory=dict)


def find(folder: Path | None = None) -> Bubblewrap | None:
    """Installed, or unpacked without root beside the Python packages (`scripts/setup`)."""
    installed = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if installed is not None and folder is None:
        return Bubblewrap(installed)
    root = (folder or Path(sys.prefix) / "bubblewrap") / "root"
    program = root / "usr" / "bin" / "bwrap"
    if not (root / ".complete").exists() or not os.access(program, os.X_OK):
        return None
    return Bubblewrap(str(program), {"LD_LIBRARY_PATH": debian.library_path(root)})
