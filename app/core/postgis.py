"""Find PostgreSQL with PostGIS on this machine, or get Debian's packages: by apt, or unpacked."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "postgresql-15-postgis-3"
WANTED = (PACKAGE, "postgresql-15", "postgresql-client-15")
SYSTEM_BIN = Path("/usr/lib/postgresql/15/bin")
SYSTEM_SHARE = Path("/usr/share/postgresql/15")
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "postgis"


class PostgisError(RuntimeError):
    """PostGIS cannot be had; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the server's programs are, and what they need in their environment."""

    bin: Path
    env: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def find_or_get(folder: Path) -> Programs:
    """Installed by Debian, or unpacked under `folder` earlier, or fetched now."""
    found = installed() or unpacked(folder)
    if found is not None:
        return found
    if os.geteuid() == 0:
        _apt([])
    elif _has_sudo():
        _apt(["sudo", "-n"])
    else:
        _unpack(folder)
    found = installed() or unpacked(folder)
    if found is None:
        raise PostgisError(f"Install the package {PACKAGE}, or set DATABASE_URL.")
    return found


def installed() -> Programs | None:
    control = SYSTEM_SHARE / "extension" / "postgis.control"
    return Programs(SYSTEM_BIN) if (SYSTEM_BIN / "postgres").exists() and control.exists() else None


def unpacked(folder: Path) -> Programs | None:
    """Debian's packages unpacked without root; their libraries are not on the system's path."""
    root = folder / "root"
    if not (root / ".complete").exists():
        return None
    libraries = [root / "usr/lib" / _triplet(root), root / "lib" / _triplet(root)]
    extra = [p.parent for p in (root / "usr/lib").rglob("libblas.so.3")]
    extra += [p.parent for p in (root / "usr/lib").rglob("liblapack.so.3")]
    path = ":".join(str(p) for p in [*libraries, *sorted(set(extra))])
    env = {
        "LD_LIBRARY_PATH": path,
        "PROJ_DATA": str(root / "usr/share/proj"),
        "GDAL_DATA": str(root / "usr/share/gdal"),
    }
    return Programs(root / "usr/lib/postgresql/15/bin", env)


def _triplet(root: Path) -> str:
    found = sorted((root / "usr/lib").glob("*-linux-gnu*"))
    return found[0].name if found else ""


def _has_sudo() -> bool:
    sudo = shutil.which("sudo")
    return sudo is not None and _quiet([sudo, "-n", "true"]).returncode == 0


def _apt(prefix: list[str]) -> None:
    done = _quiet([*prefix, "sh", str(SCRIPT)])
    if done.returncode != 0:
        raise PostgisError(
            f"apt could not install {PACKAGE}: {_last_line(done)} "
            "Check the network, or set DATABASE_URL to a server with PostGIS."
        )


def _unpack(folder: Path) -> None:
    """Signed packages by apt with state of its own, unpacked beside each other."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise PostgisError(
            f"Install PostgreSQL 15 with PostGIS ({PACKAGE} on Debian 12), or set DATABASE_URL."
        )
    sys.stderr.write(f"Fetching {PACKAGE} without root (about 70 MB, once)\n")
    state, root = folder / "apt", folder / "root"
    debs = state / "archives"
    for part in (state / "lists" / "partial", debs / "partial", root):
        part.mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    options = _apt_options(state)
    _run(["apt-get", *options, "-q", "update"])
    _run(
        [
            "apt-get",
            *options,
            "-qy",
            "install",
            "--download-only",
            "--no-install-recommends",
            *WANTED,
        ]
    )
    for deb in sorted(debs.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(root)])
        deb.unlink()
    _mend(root)
    (root / ".complete").touch()


def _apt_options(state: Path) -> list[str]:
    """An empty package database: everything needed is fetched, whatever the system has."""
    pairs = {
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Cache::archives": state / "archives",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "APT::Install-Recommends": "0",
    }
    return [part for name, value in pairs.items() for part in ("-o", f"{name}={value}")]


def _mend(root: Path) -> None:
    """What Debian's install scripts would have linked: the unversioned extension files."""
    extensions = root / "usr/share/postgresql/15/extension"
    for versioned in extensions.glob("*-3.control"):
        plain = extensions / versioned.name.replace("-3.control", ".control")
        if not plain.exists():
            plain.symlink_to(versioned.name)


def _quiet(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours


def _run(command: list[str]) -> None:
    done = _quiet(command)
    if done.returncode != 0:
        raise PostgisError(f"{command[0]} failed: {_last_line(done)}")


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else "no message."
