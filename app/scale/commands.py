"""`contextmap scale run`: clusters of a capital or a country, on one machine or on many."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from app.clusters.rules import percolation
from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.places.queries import partner_codes
from app.scale import engines, queries, reading, rules, service, writing
from app.scale.checkpoints import Checkpoints
from app.scale.given import Given
from app.scale.rules import Asked
from app.scale.service import Outcome
from app.scale.tasks import code_version
from geo.errors import GeoInputError

POSTGIS = "postgis"
STEP_S = 5  # between two lines of progress where there is no terminal


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    whole = subparsers.add_parser("scale", help="analysis of a capital or a country")
    run = whole.add_subparsers(required=True, metavar="WHAT").add_parser(
        "run",
        help="clusters and their significance tile by tile, in this process or on Dask workers",
        epilog="A run that was cut short goes on where it was when it is started again.",
    )
    add = run.add_argument
    add("source", metavar="FILE", help="events as Parquet, or the word postgis for police events")
    add("--out", type=Path, required=True, help="folder for the result and what is finished")
    add("--engine", default="local", help="local, or dask://HOST:PORT of a scheduler")
    add("--from", dest="from", type=_day, help="first day, YYYY-MM-DD")
    add("--to", type=_day, help="last day, included")
    add("--eps-m", type=float, default=250.0, help="metres between neighbours, 1 to 2000")
    add("--eps-days", type=_days, default=28, help="days between neighbours, 1 to 365, or none")
    add("--min-points", type=int, default=5, help="events that make a core, 2 or more")
    add("--replicates", type=int, default=999, help="draws for the test of chance; 0 tests nothing")
    add("--seed", type=int, help="another seed, other draws")
    add("--tile-km", type=float, default=10.0, help="side of a tile, 5 to 100")
    add("--areas", choices=("one", "each"), default="one",
        help="what p refers to: all events, or each district (column area of a file)")  # fmt: skip
    add("--keep-checkpoints", action="store_true", help="for another run with more replicates")
    run.set_defaults(func=run_scale)


def run_scale(arguments: argparse.Namespace, context: Context) -> Result:
    """Figures of the run; the result itself is in the files of `--out`."""
    asked = _asked(arguments)
    engines.address(arguments.engine)  # refused before anything is read
    tell, began = _Lines(context.progress), time.monotonic()
    kept = Checkpoints(arguments.out / "checkpoints")
    given = _given(arguments, context, asked)
    try:
        with engines.opened(arguments.engine) as engine:
            work = engines.Work(engine, kept, tell)
            outcome = service.run(given, asked, work)
    except GeoInputError as refused:
        raise InvalidError(str(refused)) from refused
    told = _told(arguments, asked, given, outcome) | {
        "tasks": work.done,
        "tasks_resumed": work.resumed,
        "seconds": round(time.monotonic() - began, 1),
    }
    writing.write(arguments.out, given, outcome, told)
    if not arguments.keep_checkpoints:
        kept.forget()
    return told | {"lines": _in_words(told)}


def _given(arguments: argparse.Namespace, context: Context, asked: Asked) -> Given:
    period = (vars(arguments)["from"], arguments.to)
    if arguments.source == POSTGIS:
        partners = partner_codes(context.settings.partnership)
        return queries.read(context.db, asked, period, partners)
    return reading.read(Path(arguments.source), asked, period)


def _asked(arguments: argparse.Namespace) -> Asked:
    asked = Asked(
        arguments.eps_m,
        arguments.eps_days,
        arguments.min_points,
        arguments.replicates,
        arguments.seed,
        round(arguments.tile_km * 1000),
        arguments.areas == "each",
    )
    if found := rules.problems(asked):
        raise InvalidError("Nothing was run.", found)
    return asked


def _told(
    arguments: argparse.Namespace, asked: Asked, given: Given, outcome: Outcome
) -> dict[str, Any]:
    clusters = outcome.clusters
    return {
        "result_hash": outcome.result_hash,
        "snapshot_hash": given.snapshot_hash,
        "params_hash": given.params_hash,
        "code_version": code_version()[:12],
        "engine": "local" if arguments.engine == "local" else "dask",
        "params": asked.stored() | {"replicates": asked.replicates, "seed": asked.seed},
        "events": given.coverage["events"],
        "rows": len(given.day),
        "places": int(given.site.max()) + 1,
        "left_out": given.coverage["left_out"],
        "tiles": outcome.tiles,
        "clusters": len(clusters.get("id", [])),
        "reportable": sum(clusters.get("reportable", [])),
        "significant": sum(clusters.get("significant", [])),
        "largest_share": round(outcome.largest_share, 4),
        "out": str(arguments.out),
    }


def _in_words(told: dict[str, Any]) -> list[str]:
    where = f"{told['events']:,} events at {told['places']:,} places"
    sure = f"{told['significant']:,} of them more than chance would make"
    found = [f"{where}: {told['clusters']:,} clusters, {sure}."]
    if told["tasks_resumed"]:
        found.append(f"{told['tasks_resumed']} tasks were finished before and not done again.")
    if warning := percolation(told["largest_share"]):
        found.append(warning)
    return found


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise argparse.ArgumentTypeError("enter a day as YYYY-MM-DD") from error


def _days(typed: str) -> int | None:
    try:
        return None if typed == "none" else int(typed)
    except ValueError as error:
        raise argparse.ArgumentTypeError("enter a number of days, or none") from error


class _Lines:
    """The bar of a terminal; elsewhere a line now and then, for a log that somebody follows."""

    def __init__(self, bar: Callable[[int, int, str], None]) -> None:
        self.bar, self.last = bar, 0.0

    def __call__(self, done: int, total: int, words: str) -> None:
        self.bar(done, total, words)
        now = time.monotonic()
        if sys.stderr.isatty() or not (done == total or now - self.last >= STEP_S):
            return
        self.last = now
        sys.stderr.write(f"{words}: {done} of {total}\n")
        sys.stderr.flush()
