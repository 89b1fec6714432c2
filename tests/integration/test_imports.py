"""Police street files: every row accounted for, nothing twice, nothing lost, whole or absent."""

import csv
import gzip
import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from app.core.actor import job_actor
from app.core.errors import InvalidError
from app.imports import service
from app.imports.rules import NATIVE
from app.imports.service import Options

ROOT = Path(__file__).resolve().parents[2]
JOB = job_actor("imports:police_street")
FORCE = "Metropolitan Police Service"


def line(**changed):
    """One row in the native layout: burglary in Kingston."""
    cells = {
        "Crime ID": "ab" * 32,
        "Month": "2024-03",
        "Reported by": FORCE,
        "Falls within": FORCE,
        "Longitude": "-0.305047",
        "Latitude": "51.427553",
        "Location": "On or near Lancaster Close",
        "LSOA code": "E01003006",
        "LSOA name": "Kingston upon Thames 001A",
        "Crime type": "Burglary",
        "Last outcome category": "",
        "Context": "",
    } | {key.replace("_", " "): value for key, value in changed.items()}
    return [cells[name] for name in NATIVE]


ASB = {"Crime_ID": "", "Crime_type": "Anti-social behaviour"}


def written(path, *rows, header=NATIVE):
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    return path


def brought_in(db, *paths, **options):
    _, tally = service.police_street(db, paths, Options(**options), lambda *_: None)
    numbers = tally.numbers()
    assert numbers["rows"] == numbers["imported"] + numbers["already_known"] + numbers["rejected"]
    return tally


def value(db, sql):
    with db.read(JOB) as session:
        return session.execute(text(sql)).scalar()


def counts_agree(db):
    """Events, counts on the places, and every zoom of the pyramid."""
    with db.read(JOB) as session:
        located = session.scalar(
            text("select count(*) from reference.police_event where place_point_id is not null")
        )
        points = session.scalar(
            text("select coalesce(sum(n_events), 0) from reference.place_point")
        )
        months = session.scalar(text("select coalesce(sum(n), 0) from reference.point_month"))
        grid = session.execute(text("select z, sum(n) from reference.point_grid group by z")).all()
    return located == points == months and {n for _, n in grid} <= {located} and len(grid) in {0, 6}


# Events by cell, borough and month: those of the places, and those kept ready for low zooms.
WRONG_MONTHS = """
    with wanted as (
        select z, mx >> 30 - z as tx, my >> 30 - z as ty, (mx >> 24 - z) & 63 as px,
               (my >> 24 - z) & 63 as py, coalesce(lad_code, '') as lad_code,
               packed >> 16 as month, sum(packed & 65535) as n
        from reference.place_point
        cross join unnest(months) as packed cross join generate_series(8, 13) as z
        group by 1, 2, 3, 4, 5, 6, 7
    ),
    ready as (
        select z, tx, ty, px, py, lad_code, (packed >> 32)::int as month,
               (packed & 4294967295) - coalesce(lag(packed & 4294967295) over (
                   partition by z, tx, ty, px, py, lad_code order by packed), 0) as n
        from reference.month_grid cross join unnest(months) as packed
        where lad_code <> '*'
    )
    select count(*) from wanted
    full join ready using (z, tx, ty, px, py, lad_code, month)
    where wanted.n is distinct from ready.n
"""
# A row of all boroughs exactly where there are several, with all of their events.
WRONG_TOGETHER = """
    with cells as (
        select count(*) filter (where lad_code <> '*') > 1 as several,
               bool_or(lad_code = '*') as one,
               bool_and(shared) filter (where lad_code <> '*') as said,
               sum(case when lad_code = '*' then -1 else 1 end
                   * (months[array_upper(months, 1)] & 4294967295)) as rest
        from reference.month_grid where z > 0 group by z, tx, ty, px, py
    )
    select count(*) from cells
    where several <> one or several <> said or several and rest <> 0
"""


def test_an_import_leaves_counts_of_low_zooms_ready_by_month_and_borough(db, tmp_path):
    # Kingston on both banks of a cell that Richmond shares at the low zooms.
    spots = [("-0.305047", "51.427553"), ("-0.3090", "51.4270"), ("-0.3200", "51.4300")]
    rows = [
        line(**ASB, Month=f"2024-0{month}", Longitude=lon, Latitude=lat)
        for month in (1, 2, 5)
        for lon, lat in spots
        for _ in range(month)
    ]
    brought_in(db, written(tmp_path / "a.csv", *rows))
    brought_in(db, written(tmp_path / "b.csv", line(Month="2024-04")))

    assert value(db, "select count(*) from reference.month_grid where z = 0") == 1
    assert value(db, WRONG_MONTHS) == 0
    assert value(db, WRONG_TOGETHER) == 0
    assert value(db, "select count(*) from reference.month_grid where lad_code = '*'") > 0


def test_a_month_is_imported_once_however_often_it_is_loaded(db, tmp_path):
    path = written(tmp_path / "2024-03.csv", line(), line(Crime_ID="cd" * 32), line(**ASB))

    first, again = brought_in(db, path), brought_in(db, path)

    assert (first.imported, again.imported, again.already_known) == (3, 0, 3)
    assert value(db, "select count(*) from reference.police_event") == 3
    assert counts_agree(db)


def test_identical_rows_of_anti_social_behaviour_are_all_kept(db, tmp_path):
    path = written(tmp_path / "asb.csv", *[line(**ASB)] * 4)

    first, again = brought_in(db, path), brought_in(db, path)

    assert (first.imported, again.already_known) == (4, 4)
    assert value(db, "select n_events from reference.place_point") == 4


def test_a_fifth_identical_row_of_a_later_publication_is_new(db, tmp_path):
    brought_in(db, written(tmp_path / "a.csv", *[line(**ASB)] * 4))

    later = brought_in(db, written(tmp_path / "b.csv", *[line(**ASB)] * 5))

    assert (later.imported, later.already_known) == (1, 4)
    assert counts_agree(db)


def test_one_crime_id_may_stand_in_several_rows(db, tmp_path):
    path = written(tmp_path / "a.csv", line(), line(Crime_type="Robbery"))

    assert brought_in(db, path).imported == 2


def test_a_later_outcome_updates_and_an_earlier_file_does_not_blank_it(db, tmp_path):
    blank = written(tmp_path / "a.csv", line())
    known = written(tmp_path / "b.csv", line(Last_outcome_category="Under investigation"))
    outcome = (
        "select label from reference.police_label "
        "where id = (select outcome_id from reference.police_event)"
    )
    brought_in(db, blank)

    updated, again, back = brought_in(db, known), brought_in(db, known), brought_in(db, blank)

    assert (updated.updated, again.updated, back.updated) == (1, 0, 0)
    assert value(db, outcome) == "Under investigation"


def test_another_vintage_of_the_lsoa_code_is_the_same_event(db, tmp_path):
    brought_in(db, written(tmp_path / "a.csv", line()))

    again = brought_in(db, written(tmp_path / "b.csv", line(LSOA_code="E01035000", LSOA_name="x")))

    assert again.already_known == 1


def test_rows_that_cannot_be_used_go_to_a_file_with_the_reason(db, tmp_path):
    errors = tmp_path / "out" / "errors.csv"
    path = written(
        tmp_path / "a.csv",
        line(),
        line(Month="March"),
        ["too", "short"],
        line(Longitude="west"),
        line(Latitude=""),
        line(Longitude="40.0"),
        line(Crime_ID="=cmd()", Month=""),
        line(Month="2999-01"),
        line(Longitude="-8.9", Latitude="49.1"),
        line(Longitude="nan"),
    )

    tally = brought_in(db, path, errors=errors)

    with errors.open(newline="") as out:
        heading, *lines = csv.reader(out)
    assert tally.rejected == 9
    assert heading == ["file", "row", "reason", "cells"]
    assert [(cells[0], int(cells[1]), cells[2]) for cells in lines] == [
        ("a.csv", 3, "The month is not written as YYYY-MM."),
        ("a.csv", 4, "It has 2 columns instead of 12."),
        ("a.csv", 5, "A coordinate is not a number."),
        ("a.csv", 6, "Only one of longitude and latitude is given."),
        ("a.csv", 7, "The point lies outside the British Isles."),
        ("a.csv", 8, "The month is not written as YYYY-MM."),
        ("a.csv", 9, "The month lies in the future."),
        ("a.csv", 10, "The point lies outside the British Isles."),
        ("a.csv", 11, "A coordinate is not a number."),
    ]
    assert lines[0][3:] == line(Month="March")
    assert lines[5][3] == "'=cmd()"
    assert lines[5][7] == "-0.305047"


def test_blank_coordinates_and_streets_are_kept_without_a_place(db, tmp_path):
    path = written(
        tmp_path / "a.csv",
        line(Longitude="", Latitude="", Location="No Location", LSOA_code="", LSOA_name=""),
        line(Crime_ID="cd" * 32, Location=""),
    )

    tally = brought_in(db, path)

    assert (tally.imported, tally.without_coordinates) == (2, 1)
    assert counts_agree(db)


def test_rows_far_from_every_borough_are_kept_without_one(db, tmp_path):
    path = written(tmp_path / "a.csv", line(Longitude="-2.2426", Latitude="53.4808"))

    tally = brought_in(db, path)

    assert (tally.imported, tally.outside_boroughs) == (1, 1)
    assert value(db, "select lad_code from reference.place_point") is None


def test_british_transport_police_rows_come_in_beside_the_others(db, tmp_path):
    btp = line(Reported_by="British Transport Police", Falls_within="British Transport Police")

    assert brought_in(db, written(tmp_path / "a.csv", line(), btp)).imported == 2


def test_a_zip_of_months_counts_equal_rows_file_by_file(db, tmp_path):
    one = written(tmp_path / "2024-03-metropolitan-street.csv", *[line(**ASB)] * 2)
    two = written(tmp_path / "2024-04-metropolitan-street.csv", line(Month="2024-04"))
    archive = tmp_path / "months.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (one, two):
            packed.write(path, f"2024/{path.name}")
        packed.writestr("2024/2024-04-metropolitan-outcomes.csv", "not,a,street,file\n")

    whole, single = brought_in(db, archive), brought_in(db, one)

    assert (whole.imported, single.already_known) == (3, 2)


def test_gzip_and_plain_are_the_same(db, tmp_path):
    plain = written(tmp_path / "a.csv", line(), line(**ASB))
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert brought_in(db, plain).imported == 2
    assert brought_in(db, packed).already_known == 2


def test_a_dry_run_counts_and_keeps_nothing(db, tmp_path):
    path = written(tmp_path / "a.csv", line(), line(Month="x"))

    tally = brought_in(db, path, dry_run=True)

    assert (tally.imported, tally.rejected) == (1, 1)
    assert value(db, "select count(*) from reference.police_event") == 0
    assert value(db, "select count(*) from app.import_batch") == 0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "holds no rows"),
        ([line(Month="x"), line(Month="y")], "None of the 2 rows"),
    ],
)
def test_an_import_that_loads_nothing_is_an_error(db, tmp_path, rows, words):
    path, errors = written(tmp_path / "a.csv", *rows), tmp_path / "errors.csv"

    with pytest.raises(InvalidError, match=words):
        brought_in(db, path, errors=errors)

    assert errors.exists() == bool(rows)
    assert value(db, "select count(*) from app.import_batch") == 0


def test_files_of_another_kind_are_refused_in_words(db, tmp_path):
    other = written(tmp_path / "a.csv", ["1"], header=["something"])
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"PK\x03\x04\0\0\0")
    broken = tmp_path / "c.csv.gz"
    broken.write_bytes(gzip.compress(b"Month\n" * 1000)[:40])
    bomb = tmp_path / "d.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("2024-03-x-street.csv", b"0" * 5_000_000)

    for path, words in (
        (other, "has no column Month"),
        (binary, "not a text file"),
        (broken, "damaged or cut off"),
        (bomb, "unpacks to more"),
        (tmp_path / "absent.csv", "no file absent.csv"),
    ):
        with pytest.raises(InvalidError, match=words):
            brought_in(db, path)
    assert value(db, "select count(*) from reference.police_event") == 0


def test_an_import_is_listed_and_audited(db, client, tmp_path):
    path = written(tmp_path / "march.csv", line(), line(Month="x"))

    reference, _ = service.police_street(db, [path], Options(), lambda *_: None)

    page = client.get("/imports", headers={"Accept": "text/html"})
    with psycopg.connect(db.logins.dsn("postgres")) as auditor:
        events = auditor.execute(
            "select action, role, rows, detail->'rejected' from audit.event where object_ref = %s",
            (reference,),
        ).fetchall()
    assert page.status_code == 200
    assert "march.csv" in page.text
    assert events == [("import.police_street", "job", 1, 1)]
    assert value(db, "select file_sha256 from app.import_batch") == (
        hashlib.sha256(path.read_bytes()).hexdigest()
    )


def test_more_rows_in_a_month_than_one_point_can_count_are_refused(db, tmp_path):
    half = [line(**ASB)] * 40_000
    brought_in(db, written(tmp_path / "a.csv", *half))
    others = [line(**ASB | {"Location": "elsewhere"})] * 40_000

    with pytest.raises(InvalidError, match="more rows in one month than can be counted"):
        brought_in(db, written(tmp_path / "b.csv", *others))
    with pytest.raises(InvalidError, match="One point has 80,000 rows"):
        brought_in(db, written(tmp_path / "c.csv", *others, *others))

    assert value(db, "select n_events from reference.place_point") == 40_000
    assert counts_agree(db)


def test_a_second_month_adds_to_the_counts_of_the_first(db, tmp_path):
    brought_in(db, written(tmp_path / "a.csv", *[line(**ASB)] * 2, line(Month="2024-05")))
    brought_in(db, written(tmp_path / "b.csv", *[line(**ASB)] * 3, line(Month="2024-01")))

    with db.read(JOB) as session:
        months = session.execute(
            text("select month::text, n from reference.point_month order by 1")
        ).all()
    assert months == [("2024-01-01", 1), ("2024-03-01", 3), ("2024-05-01", 1)]
    assert counts_agree(db)


def test_a_file_without_force_and_category_takes_them_from_its_name_and_the_options(db, tmp_path):
    header = ("Month", "Longitude", "Latitude", "Location", "Last outcome category")
    path = written(
        tmp_path / "burglary_here.csv",
        ["2024-03", "-0.305047", "51.427553", "On or near Lancaster Close", ""],
        header=header,
    )

    brought_in(db, path, defaults={"Reported by": FORCE})
    named = written(tmp_path / "b.csv", line(Crime_ID=""))

    assert brought_in(db, named).already_known == 1
    assert value(db, "select count(*) from reference.police_label where kind = 'force'") == 1


@pytest.mark.asvs("2.3.3")
def test_a_killed_import_leaves_nothing(db, tmp_path):
    path = written(tmp_path / "a.csv", *[line(Crime_ID=f"{i:064x}") for i in range(5_000)])
    code = (
        "import sys\nfrom pathlib import Path\nfrom app.core.db import Database\n"
        "from app.imports import queries, service\n"
        "class Logins:\n    def dsn(self, role): return sys.argv[1].replace('ROLE', role)\n"
        "insert = queries.insert_events\n"
        "def told(*a, **k):\n    insert(*a, **k)\n    print('inserted', flush=True)\n"
        "    __import__('time').sleep(30)\n"
        "queries.insert_events = told\n"
        "service.police_street(Database(Logins(), sys.argv[2].encode()), [Path(sys.argv[3])],"
        " service.Options(), lambda *_: None)\n"
    )
    dsn = db.logins.dsn("cs_app").replace("cs_app", "ROLE")
    process = subprocess.Popen(
        [sys.executable, "-c", code, dsn, db.claims_key.decode(), str(path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"inserted\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    assert value(db, "select count(*) from reference.police_event") == 0
    assert brought_in(db, path).imported == 5_000
    assert counts_agree(db)


def rows_of(path):
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as text_file:
        return len(list(csv.reader(text_file))) - 1


@pytest.mark.shared
def test_the_real_files_are_accounted_for_row_by_row_and_add_nothing_twice(db, shared):
    folder = shared / "data/open/police"
    paths = [
        *sorted((folder / "native_layout").glob("*.csv")),
        folder / "burglary_kingston_richmond_2010-12_2025-02.csv.gz",
    ]
    lines = [rows_of(path) for path in paths]

    first = [brought_in(db, path) for path in paths]
    again = [brought_in(db, path) for path in paths]

    assert [t.rows for t in first] == lines == [2399, 2511, 34_714]
    assert [t.imported for t in again] == [0, 0, 0]
    assert sum(t.imported for t in first) == value(
        db, "select count(*) from reference.police_event"
    )
    assert counts_agree(db)
    assert value(db, "select count(*) from reference.police_label where label = 'Burglary'") == 1
