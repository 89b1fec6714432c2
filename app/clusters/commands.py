"""`contextmap clusters run`, `hotspots run`, `rhythm` and `flows`: at once, in this process."""

import argparse
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from app.clusters import home_flows, hot_cells, queries, service, week_rhythm
from app.clusters.hot_cells import HotspotsIn
from app.clusters.models import ClusterRun
from app.clusters.queries import Asked
from app.clusters.rules import State, coverage_in_words
from app.clusters.schemas import ClusterOut, RunIn, RunOut
from app.core.command import Context, Result
from app.core.errors import InvalidError, RuleBrokenError
from app.places.queries import partner_codes

EVERY = 10_000_000

Wanted = TypeVar("Wanted", bound=RunIn)


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    whole = subparsers.add_parser("clusters", help="clusters across borough borders")
    run = whole.add_subparsers(required=True, metavar="WHAT").add_parser(
        "run", help="find the clusters of one window; police and partnership are never mixed"
    )
    _window(run)
    run.add_argument("--eps-m", default=250, help="metres between neighbours, 50 to 2000")
    run.add_argument("--eps-days", default=28, help="days between neighbours, 1 to 365, or none")
    run.add_argument("--min-points", default=5, help="incidents that make a core, 3 to 50")
    run.set_defaults(func=run_clusters)
    whole = subparsers.add_parser("hotspots", help="where more was recorded than elsewhere")
    run = whole.add_subparsers(required=True, metavar="WHAT").add_parser(
        "run", help="compare square cells and their neighbours with the mean of all (Gi*)"
    )
    _window(run)
    run.add_argument("--cell-m", default=250, help="metres of a side, 100 to 2000")
    run.set_defaults(func=run_hotspots)
    run = subparsers.add_parser("rhythm", help="hours of the week, and how much was after dark")
    run.add_argument("what", nargs="?", choices=("run",), help="may be left out")
    _window(run)
    run.set_defaults(func=run_rhythm)
    run = subparsers.add_parser("flows", help="where children who were harmed live, by borough")
    run.add_argument("what", nargs="?", choices=("run",), help="may be left out")
    _window(run)
    run.add_argument("--user", help="username of a lead or analyst, who sees exact numbers")
    run.set_defaults(func=run_flows)


def _window(run: argparse.ArgumentParser) -> None:
    run.add_argument("--from", dest="from", type=_day, help="first day, YYYY-MM-DD")
    run.add_argument("--to", type=_day, help="last day, included")
    run.add_argument("--source", choices=("police", "partnership", "all"), default="all")
    run.add_argument("--replicates", default=999, help="shuffles for the test of chance")
    run.add_argument("--seed", help="another seed, other shuffles")


def run_clusters(arguments: argparse.Namespace, context: Context) -> Result:
    """One result for `--source police` or `partnership`; for `all` the two runs listed too."""
    wanted = _wanted(arguments, RunIn)
    partners = partner_codes(context.settings.partnership)
    with context.db.begin(service.JOB) as session:
        asked = [run.id for run in service.ask(session, service.JOB, wanted, partners)]
    for run_id in asked:
        service.recompute(context.db, run_id, context.progress)
    with context.db.read(service.JOB) as session:
        runs = [queries.find_run(session, run_id) for run_id in asked]
        for run in runs:
            if run.state != State.DONE:
                raise RuleBrokenError(run.failure or "The run is not finished.")
        clusters = [
            ClusterOut.of(row, run.params).model_dump(mode="json", by_alias=True)
            for run in runs
            for row in queries.clusters(session, Asked(runs=[run.id]), limit=EVERY)
        ]
        return _result(runs, clusters, both=wanted.source == "all")


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise argparse.ArgumentTypeError("enter a day as YYYY-MM-DD") from error


def run_hotspots(arguments: argparse.Namespace, context: Context) -> Result:
    """Figures of each source under `runs`; nothing is stored but the trace that it was asked."""
    wanted = _wanted(arguments, HotspotsIn)
    partners = partner_codes(context.settings.partnership)
    runs = [
        hot_cells.run(context.db, each, wanted.cell_m, context.progress)
        for each in hot_cells.asked(context.db, wanted, partners)
    ]
    return {"runs": runs, "lines": [line for run in runs for line in hot_cells.in_words(run)]}


def run_rhythm(arguments: argparse.Namespace, context: Context) -> Result:
    """Figures of partnership records; nothing is stored but the trace that it was asked."""
    partners = partner_codes(context.settings.partnership)
    settings = week_rhythm.asked(context.db, _wanted(arguments, RunIn), partners)
    figures = week_rhythm.run(context.db, settings, context.progress)
    return figures | {"lines": week_rhythm.in_words(figures)}


def run_flows(arguments: argparse.Namespace, context: Context) -> Result:
    """Figures of partnership records; nothing is stored but the trace that it was asked."""
    partners = partner_codes(context.settings.partnership)
    wanted = _wanted(arguments, RunIn)
    reading = home_flows.asked(context.db, wanted, partners, arguments.user)
    figures = home_flows.run(context.db, reading, context.progress)
    return figures | {"lines": home_flows.in_words(figures)}


def _wanted(arguments: argparse.Namespace, model: type[Wanted]) -> Wanted:
    known = {field.alias or name for name, field in model.model_fields.items()}
    given = {name: value for name, value in vars(arguments).items() if name in known}
    try:
        return model.model_validate(given, strict=False)
    except ValidationError as refused:
        fields = {
            "--" + str(e["loc"][0] if e["loc"] else "to").replace("_", "-"): _words(e)
            for e in refused.errors()
        }
        raise InvalidError("Nothing was run.", fields) from refused


def _words(error: Any) -> str:  # noqa: ANN401 - pydantic's error details
    own = error["type"] == "value_error"
    return str(error["ctx"]["error"]) if own else "Enter a number."


def _result(runs: list[ClusterRun], clusters: list[dict[str, Any]], *, both: bool) -> Result:
    clusters.sort(key=lambda cluster: (-cluster["n"], cluster["id"]))
    coverage: dict[str, Any] = {run.source: run.coverage for run in runs}
    result: Result = {
        "run": str(runs[0].id),
        "coverage": coverage if both else runs[0].coverage,
        "clusters": clusters,
        "lines": [line for run in runs for line in _lines(run)],
    }
    if both:
        result["runs"] = [RunOut.of(run).model_dump(mode="json", by_alias=True) for run in runs]
    return result


def _lines(run: ClusterRun) -> list[str]:
    out = RunOut.of(run)
    found = (
        f"{run.source}, {out.window}: {run.n_clusters} clusters, "
        f"{run.n_cross_borough} of them in two boroughs or more."
    )
    return [found, *coverage_in_words(run.coverage or {}, run.source)]
