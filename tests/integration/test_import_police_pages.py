"""Files of data.police.uk through the pages: J11, and stop and search without the people."""

import csv
import gzip
import io

import psycopg
import pytest

from tests import state
from tests.importing import batch, imported, send, tried, undone, upload, work
from tests.integration.test_imports import ASB, line, value, written
from tests.integration.test_stop_search import PERSONAL, search
from tests.integration.test_stop_search import written as searches_written
from tests.people import HTML

PART = ("rows", "new", "update", "duplicate", "error", "ignored")
MOST_BYTES = 10_000_000


@pytest.fixture
def analyst(as_):
    return as_("police_analyst", agency="MPS_SWBCU")


def adds_up(tallies):
    rows, *others = (tallies[name] for name in PART)
    return rows == sum(others)


def facts(db):
    """What the service knows, without batches, their audit and the work on them."""
    stays = {"app.session", "app.user", "app.import_file", "app.import_row"}
    return {name: digest for name, digest in state.hashes(db).items() if name not in stays}


@pytest.mark.shared
def test_j11_a_month_of_street_crime_comes_in_is_recognised_and_goes_again(
    analyst, db, settings, shared
):
    files = sorted((shared / "data/open/police/native_layout").glob("*.csv"))
    bodies = [(file.name, file.read_bytes()) for file in files]
    rows = [len(list(csv.DictReader(io.StringIO(body.decode())))) for _, body in bodies]
    assert rows == [2399, 2511]
    before = facts(db)

    refs = []
    for (name, body), n in zip(bodies, rows, strict=True):
        refs.append(imported(analyst, db, settings, body, kind="police-street", name=name))
        tallies = batch(db, refs[-1]).tallies
        assert batch(db, refs[-1]).state == "APPLIED"
        assert adds_up(tallies)
        assert (tallies["rows"], tallies["imported"], tallies["rejected"]) == (n, n, 0)
    assert value(db, "select count(*) from reference.police_event") == sum(rows)

    name, body = bodies[0]
    ref = tried(analyst, db, settings, body, kind="police-street", name=name)
    assert f'href="/imports/{refs[0]}/receipt"' in analyst.get(f"/imports/{ref}/kind").text
    assert "You imported this file on " in analyst.get(f"/imports/{ref}/kind").text
    page = analyst.get(f"/imports/{ref}/dry-run").text
    assert batch(db, ref).tallies["ignored"] == 2399
    assert "Nothing was imported." in page
    assert "Rows without an id are never merged" in page
    assert "Approximate: moved by the publisher." in page
    assert send(analyst, f"/imports/{ref}/confirm", rows="0").status_code == 422
    assert batch(db, ref).state == "DRY_RUN"

    for each in refs:
        undone(analyst, db, settings, each)
        assert batch(db, each).state == "UNDONE"
    assert facts(db) == before
    assert "removed" in analyst.get(f"/imports/{refs[0]}/receipt").text


@pytest.mark.shared
def test_a_slice_of_real_searches_comes_in_without_the_people_and_goes_again(
    analyst, db, settings, shared
):
    path = shared / "data/open/police/stop_and_search_kingston_richmond_2016-06_2024-08.csv.gz"
    with gzip.open(path, "rb") as packed:
        body = packed.read(MOST_BYTES // 4)
    body = body[: body.rindex(b"\n") + 1]
    n = len(list(csv.DictReader(io.StringIO(body.decode()))))
    before = facts(db)

    ref = imported(analyst, db, settings, body, kind="stop-search", name=path.name[:-3])

    tallies = batch(db, ref).tallies
    assert adds_up(tallies)
    assert (tallies["rows"], tallies["imported"]) == (n, n)
    assert value(db, "select count(*) from reference.police_search") == n
    undone(analyst, db, settings, ref)
    assert facts(db) == before


def test_rows_of_the_pages_are_those_of_the_command_line(analyst, db, settings, tmp_path):
    from app.imports import service
    from app.imports.service import Options

    rows = [line(), line(**ASB), line(**ASB), line(Location=" On or near  Example Street ")]
    path = written(tmp_path / "2018-04-street.csv", *rows)
    service.police_street(db, [path], Options(), lambda *_: None)

    ref = tried(analyst, db, settings, path.read_bytes(), kind="police-street", name=path.name)

    tallies = batch(db, ref).tallies
    assert (tallies["rows"], tallies["ignored"], tallies["new"]) == (4, 4, 0)


def test_wrong_rows_come_back_in_the_own_file_with_their_numbers(analyst, db, settings, tmp_path):
    good = [line(Crime_ID=f"{i:064x}") for i in range(20)]
    body = written(tmp_path / "a.csv", *good).read_bytes()
    header, first, *others = body.splitlines(keepends=True)
    month = first.replace(b"2024-03", b"April")
    body = header + first + b"\r\n" + month + b"".join(others)

    ref = tried(analyst, db, settings, body, kind="police-street")

    tallies = batch(db, ref).tallies
    assert adds_up(tallies)
    assert (tallies["new"], tallies["error"]) == (20, 1)
    page = analyst.get(f"/imports/{ref}/dry-run").text
    assert "The month is not written as YYYY-MM." in page
    assert "Write the month like 2026-03." in page
    marked = list(csv.reader(io.StringIO(analyst.get(f"/imports/{ref}/errors").text)))
    wrong = [row for row in marked if "The month is not written as YYYY-MM." in row]
    assert len(wrong) == 1
    assert "April" in wrong[0]
    with db.read(analyst.person.actor) as session:
        from sqlalchemy import text

        told = session.execute(text("select row, verdict from app.import_row")).all()
    assert [tuple(each) for each in told] == [(4, "ERROR")]


def test_nothing_about_a_person_searched_is_kept_or_shown(analyst, db, settings, tmp_path):
    body = searches_written(tmp_path / "s.csv", search(), search()).read_bytes()

    ref = upload(analyst, body)
    send(analyst, f"/imports/{ref}/kind", kind="stop-search")
    page = analyst.get(f"/imports/{ref}/columns").text
    send(analyst, f"/imports/{ref}/columns")
    work(db, settings)
    page += analyst.get(f"/imports/{ref}/dry-run").text

    assert "Never stored or shown: about the person" in page
    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        (everything,) = admin.execute(
            "select string_agg(query_to_xml(format('select * from %s', c.oid::regclass), "
            "true, true, '')::text, '') from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' "
            "and (n.nspname in ('app', 'audit', 'queue') or c.relname = 'police_search')"
        ).fetchone()
    assert "Controlled drugs" in everything
    for said in PERSONAL.values():
        assert said not in everything
        assert said not in page
    assert batch(db, ref).tallies["new"] == 2


def test_a_file_without_the_columns_and_one_without_usable_rows_are_refused_in_words(
    analyst, db, settings, tmp_path
):
    ref = upload(analyst, b"a,b\n1,2\n")
    answer = send(analyst, f"/imports/{ref}/kind", kind="police-street")
    assert answer.status_code == 422
    assert "This file has no column Month." in answer.text

    body = written(tmp_path / "a.csv", line(Month="x")).read_bytes()
    ref = tried(analyst, db, settings, body, kind="police-street")
    assert "Nothing was imported." in analyst.get(f"/imports/{ref}/progress").text
    assert batch(db, ref).state == "STAGED"


def test_a_lead_is_not_offered_police_files_and_cannot_ask_for_them(as_, db, tmp_path):
    lead = as_("cs_lead", agency="AFC")
    ref = upload(lead, written(tmp_path / "a.csv", line()).read_bytes())

    page = lead.get(f"/imports/{ref}/kind").text
    answer = send(lead, f"/imports/{ref}/kind", kind="police-street")
    program = lead.put(f"/api/v1/imports/{ref}/mapping", json={"kind": "stop-search"})

    assert 'value="police-street"' not in page
    assert "imported by police analysts" in page
    assert (answer.status_code, program.status_code) == (422, 422)


def test_a_lead_takes_back_what_an_analyst_brought_in(analyst, as_, db, settings, tmp_path):
    lead = as_("cs_lead", agency="AFC")
    body = written(tmp_path / "a.csv", line(), line(**ASB)).read_bytes()
    before = facts(db)
    ref = imported(analyst, db, settings, body, kind="police-street")

    assert "another import holds" in lead.get(f"/imports/{ref}/undo").text
    undone(lead, db, settings, ref)

    assert batch(db, ref).undone["removed"] == 2
    assert facts(db) == before


def test_an_import_that_changed_since_it_was_confirmed_stops(analyst, db, settings, tmp_path):
    from app.imports import service
    from app.imports.service import Options

    path = written(tmp_path / "a.csv", line(), line(**ASB))
    ref = tried(analyst, db, settings, path.read_bytes(), kind="police-street")
    send(analyst, f"/imports/{ref}/confirm", rows="2")
    service.police_street(db, [path], Options(), lambda *_: None)

    work(db, settings)

    assert (batch(db, ref).state, batch(db, ref).work) == ("DRY_RUN", None)
    assert "have changed since the dry run" in analyst.get(f"/imports/{ref}/progress").text


def test_a_program_brings_a_police_file_in(analyst, db, settings, tmp_path):
    body = written(tmp_path / "a.csv", line(), line(**ASB)).read_bytes()
    made = analyst.post("/api/v1/imports?name=a.csv", content=body,
                        headers={"content-type": "application/octet-stream"})  # fmt: skip
    at = f"/api/v1/imports/{made.json()['ref']}"

    assert analyst.put(f"{at}/mapping", json={"kind": "police-street"}).status_code == 200
    assert analyst.post(f"{at}/dry-run", json={}).status_code == 202
    work(db, settings)
    assert analyst.get(at).json()["to_write"] == 2
    assert analyst.post(f"{at}/apply", json={"rows": 2}).status_code == 202
    work(db, settings)

    assert analyst.get(at).json()["state"] == "APPLIED"
    assert analyst.get(at, headers=HTML).json()["tallies"]["imported"] == 2
