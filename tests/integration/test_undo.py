"""An import undone leaves every table row for row as it was; others keep what they brought."""

import pytest

from app.core.actor import job_actor
from app.core.errors import InvalidError
from app.imports import service, stop_search, undo
from app.imports.service import Options
from tests import state
from tests.integration.test_imports import ASB, line, value, written

JOB = job_actor("imports:police_street")


def street(db, *paths, **options):
    return service.police_street(db, paths, Options(**options), lambda *_: None)[0]


def searches(db, *paths):
    return stop_search.bring_in(db, paths, Options(), lambda *_: None)[0]


def undone(db, ref):
    with db.cursor(JOB) as cursor:
        return undo.undo(cursor, ref, JOB)


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
