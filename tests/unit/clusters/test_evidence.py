from datetime import date

from app.clusters.evidence import NOT_YET, Evidence


def test_what_an_earlier_run_stored_reads_as_not_tested():
    found = Evidence.of({"r1": {"core": {"E1": 3}}, "r2": {"share": {}}})

    assert found.significance == "not tested"
    assert (found.emerging.status, found.emerging.why) == ("not tested", NOT_YET)
    assert found.r1.core == {"E1": 3}
    assert found.r4.component is None


def test_days_and_keys_of_a_later_version_are_read_too():
    stored = {"status": "tested", "why": None, "p": 0.01, "from": "2026-01-02", "later": 1}

    found = Evidence.of({"emerging": stored}).emerging

    assert (found.p, found.first_on) == (0.01, date(2026, 1, 2))
