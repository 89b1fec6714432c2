"""Debian's signed packages without root: fetched by apt with state of its own, and unpacked."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.core.folders import alone

# The system's own C library and its loader belong together; an unpacked one is never used.
OF_THE_SYSTEM = ("libc6_", "libc-bin_", "gcc-12-base_")


class PackagesError(RuntimeError):
    """Packages cannot be had; the words say what to do."""


def is_debian() -> bool:
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def unpack(folder: Path, packages: Sequence[str]) -> Path:
    """The packages and all that they need, under `folder`/root; a half done one is done again."""
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / "lock"):
        if not (folder / "root" / ".complete").exists():
            _fetch(folder, packages)
    return folder / "root"


def _fetch(folder: Path, packages: Sequence[str]) -> None:
    root, state = folder / "root", folder / "apt"
    shutil.rmtree(root, ignore_errors=True)
    for part in (state / "lists" / "partial", state / "archives" / "partial", root):
        part.mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    options = _options(state)
    _run(["apt-get", *options, "-q", "update"])
    fetch = ["-qy", "install", "--download-only", "--no-install-recommends"]
    _run(["apt-get", *options, *fetch, *packages])
    for deb in sorted((state / "archives").glob("*.deb")):
        if not deb.name.startswith(OF_THE_SYSTEM):
            _run(["dpkg-deb", "-x", str(deb), str(root)])
    shutil.rmtree(state)
    (root / ".complete").touch()


def library_path(root: Path) -> str:
    """For LD_LIBRARY_PATH: what the loader of an installed system finds by itself."""
    plain = ["lib/*-linux-gnu*", "usr/lib/*-linux-gnu*"]
    # Found there by links of install scripts, or by the absolute path in another library.
    hidden = [f"usr/lib/*-linux-gnu*/{name}" for name in ("blas", "lapack", "pulseaudio")]
    return ":".join(str(found) for pattern in [*plain, *hidden] for found in root.glob(pattern))


def _options(state: Path) -> list[str]:
    """An empty list of installed packages: what the system has today may go tomorrow."""
    pairs = {
        "Dir::State": state,
        "Dir::State::Lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "Dir::Cache::archives": state / "archives",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "DPkg::Post-Invoke": "",
        "APT::Update::Post-Invoke": "",
    }
    return [part for name, value in pairs.items() for part in ("-o", f"{name}={value}")]


def _run(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if done.returncode != 0:
        raise PackagesError(f"{command[0]} failed: {last_line(done)}")


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else "no message."


def main(folder: str, *packages: str) -> int:
    """For scripts/setup, before there is any Python package: prints where they were unpacked."""
    try:
        sys.stdout.write(f"{unpack(Path(folder), packages)}\n")
    except PackagesError as failed:
        sys.stderr.write(f"{failed}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
