"""`contextmap import incidents|intelligence|places-of-concern`: the steps of the pages, at once."""

import argparse
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.accounts.requesters import only_person, requester
from app.core.actor import Actor
from app.core.command import Context, Result
from app.core.errors import InvalidError
from app.core.json import json_bytes
from app.imports import applying, batches, forms, staging
from app.imports.applying import Bench
from app.imports.kinds import INCIDENTS, INTELLIGENCE, PLACES, Kind
from app.imports.mapping import Mapping as Columns
from app.imports.models import Batch
from app.reading import service as reading
from app.reading.schemas import Choices

KINDS = (INCIDENTS, INTELLIGENCE, PLACES)
DECISIONS = ("skip", "keep", "merge")


def register(below: Any) -> None:  # noqa: ANN401 - argparse hides the class
    for kind in KINDS:
        parser = below.add_parser(kind.name, help=f"{kind.label.lower()} of a file with a mapping")
        parser.add_argument("file", type=Path)
        parser.add_argument("--mapping", type=Path, help="which column is what: JSON")
        parser.add_argument("--save-mapping", type=Path, help="where the mapping used is kept")
        parser.add_argument("--user", help="username of the person whose rights count")
        parser.add_argument("--layer", help="of a file with several")
        parser.add_argument("--duplicates", choices=DECISIONS, default="skip")
        parser.add_argument("--dry-run", action="store_true", help="count, and keep nothing")
        parser.add_argument("--errors", type=Path, help="where the file with its errors goes")
        parser.set_defaults(func=_import, kind=kind)


def _import(arguments: argparse.Namespace, context: Context) -> Result:
    began, kind = time.monotonic(), arguments.kind
    if not arguments.file.is_file():
        raise InvalidError(f"There is no file {arguments.file.name} there.")
    bench = Bench.of(context.db, context.settings)
    person = only_person(context.db, arguments.user, kind.permission)
    actor = applying.of_role(requester(context.db, person, kind.permission))
    context.progress(0, 3, f"Reading {arguments.file.name}")
    key = _staged(bench, actor, kind, arguments)
    context.progress(1, 3, "Trying it out")
    applying.dry_run(bench, key)
    errors = _errors(bench, actor, key, arguments.errors)
    if not arguments.dry_run:
        context.progress(2, 3, "Importing")
        _confirmed(bench, actor, key, arguments.duplicates.upper())
        applying.apply(bench, key)
    context.progress(3, 3, "Done")
    return _result(bench, actor, key, arguments.dry_run) | {
        "errors_file": errors,
        "seconds": round(time.monotonic() - began, 3),
    }


def _staged(bench: Bench, actor: Actor, kind: Kind, arguments: argparse.Namespace) -> UUID:
    body, choices = arguments.file.read_bytes(), Choices(layer=arguments.layer)
    found = reading.inspect(arguments.file.name, body, choices)
    wanted = None if arguments.mapping is None else _read(arguments.mapping)
    with bench.db.begin(actor) as session:
        name = arguments.file.name
        batch = staging.stage(session, actor, bench.shelf, name=name, body=body, found=found)
        staging.choose(session, actor, batch.ref, kind.name, choices, found)
        upload = batches.upload(session, batch)
        columns = wanted or forms.mapping_for(session, batch, upload, None)
        staging.try_out(session, actor, batch.ref, columns)
    if arguments.save_mapping is not None:
        arguments.save_mapping.write_bytes(json_bytes(columns.model_dump()))
    return batch.id


def _read(path: Path) -> Columns:
    try:
        return Columns.model_validate_json(path.read_bytes())
    except ValidationError as wrong:
        where = ".".join(str(part) for part in wrong.errors()[0]["loc"])
        raise InvalidError(f"{path.name} is no mapping. Look at: {where or 'its form'}.") from wrong
    except OSError as absent:
        raise InvalidError(f"There is no file {path.name} there.") from absent


def _confirmed(bench: Bench, actor: Actor, key: UUID, rest: str) -> None:
    with bench.db.begin(actor) as session:
        batch = _held(batches.by_id(session, key))
        staging.decide(session, actor, batch.ref, {}, rest)
        staging.confirm(session, actor, batch.ref, str(batches.to_write(session, batch)))


def _errors(bench: Bench, actor: Actor, key: UUID, path: Path | None) -> str | None:
    """The person's own file with what is wrong; written only where something is."""
    with bench.db.read(actor) as session:
        batch = _held(batches.by_id(session, key))
        wrong = batches.wrong(session, batch)
        upload = batches.upload(session, batch)
    if not wrong or path is None:
        return None
    body = bench.shelf.open(upload.stored_name, upload.key)
    _, marked = reading.with_problems(batch.file_name, body, Choices(**upload.choices), wrong)
    path.write_bytes(marked)
    return str(path)


def _result(bench: Bench, actor: Actor, key: UUID, dry_run: bool) -> Result:
    with bench.db.read(actor) as session:
        batch = _held(batches.by_id(session, key))
        tallies = batch.tallies
    if not dry_run and batch.state != "APPLIED":
        raise InvalidError(batch.problem or "Nothing was imported.")
    known = tallies["update"] + tallies["ignored"] + tallies["duplicate"]
    return {
        "rows": tallies["rows"],
        "imported": tallies.get("imported", tallies["new"]),
        "already_known": tallies.get("already_known", known),
        "updated": tallies.get("updated", tallies["update"]),
        "rejected": tallies["error"],
        "duplicates": tallies["duplicate"],
        "batch": None if dry_run else batch.ref,
        "dry_run": dry_run,
    }


def _held(batch: Batch | None) -> Batch:
    if batch is None:
        raise InvalidError("Nothing was imported.")
    if batch.problem:
        raise InvalidError(batch.problem)
    return batch
