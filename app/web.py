"""One web process, on a socket that the launcher listens on, or on an address of its own."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence

import uvicorn

from app.core import loading

APPLICATION = "app.main"
NOT_STARTED = 3


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    if arguments.after is not None:
        _wait_for_launcher(arguments.after)
    server = uvicorn.Server(_config(arguments))
    shared = [] if arguments.fd is None else [socket.socket(fileno=arguments.fd)]
    server.run(sockets=shared or None)
    return 0 if server.started else NOT_STARTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.web", description=__doc__)
    parser.add_argument("--fd", type=int, help="a listening socket that was handed down")
    parser.add_argument("--after", type=int, help="serve when this pipe is closed at its other end")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    return parser


def _wait_for_launcher(gate: int) -> None:
    """The libraries, half of a start, load while the database is made ready."""
    loading.load(APPLICATION)
    os.read(gate, 1)


def _config(arguments: argparse.Namespace) -> uvicorn.Config:
    return uvicorn.Config(
        f"{APPLICATION}:app_from_env",
        factory=True,
        host=arguments.host,
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        access_log=False,  # it would hold addresses and query strings
        server_header=False,
        proxy_headers=False,
        log_level="error",  # a line for each request that is none could fill a disk
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    sys.exit(main())
