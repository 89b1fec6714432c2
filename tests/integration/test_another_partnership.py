"""Another partnership is another file: nothing of the first is on any page of the second."""

import os
import re

import pytest

from app.accounts import letters
from app.briefings import notices
from app.core.db import Database
from app.reference import service as reference
from app.reference.local_lists import Lists
from app.serve import ServeError, _refuse_demo_elsewhere
from tests.another_partnership import EXAMPLE, HACKNEY, ISLINGTON, ROLES, House, crawled, words
from tests.databases import CLAIMS_KEY, Logins, create_database, migrate
from tests.integration.test_report_form import Person
from tests.reports import rows

FIRST = re.compile(
    r"kingston|richmond|twickenham|surbiton|achieving|\bAfC\b|8547|8770|\bKT\d|\bTW\d|\bRBK\b"
    r"|E09000021|E09000027|LA_KINGSTON|LA_RICHMOND|\bCSP_K\b",
    re.IGNORECASE,
)
# Filters offer every borough that has a boundary, the first partnership's among them.
RANDOM = re.compile(  # whose figures and letters mean nothing
    r"[A-Z]{2}-[0-9A-Z]{3}-[0-9A-Z]{4}|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}"
)
CHOICE = re.compile(r'<option value="E09[0-9]{6}"[^>]*>[^<]*</option>')
LONG = os.environ.get("CONTEXTMAP_LONG_TESTS") == "1"
MOST = dict.fromkeys(ROLES, 400) if LONG else {"cs_lead": 400}


@pytest.fixture(scope="module")
def house(cluster, settings):
    create_database(cluster, "other_partnership")
    migrate(cluster, "other_partnership")
    database = Database(Logins(cluster, "other_partnership"), CLAIMS_KEY)
    reference.load_packaged(database, Lists.of(EXAMPLE))
    try:
        yield furnished(House(database, elsewhere(settings)))
    finally:
        database.dispose()


def elsewhere(settings):
    return settings.model_copy(update={"partnership": EXAMPLE, "demo": False})


def furnished(made):
    made.place = made.propose()
    made.incidents()
    made.run()
    made.report = made.briefing()
    return made


@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_it_says_a_word_of_the_first(house, role):
    first = ("/", "/help", "/account", "/about-the-data", "/privacy", "/report")
    seen = list(crawled(house.as_(role), *first, most=MOST.get(role, 25)))

    assert len(seen) > 15
    assert [path for path, answer in seen if answer.status_code == 500] == []
    assert {path: found for path, answer in seen if (found := of_the_first(answer))} == {}


def test_its_own_words_are_where_the_first_had_theirs(house):
    home = house.as_("cs_lead").get("/").text
    map_page = words(house.as_("cs_lead").get("/map").text)
    planned = words(house.as_("cs_lead").get("/meetings/new").text)
    about = words(house.as_("cs_lead").get("/about-the-data").text)

    assert "<small>Hackney and Islington</small>" in home
    assert "Map of Hackney and Islington:" in map_page
    assert 'data-bounds="-0.144,51.515,-0.014,51.579"' in map_page
    assert "Exploitation subgroup" in planned
    assert "VCA subgroup" not in planned
    assert "LB Hackney, LB Islington" in about


def test_its_public_form_ends_with_a_receipt_and_reaches_its_team(house):
    person = Person(house.db, house.settings)
    start = words(person.open("/report").text)
    person.begin()
    person.send("/report/now", danger_answer="NO")
    person.send("/report/kind", where_kind="PLACE")
    asked = words(person.page.text)
    person.send("/report/where", where_q="Angel")
    if person.at == "/report/where/choose":
        person.send("/report/where/choose", match="0", where_text="behind the shelter")
    person.send("/report/what", what_harms="DRUGS", notice_text="Seen most evenings")
    person.send("/report/when", when_kind="OFTEN")
    person.send("/report/you")
    person.send("/report/send")

    assert person.at == "/report/done"
    assert "The safer places team for Hackney and Islington" in start
    assert "020 7946 0101" in start
    assert "N1 1AA, Example Street or Angel station" in asked
    found = rows(house.db, "select out_of_area_lad, borough_codes from app.report")
    assert found == [(None, [ISLINGTON])]
    left = person.client.get("/exit")
    assert left.headers["location"] == "https://weather.example"


def test_a_kind_of_place_of_its_own_is_offered_and_kept(house):
    page = words(house.as_("cs_lead").get(f"/places/{house.place}").text)

    assert "Canal, lock, moorings" in page
    found = rows(house.db, "select type_code, borough_codes from app.place")
    assert found == [("CANAL", [HACKNEY])]


def test_a_cluster_over_its_border_is_one_of_both_boroughs(house):
    ((boroughs, across),) = rows(
        house.db, "select borough_codes, cross_borough from app.cluster where run_id is not null"
    )
    listed = words(house.as_("cs_lead").get("/clusters").text)

    assert across is True
    assert {*boroughs} == {HACKNEY, ISLINGTON}
    assert "Hackney 6" in listed
    assert "Islington 6" in listed


def test_its_quarterly_report_is_of_its_boroughs(house):
    page = words(house.as_("cs_lead").get(f"/briefings/{house.report}").text)

    assert "Hackney" in page
    assert "Islington" in page
    assert not FIRST.search(CHOICE.sub("", page))


def test_every_letter_is_without_a_word_of_the_first():
    sent = [letters.failures("a@b.example"), letters.set_up("a@b.example")]
    said = [*(f"{mail.subject} {mail.text}" for mail in sent), *notices.WORDS.values()]

    assert [words for words in said if FIRST.search(words)] == []


def test_the_demonstration_is_refused_where_it_would_be_of_other_boroughs(settings):
    ours = settings.model_copy(update={"demo": True, "partnership": EXAMPLE})

    with pytest.raises(ServeError, match=r"other boroughs .* Hackney and Islington.*--no-demo"):
        _refuse_demo_elsewhere(ours)
    _refuse_demo_elsewhere(settings)
    _refuse_demo_elsewhere(ours.model_copy(update={"demo": False}))


def of_the_first(answer):
    """Where a page names the first partnership; a list of all boroughs of London may."""
    page = RANDOM.sub("", CHOICE.sub("", words(answer.text)))
    return [page[max(0, m.start() - 60) : m.end() + 40] for m in FIRST.finditer(page)]
