"""An import undone leaves every table row for row as it was; others keep what they brought."""

from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest

from app import cli
from app.core import clock
from app.core.actor import job_actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.ids import new_id, new_reference
from app.core.progress import Progress
from app.imports import police_upload, pyramid, service, stop_search, undo
from app.imports.police_upload import Upload
from app.imports.service import Options
from tests import importing, state
from tests.integration.test_imports import ASB, line, value, written
from tests.people import LEAD

JOB = job_actor("imports:police_street")


def street(db, *paths, **options):
    return service.police_street(db, paths, Options(**options), lambda *_: None)[0]


def searches(db, *paths):
    return stop_search.bring_in(db, paths, Options(), lambda *_: None)[0]


def undone(db, ref):
    """With the counts by month, which a job works out again afterwards."""
    with db.cursor(JOB) as cursor:
        done = undo.undo(cursor, ref, JOB)
        pyramid.fill(cursor)
    return done


@pytest.mark.shared
def test_a_real_month_imported_and_undone_leaves_every_table_as_it_was(db, shared):
    april, may = sorted((shared / "data/open/police/native_layout").glob("*.csv"))
    empty = state.hashes(db)
    first = street(db, april)
    before = state.hashes(db)

    done = undone(db, street(db, may))

    assert done.removed == 2511
    assert state.hashes(db) == before
    undone(db, first)
    assert state.hashes(db) == empty


def test_rows_of_a_later_batch_stay_with_what_it_said(db, tmp_path):
    old = written(tmp_path / "a.csv", line(LSOA_code="E01003006"), *[line(**ASB)] * 2)
    new = written(
        tmp_path / "b.csv", line(LSOA_code="E01035000", Last_outcome_category="Under investigation")
    )
    first, _ = street(db, old), street(db, new)

    done = undone(db, first)

    assert (done.removed, done.kept, done.restored) == (2, 1, 0)
    found = state.facts(db)
    undone(db, value(db, "select ref from app.import_batch where file_name = 'b.csv'"))
    street(db, new)
    assert state.facts(db) == found


def test_an_outcome_goes_back_to_what_the_last_of_the_others_says(db, tmp_path):
    said = ["Under investigation", "Court case", "Local resolution"]
    files = [
        written(tmp_path / f"{i}.csv", line(Last_outcome_category=words))
        for i, words in enumerate(said)
    ]
    outcome = (
        "select label from reference.police_label "
        "where id = (select outcome_id from reference.police_event)"
    )
    refs = [street(db, path) for path in files]

    undone(db, refs[1])
    assert value(db, outcome) == said[2]
    undone(db, refs[2])
    assert value(db, outcome) == said[0]
    assert value(db, "select count(*) from reference.police_label where kind = 'outcome'") == 1


def test_what_cannot_be_undone_is_refused_in_words(db, tmp_path):
    path = written(tmp_path / "a.csv", line())
    ref = street(db, path)
    undone(db, ref)

    with pytest.raises(InvalidError, match="undone already"):
        undone(db, ref)

    again = street(db, path)
    with db.cursor(JOB) as cursor:
        cursor.execute(
            "update app.import_batch set undo_until = now() - interval '1 second' where ref = %s",
            (again,),
        )
    with pytest.raises(InvalidError, match="can no longer be undone: that is open for 30 days"):
        undone(db, again)


@pytest.mark.shared
def test_a_month_of_the_publisher_as_it_is(db, shared, settings, tmp_path):
    """J11: tallies add up, equal rows stay, the same file is recognised, undo restores."""
    april, _ = sorted((shared / "data/open/police/native_layout").glob("*.csv"))
    rows = april.read_text().splitlines()[1:]
    empty = state.hashes(db)

    first, again = (
        run(db, settings, "police-street", april),
        run(db, settings, "police-street", april),
    )

    assert (len(rows), len(rows) - len({*rows})) == (2399, 262)
    assert (first["rows"], first["imported"], first["rejected"]) == (2399, 2399, 0)
    assert (again["imported"], again["already_known"], again["updated"]) == (0, 2399, 0)
    today = clock.london(clock.now())
    assert first["notice"] is None
    assert again["notice"] == (
        f"You imported this file on {today.day} {today:%B} ({first['batch']})."
    )
    run(db, settings, "undo", again["batch"])
    assert run(db, settings, "undo", first["batch"].lower())["removed"] == 2399
    assert state.hashes(db) == empty
    with psycopg.connect(db.logins.dsn("postgres")) as auditor:
        trail = auditor.execute(
            "select action, rows from audit.event where object_ref = %s order by id",
            (first["batch"],),
        ).fetchall()
    assert trail == [("import.police_street", 2399), ("import.undo", 2399)]
    assert run(db, settings, "police-street", april)["imported"] == 2399
    with pytest.raises(InvalidError, match="Nothing was imported"):
        run(db, settings, "police-street", written(tmp_path / "none.csv"))


@pytest.mark.shared
def test_the_same_month_of_the_api_and_of_the_download_is_one(db, shared, settings):
    police = shared / "data/open/police"
    april, may = sorted((police / "native_layout").glob("*.csv"))
    api = police / "street_all_categories_kingston_richmond_2016-01_2018-06.csv.gz"
    mps = ("--force", "Metropolitan Police Service")
    run(db, settings, "police-street", api, *mps)

    native = [run(db, settings, "police-street", path) for path in (april, may)]

    assert [(each["rows"], each["already_known"]) for each in native] == [
        (2399, 2399),
        (2511, 2511),
    ]
    assert value(db, "select count(*) from reference.police_label where kind = 'category'") == 14


def run(db, settings, *arguments):
    given = cli.parser().parse_args(["import", *map(str, arguments)])
    context = SimpleNamespace(db=db, settings=settings, progress=Progress(enabled=False))
    return given.func(given, context)


def tried_out(db, person, kind="police-street"):
    """The row that an upload has before it is brought in."""
    key = new_id()
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        admin.execute(
            "insert into app.import_batch (id, ref, kind, file_name, file_sha256, started_at, by, "
            "tallies, state, work) values (%s, %s, %s, 'a.csv', '', now(), %s, '{}', 'DRY_RUN', "
            "'APPLY')",
            (key, new_reference("IB"), kind, person.id),
        )
    return key


def test_an_upload_is_tried_out_brought_in_once_and_taken_back(db, tmp_path):
    body = written(tmp_path / "x.csv", line(), line(Month="x"), line(**ASB)).read_bytes()
    upload = Upload(tried_out(db, LEAD), "police-street", "2024-03 ../street.csv", body)
    before = state.hashes(db)

    tried = police_upload.try_out(db, upload, lambda *_: None)
    assert tried.tallies() == {
        "rows": 3,
        "new": 2,
        "update": 0,
        "duplicate": 0,
        "error": 1,
        "ignored": 0,
    }
    assert [(r.row, r.reason) for r in tried.refused] == [
        (3, "The month is not written as YYYY-MM.")
    ]
    assert state.hashes(db) == before

    assert police_upload.apply(db, upload, LEAD, lambda *_: None).imported == 2
    with pytest.raises(RuleBrokenError, match="tried out"):
        police_upload.apply(db, upload, LEAD, lambda *_: None)
    ref = value(db, "select ref from app.import_batch where state = 'APPLIED'")
    assert police_upload.take_back(db, ref, LEAD).removed == 2
    assert state.hashes(db) == before


def test_a_lead_takes_back_an_import_of_the_command_line_by_its_page(db, as_, settings, tmp_path):
    before = state.hashes(db)
    ref = street(db, written(tmp_path / "a.csv", line(), line(**ASB)))
    lead = as_("cs_lead")

    page = lead.get(f"/imports/{ref}/undo")
    sent = importing.send(lead, f"/imports/{ref}/undo", sure="yes")
    importing.work(db, settings)

    assert (page.status_code, sent.status_code) == (200, 303)
    assert "2 removed" in lead.get(f"/imports/{ref}/receipt").text
    assert value(db, "select count(*) from reference.police_event") == 0
    after = state.hashes(db)
    assert {n for n in after if after[n] != before[n] and n.startswith("reference.")} == set()


def test_an_upload_of_somebody_else_is_not_brought_in(db, tmp_path):
    body = written(tmp_path / "x.csv", line()).read_bytes()
    upload = Upload(tried_out(db, replace(LEAD, id=new_id())), "police-street", "a.csv", body)

    with pytest.raises(RuleBrokenError):
        police_upload.apply(db, upload, LEAD, lambda *_: None)

    assert value(db, "select count(*) from reference.police_event") == 0
