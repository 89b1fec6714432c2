"""Search over what a reader may open, and over nothing else; what others keep changes no byte."""

import re

import pytest
from sqlalchemy import text

from app.search import rules
from tests import intelligence
from tests.html import timeless
from tests.people import HTML, KINGSTON, RICHMOND, sign_in_as

SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Parcel corner"}
SHOP |= {"easting": 518000, "northing": 169300}
ASB = {
    "harm_code": "ASB",
    "occurred_from": "2026-07-29T00:20",
    "source_agency": "AFC",
    "postcode": "KT1 1EU",
    "summary": "Synthetic: parcels were handed over by the lift.",
}


def page(client, words, **more):
    return client.get("/search", params={"q": words} | more, headers=HTML)


@pytest.fixture
def lead(as_):
    return as_("cs_lead", agency="AFC")


@pytest.fixture
def shop(lead):
    return lead.post("/api/v1/places", json=SHOP).json()["ref"]


@pytest.fixture
def incident(lead):
    return lead.post("/api/v1/incidents", json=ASB).json()["ref"]


@pytest.fixture
def item(as_):
    return intelligence.released(intelligence.analyst(as_), intelligence.analyst(as_))


def test_each_kind_is_found_with_its_words_marked(lead, shop, incident, item):
    found = page(lead, "PARCEL").text

    assert f'href="/places/{shop}"><mark>Parcel</mark> corner</a>' in found
    assert f'href="/incidents/{incident}"' in found
    assert f'href="/intelligence/{item}"' in found
    for words in ("1 place<", "1 incident<", "1 item of intelligence<", "<mark>parcel</mark>s"):
        assert words in found


def test_references_are_read_however_typed(lead, shop, incident):
    for ref in (shop, incident):
        assert f"/{ref}" in page(lead, ref.lower().replace("-", " ")).text


def test_words_are_text_and_in_no_title(lead):
    found = page(lead, "<img src=x onerror=alert(1)>").text

    assert "<img src=x" not in found
    assert "<title>Search - Contextmap</title>" in found
    assert "Nothing that you may open matches." in found


def test_one_letter_is_too_little_and_nothing_is_asked_yet(lead):
    assert "Enter at least 2 characters." in page(lead, "x").text
    assert "There is a problem" not in lead.get("/search", headers=HTML).text


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("partner", set()),
        ("practitioner", {"places", "incidents", "intelligence"}),
        ("police_analyst", {"places", "incidents", "intelligence"}),
        ("cs_lead", {"places", "incidents", "intelligence"}),
    ],
)
def test_each_role_finds_what_it_may_open(as_, shop, incident, item, role, kinds):
    found = page(as_(role, agency="MPS_SWBCU"), "parcel").text

    assert set(re.findall(r'id="found-(\w+)"', found)) - {"map"} == kinds


@pytest.mark.parametrize("role", ["vca_member", "auditor", "administrator"])
def test_who_opens_no_record_searches_none(as_, role):
    client = as_(role)

    assert page(client, "parcel").status_code in {403, 404}
    assert "search-words" not in client.get("/account", headers=HTML).text


@pytest.mark.asvs("8.4.1")
def test_the_other_borough_is_not_found(as_, shop, incident, item):
    elsewhere = as_("practitioner", boroughs=(RICHMOND,))

    assert "Nothing that you may open matches." in page(elsewhere, "parcel").text


@pytest.mark.parametrize("role", ["practitioner", "cs_lead", "partner"])
def test_an_item_with_conditions_changes_no_byte_for_others(as_, db, shop, incident, item, role):
    client = as_(role)
    before = timeless(page(client, "parcel"))
    _, ref = intelligence.reader_ref(db)
    writer = intelligence.analyst(as_)
    more = intelligence.CONDITIONAL | {"recipients": [ref]}
    intelligence.released(writer, intelligence.analyst(as_), **more)

    assert timeless(page(client, "parcel")) == before
    assert "2 items of intelligence" in page(writer, "parcel").text


def test_a_child_is_found_by_its_reference_only_and_after_a_reason(lead):
    ref = "CH-000-0000"
    found = page(lead, "ch 000 0000").text
    asks = lead.get(f"/children/{ref}", headers=HTML).text

    assert f'href="/children/{ref}"' in found
    assert "Why do you need to see this?" in asks


def test_whether_there_is_such_a_child_is_not_looked_up(lead, as_):
    there = lead.post(
        "/api/v1/children",
        json={"home_lad_code": KINGSTON, "age_band": "A13_15", "age_band_as_of": "2026-01-01"},
        headers={"X-Purpose": "PLAN"},
    ).json()["ref"]
    known, unknown = page(lead, there).text, page(lead, "CH-000-0000").text

    assert known.replace(there, "") == unknown.replace("CH-000-0000", "")
    assert "/children/" not in page(as_("partner"), there).text


def test_a_street_leads_to_its_spot_on_the_map(lead):
    found = page(lead, "kt1 1eu").text

    assert re.search(r'href="/map#16/51\.\d{5}/-0\.\d{5}">KT1 1EU</a>', found)


def test_many_answers_are_pages_of_25(lead):
    for number in range(27):
        lead.post("/api/v1/incidents", json=ASB | {"summary": f"Synthetic quokka {number}."})

    first = page(lead, "quokka").text
    more = page(lead, "quokka", kind="incidents", page=2).text

    assert 'href="/search?q=quokka&amp;kind=incidents">All 27 incidents</a>' in first
    assert first.count('href="/incidents/IC-') == 25
    assert more.count('href="/incidents/IC-') == 2
    assert 'rel="prev"' in more


def test_what_items_were_shown_is_kept_and_the_words_are_not(lead, item, db):
    page(lead, "parcel")
    with db.read(sign_in_as(db, "auditor").actor) as session:
        kept = session.execute(text("select action, detail::text from audit.event")).all()

    assert ("intel_item.list", item) in [(action, item) for action, d in kept if item in (d or "")]
    assert [detail for _, detail in kept if "parcel" in (detail or "").lower()] == []


def test_every_page_of_staff_has_the_form_and_it_works_without_a_script(lead):
    home = lead.get("/", headers=HTML).text

    assert '<form method="get" action="/search" role="search"' in home
    assert '<label for="search-words">Search</label>' in home


def test_excerpts_show_the_words_of_a_long_text():
    long = "one two three " * 40 + "the needle stands here " + "four five six " * 40
    cut = rules.excerpt(long, "NEEDLE")

    assert len(cut) < 260
    assert rules.whole(rules.marked(cut, "needle")) == cut
    assert [piece.text for piece in rules.marked(cut, "needle") if piece.is_hit] == ["needle"]
    assert (cut[:2], cut[-2:]) == ("… ", " …")
    assert rules.excerpt("the needle " + "x " * 200, "needle").startswith("the needle")
    assert rules.excerpt("x " * 200 + "needle", "needle").endswith("needle")
    assert rules.marked("text", "") == [("text", False)]
