"""Files of partners by the command line: the same rules, the same numbers, the person's rights."""

import argparse
import json
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from app.core.errors import AppError
from app.imports import commands
from tests.importing import batch, hashed, incidents
from tests.people import sign_in_as


@pytest.fixture
def run(db, settings):
    """`contextmap import ...` without a process of its own."""
    parser = argparse.ArgumentParser()
    commands.register(parser.add_subparsers())
    context = SimpleNamespace(db=db, settings=settings, stack=ExitStack(), progress=lambda *_: None)

    def command(*words):
        arguments = parser.parse_args(["import", *map(str, words)])
        return arguments.func(arguments, context)

    return command


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "synthetic.csv"
    path.write_bytes(incidents(4, _1="S-2,never,ASB,1,2,AFC,").replace(b"date", b"Occurred at"))
    return path


MAPPING = {
    "columns": {
        "external_id": "external_id",
        "date": "Occurred at",
        "harm_code": "harm_code",
        "easting": "easting",
        "northing": "northing",
    },
    "constants": {"source_agency": "AFC"},
}


def test_a_dry_run_keeps_nothing_and_the_import_adds_up(run, file, db, tmp_path):
    sign_in_as(db, "cs_lead", agency="AFC")
    mapping, errors = tmp_path / "mapping.json", tmp_path / "errors.csv"
    more = incidents(40, first=10).split(b"\n", 1)[1]
    file.write_bytes(file.read_bytes() + b"\n" + more)
    mapping.write_text(json.dumps(MAPPING))
    before = hashed(db)

    tried = run("incidents", file, "--mapping", mapping, "--dry-run", "--errors", errors)
    assert hashed(db) == before
    assert (tried["rows"], tried["imported"], tried["rejected"], tried["batch"]) == (
        44,
        43,
        1,
        None,
    )
    assert "how_to_fix" in errors.read_text()
    kept = tmp_path / "kept.json"
    done = run("incidents", file, "--mapping", mapping, "--save-mapping", kept)

    assert done["rows"] == done["imported"] + done["already_known"] + done["rejected"]
    assert done["imported"] == 43
    assert batch(db, done["batch"]).state == "APPLIED"
    assert json.loads(kept.read_text())["columns"] == MAPPING["columns"]
    again = run("incidents", file, "--mapping", kept, "--dry-run")
    assert (again["imported"], again["already_known"]) == (0, 43)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ('{"columns": {"date": "nowhere"}}', "Change the fields"),
        ('{"colours": {}}', "is no mapping. Look at: colours."),
        ("not json", "is no mapping"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_in_words(run, file, db, tmp_path, mapping, words):
    sign_in_as(db, "cs_lead", agency="AFC")
    path = tmp_path / "mapping.json"
    path.write_text(mapping)

    with pytest.raises(AppError, match=words):
        run("incidents", file, "--mapping", path)


def test_somebody_must_be_named_where_several_could_be_meant(run, file, db):
    for _ in "ab":
        sign_in_as(db, "cs_lead", agency="AFC")

    with pytest.raises(AppError, match="--user"):
        run("incidents", file, "--dry-run")
