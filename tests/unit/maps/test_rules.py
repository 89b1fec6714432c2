"""What a filter that cannot be used is told, above a form that has twenty of them."""

from datetime import date

import pytest

from app.core.dates import NOT_A_DAY
from app.core.types import UNSHOWN
from app.maps.lists import LABELS
from app.maps.rules import DEFAULTS, parse

TODAY = date(2026, 11, 26)
CODED_TEXTS = {"from", "to", "q", "run"}


def wrong(**given):
    return parse({"from" if key == "first" else key: v for key, v in given.items()}, TODAY)[1]


@pytest.mark.parametrize("key", [key for key in DEFAULTS if key not in CODED_TEXTS])
def test_a_refused_choice_names_its_list(key):
    told = wrong(**{key: "no such value!"})

    assert told == {key: f"{LABELS[key]}: choose one of the values in the list."}


@pytest.mark.parametrize("period", ["own", "90d", "all", "quarter"])
def test_a_day_that_there_is_not_is_told_whatever_the_period(period):
    assert wrong(period=period, first="31/2/2026") == {"from": NOT_A_DAY}
    assert wrong(period=period, to="40/1/2026") == {"to": NOT_A_DAY}


def test_days_that_do_not_count_are_not_compared():
    assert wrong(period="90d", first="2026-03-02", to="2026-03-01") == {}
    assert wrong(first="2026-03-02", to="2026-03-01") == {"to": "The last day is before the first."}


@pytest.mark.parametrize("days", [("2026-03-02", "2026-03-01"), ("31/2/2026", "2026-03-01")])
def test_refused_days_show_the_usual_period_and_stay_days_of_ones_own(days):
    asked = dict(zip(("from", "to"), days, strict=True))
    usual, _ = parse({}, TODAY)
    shown, told = parse(asked, TODAY)

    assert len(told) == 1
    assert (shown.from_on, shown.to_on) == (usual.from_on, usual.to_on)
    assert shown.period == "own"


def test_words_are_refused_for_what_is_wrong_with_them():
    assert wrong(q="a\0b") == {"q": UNSHOWN}
    assert wrong(q="a" * 81) == {"q": "Write at most 80 characters."}
