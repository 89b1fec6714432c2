"""`contextmap demo load [--seed N] [--scale N]`."""

import argparse
from typing import Any

from app.demo import accounts, imports, incidents, intelligence, reports, service
from app.demo import context as work


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("demo", help="synthetic records").add_subparsers(required=True)
    load = below.add_parser("load", help="load synthetic places, incidents and references")
    load.add_argument("--seed", type=int, default=1, help="another seed, other records")
    load.add_argument("--scale", type=_copies, default=1, help="so many times 2,000 incidents")
    load.set_defaults(func=run)


def run(arguments: argparse.Namespace, context: Any) -> dict[str, int]:  # noqa: ANN401 - app.cli
    added = service.load(
        context.db, seed=arguments.seed, scale=arguments.scale, progress=context.progress
    )
    if context.settings.demo:
        accounts.ensure(context.db, context.settings)
        added |= {"report": reports.load_once(context.db, context.settings)}
        added |= {"intel_item": intelligence.load_once(context.db)}
        added |= {"import_batch": imports.load_once(context.db)}
        added |= {"missing_episode": incidents.load_once(context.db)}
        added |= {"context_work": work.load_once(context.db)}
    return added


def _copies(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError("from 1 to 100")
    return number
