"""The `contextmap` command: arguments in, one call of a slice, text or one JSON document out."""

import argparse
import importlib
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from app.accounts.install import prepare
from app.core import folders, migrate
from app.core.command import Context, Result, serving
from app.core.db import Database
from app.core.errors import AppError, InvalidError
from app.core.folders import ClusterError
from app.core.json import json_bytes
from app.core.partnership import PartnershipError
from app.core.postgis import PostgisError
from app.core.postgres import PrivateCluster
from app.core.settings import Settings, load_settings
from app.reference import service as reference
from app.reference.local_lists import Lists
from app.retention import erasing

DONE, REFUSED, WRONG_USAGE = 0, 1, 2
SLICES = (
    "imports",
    "clusters",
    "scale",
    "audit",
    "admin",
    "demo",
    "vault",
    "retention",
    "basemaps",
    "releases",
    "briefings",
    "backups",
)


class Registering(Protocol):
    def register(self, subparsers: Any) -> None: ...  # noqa: ANN401 - argparse hides the class


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        with ExitStack() as stack:
            settings = load_settings(data_dir=arguments.data_dir)
            context = Context(
                settings,
                stack,
                prepare,
                ready=partial(_ready, settings),
                replay=erasing.replay,
            )
            result = arguments.func(arguments, context)
    except (AppError, ClusterError, PostgisError, PartnershipError, OSError) as refused:
        return _refused(refused, as_json=arguments.json)
    except ValidationError as wrong:
        sys.stderr.write(f"A setting cannot be used: {wrong.errors()[0]['msg']}\n")
        return REFUSED
    _print(result, as_json=arguments.json)
    return DONE if result.get("verified", True) else REFUSED


def _ready(settings: Settings, db: Database) -> bool:
    return reference.load_packaged(db, Lists.of(settings.partnership))


def parser() -> argparse.ArgumentParser:
    """Built from the `commands` module of each slice that has one."""
    whole = argparse.ArgumentParser(prog="contextmap", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    for target in (whole, common):
        target.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        target.add_argument("--data-dir", type=Path, default=argparse.SUPPRESS)
    whole.set_defaults(json=False, data_dir=None)
    subparsers = whole.add_subparsers(required=True, metavar="COMMAND")
    _register_db(subparsers)
    for name in SLICES:
        slice_commands: Registering = importlib.import_module(f"app.{name}.commands")
        slice_commands.register(subparsers)
    _accept_everywhere(whole, common)
    return whole


def _accept_everywhere(whole: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """`--json` and `--data-dir` are understood before and after the command."""
    for action in whole._actions:  # noqa: SLF001 - argparse offers no other way to walk
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in set(action.choices.values()):
                for option in common._actions:  # noqa: SLF001
                    below._add_action(option)  # noqa: SLF001
                _accept_everywhere(below, common)


def _refused(refused: Exception, *, as_json: bool) -> int:
    detail = refused.detail if isinstance(refused, AppError) else str(refused)
    fields = refused.fields if isinstance(refused, InvalidError) else {}
    for name, words in fields.items():
        sys.stderr.write(f"{name}: {words}\n")
    sys.stderr.write(f"{detail}\n")
    if as_json:
        sys.stdout.write(json_bytes({"error": detail, "fields": fields}).decode() + "\n")
    return REFUSED


def _print(result: Result, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json_bytes(result).decode() + "\n")
        return
    for name, value in result.items():
        if not isinstance(value, list | dict):
            sys.stdout.write(f"{name}: {value}\n")
    for line in result.get("lines", []):
        sys.stdout.write(f"{line}\n")


def _register_db(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("db", help="the database").add_subparsers(required=True)
    for name, func, words in (
        ("start", _db_start, "start the private cluster and leave it running"),
        ("stop", _db_stop, "stop the private cluster"),
        ("status", _db_status, "where the database is, and its schema version"),
        ("migrate", _db_migrate, "bring the schema to the newest version"),
        ("psql", _db_psql, "open psql as cs_migrate"),
    ):
        command = below.add_parser(name, help=words)
        command.set_defaults(func=func)
        if name == "migrate":
            command.add_argument(
                "--former-permissions",
                action="store_true",
                help="install this release's permissions though newer ones stand",
            )


def _cluster(context: Context) -> PrivateCluster:
    if context.settings.database_url is not None:
        raise InvalidError("DATABASE_URL is set: that server is not ours to start or stop.")
    return PrivateCluster(context.settings.data_dir)


def _db_start(_: argparse.Namespace, context: Context) -> Result:
    cluster = _cluster(context)
    started = cluster.start()
    cluster.keep()
    return {"running": True, "started": started, "pid": cluster.pid()}


def _db_stop(_: argparse.Namespace, context: Context) -> Result:
    cluster = _cluster(context)
    address = folders.launcher_at(cluster.data_dir)
    if address is not None:
        raise InvalidError(f"Contextmap is running at {address}. Stop it, and its database stops.")
    was_running = cluster.pid() is not None
    cluster.stop()
    cluster.keep()
    return {"running": False, "stopped": was_running}


def _db_status(_: argparse.Namespace, context: Context) -> Result:
    if context.settings.database_url is not None:
        return {"kind": "DATABASE_URL", "head": migrate.head()}
    cluster = PrivateCluster(context.settings.data_dir)
    return {
        "kind": "private",
        "data_dir": str(cluster.data_dir),
        "running": cluster.is_running(),
        "pid": cluster.pid(),
        "serving": folders.launcher_at(cluster.data_dir),
        "head": migrate.head(),
    }


def _db_migrate(arguments: argparse.Namespace, context: Context) -> Result:
    with serving(context.settings):
        changed = prepare(context.settings, former=arguments.former_permissions)
        loaded = _ready(context.settings, context.db)
    return {"changed": changed, "packaged_data_loaded": loaded, "head": migrate.head()}


def _db_psql(_: argparse.Namespace, context: Context) -> Result:
    dsn = context.settings.dsn("cs_migrate")
    if context.settings.database_url is not None:
        return {"exit": subprocess.run(["psql", dsn], check=False).returncode}  # noqa: S603, S607
    with serving(context.settings):
        return {"exit": _cluster(context).run("psql", dsn)}


if __name__ == "__main__":
    sys.exit(main())
