"""`contextmap vault status | rotate [--blind] | decoys`."""

import argparse
from typing import Any

from app.core.partnership import partnership
from app.vault import keeping
from app.vault.keys import Vault

Context = Any  # app.core.command.Context


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("vault", help="keys of children's identities").add_subparsers(
        required=True
    )
    below.add_parser("status", help="keys and identities, and what does not fit").set_defaults(
        func=status
    )
    rotate = below.add_parser("rotate", help="wrap every key with a new master key")
    rotate.add_argument(
        "--blind", action="store_true", help="make the index of names and births anew, too"
    )
    rotate.set_defaults(func=run_rotate)
    decoys = below.add_parser("decoys", help="references that nobody works with, to catch browsing")
    decoys.add_argument("--borough", required=True, help="code of the home borough")
    decoys.add_argument("--number", type=int, default=3, help="how many (3)")
    decoys.set_defaults(func=run_decoys)


def status(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    return keeping.status(context.db, Vault.of(context.settings))


def run_rotate(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    vault = Vault.of(context.settings)
    return keeping.rotate(context.db, vault, blind=arguments.blind)


def run_decoys(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    agency = partnership(context.settings.partnership).controller
    made = keeping.decoys(context.db, arguments.borough, arguments.number, agency=agency)
    return {"made": made}
