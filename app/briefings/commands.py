"""`contextmap briefing build --kind quarterly --period 2026-Q3`: at once, in this process."""

import argparse
import json
from pathlib import Path
from typing import Any

from app.briefings import building, document, printing, queries, rules, service, sheets
from app.briefings.asked import Known
from app.briefings.models import Briefing, Json
from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.core.partnership import partnership
from app.packs import commands as packs

NOT_BUILT = "The numbers of this quarter are not approved yet."


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    below = subparsers.add_parser("briefing", help="outgoing documents").add_subparsers(
        required=True, metavar="WHAT"
    )
    build = below.add_parser("build", help="build and check a report, and write it to files")
    build.add_argument("--kind", choices=("quarterly", "marve", "missing", "daily"), required=True)
    build.add_argument("--period", required=True, help="a quarter, as 2026-Q3; a month, or a day")
    build.add_argument("--format", choices=("html", "pdf", "csv", "xlsx"), help="default: all")
    build.add_argument("--out", type=Path, help="folder for the files; default: none is written")
    build.set_defaults(func=run_build)


def run_build(arguments: argparse.Namespace, context: Context) -> Result:
    """A frozen report is never built again: its files are written from what was frozen."""
    if arguments.kind != "quarterly":
        return packs.build(arguments, context)
    with context.db.begin(building.BUILD) as session:
        briefing = queries.standing(session, arguments.period)
        briefing = briefing or service.begin(session, building.BUILD, arguments.period)
        ref, state = briefing.ref, briefing.state
    if state in rules.OPEN:
        told = partnership(context.settings.partnership)
        building.check(
            context.db, ref, {one.code: one.name for one in told.borough}, Known.of(told)
        )
    return _told(context, ref, arguments)


def _told(context: Context, ref: str, arguments: argparse.Namespace) -> Result:
    with context.db.read(building.BUILD) as session:
        briefing = queries.find(session, ref)
        if briefing.snapshot is None:
            raise InvalidError(NOT_BUILT)
        made: Json = json.loads(briefing.snapshot)
        files = _files(made, briefing, arguments.format)
        stops = [one["words"] for one in briefing.checks if one["stops"] == "yes"]
        result = {"briefing": ref, "state": briefing.state, "sha256": briefing.snapshot_sha256}
    return result | {"files": _written(arguments.out, files), "lines": stops}


def _files(made: Json, briefing: Briefing, wanted: str | None) -> dict[str, bytes]:
    """Each file by its name: in one format, or in all of them."""
    name = f"vca-{briefing.period_code}"
    files: dict[str, bytes] = {}
    if wanted in (None, "html"):
        files[f"{name}.html"] = printing.whole(made, briefing)
    if wanted in (None, "pdf"):
        files[f"{name}.pdf"] = printing.as_pdf(made, briefing).body
    if wanted in (None, "xlsx"):
        files[f"{name}-tables.xlsx"] = sheets.as_xlsx(made, briefing)
    if wanted in (None, "csv"):
        files |= {
            f"{name}-{one['id']}.csv": sheets.as_csv(one, made, briefing)
            for one in document.tables(made)
        }
    return files


def _written(folder: Path | None, files: dict[str, bytes]) -> int:
    if folder is None:
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return len(files)
