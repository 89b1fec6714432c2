"""The supervisor behind scripts/serve: private PostGIS, migrations, worker, web; one clean stop."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path

from app.core.command import serving
from app.core.db import Database
from app.core.postgis import PostgisError
from app.core.postgres import ClusterError, only_launcher
from app.core.prepare import prepare
from app.core.settings import Settings, load_settings

READY_S = 60
STOP_S = 25
ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    stop = threading.Event()
    # uvicorn would raise SIGTERM again after its own shutdown and orphan PostgreSQL: the web
    # server is a child, and this process alone decides.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _serve(arguments, stop)
    except (ClusterError, PostgisError, ValueError, OSError) as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--no-demo", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    return parser


def _serve(arguments: argparse.Namespace, stop: threading.Event) -> None:
    _loopback_only(arguments.host)
    settings = _settings(arguments)
    address = f"http://{arguments.host}:{arguments.port}"
    with ExitStack() as stack:
        stack.enter_context(only_launcher(settings.data_dir, address))
        stack.enter_context(serving(settings))
        _make_ready(settings)
        children = Children(
            {
                "web": _web_command(arguments),
                "worker": [sys.executable, "-m", "app.worker"],
            }
        )
        stack.callback(children.stop)
        children.start()
        _wait_until_alive(arguments.host, arguments.port, children, stop)
        if not stop.is_set():
            print(f"Contextmap is ready: {address}", flush=True)  # noqa: T201 - the contract
        while not stop.wait(0.5):
            children.restart_dead()


def _loopback_only(host: str) -> None:
    """Until accounts exist everybody who reaches a page is the demo actor."""
    if host != "localhost" and not ip_address(host).is_loopback:
        raise ValueError("There are no accounts yet: Contextmap serves on loopback only.")


def _settings(arguments: argparse.Namespace) -> Settings:
    """Children read the same environment."""
    if arguments.data_dir is not None:
        os.environ["CONTEXTMAP_DATA_DIR"] = str(arguments.data_dir.absolute())
    os.environ.setdefault("CONTEXTMAP_DEMO", "0" if arguments.no_demo else "1")
    return load_settings()


def _make_ready(settings: Settings) -> None:
    from app.demo import service as demo
    from app.reference import service as reference

    prepare(settings)
    db = Database(settings, settings.claims_key(), pool_size=8)
    try:
        reference.load_packaged(db)
        if settings.demo:
            demo.load_once(db)
    finally:
        db.dispose()


def _web_command(arguments: argparse.Namespace) -> list[str]:
    options = ["--host", arguments.host, "--port", str(arguments.port)]
    options += ["--workers", str(arguments.workers), "--loop", "uvloop", "--http", "httptools"]
    options += ["--no-access-log", "--no-server-header", "--log-level", "warning"]
    options += ["--timeout-keep-alive", "5", "--timeout-graceful-shutdown", "10"]
    options += ["--no-proxy-headers"]
    return [sys.executable, "-m", "uvicorn", "--factory", "app.main:app_from_env", *options]


class Children:
    """The processes beside the database; a dead one is started again, ever more patiently."""

    def __init__(self, commands: dict[str, list[str]]) -> None:
        self.commands = commands
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.waits_s: dict[str, float] = dict.fromkeys(commands, 0.5)
        self.due: dict[str, float] = {}

    def start(self) -> None:
        for name in self.commands:
            self._spawn(name)

    def restart_dead(self) -> None:
        for name, process in list(self.running.items()):
            if process.poll() is None:
                continue
            if name not in self.due:
                self.due[name] = time.monotonic() + self.waits_s[name]
                self.waits_s[name] = min(30.0, self.waits_s[name] * 2)
                sys.stderr.write(f"The {name} process ended ({process.returncode}); restarting.\n")
            elif time.monotonic() >= self.due.pop(name):
                self._spawn(name)

    def dead(self) -> list[str]:
        return [name for name, process in self.running.items() if process.poll() is not None]

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + STOP_S
        for process in self.running.values():
            try:
                process.wait(timeout=max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _spawn(self, name: str) -> None:
        # A session of its own: Ctrl-C reaches this process, which then stops them in order.
        self.running[name] = subprocess.Popen(  # noqa: S603 - our own commands
            self.commands[name], cwd=ROOT, start_new_session=True
        )


def _wait_until_alive(host: str, port: int, children: Children, stop: threading.Event) -> None:
    until = time.monotonic() + READY_S
    while not stop.wait(0.03):
        if children.dead():
            raise ClusterError(
                f"The {' and '.join(children.dead())} process did not start; its reason is above. "
                f"Is something else listening on port {port}?"
            )
        if _alive(host, port):
            return
        if time.monotonic() > until:
            raise ClusterError("The web server did not answer within a minute.")


def _alive(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
