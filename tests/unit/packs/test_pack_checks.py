"""Each check of a pack has a failing fixture, with its sentence; and what passes them all."""

import pytest

from app.packs import checks
from app.packs.checks import Subject, problems
from app.packs.content import line, page, section, table
from app.packs.rules import Kind
from app.places.rules import LanguageRule

HOMES = [("PL-111-1111", "Synthetic flat above the shop")]
LANGUAGE = [LanguageRule("gang", "stop", "Say what happened.")]
WITH = {"recipients": ["somebody"], "agency": "MPS", "conditions": "Synthetic"}
GOOD = (
    line("Canbury Gardens, 18-22", children=["CH-111-1111"]),
    line("Address PL-111-1111: seen on Friday", home=True),
    line("1 conditional item, ask the unit.", conditional=WITH),
    page("The place", [table("Items", ["Place", "Items"], [["A", 3]])]),
)


def found(*items, kind=Kind.MARVE, summary=()):
    made = [section("L", "Locations", items)]
    told = problems(Subject(kind, made, summary, LANGUAGE, HOMES))
    return [(one["code"], one["words"]) for one in told]


def test_what_is_as_it_should_be_can_be_signed():
    assert found(*GOOD, summary=[{"boroughs": [], "body": "Tonight: Canbury Gardens."}]) == []


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("Ring 020 8547 5008", "a telephone number"),
        ("Write to kim@example.org", "an e-mail address"),
        ("Near KT1 1EU", "a postcode"),
        ("About CH-111-1111", "the reference of a child"),
        ("From RP-111-1111", "a receipt"),
        ("See www.example.org", "an online address"),
    ],
)
@pytest.mark.parametrize("made", [line, lambda said: page("P", [table(said, ["A"], [["a"]])])])
def test_k3_what_identifies_somebody_stops(words, field, made):
    assert found(made(words)) == [("K3", f'Part "Locations" may identify someone: {field}.')]


def test_k3_a_daily_briefing_holds_no_reference_of_a_child_in_any_field():
    item = line("Somebody", children=["CH-111-1111"])

    assert found(item) == []
    assert [code for code, _ in found(item, kind=Kind.DAILY)] == ["K3"]


def test_k3_the_conditions_of_an_item_are_looked_at_too():
    said = WITH | {"conditions": "Not to CH-111-1111"}

    assert found(line("1 conditional item", conditional=said))[0][0] == "K3"


def test_k4_a_word_of_the_list_stops():
    assert found(line("The gang at the station")) == [
        ("K4", 'Part "Locations" fails the language check.')
    ]


def test_k10_a_conditional_item_needs_recipients_and_conditions():
    bare = WITH | {"recipients": [], "conditions": " "}

    assert found(line("1 conditional item", conditional=bare)) == [
        ("K10", checks.K10_RECIPIENTS),
        ("K10", checks.K10_CONDITIONS),
    ]


def test_k10_the_summary_holds_no_conditional_item():
    summary = [{"boroughs": [], "body": "1 conditional item, ask the unit."}]

    assert found(summary=summary) == [("K10", checks.K10_SUMMARY)]


@pytest.mark.parametrize(
    "item",
    [
        line("Synthetic flat above the shop: seen", home=True),  # its name, even as a home
        line("Address PL-111-1111: seen"),  # not said to be a home
        line("Linked to PL-111-1111"),
        page("P", [table("T", ["Place"], [["Address PL-111-1111"]])]),
    ],
)
def test_k11_a_home_cannot_be_found(item):
    assert found(item) == [("K11", 'An address could be found from part "Locations".')]


@pytest.mark.parametrize("words", ["Address PL-222-2222", "PL-111-1111", HOMES[0][1]])
def test_k11_a_home_is_never_in_the_summary(words):
    assert found(summary=[{"boroughs": [], "body": f"Tonight: {words}."}]) == [
        ("K11", checks.K11_SUMMARY)
    ]
