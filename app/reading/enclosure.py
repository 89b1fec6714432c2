"""The command that starts the reading process, and all that it can see of the machine."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.core.bubblewrap import Bubblewrap
from app.core.settings import ROOT

CODE = ("app/__init__.py", "app/core/__init__.py", "app/core/cells.py", "app/reading", "geo")
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin")
# No library that is loaded here fetches or opens what a file points to; should one ever be GDAL,
# or one that starts threads, it finds this before it is loaded.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OGR_GPKG_STREAM_BASE_IMPL": "YES",
    "GDAL_NUM_THREADS": "1",
    "OPENPYXL_LXML": "False",
    "PROJ_NETWORK": "OFF",
    "OGR_SKIP": "OGR_VRT",
    "GDAL_SKIP": "VRT",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_HTTP_MAX_RETRY": "0",
}


class Source(NamedTuple):
    """A file that is read by its name, and that name behind bubblewrap."""

    path: Path
    inside: str


def command(
    program: Bubblewrap | None, source: Source | None = None
) -> tuple[list[str], dict[str, str], list[str]]:
    """The command, its environment, and the folders that it may read.

    A `source` is one file more, for what cannot read an open one.
    """
    python = os.path.realpath(sys.executable)
    packages = list(dict.fromkeys(sysconfig.get_paths()[name] for name in ("purelib", "platlib")))
    packages = [os.path.realpath(folder) for folder in packages]
    bases = [
        path for path in {sys.base_prefix, os.path.realpath(sys.base_prefix)} if path != "/usr"
    ]
    if program is None:
        code = [str(ROOT / part) for part in CODE]
        child = [python, "-I", "-S", "-B", str(ROOT / "app/reading/child.py"), str(ROOT), *packages]
        readable = [*SYSTEM, "/etc/ld.so.cache", "/proc/self", *bases, *packages, *code]
        readable += [str(source.path)] if source else []
        return child, ENVIRONMENT, readable
    inside = [f"/packages{i}" for i in range(len(packages))]
    walled = [*_namespaces(program), *_system(bases)]
    for folder, name in zip(packages, inside, strict=True):
        walled += ["--ro-bind", folder, name]
    for part in CODE:
        walled += ["--ro-bind", str(ROOT / part), f"/code/{part}"]
    if source:
        walled += ["--ro-bind", str(source.path), source.inside]
    for name, value in ENVIRONMENT.items():
        walled += ["--setenv", name, value]
    child = [python, "-I", "-S", "-B", "/code/app/reading/child.py", "/code", *inside]
    return [*walled, "--", *child], dict(program.env), ["/"]


def _namespaces(program: Bubblewrap) -> list[str]:
    return [
        *(program.path, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"),
        *("--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 - its own
        *("--hostname", "reader", "--chdir", "/"),
    ]


def _system(bases: list[str]) -> Iterator[str]:
    for path in SYSTEM:
        if os.path.islink(path):  # noqa: PTH114 - the link's own text is needed
            yield from ("--symlink", os.readlink(path), path)  # noqa: PTH115 - as above
        elif os.path.isdir(path):  # noqa: PTH112 - as above
            yield from ("--ro-bind", path, path)
    yield from ("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache")
    for path in bases:
        yield from ("--ro-bind", path, path)
