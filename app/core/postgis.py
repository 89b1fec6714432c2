"""Find PostgreSQL with PostGIS on this machine, or get Debian's packages: by apt, or unpacked."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.core import debian
from app.core.settings import ROOT, default_data_dir

PACKAGE = "postgresql-15-postgis-3"
SYSTEM_BIN = Path("/usr/lib/postgresql/15/bin")
SYSTEM_SHARE = Path("/usr/share/postgresql/15")
SCRIPT = ROOT / "scripts" / "debian"


class PostgisError(RuntimeError):
    """PostGIS cannot be had; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the server's programs are, and what they need in their environment."""

    bin: Path
    env: Mapping[str, str] = field(default_factory=dict)


def find_or_get(data_dir: Path) -> Programs:
    """Installed by Debian, or unpacked earlier, or fetched now."""
    folder = _folder(data_dir)
    found = installed() or unpacked(folder)
    if found is not None:
        return found
    if not debian.is_debian():
        raise PostgisError(
            f"Install PostgreSQL 15 with PostGIS ({PACKAGE} on Debian 12), or set DATABASE_URL."
        )
    if os.geteuid() == 0:
        _install([])
    elif _has_sudo():
        _install(["sudo", "-n"])
    else:
        _unpack(folder)
    found = installed() or unpacked(folder)
    if found is None:
        raise PostgisError(f"Install the package {PACKAGE}, or set DATABASE_URL.")
    return found


def _folder(data_dir: Path) -> Path:
    """Programs belong to the checkout, whose data folders share them where it can be written."""
    return (default_data_dir() if os.access(ROOT, os.W_OK) else data_dir) / "postgis"


def installed() -> Programs | None:
    control = SYSTEM_SHARE / "extension" / "postgis.control"
    return Programs(SYSTEM_BIN) if (SYSTEM_BIN / "postgres").exists() and control.exists() else None


def unpacked(folder: Path) -> Programs | None:
    """Debian's packages unpacked without root; their libraries are not on the system's path."""
    root = folder / "root"
    if not (root / ".complete").exists():
        return None
    _link_extensions(root)
    env = {
        "LD_LIBRARY_PATH": debian.library_path(root),
        "PROJ_DATA": str(root / "usr/share/proj"),
        "GDAL_DATA": str(root / "usr/share/gdal"),
    }
    return Programs(root / "usr/lib/postgresql/15/bin", env)


def _has_sudo() -> bool:
    sudo = shutil.which("sudo")
    return sudo is not None and _quiet([sudo, "-n", "true"]).returncode == 0


def _install(prefix: list[str]) -> None:
    sys.stderr.write(f"Installing {PACKAGE} (124 MB, once)\n")
    done = _quiet([*prefix, "sh", str(SCRIPT), PACKAGE])
    if done.returncode != 0:
        raise PostgisError(
            f"apt could not install {PACKAGE}: {debian.last_line(done)} "
            "Check the network, or set DATABASE_URL to a server with PostGIS."
        )


def _unpack(folder: Path) -> None:
    sys.stderr.write(f"Fetching {PACKAGE} and unpacking it without root (once)\n")
    try:
        debian.unpack(folder, [PACKAGE])
    except debian.PackagesError as failed:
        raise PostgisError(
            f"{failed} Check the network, have an administrator install {PACKAGE}, "
            "or set DATABASE_URL to a server with PostGIS."
        ) from failed


def _link_extensions(root: Path) -> None:
    """Debian's install scripts link the plain names of the extension files."""
    extensions = root / "usr/share/postgresql/15/extension"
    for versioned in extensions.glob("*-3.control"):
        plain = extensions / versioned.name.replace("-3.control", ".control")
        if not plain.exists():
            plain.symlink_to(versioned.name)


def _quiet(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
