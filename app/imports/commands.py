"""Commands that bring data in: `contextmap import ...`."""

import argparse
import time
from pathlib import Path
from typing import Any

from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.core.ids import new_reference
from app.imports import files, service
from app.imports.service import Options, Tally
from app.reference import service as reference

KINDS = ("borough", "district", "ward", "lsoa")


def register(subparsers: Any) -> None:  # noqa: ANN401 - argparse hides the class
    whole = subparsers.add_parser("import", help="bring data in")
    below = whole.add_subparsers(required=True, metavar="WHAT")
    _police(
        below.add_parser("police-street", help="data.police.uk street CSV: .csv, .csv.gz, .zip")
    )
    _boundaries(below.add_parser("boundaries", help="GeoJSON, GeoPackage, zipped Shapefile"))
    postcodes = below.add_parser("postcodes", help="Code-Point Open or ONSPD CSV, also .gz")
    postcodes.add_argument("file", type=Path)
    postcodes.set_defaults(func=_import_postcodes)


def _police(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--dry-run", action="store_true", help="count, and keep nothing")
    parser.add_argument("--errors", type=Path, help="where rejected rows go, with the reason")
    parser.add_argument("--crime-type", help="for files without that column")
    parser.add_argument("--force", help="for files without the column Reported by")
    parser.set_defaults(func=_import_police)


def _boundaries(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--code-field", required=True)
    parser.add_argument("--name-field", required=True)
    parser.add_argument("--vintage", type=int, required=False, help="year of the boundaries")
    parser.set_defaults(func=_import_boundaries)


def _import_police(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    defaults = {"Crime type": arguments.crime_type, "Reported by": arguments.force}
    options = Options(arguments.dry_run, {k: v for k, v in defaults.items() if v})
    db = context.db
    batch, tally = service.police_street(db, arguments.files, options, context.progress)
    return (
        tally.numbers()
        | {"errors_file": _errors(arguments.errors, tally, context), "batch": batch}
        | {"dry_run": arguments.dry_run, "seconds": round(time.monotonic() - began, 3)}
    )


def _errors(asked: Path | None, tally: Tally, context: Context) -> str | None:
    if not tally.refusals:
        return None
    name = f"rejected-{new_reference('IB')}.csv"
    path = asked or context.settings.data_dir / "exports" / name
    files.write_refusals(path, tally.refusals)
    return str(path)


def _import_boundaries(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    if not arguments.file.is_file():
        raise InvalidError(f"There is no file {arguments.file.name} there.")
    boundaries = reference.read_boundaries(
        arguments.file, code_field=arguments.code_field, name_field=arguments.name_field
    )
    vintage = arguments.vintage or reference.this_year()
    counts = reference.import_boundaries(
        context.db, boundaries, kind=arguments.kind, vintage=vintage
    )
    return _result(counts, began)


def _import_postcodes(arguments: argparse.Namespace, context: Context) -> Result:
    began = time.monotonic()
    if not arguments.file.is_file():
        raise InvalidError(f"There is no file {arguments.file.name} there.")
    return _result(reference.import_postcodes(context.db, arguments.file), began)


def _result(counts: dict[str, int], began: float) -> Result:
    return (
        {"rows": 0, "imported": 0, "already_known": 0, "updated": 0, "rejected": 0}
        | {"errors_file": None, "batch": None}
        | counts
        | {"seconds": round(time.monotonic() - began, 3)}
    )
