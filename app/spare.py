"""A process that has loaded everything, and becomes a web process or a worker when one died."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from app.core import loading

NAME = "context-{kind}"  # fifteen characters at most
LOADED = ("app.main", "app.web", "app.worker")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    loading.load(*LOADED)
    kind = os.read(arguments.spare, 100).decode()
    os.close(arguments.spare)
    if not kind:
        return 0  # its launcher has ended
    _be_known_as(kind)
    if kind == "worker":
        for of_web in (arguments.fd, arguments.after):
            os.close(of_web)
        importlib.import_module("app.worker").main()
        return 0
    options = ["--fd", str(arguments.fd), "--after", str(arguments.after)]
    return int(importlib.import_module("app.web").main(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.spare", description=__doc__)
    parser.add_argument("--spare", type=int, required=True, help="a pipe that names what to be")
    parser.add_argument("--fd", type=int, required=True, help="as of app.web")
    parser.add_argument("--after", type=int, required=True, help="as of app.web")
    return parser


def _be_known_as(kind: str) -> None:
    """As `top` and `ps -o comm` name it; its command line stays that of a spare."""
    with suppress(OSError):
        Path("/proc/self/comm").write_text(NAME.format(kind=kind))


if __name__ == "__main__":
    sys.exit(main())
