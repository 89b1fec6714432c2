"""`contextmap retention run [--dry-run] [--as-of DATE] | replay`."""

import argparse
from dataclasses import asdict
from datetime import date, datetime, time
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
    at = datetime.combine(as_of, time(), clock.LONDON) if arguments.as_of else clock.now()
    if arguments.dry_run:
        due = erasing.look(context.db, as_of)
        swept = erasing.sweep(context.db, at, really=False)
        told = {"dry_run": True, "due": due, "by_itself": swept, "says": sentence(due)}
        return told | _lines(context, as_of)
    erased = dict(erasing.approved(context.db, context.settings))
    gone = erasing.sweep(context.db, clock.now())
    run = erasing.daily(context.db, as_of)
    counts = {} if run is None else run.counts
    told = {"dry_run": False, "erased": erased, "by_itself": gone, "due": counts}
    told |= {"says": sentence(counts), "waiting": None if run is None else run.ref}
    return told | _lines(context, as_of)


def _lines(context: Context, as_of: date) -> dict[str, Any]:
    """By record and regime: what there is, what is due, what holds keep back, when the next go."""
    lines = [line.as_json() for line in erasing.report(context.db, as_of)]
    return {"as_of": as_of.isoformat(), "records": lines}


def run_replay(_: argparse.Namespace, context: Context) -> dict[str, Any]:
    done = erasing.again(context.db, context.settings)
    erasing.refuse_stayed(done)
    return asdict(done) | {"lines": erasing.told(done, context.settings)}
