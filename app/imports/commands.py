"""Commands that bring data in: `contextmap import ...`."""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.core.ids import new_reference, read_reference
from app.imports import counts, earlier, mailbox, named, service, stop_search, undo, wizard_commands
from app.imports import lines as open_lines
from app.imports.service import Options, Progress, Tally
from app.reference import boundaries
from app.reference import service as reference
from app.reference.rules import SITE_KINDS
from app.reports.sealing import Keys

Command = Callable[[argparse.Namespace, Context], Result]
BringIn = Callable[[Options, Progress], tuple[str, Tally]]
KINDS = ("borough", "district", "ward", "lsoa")


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    whole = subparsers.add_parser("import", help="bring data in")
    below = whole.add_subparsers(required=True, metavar="WHAT")
    _police(
        below.add_parser("police-street", help="data.police.uk street CSV: .csv, .csv.gz, .zip")
    )
    searches = below.add_parser("stop-search", help="data.police.uk stop-and-search CSV")
    _files(searches, _import_searches)
    _files(below.add_parser("counts", help="published counts by area and month"), _import_counts)
    lines = below.add_parser("lines", help="bus routes or railways: GeoJSON of lines")
    lines.add_argument("--kind", choices=open_lines.KINDS, required=True)
    _file(lines, _import_lines)
    _file(below.add_parser("route-stops", help="stops of bus routes: CSV of TfL"), _import_stops)
    _undo(below.add_parser("undo", help="take an import of open data back, within 30 days"))
    _boundaries(below.add_parser("boundaries", help="GeoJSON, GeoPackage, zipped Shapefile"))
    postcodes = below.add_parser("postcodes", help="Code-Point Open or ONSPD CSV, also .gz")
    postcodes.add_argument("file", type=Path)
    postcodes.add_argument("--errors", type=Path, help="where rejected rows go, with the reason")
    postcodes.set_defaults(func=_import_postcodes)
    _named(below.add_parser("streets", help="names and points of streets: GeoJSON or CSV"), None)
    _named(below.add_parser("places", help="stations, parks, ... for the gazetteer"), SITE_KINDS)
    wizard_commands.register(below)
    _mailbox(below.add_parser("mailbox", help="e-mails of an .mbox file, as reports to triage"))


def _mailbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="count, and keep nothing")
    parser.add_argument(
        "--errors", type=Path, help="where rejected mails are listed: why, no words"
    )
    parser.set_defaults(func=_import_mailbox)


def _police(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help="count, and keep nothing")
    parser.add_argument("--errors", type=Path, help="where rejected rows go, with the reason")
    parser.add_argument("--crime-type", help="for files without that column")
    parser.add_argument("--force", help="for files without the column Reported by")
    parser.set_defaults(func=_import_police)


def _files(parser: argparse.ArgumentParser, func: Command) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    _options(parser, func)


def _file(parser: argparse.ArgumentParser, func: Command) -> None:
    parser.add_argument("file", type=Path)
    _options(parser, func)


def _options(parser: argparse.ArgumentParser, func: Command) -> None:
    parser.add_argument("--dry-run", action="store_true", help="count, and keep nothing")
    parser.add_argument("--errors", type=Path, help="where rejected rows go, with the reason")
    parser.set_defaults(func=func)


def _undo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("batch", help="its reference, such as IB-7K2-Q4MT")
    parser.set_defaults(func=_undo_import)


def _boundaries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--code-field", required=True)
    parser.add_argument("--name-field", required=True)
    parser.add_argument("--vintage", type=int, required=False, help="year of the boundaries")
    parser.set_defaults(func=_import_boundaries)


def _named(parser: argparse.ArgumentParser, kinds: Sequence[str] | None) -> None:
    parser.add_argument("file", type=Path)
    if kinds is not None:
        either = parser.add_mutually_exclusive_group(required=True)
        either.add_argument("--kind", choices=kinds)
        either.add_argument("--kind-field", help="which field or column says what each row is")
    parser.add_argument("--name-field", default="name", help="which field or column is the name")
    parser.add_argument("--errors", type=Path, help="where rejected rows go, with the reason")
    streets = {} if kinds is not None else {"kind": "STREET", "kind_field": None}
    parser.set_defaults(func=_import_named, **streets)


def _import_police(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    defaults = {"Crime type": arguments.crime_type, "Reported by": arguments.force}
    errors = _errors_path(arguments.errors, context)
    options = Options(arguments.dry_run, {k: v for k, v in defaults.items() if v}, errors)
    known = earlier.notice(context.db, "police-street", arguments.files)
    batch, tally = service.police_street(context.db, arguments.files, options, context.progress)
    kept = None if arguments.dry_run else batch
    return _result(tally.numbers(), errors, kept, began) | {
        "dry_run": arguments.dry_run,
        "notice": known,
    }


def _import_searches(arguments: argparse.Namespace, context: Context) -> Result:
    bring_in = partial(stop_search.bring_in, context.db, arguments.files)
    return _told(arguments, context, "stop-search", bring_in)


def _import_counts(arguments: argparse.Namespace, context: Context) -> Result:
    bring_in = partial(counts.bring_in, context.db, arguments.files)
    return _told(arguments, context, "counts", bring_in)


def _import_lines(arguments: argparse.Namespace, context: Context) -> Result:
    bring_in = partial(open_lines.lines, context.db, arguments.file, arguments.kind)
    return _told(arguments, context, "lines", bring_in)


def _import_stops(arguments: argparse.Namespace, context: Context) -> Result:
    bring_in = partial(open_lines.stops, context.db, arguments.file)
    return _told(arguments, context, "route-stops", bring_in)


def _told(arguments: argparse.Namespace, context: Context, kind: str, bring_in: BringIn) -> Result:
    began = time.monotonic()
    errors = _errors_path(arguments.errors, context)
    files = getattr(arguments, "files", None) or [arguments.file]
    known = earlier.notice(context.db, kind, files)
    batch, tally = bring_in(Options(arguments.dry_run, {}, errors), context.progress)
    kept = None if arguments.dry_run else batch
    return _result(tally.numbers(), errors, kept, began) | {
        "dry_run": arguments.dry_run,
        "notice": known,
    }


def _undo_import(arguments: argparse.Namespace, context: Context) -> Result:
    ref = read_reference(arguments.batch, "IB")
    if ref is None:
        raise InvalidError(f"{arguments.batch} is not a valid reference. Check each character.")
    with context.db.cursor(service.JOB) as cursor:
        done = undo.undo(cursor, ref, service.JOB)
    return {"batch": ref, "state": "UNDONE"} | done._asdict()


def _import_boundaries(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    context.progress(0, 2, f"Reading {arguments.file.name}")
    found = boundaries.read(
        arguments.file, code_field=arguments.code_field, name_field=arguments.name_field
    )
    context.progress(1, 2, f"Storing {len(found)} areas")
    vintage = arguments.vintage or reference.this_year()
    batch, counts = service.boundaries(
        context.db, arguments.file, found, kind=arguments.kind, vintage=vintage
    )
    context.progress(2, 2, "Done")
    return _result(counts, None, batch, began)


def _import_postcodes(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    errors = _errors_path(arguments.errors, context)
    batch, counts = service.postcodes(context.db, arguments.file, errors, context.progress)
    return _result(counts, errors, batch, began)


def _import_named(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    errors = _errors_path(arguments.errors, context)
    field = arguments.kind_field or "kind"
    asked = named.Asked(arguments.file, arguments.kind, arguments.name_field, errors, field)
    kind = "streets" if asked.kind == "STREET" else "places"
    known = earlier.notice(context.db, kind, [asked.path])
    batch, counts = named.bring_in(context.db, asked, context.progress)
    return _result(counts, errors, batch, began) | {"notice": known}


def _import_mailbox(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    errors = _errors_path(arguments.errors, context)
    options, keys = Options(arguments.dry_run, {}, errors), Keys.of(context.settings)
    batch, tally = mailbox.bring_in(context.db, keys, arguments.file, options, context.progress)
    kept = None if arguments.dry_run else batch
    return _result(tally.numbers(), errors, kept, began) | {"dry_run": arguments.dry_run}


def _errors_path(asked: Path | None, context: Context) -> Path:
    """Nothing is written there until a row is rejected."""
    return asked or context.settings.data_dir / "exports" / f"rejected-{new_reference('IB')}.csv"


def _result(counts: dict[str, int], errors: Path | None, batch: str | None, began: float) -> Result:
    return counts | {
        "errors_file": str(errors) if errors is not None and counts["rejected"] else None,
        "batch": batch,
        "seconds": round(time.monotonic() - began, 3),
    }
