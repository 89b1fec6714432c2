"""Stop and search: where police looked, never whom they searched."""

import csv
import re

import psycopg
import pytest

from app.core.errors import InvalidError
from app.imports import stop_search
from app.imports.service import Options
from tests.integration.test_imports import value

NATIVE = (
    "Type",
    "Date",
    "Part of a policing operation",
    "Policing operation",
    "Latitude",
    "Longitude",
    "Gender",
    "Age range",
    "Self-defined ethnicity",
    "Officer-defined ethnicity",
    "Legislation",
    "Object of search",
    "Outcome",
    "Outcome linked to object of search",
    "Removal of more than just outer clothing",
)
PERSONAL = {
    "Gender": "Synthetic-gender",
    "Age range": "Synthetic-age",
    "Self-defined ethnicity": "Synthetic-self",
    "Officer-defined ethnicity": "Synthetic-officer",
    "Outcome": "Synthetic-outcome",
    "Outcome linked to object of search": "Synthetic-linked",
    "Removal of more than just outer clothing": "Synthetic-clothing",
    "Policing operation": "Synthetic-operation",
}


def search(**changed):
    cells = {
        "Type": "Person search",
        "Date": "2024-03-05T17:37:00+00:00",
        "Latitude": "51.427553",
        "Longitude": "-0.305047",
        "Legislation": "Synthetic Act (section 23)",
        "Object of search": "Controlled drugs",
    } | {key.replace("_", " "): v for key, v in changed.items()}
    return [(PERSONAL | cells).get(name, "") for name in NATIVE]


def written(path, *rows, header=NATIVE):
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([header, *rows])
    return path


def brought_in(db, *paths, **options):
    _, tally = stop_search.bring_in(db, paths, Options(**options), lambda *_: None)
    assert tally.rows == tally.imported + tally.already_known + tally.rejected
    return tally


def test_nothing_about_the_person_is_anywhere_in_the_database(db, tmp_path):
    brought_in(db, written(tmp_path / "a.csv", search()))

    with psycopg.connect(db.logins.dsn("postgres")) as admin:
        (everything,) = admin.execute(
            "select string_agg(query_to_xml(format('select * from %s', c.oid::regclass), "
            "true, true, '')::text, '') from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' "
            "and (n.nspname in ('app', 'audit', 'intake') or c.relname = 'police_search')"
        ).fetchone()
    assert "Controlled drugs" in everything
    assert "Synthetic" not in everything
    assert "17:37" not in everything
    assert value(db, "select day::text from reference.police_search") == "2024-03-05"


def test_equal_searches_are_all_kept_and_none_comes_twice(db, tmp_path):
    path = written(tmp_path / "a.csv", *[search()] * 3, search(Type="Vehicle search"))

    first, again = brought_in(db, path), brought_in(db, path)

    assert (first.imported, again.imported, again.already_known) == (4, 0, 4)


def test_what_is_not_stored_does_not_make_another_search_of_it(db, tmp_path):
    few = ("Type", "Date", "Latitude", "Longitude", "Legislation", "Object of search")
    whole, reduced = search(), dict(zip(NATIVE, search(), strict=True))
    brought_in(db, written(tmp_path / "a.csv", whole))

    again = brought_in(db, written(tmp_path / "b.csv", [reduced[n] for n in few], header=few))

    assert again.already_known == 1


def test_searches_without_coordinates_are_kept_and_counted(db, tmp_path):
    path = written(tmp_path / "a.csv", search(Latitude="", Longitude=""), search(Longitude="-2.24"))

    tally = brought_in(db, path)

    assert (tally.imported, tally.without_coordinates, tally.outside_boroughs) == (2, 1, 1)
    assert value(db, "select count(*) from reference.police_search where geom is null") == 1


def test_searches_are_in_no_count_of_incidents(db, tmp_path):
    brought_in(db, written(tmp_path / "a.csv", search()))

    for table in ("place_point", "police_event", "point_grid"):
        assert value(db, f"select count(*) from reference.{table}") == 0


def test_rows_that_cannot_be_used_go_to_a_file_with_the_reason(db, tmp_path):
    errors = tmp_path / "errors.csv"
    path = written(
        tmp_path / "a.csv",
        search(),
        search(Date="last Tuesday"),
        search(Date="2999-01-01T00:00:00+00:00"),
        search(Type=""),
        search(Latitude="north"),
        search(Latitude=""),
        search(Longitude="40"),
        ["too", "short"],
    )

    tally = brought_in(db, path, errors=errors)

    with errors.open(newline="") as out:
        told = [(int(row["row"]), row["reason"]) for row in csv.DictReader(out)]
    assert (tally.imported, tally.rejected) == (1, 7)
    assert told == [
        (3, "The date is not written as YYYY-MM-DDThh:mm:ss."),
        (4, "The date lies in the future."),
        (5, "It does not say what was searched."),
        (6, "A coordinate is not a number."),
        (7, "Only one of longitude and latitude is given."),
        (8, "The point lies outside the British Isles."),
        (9, "It has 2 columns instead of 15."),
    ]


def test_a_dry_run_keeps_nothing_and_an_empty_file_is_an_error(db, tmp_path):
    tally = brought_in(db, written(tmp_path / "a.csv", search()), dry_run=True)

    assert (tally.imported, value(db, "select count(*) from reference.police_search")) == (1, 0)
    with pytest.raises(InvalidError, match=r"holds no rows\. Nothing was imported"):
        brought_in(db, written(tmp_path / "b.csv"))
    with pytest.raises(InvalidError, match="has no column Type"):
        brought_in(db, written(tmp_path / "c.csv", ["1"], header=["x"]))


def test_what_is_loaded_is_told_with_its_gaps(db, client, tmp_path):
    brought_in(
        db,
        written(tmp_path / "a.csv", search(), search(), search(Date="2024-06-05T00:00:00+00:00")),
    )

    page = html_of(client.get("/about-the-data", headers={"Accept": "text/html"}).text)

    assert "Stop and search 3 March 2024 June 2024 2" in page
    assert "Without a date" in page


def html_of(page):
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())
