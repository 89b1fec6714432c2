"""Verdicts for a member of the VCA subgroup: a name and sentences, and no number of anything."""

import re

import pytest

from tests.integration.test_outcomes import compare, design, outcomes, place
from tests.outcomes import FAR, SHOP, Maker
from tests.people import HTML

TABLES = ("wdd_result", "plan_measure", "context_plan", "outcome_review", "measure_observation")
SAID = [
    "Fewer than expected, allowing for control area and nearby streets.",
    "Nearby streets: the change could be chance.",
]


@pytest.fixture
def maker(db):
    return Maker(db)


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


@pytest.fixture
def member(as_):
    return as_("vca_member", boroughs=(), agency="VRU")


@pytest.fixture
def counted(client, maker, lead):
    """A comparison that fell, confirmed by a lead."""
    refs = place(client, "Corner"), place(client, "Parade", northing=SHOP["northing"] + FAR)
    work = maker.at_work(*refs)
    maker.fewer(work)
    design(lead, work)
    maker.activate(work)
    assert compare(lead, work).status_code == 303
    return work


def becomes(maker, work, sensitivity, *, may_name=False):
    maker.run(
        "update app.place set sensitivity = %s, may_name = %s where ref = %s",
        *(sensitivity, may_name, work.ref),
    )


def told(client):
    answer = client.get("/api/v1/verdicts")
    assert not re.search(r"\d", answer.text), answer.text
    return answer.json()["items"]


def words_of(page):
    """What a reader gets of the page itself, without head, menu and foot."""
    return re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("</main>")])


def test_a_member_reads_the_sentences_of_named_public_places_and_nothing_else(
    counted, maker, member
):
    for kind, may in (("SENSITIVE", True), ("RESTRICTED", True), ("MANAGED", False)):
        becomes(maker, counted, kind, may_name=may)
        assert told(member) == []
    becomes(maker, counted, "MANAGED", may_name=True)
    assert told(member) == [{"place": "Corner", "sentences": SAID}]
    becomes(maker, counted, "PUBLIC_REALM")
    page = member.get("/verdicts", headers=HTML).text

    assert told(member) == [{"place": "Corner", "sentences": SAID}]
    assert not re.search(r"\d", words_of(page)), words_of(page)
    assert all(words in words_of(page) for words in ("Corner", *SAID))
    for secret in (counted.ref, counted.other, "Parade", *map(str, counted.measures.values())):
        assert secret not in page
    assert "What became of places" in member.get("/", headers=HTML).text
    for url in ("/outcomes", outcomes(counted)):
        assert member.get(url).status_code == 404
    events = maker.run("select role from audit.event where action = 'outcome.verdicts'")
    assert events == [("vca_member",)] * 6


def test_no_row_and_no_number_reaches_a_member_who_asks_the_database(counted, maker, db, member):
    becomes(maker, counted, "PUBLIC_REALM")
    with db.read(member.person.actor) as session:
        run = session.connection().exec_driver_sql
        rows = [run(f"select count(*) from app.{table}").scalar() for table in TABLES]
        (one,) = run("select * from app.outcome_verdicts()").mappings().all()

    assert rows == [0] * len(TABLES)
    assert sorted(one) == ["place", "sentences"]


def test_what_is_withheld_or_not_confirmed_tells_no_more_than_that(
    counted, maker, lead, member, as_
):
    becomes(maker, counted, "PUBLIC_REALM")
    compare(lead, counted, recording="CHANGED")
    elsewhere = as_("practitioner", boroughs=("E09000027",), agency="LA_RICHMOND")

    assert told(member) == [{"place": "Corner", "sentences": ["Not evaluated."]}]
    assert told(lead) == told(member)
    assert told(elsewhere) == []
    maker.run("""update app.wdd_result set u = u || '{"recording": "NOT_SAID"}'""")
    assert "Nothing has been compared yet." in member.get("/verdicts", headers=HTML).text
    for role in ("partner", "administrator"):
        assert as_(role).get("/api/v1/verdicts").status_code in {403, 404}
