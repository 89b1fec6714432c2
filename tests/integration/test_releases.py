"""Releases: counted by one rule, banded, checked, signed by two, and then never changed."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.audit import verification
from app.core.errors import InvalidError
from app.releases import building, queries, rules
from geo.disclosure import show
from tests.people import HTML, KINGSTON, send
from tests.releases import PARTNERS, QUARTER, Ground

HARM_GROUP = "select code, group_code from reference.harm"
CELLS = """
    select geo_kind, geo_code, dim_1, shown, low, high, rule from app.release_cell as cell
    join app.release on release.id = cell.release_id where release.code = %s and table_code = %s
"""


@pytest.fixture
def ground(db, settings) -> Ground:
    return Ground(db, settings)


def drafted(ground: Ground, period: str = QUARTER) -> str:
    asked = send(ground.as_("cs_lead"), "/releases", period=period)
    assert asked.status_code == 303, asked.text
    code = asked.headers["location"].rsplit("/", 1)[-1]
    building.build(ground.db, code, PARTNERS)
    return code


@pytest.mark.asvs("2.3.5")
def test_a_release_is_counted_checked_signed_by_two_and_published(ground):
    ground.fill(400)
    code = drafted(ground)
    lead, auditor = ground.as_("cs_lead"), ground.as_("auditor")
    vca, partner = ground.as_("vca_member"), ground.as_("partner")
    ((state, problem, sha),) = ground.rows("select state, problem, sha256 from app.release")
    assert (state, problem) == ("CHECKED", None)
    for role in ("vca_member", "partner", "practitioner", "police_analyst"):
        assert ground.as_(role).get(f"/releases/{code}/RQ1", headers=HTML).status_code == 404
    assert ground.as_("administrator").get(f"/releases/{code}", headers=HTML).status_code == 403
    assert "A lead signs first." in send(auditor, f"/releases/{code}/sign").text
    assert send(lead, f"/releases/{code}/sign").status_code == 303
    assert send(lead, f"/releases/{code}/sign").status_code == 422
    assert send(auditor, f"/releases/{code}/sign").status_code == 303
    building.publish(ground.db, code, PARTNERS)

    assert ground.rows("select state, sha256 from app.release") == [("APPROVED", sha)]
    page = vca.get(f"/releases/{code}/RQ1", headers=HTML)
    assert page.status_code == 200, page.text
    assert rules.NOTE in page.text
    assert partner.get(f"/releases/{code}/RQ2", headers=HTML).status_code == 200
    assert vca.get(f"/releases/{code}/RQ99", headers=HTML).status_code == 404
    assert vca.get(f"/releases/{code}/RQ1?borough=x", headers=HTML).status_code == 422
    file = vca.get(f"/releases/{code}/RQ1.csv", headers=HTML)
    assert file.content.startswith(b"\xef\xbb\xbftable,period")
    assert ground.rows("select count(*) from app.release_read where role = 'vca_member'") == [(2,)]
    ((counted,),) = ground.rows("select count(*) from app.incident where counted_in = %s", code)
    assert counted == 400
    ((said,),) = ground.rows("select counted_as from app.incident limit 1")
    assert set(said) >= {"borough", "harm_group", "place_group", "proactive", "organisation"}


def test_a_recount_in_plain_python_agrees_with_every_cell(ground):
    ground.fill(600, seed=3)
    code = drafted(ground)
    groups = dict(ground.rows(HARM_GROUP))
    told = Counter()
    for borough, harm in ground.rows("select borough_code, harm_code from app.incident"):
        for geo in (borough, "BOTH"):
            for group in (groups[harm], "ALL"):
                told[geo, group] += 1
    for kind, geo, group, shown, low, high, rule in ground.rows(CELLS, code, "RQ1"):
        n = told[geo, group]
        assert rule == "DROPPED" or shown == show(n).text, (kind, geo, group)
        assert low <= n <= (n if high is None else high)
    codes = Counter()
    for harm, line in ground.rows("select harm_code, line_linked from app.incident"):
        codes[serious(harm, line)] += 1
    for _, _, sv, shown, low, high, rule in ground.rows(CELLS, code, "RQ3"):
        assert rule == "DROPPED" or shown == show(codes[sv]).text
        assert low <= codes[sv] <= (codes[sv] if high is None else high)
    places = {shown for _, _, group, shown, *_ in ground.rows(CELLS, code, "RQ2")
              if group not in {"PG_NONE", "ALL"}}  # fmt: skip
    assert places <= {"0", "not shown"}


def run(ground: Ground, statement: str) -> None:
    with ground.db.begin(building.BUILD) as session:
        session.execute(text(statement))


def serious(harm: str, line: bool) -> str | None:
    plain = {"SYV": "SV_YOUTH", "KNIFE": "SV_KNIFE", "OCN": "SV_NETWORKS",
             "ROBBERY": "SV_ROBBERY", "COUNTY_LINES": "SV_EXPLOIT"}  # fmt: skip
    if line and harm in {"CCE", "CSE"}:
        return "SV_EXPLOIT"
    return plain.get(harm)


def test_what_is_withdrawn_of_code_c_late_or_elsewhere_is_not_counted(ground):
    cut = rules.window(QUARTER).cut_at
    for _ in range(9):
        ground.incident()
    for differs in (
        {"state": "WITHDRAWN"},
        {"tier": "C"},
        {"known": cut + timedelta(seconds=1)},
        {"at": datetime(2026, 4, 1, tzinfo=UTC)},
        {"x": 530_000, "y": 180_000},
    ):
        ground.incident(**differs)
    code = drafted(ground)

    found = {(geo, dim): shown for _, geo, dim, shown, *_ in ground.rows(CELLS, code, "RQ1")}
    assert found[KINGSTON, "HG_VIOLENCE"] == "10"
    assert found[KINGSTON, "ALL"] == "10"


def test_late_records_are_one_figure_of_the_next_release(ground):
    cut = rules.window("2025-Q4").cut_at
    for _ in range(8):
        ground.incident(at=datetime(2025, 11, 1, tzinfo=UTC), known=cut + timedelta(hours=1))
    ground.incident(at=datetime(2025, 11, 1, tzinfo=UTC), known=cut)
    code = drafted(ground)

    assert [shown for *_, shown, _, _, _ in ground.rows(CELLS, code, "RQ9")] == ["10"]
    assert {shown for *_, shown, _, _, _ in ground.rows(CELLS, code, "RQ1")} == {"0"}


def test_nothing_of_an_approved_release_is_changed(ground):
    ground.fill(120)
    code = ground.approve()
    for change in (
        "update app.release set sha256 = repeat('0', 64)",
        "update app.release set state = 'DRAFT'",
        "delete from app.release_cell",
        "insert into app.release_cell select * from app.release_cell",
    ):
        with pytest.raises(DBAPIError):
            run(ground, change)
    ground.incident()
    before = ground.rows(CELLS, code, "RQ1")
    assert "Only a checked release" in send(ground.as_("cs_lead"), f"/releases/{code}/recount").text
    assert ground.rows(CELLS, code, "RQ1") == before
    reason = "Synthetic: one borough was counted twice."
    assert send(ground.as_("cs_lead"), f"/releases/{code}/withdraw", reason="x").status_code == 422
    sent = send(ground.as_("cs_lead"), f"/releases/{code}/withdraw", reason=reason)
    assert sent.status_code == 303
    assert ground.as_("vca_member").get(f"/releases/{code}", headers=HTML).status_code == 404
    assert drafted(ground) == f"{QUARTER}-2"


def test_a_record_that_changed_between_check_and_publication_asks_for_new_signatures(ground):
    ground.fill(200)
    code = drafted(ground)
    assert send(ground.as_("cs_lead"), f"/releases/{code}/sign").status_code == 303
    assert send(ground.as_("auditor"), f"/releases/{code}/sign").status_code == 303
    with ground.superuser() as admin:
        admin.execute("update app.incident set harm_code = 'ASB' where harm_code <> 'ASB'")
    building.publish(ground.db, code, PARTNERS)

    ((state, problem, lead),) = ground.rows("select state, problem, lead_by from app.release")
    assert (state, problem, lead) == ("CHECKED", rules.CHANGED, None)
    assert ground.rows("select count(*) from app.incident where counted_in is not null") == [(0,)]


def test_a_change_behind_the_guards_is_reported_by_the_verification_of_the_audit(ground):
    code = ground.approve()
    assert verification.verify(ground.db).holds
    with ground.superuser() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("update app.release_cell set shown = '10' where table_code = 'RQ3'")

    verdict = verification.verify(ground.db)
    assert [one.words for one in verdict.problems] == [
        f"The release {code} is not what was signed: its hash is another."
    ]


def test_a_period_that_is_not_over_is_refused():
    with pytest.raises(InvalidError):
        rules.window("2026-Q5")


def signed(ground: Ground, code: str) -> None:
    for role in ("cs_lead", "auditor"):
        assert send(ground.as_(role), f"/releases/{code}/sign").status_code == 303


def test_a_correction_is_published_without_what_it_contradicts(ground):
    """One borough sent noise complaints along; a correction may be coarser than the error."""
    ground.fill(300)
    wrong = [ground.incident(harm="ASB") for _ in range(30)]
    first = ground.approve()
    with ground.superuser() as admin:
        admin.execute("update app.incident set state = 'WITHDRAWN' where id = any(%s)", [wrong])
    reason = "Synthetic: noise complaints were among it."
    send(ground.as_("cs_lead"), f"/releases/{first}/withdraw", reason=reason)

    code = ground.approve()

    ((state, told),) = ground.rows(
        "select state, certificate from app.release where code = %s", code
    )
    assert (code, state) == (f"{QUARTER}-2", "APPROVED")
    assert told["contradicting"] == sum("withdrawn" in step for step in told["steps"]) > 0
    assert told["releases"] == [QUARTER, code]
    dropped = [cell for cell in ground.rows(CELLS, code, "RQ1") if cell[-1] == "DROPPED"]
    assert 0 < len(dropped) < 21
    page = ground.as_("auditor").get(f"/releases/{code}", headers=HTML).text
    assert "Not shown because a withdrawn release says otherwise" in page
    assert verification.verify(ground.db).holds


def test_releases_signed_together_are_published_without_new_signatures(ground):
    """The second is checked again beside the first: the same numbers stand as they were signed."""
    ground.fill(300)
    ground.fill(300, seed=1, first=date(2026, 4, 1))
    codes = [drafted(ground), drafted(ground, "2026-Q2")]
    page = ground.as_("cs_lead").get(f"/releases/{codes[0]}", headers=HTML).text
    assert "Also waiting to be published: 2026-Q2." in page
    for code in codes:
        signed(ground, code)
    with ground.db.read(building.BUILD) as session:
        assert queries.signed(session) == codes
    for code in codes:
        building.publish(ground.db, code, PARTNERS)

    found = ground.rows("select state, certificate -> 'releases' from app.release order by code")
    assert found == [("APPROVED", codes[:1]), ("APPROVED", codes)]


def test_a_half_year_whose_quarter_is_withdrawn_is_a_draft_again(ground):
    ground.fill(300)
    ground.fill(300, seed=1, first=date(2026, 4, 1))
    ground.approve()
    ground.approve("2026-Q2")
    code = drafted(ground, "2026-H1")
    assert ground.rows("select problem from app.release where code = %s", code) == [(None,)]
    signed(ground, code)
    reason = "Synthetic: one borough was counted twice."
    send(ground.as_("cs_lead"), f"/releases/{QUARTER}/withdraw", reason=reason)

    building.publish(ground.db, code, PARTNERS)

    told = ground.rows("select state, problem from app.release where code = %s", code)
    assert told == [("DRAFT", rules.PARTS_FIRST.format(missing=QUARTER))]
