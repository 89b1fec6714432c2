"""The supervisor behind scripts/serve: private PostGIS, migrations, worker, web; one clean stop."""

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection
from ipaddress import ip_address
from pathlib import Path

import psycopg
from pydantic import ValidationError

from app.core import crashes, metrics
from app.core.children import Children, Program
from app.core.errors import AppError
from app.core.folders import ClusterError, only_launcher
from app.core.partnership import PartnershipError, partnership
from app.core.postgis import PostgisError
from app.core.postgres import PrivateCluster
from app.core.settings import PUBLIC_CONNECTIONS, Settings, load_settings
from app.reference.local_lists import Lists

READY_S = 60
WATCH_S = 0.1  # what died is missed at once: the public form must be back within ten seconds
AGAIN_S = 2.0
BACKLOG = 512
DEMONSTRATED = frozenset({"E09000021", "E09000027"})  # boroughs of the synthetic records
BEYOND = (
    "This address can be reached from other machines. Browsers keep the session cookie over TLS "
    "only: put a proxy with TLS in front, and set CONTEXTMAP_BASE_URL to its address and "
    "CONTEXTMAP_TRUSTED_PROXIES to where it connects from. Without TLS only this machine can sign "
    "in, at 127.0.0.1."
)


class ServeError(RuntimeError):
    """The service cannot start; the words say what to do."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    stop = threading.Event()
    # uvicorn would raise SIGTERM again after its own shutdown and orphan PostgreSQL: the web
    # server is a child, and this process alone decides.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        _serve(arguments, stop)
    except ValidationError as wrong:
        return _refused(f"A setting cannot be used: {wrong.errors()[0]['msg']}")
    except (AppError, PartnershipError, ServeError, ClusterError, PostgisError, OSError) as refused:
        return _refused(str(refused))
    return 0


def _refused(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/serve", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine")
    parser.add_argument("--port", type=_port, default=8000)
    parser.add_argument("--data-dir", type=Path, help="database, secrets, exports")
    parser.add_argument("--no-demo", action="store_true", help="no synthetic records")
    parser.add_argument("--workers", type=_count, default=1, help="web processes")
    return parser


def _port(text: str) -> int:
    if not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("from 1 to 64")
    return int(text)


def _serve(arguments: argparse.Namespace, stop: threading.Event) -> None:
    settings = load_settings(data_dir=arguments.data_dir, demo=False if arguments.no_demo else None)
    _refuse_demo_elsewhere(settings)
    public = _public_pool_size(settings, arguments.workers)
    address = _address(arguments.host, arguments.port)
    with ExitStack() as stack:
        stack.enter_context(only_launcher(settings.data_dir, address))
        listening = stack.enter_context(_listen(arguments.host, arguments.port))
        gate, opener = os.pipe()
        programs, spare = _programs(listening.fileno(), gate, web_processes=arguments.workers)
        figures = stack.enter_context(metrics.folder_of(settings.data_dir))
        env = _environment(settings, address, public) | {metrics.FOLDER: str(figures)}
        ended = partial(crashes.note, settings.data_dir)
        children = Children(programs, env=env, ended=ended, spare=spare)
        stack.callback(children.stop)
        children.start("web")  # loads its libraries meanwhile, and waits at the gate
        cluster = _database(settings, stack)
        stack.callback(children.stop)  # before the database, whichever way this ends
        _make_ready(settings)
        os.close(opener)
        children.start("worker")
        _wait_until_alive(arguments, children, stop)
        if not stop.is_set():
            print(f"Contextmap is ready: {address}", flush=True)  # noqa: T201 - the contract
        _watch(children, cluster, stop)


def _refuse_demo_elsewhere(settings: Settings) -> None:
    """Read here, before anything is made: a file that cannot be used ends the start."""
    house = partnership(settings.partnership)
    Lists.of(settings.partnership)
    if settings.demo and not house.codes >= DEMONSTRATED:
        raise ServeError(
            f"The demonstration is of other boroughs than those of {house.name}. "
            "Start with --no-demo."
        )


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    """One socket for all web processes, taken before any work is done."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        loopback = ip_address(name).is_loopback
    except ValueError:
        raise ServeError(
            "--host takes an address of this machine: 127.0.0.1, ::1, or one that others reach."
        ) from None
    if not loopback:
        sys.stderr.write(f"{BEYOND}\n")
    family = socket.AF_INET6 if ":" in name else socket.AF_INET
    try:
        return socket.create_server((name, port), family=family, backlog=BACKLOG)
    except OSError as taken:
        raise ServeError(
            f"Port {port} cannot be used ({taken.strerror}). Stop what uses it, or choose --port."
        ) from taken


def _database(settings: Settings, stack: ExitStack) -> PrivateCluster | None:
    """Ours is started, or adopted; never while a restore is at work at it."""
    from app.backups import leftovers, wal

    cluster: PrivateCluster | None = None
    with leftovers.only_restore(settings):
        if settings.database_url is None:
            cluster = PrivateCluster(settings.data_dir)
            stack.enter_context(cluster.owned())
            wal.configure(settings, cluster)
        leftovers.drop(settings)
    return cluster


def _make_ready(settings: Settings) -> None:
    """The schema and the records; imports here, once the web processes load theirs."""
    from app.accounts.install import prepare
    from app.core.db import Database
    from app.demo import accounts
    from app.reference import service as reference
    from app.retention import erasing

    prepare(settings)
    db = Database(settings, settings.claims_key(), pool_size=8)
    try:
        reference.load_packaged(db, Lists.of(settings.partnership))
        if settings.demo:
            from app.demo import everything  # what makes them is loaded for nobody else

            everything.load_once(db, settings)
        else:
            accounts.close(db)
        for line in erasing.at_start(db, settings):  # nothing is shown that had been erased
            sys.stderr.write(f"{line}\n")
    finally:
        db.dispose()


def _programs(
    listening: int, gate: int, *, web_processes: int
) -> tuple[dict[str, Program], Program]:
    """By name; and the spare, for whichever dies."""
    options = ["--fd", str(listening), "--after", str(gate)]
    web = Program([sys.executable, "-m", "app.web", *options], (listening, gate))
    worker = Program([sys.executable, "-m", "app.worker"])
    spare = Program([sys.executable, "-m", "app.spare", *options], (listening, gate))
    return {"worker": worker} | {f"web {n}": web for n in range(1, web_processes + 1)}, spare


def _public_pool_size(settings: Settings, web_processes: int) -> int:
    """Connections of the public form, for each web process: its login has so many and no more."""
    share = PUBLIC_CONNECTIONS // web_processes
    if share == 0:
        raise ServeError(
            f"At most {PUBLIC_CONNECTIONS} web processes: the login of the public form has "
            f"{PUBLIC_CONNECTIONS} database connections, and each needs one."
        )
    if share < settings.public_pool_size:
        sys.stderr.write(
            f"{web_processes} web processes share the {PUBLIC_CONNECTIONS} database connections of "
            f"the public form: {share} for each.\n"
        )
    return min(share, settings.public_pool_size)


def _environment(settings: Settings, address: str, public_pool_size: int) -> dict[str, str]:
    """What the command line changed, for the children to read."""
    demo = "1" if settings.demo else "0"
    told = "base_url" in settings.model_fields_set
    return {
        **os.environ,
        "CONTEXTMAP_DATA_DIR": str(settings.data_dir),
        "CONTEXTMAP_DEMO": demo,
        "CONTEXTMAP_PUBLIC_POOL_SIZE": str(public_pool_size),
        "CONTEXTMAP_BASE_URL": settings.base_url if told else address,  # links name this port
    }


def _wait_until_alive(
    arguments: argparse.Namespace, children: Children, stop: threading.Event
) -> None:
    until = time.monotonic() + READY_S
    while not stop.wait(0.03):
        if children.dead():
            raise ServeError(f"Did not start: {', '.join(children.dead())}. The reason is above.")
        if _alive(arguments.host, arguments.port):
            return
        if time.monotonic() > until:
            raise ServeError("The web server did not answer within a minute.")


def _alive(host: str, port: int) -> bool:
    connection = HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _watch(children: Children, cluster: PrivateCluster | None, stop: threading.Event) -> None:
    while not stop.wait(WATCH_S):
        if cluster is not None and cluster.pid() is None:
            sys.stderr.write("PostgreSQL ended; starting it again.\n")
            try:
                cluster.start()
            except (ClusterError, psycopg.Error, OSError) as refused:
                # A full disk may become empty again: the form says until then that it is closed.
                sys.stderr.write(f"{refused}\n")
                stop.wait(AGAIN_S)
        children.restart_dead()


if __name__ == "__main__":
    sys.exit(main())
