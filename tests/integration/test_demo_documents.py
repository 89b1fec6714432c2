"""Releases and reports of the demonstration: made by its people and jobs, signed by two, once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.secrets import factors_of
from app.briefings import building as reports
from app.core import clock
from app.core.partnership import partnership
from app.core.settings import Settings
from app.demo import accounts, decided, documents, life, publishing
from app.demo.rules import Dice
from app.releases import building, rules
from tests.databases import cloned
from tests.entry import CHEAP
from tests.people import HTML
from tests.releases import PARTNERS, Ground

SHORT = {"QUARTERS": 3, "REPORTS": 2, "RECALLED": 2}
NEXT = """
    select id, task_name, args from queue.procrastinate_jobs where status = 'todo'
      and task_name in ('demo:documents', 'releases:build', 'briefings:check') order by id limit 1
"""
DONE = "update queue.procrastinate_jobs set status = 'succeeded' where id = %s"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("documents")
    return Settings(data_dir=folder, demo=True, secret_key="a key of the tests only")


@pytest.fixture(scope="module")
def ground(cluster, context_template, house):
    """The demonstration with its people and reports, and three quarters of documents."""
    with (
        cloned(cluster, context_template, "documents") as db,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in SHORT.items():
            patch.setattr(publishing, name, value)
        patch.setattr(documents, "OUT", 3)
        accounts.ensure(db, house, factors_of(house, CHEAP))
        assert decided.load_once(db, house) == decided.N_REPORTS
        made = Ground(db, house)
        documents.ask_once(db)
        work_off(made)
        yield made


def work_off(ground):
    """What the worker does, one job after the other."""
    boroughs = {one.code: one.name for one in partnership(ground.settings.partnership).borough}
    with ground.superuser() as admin:
        admin.execute("set search_path = public, queue")
        while (job := admin.execute(NEXT).fetchone()) is not None:
            number, task, given = job
            admin.execute(DONE, (number,))
            match task:
                case "releases:build":
                    building.build(ground.db, given["code"], PARTNERS)
                case "briefings:check":
                    reports.check(ground.db, given["ref"], boroughs)
                case _:
                    publishing.go_on(ground.db, ground.settings)


def test_the_last_closed_quarters_are_released_and_signed_by_two(ground):
    quarters = [window.period for window in publishing.closed(clock.now(), 3)]
    found = ground.rows(
        "select period, lead_by <> auditor_by from app.release "
        "where state = 'APPROVED' and period_kind = 'Q' order by 1"
    )

    assert found == [(period, True) for period in quarters]
    refused = "select count(*) from app.release where state <> 'APPROVED' and problem is null"
    assert ground.rows(refused) == [(0,)], (
        "a half-year that could be solved stays a draft, with why"
    )
    totals = ground.rows(
        "select shown from app.release_cell where table_code = 'RQ1' and geo_code = 'BOTH' "
        "and dim_1 = 'ALL'"
    )
    assert all(int(shown) > 100 for (shown,) in totals), "what was known at each cut"


def test_without_ward_boundaries_there_is_no_table_by_ward_and_it_says_so(ground):
    (code, tables, told), *others = ground.rows("""
        select code, array_agg(distinct table_code order by table_code), certificate -> 'left_out'
        from app.release join app.release_cell on release_id = release.id
        where period_kind = 'H' and release.state = 'APPROVED' group by 1, 3
    """)
    page = ground.as_("vca_member").get(f"/releases/{code}", headers=HTML)
    reported = ground.rows(
        "select count(*) from app.briefing where strpos(snapshot, %s) > 0 "
        "and snapshot::jsonb ->> 'half_year' = %s", rules.NO_WARDS, code
    )  # fmt: skip

    assert others == []
    assert tables == ["RH2", "RH3", "RH4"]
    assert told == {"RH1": rules.NO_WARDS}
    assert rules.NO_WARDS in page.text
    assert f"/releases/{code}/RH1" not in page.text
    assert reported != [(0,)]


def test_one_report_was_recalled_and_replaced_and_the_newest_is_frozen(ground):
    older, newest = (window.period for window in publishing.closed(clock.now(), 2))
    stopped = ground.rows("""
        select one ->> 'words' from app.briefing, jsonb_array_elements(checks) as one
        where one ->> 'stops' = 'yes'
    """)
    assert stopped == []
    found = ground.rows(
        "select period_code, state, replaces_id is not null, lead_by <> auditor_by "
        "from app.briefing order by created_at"
    )

    assert found == [
        (older, "RECALLED", False, True),
        (older, "TABLED", True, True),
        (newest, "FROZEN", False, True),
    ]
    assert ground.rows(
        "select m.kind, m.held_at > b.cut_at, m.is_synthetic from app.briefing as b "
        "join app.meeting as m on m.id = b.meeting_id"
    ) == [("VCA", True, True)]


def test_every_sentence_says_that_it_is_of_the_demonstration(ground):
    assert ground.rows(
        "select count(*) > 10, bool_and(body like 'Demo%%') from app.briefing_entry"
    ) == [(True, True)]
    assert ground.rows("select count(*) from app.briefing_entry where section = 'BECAME'") == [(2,)]


def test_a_second_start_asks_for_nothing_and_a_second_run_changes_nothing(ground):
    before = ground.rows("select max(updated_at), count(*) from app.briefing")

    documents.ask_once(ground.db)
    waiting = ground.rows(NEXT)
    publishing.go_on(ground.db, ground.settings)

    assert (waiting, ground.rows("select max(updated_at), count(*) from app.briefing")) == (
        [],
        before,
    )


def test_decided_reports_are_of_two_years_and_ended_as_reports_end(ground, house):
    quarters, synthetic = ground.rows(
        "select count(distinct date_trunc('quarter', created_at)), bool_and(is_synthetic) "
        "from app.report"
    )[0]
    chains = Counter(
        tuple(states)
        for (states,) in ground.rows(
            "select array_agg(to_state order by at) from app.report_state_change group by report_id"
        )
    )

    assert (quarters >= 8, synthetic) == (True, True)
    assert set(chains) == {
        ("RECEIVED", "SCREENED", "IN_TRIAGE", "DECIDED"),
        ("RECEIVED", "SCREENED", "IN_TRIAGE", "DECIDED", "FEEDBACK_SENT", "CLOSED"),
    }
    late = "select count(*) from app.kept_rows('report') where until_on < current_date"
    assert ground.rows(late) == [(0,)], "none is kept longer than reports are"
    assert decided.load_once(ground.db, house) == 0


def test_incidents_are_written_down_within_days_and_some_of_them_late(ground):
    times = ground.rows(
        "select occurred_to, created_at from app.incident where occurred_to < now() - "
        "interval '200 days'"
    )
    waited = [known - over for over, known in times]

    assert min(waited) >= timedelta(0)
    assert max(known for _, known in times) <= clock.now()
    soon = sum(one <= timedelta(days=5) for one in waited) / len(waited)
    late = sum(one >= timedelta(days=40) for one in waited) / len(waited)
    assert 0.7 < soon < 0.9
    assert 0.02 < late < 0.1


def test_a_record_is_never_written_down_after_today():
    now = datetime(2026, 11, 1, tzinfo=UTC)
    keys = [Dice(None, seed=1, copy=n, today=now.date(), refs=set()).first for n in range(50)]  # type: ignore[arg-type]

    found = {life.recorded(key, now - timedelta(days=1), now)["created_at"] for key in keys}

    assert max(found) == now
    assert len(found) > 5


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (datetime(2026, 10, 14, 22, 59, tzinfo=UTC), "2026-Q2"),
        (datetime(2026, 10, 14, 23, tzinfo=UTC), "2026-Q3"),
        (datetime(2027, 1, 2, tzinfo=UTC), "2026-Q3"),
    ],
)
def test_quarters_are_closed_from_their_cut_off_on(now, newest):
    found = publishing.closed(now, 8)

    assert found[-1].period == newest
    assert [one.period for one in found[:-1]] == [one.before.period for one in found[1:]]
    assert len(found) == 8
    assert found[-1].cut_at <= now
    assert rules.window(found[0].period).kind == "Q"


def test_half_years_and_years_follow_the_quarters_that_they_add_up():
    quarters = publishing.closed(datetime(2026, 11, 1, tzinfo=UTC), 8)

    assert [one.period for one in publishing.with_longer(quarters)] == [
        "2024-Q4", "2025-Q1", "2025-Q2", "2025-H1", "2025-Q3", "2025-Q4", "2025-H2", "2025",
        "2026-Q1", "2026-Q2", "2026-H1", "2026-Q3",
    ]  # fmt: skip
