"""Which places have a page in a MARVE pack, why, and in which order."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from app.core.clock import LONDON
from app.packs import marve_rules as rules
from app.packs.marve_rules import Item, Standing

TODAY = date(2026, 11, 1)
AT = datetime(2026, 10, 1, tzinfo=LONDON)
DAY = timedelta(days=1)
STILL = Standing(UUID(int=1), "Synthetic park", "IDENTIFIED", "IDENTIFIED", "CL2", "CL2",
                 band="LOW", band_before="LOW")  # fmt: skip


def test_a_place_of_which_nothing_is_new_has_no_page():
    assert rules.reasons(STILL, TODAY) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"state": "ASSESSING"}, "State: Identified to Being assessed"),
        ({"state_before": None}, "New: Identified"),
        ({"level": "CL3"}, "Level: 2 to 3"),
        ({"band": "HIGH"}, "Priority: Low to High"),
        ({"urgent_since": datetime(2026, 10, 28, tzinfo=LONDON)}, "Urgent since 28 October"),
        ({"new_items": 2}, "2 new independent items"),
        ({"review_on": date(2026, 10, 31)}, "Review overdue since 31 October"),
        ({"review_on": date(2026, 11, 15)}, "Review due on 15 November"),
        ({"cluster_changed": True}, "Its cluster changed"),
        ({"by_hand": True}, "On the agenda"),
    ],
)
def test_each_thing_that_brings_a_place_before_the_panel(changed, words):
    assert rules.reasons(replace(STILL, **changed), TODAY) == [words]


@pytest.mark.parametrize(
    "unchanged",
    [
        {"new_items": 1},
        {"review_on": date(2026, 11, 16)},
        {"band": "HIGH", "band_before": None},
        {"level_before": None},
    ],
)
def test_what_is_not_enough_for_a_page(unchanged):
    assert rules.reasons(replace(STILL, **unchanged), TODAY) == []


def test_urgent_ones_come_first_then_level_band_and_name():
    urgent = replace(STILL, name="Z", urgent_since=AT)
    high = replace(STILL, name="B", level="CL4", band="LOW")
    band = replace(STILL, name="Y", band="HIGH")
    names = [replace(STILL, name=name) for name in "ca"]
    unknown = replace(STILL, name="0", band=None)

    found = sorted([unknown, *names, band, high, urgent], key=rules.order)

    assert [one.name for one in found] == ["Z", "B", "Y", "a", "c", "0"]


def test_at_most_twelve_have_a_page_and_the_others_are_listed():
    shuffled = [replace(STILL, key=UUID(int=n), name=f"{n:02}", by_hand=n < 15) for n in range(20)]
    Random(1).shuffle(shuffled)

    pages, rest = rules.chosen(shuffled, TODAY)

    assert [one.name for one in pages] == [f"{n:02}" for n in range(12)]
    assert [one.name for one in rest] == [f"{n:02}" for n in range(12, 20)]


def item(kind, source, day=0, **more):
    return Item(kind, source, AT + day * DAY, AT, ref=f"{kind}{source}{day}", **more)


@pytest.mark.parametrize(
    ("items", "n"),
    [
        ([], 0),
        ([item("INCIDENT", "AFC"), item("INCIDENT", "AFC", 9)], 1),
        ([item("INCIDENT", "AFC"), item("REPORT", "EDU")], 2),
        ([item("REPORT", "PUBLIC"), item("REPORT", "PUBLIC", 6)], 1),
        ([item("REPORT", "PUBLIC"), item("REPORT", "PUBLIC", 7)], 2),
        ([item("REPORT", "PUBLIC", n) for n in (0, 6, 7, 13, 14)], 3),
        ([item("INTELLIGENCE", "MPS_SWBCU", grade="1E")], 0),
        ([item("INTELLIGENCE", "MPS_SWBCU", grade="3C")], 1),
        ([item("REPORT", "AFC"), item("REPORT", "EDU", 1, repeats="REPORTAFC0")], 1),
    ],
)
def test_items_are_independent_when_different_people_say_them(items, n):
    assert rules.independent(items) == n
    assert rules.independent(reversed(items)) == n


def test_the_highest_level_has_shorter_targets():
    assert rules.target_days("ASSESSING", "CL3") == 45
    assert rules.target_days("ASSESSING", "CL4") == 10
    assert rules.target_days("MONITORING", "CL4") is None


def test_items_are_counted_from_the_moment_they_became_known():
    known = [replace(item("INCIDENT", "AFC", n), known_at=AT + n * DAY) for n in range(4)]

    assert rules.kinds(known, AT + 2 * DAY) == {
        "REPORT": (0, 0),
        "INCIDENT": (2, 4),
        "INTELLIGENCE": (0, 0),
    }
