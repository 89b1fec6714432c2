"""Demonstration reports: enough to triage on a first start, marked, dated back, and only once."""

import json
import stat

import pytest

from app.core.settings import Settings
from app.demo import reports
from app.reports.receipts import folded, is_whole
from app.reports.sealing import Keys, opened
from tests.reports import rows


@pytest.fixture
def house(tmp_path):
    return Settings(data_dir=tmp_path, demo=True, secret_key="a key of the tests only")


@pytest.fixture
def loaded(db, house):
    return reports.load_once(db, house)


def test_there_is_something_of_everything(db, loaded):
    assert loaded == 24
    assert rows(db, "select count(*) from app.report where not is_synthetic") == [(0,)]
    kinds = dict(rows(db, "select where_kind, count(*) from app.report group by 1"))
    assert set(kinds) == {"PLACE", "ROUTE", "ONLINE", "DESCRIBED"}
    boroughs = {
        code for (code,) in rows(db, "select distinct unnest(borough_codes) from app.report")
    }
    assert boroughs >= {"E09000021", "E09000027"}
    for question, wanted in {
        "danger_answer = 'YES'": 1,
        "state = 'QUARANTINED'": 1,
        "out_of_area_lad is not null": 1,
        "channel = 'PARTNER_ACCOUNT'": 4,
        "agency_code = 'EDU'": 3,
    }.items():
        found = rows(db, f"select count(*) from app.report where {question}")
        assert found == [(wanted,)], question
    assert rows(db, "select direction from app.report_message") == [("IN",)]


def test_each_says_in_its_words_that_it_is_synthetic(db, house, loaded):
    keys = Keys.of(house)
    for report, sealed in rows(db, "select report_id, sealed from app.report_original"):
        words = opened(sealed, keys.triage, report=report, use="words")
        assert words["notice_text"].startswith("Synthetic: ")


def test_they_are_dated_back_over_the_last_days_and_only_by_the_demonstration(db, loaded):
    ((oldest, newest, ahead),) = rows(
        db,
        "select max(now() - created_at) > '3 days', min(now() - created_at) < '3 hours', "
        "count(*) filter (where created_at > now()) from app.report",
    )
    assert (oldest, newest, ahead) == (True, True, 0)


def test_a_second_start_adds_nothing(db, house, loaded):
    assert reports.load_once(db, house) == 0
    assert rows(db, "select count(*) from app.report") == [(24,)]
    assert rows(db, "select count(*) from audit.event where action = 'report.create'") == [(24,)]


def test_two_receipts_are_in_a_file_that_only_this_user_reads(house, loaded):
    path = house.data_dir / "demo-receipts.json"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads(path.read_text())
    assert len(told) == 2
    assert all(is_whole(folded(each["receipt"])) for each in told)
    assert all(each["about"].startswith("Synthetic") for each in told)
