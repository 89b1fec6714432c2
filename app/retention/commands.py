"""`contextmap retention run [--dry-run] [--as-of DATE] | replay`."""

import argparse
from datetime import date
from typing import Any

from app.core import clock
from app.retention import erasing
from app.retention.rules import sentence

Context = Any  # app.core.command.Context


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("retention", help="what is kept no longer").add_subparsers(
        required=True
    )
    run = below.add_parser("run", help="erase what an auditor approved, and plan what is due")
    run.add_argument("--dry-run", action="store_true", help="count what is due, and change nothing")
    run.add_argument("--as-of", type=date.fromisoformat, help="as on this day; default: today")
    run.set_defaults(func=run_retention)
    again = below.add_parser("replay", help="after a restore: erase again what had been erased")
    again.set_defaults(func=run_replay)


def run_retention(arguments: argparse.Namespace, context: Context) -> dict[str, Any]:
    as_of = arguments.as_of or clock.today()
    if arguments.dry_run:
        due = erasing.look(context.db, as_of)
        return {"dry_run": True, "as_of": as_of.isoformat(), "due": due, "says": sentence(due)}
    erased = dict(erasing.approved(context.db, context.settings))
    run = erasing.daily(context.db, as_of)
    counts = {} if run is None else run.counts
    return {
        "dry_run": False,
        "as_of": as_of.isoformat(),
        "erased": erased,
        "due": counts,
        "says": sentence(counts),
        "waiting": None if run is None else run.ref,
    }


def run_replay(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    return {"erased": erasing.replay(context.db, context.settings)}
