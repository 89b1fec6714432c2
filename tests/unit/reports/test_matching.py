"""Planted duplicates are found, near misses are not, and each suggestion says why."""

from dataclasses import replace

import pytest

from app.reports import matching
from app.reports.matching import Seen, identity, likeness, near_place, same_route, similar

WORDS = "older people hand small bags to children after school by the bins"
NEW = Seen("PLACE", ["DRUGS", "UNSAFE"], None, WORDS)
SAME_SPOT = replace(NEW, metres=12.0, days=3)
BUS = Seen("ROUTE", ["ROBBERY"], "route BUS k2", "phones are taken at the back upstairs")


@pytest.mark.parametrize(
    ("new", "known", "least"),
    [
        (NEW, replace(SAME_SPOT, metres=0.0, days=0), 90),
        (NEW, SAME_SPOT, 85),
        (NEW, replace(SAME_SPOT, metres=150.0, words="something else entirely"), 45),
        (BUS, replace(BUS, days=89, words=""), 55),
        (
            Seen("ONLINE", ["CONTENT"], "online example.com/a", ""),
            Seen("ONLINE", ["CONTENT", "SEXUAL"], "online example.com/a", ""),
            60,
        ),
        (
            Seen("DESCRIBED", ["UNSAFE"], None, "the dark alley behind the shops near the bridge"),
            Seen("DESCRIBED", ["UNSAFE"], None, "dark alley behind the shops near the bridge"),
            40,
        ),
    ],
)
def test_a_planted_duplicate_is_suggested(new, known, least):
    found = similar(new, known)

    assert found is not None
    assert least <= found.score <= 100
    assert any(word in found.reasons[0] for word in ("metres", "Same", "Both"))
    assert found.reasons[1].startswith("Same worry: ")


@pytest.mark.parametrize(
    "near_miss",
    [
        replace(SAME_SPOT, metres=151.0),
        replace(SAME_SPOT, metres=None),
        replace(SAME_SPOT, worries=["ROBBERY"]),
        replace(SAME_SPOT, where_kind="DESCRIBED"),
        replace(SAME_SPOT, days=91),
    ],
    ids=["too far", "no pin", "other worry", "other kind", "too long ago"],
)
def test_a_near_miss_is_not(near_miss):
    assert similar(NEW, near_miss) is None


def test_described_places_need_words_that_are_alike():
    one = Seen("DESCRIBED", ["UNSAFE"], None, "the alley behind the shops")
    other = replace(one, words="a park with a broken gate near the river")

    assert similar(one, other) is None


def test_two_without_an_identity_are_not_the_same():
    route = replace(BUS, identity=None)

    assert similar(route, route) is None


@pytest.mark.parametrize(
    "typed",
    [
        "https://www.example.com/@Someone",
        "example.com/someone/",
        "hxxps://m.example[.]com/Someone?utm_source=x&igsh=1",
    ],
)
def test_one_address_has_one_spelling(typed):
    assert identity("ONLINE", "OTHER", None, {"online_raw": typed}) == "online example.com/someone"


def test_two_videos_of_one_site_are_two():
    one, other = (
        identity("ONLINE", None, None, {"online_raw": f"https://example.com/watch?v={v}"})
        for v in "ab"
    )

    assert one != other


def test_an_account_without_an_address_is_told_by_its_platform():
    said = [identity("ONLINE", p, None, {"online_raw": "@Some Name"}) for p in ("A", "A", "B")]

    assert said[0] == said[1] == "account A some name"
    assert said[2] != said[0]


def test_a_route_is_its_way_and_number():
    assert identity("ROUTE", None, "BUS", {"line": "K 2"}) == "route BUS k2"
    assert identity("ROUTE", None, "WALK", {"from_text": "the school"}) is None
    assert same_route("BUS", "k2", "ROUTE_BUS", "Bus K2 to Surbiton")
    assert not same_route("BUS", "2", "ROUTE_BUS", "Bus K2 to Surbiton")
    assert not same_route("RAIL", "k2", "ROUTE_BUS", "Bus K2 to Surbiton")


def test_likeness_is_of_three_words_in_a_row():
    assert likeness(WORDS, WORDS.upper() + "!") == 1.0
    assert likeness(WORDS, "") == likeness("", "") == 0.0
    assert 0 < likeness(WORDS, WORDS + " and by the lift as well") < 1
    assert likeness("knife", "knife") == 1.0


def test_a_place_counts_for_more_the_nearer_it_is():
    scores = [near_place(metres).score for metres in (0, 50, 100, 150)]

    assert scores == sorted(scores, reverse=True)
    assert near_place(0.2).reasons == ("The pin is inside its shape",)
    assert near_place(43.4).reasons == ("43 metres from the pin",)


def test_a_mark_tells_nothing_and_is_of_one_key():
    mark = matching.marked(b"key", "route BUS k2")

    assert len(mark) == 32
    assert mark != matching.marked(b"other", "route BUS k2")
