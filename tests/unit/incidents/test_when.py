"""Days and times as people type them, and as they are told again."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.dates import NOT_A_DAY
from app.incidents import when
from app.incidents.rules import LONDON, Precision, interval


def boxes(text, name="occurred_from"):
    parts = [part.strip() for part in text.split("|")]
    return {f"{name}_{box}": part for box, part in zip(when.BOXES, parts, strict=False)}


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("27|3|2026", "2026-03-27T00:00:00"),
        ("27|March|2026|16:20", "2026-03-27T16:20:00"),
        ("1|sept|2026|4:20pm", "2026-09-01T16:20:00"),
        ("29|02|2024|12am", "2024-02-29T00:00:00"),
        ("1|1|2026|12.30PM", "2026-01-01T12:30:00"),
        ("1|1|2026|0915", "2026-01-01T09:15:00"),
    ],
)
def test_a_day_and_a_time_are_read_as_people_type_them(typed, wanted):
    fields, errors = when.typed(boxes(typed), ["occurred_from"])

    assert errors == {}
    assert fields == {"occurred_from": wanted}


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("31|2|2026", NOT_A_DAY),
        ("|3|2026", NOT_A_DAY),
        ("1|13|2026", NOT_A_DAY),
        ("1|3|26", NOT_A_DAY),
        ("1|Mayday!|", NOT_A_DAY),
        ("1|3|2026|25:00", when.NOT_A_TIME),
        ("1|3|2026|13pm", when.NOT_A_TIME),
        ("1|3|2026|noon", when.NOT_A_TIME),
        ("\u0661|3|2026", NOT_A_DAY),
    ],
)
def test_what_is_no_day_or_time_is_said_in_words(typed, words):
    _, errors = when.typed(boxes(typed), ["occurred_from"])

    assert errors == {"occurred_from": words}


def test_a_month_needs_no_day_and_an_end_is_the_end_of_its_day():
    sent = boxes("|3|2026") | boxes("5|3|2026", "occurred_to") | {"time_precision": "MONTH"}

    fields, errors = when.typed(sent, ["occurred_from", "occurred_to"], ends=["occurred_to"])

    assert errors == {}
    assert fields["occurred_from"] == "2026-03-01T00:00:00"
    assert fields["occurred_to"] == "2026-03-06T00:00:00"


def test_what_is_known_to_the_minute_has_a_time():
    exact = {"time_precision": "EXACT"}

    assert when.needs_time(boxes("1|3|2026") | exact) == {"occurred_from": when.NO_TIME}
    assert when.needs_time(boxes("1|3|2026|9:00") | exact) == {}
    assert when.needs_time(boxes("1|3|2026")) == {}


STARTS = st.integers(0, 3000 * 24 * 60).map(
    lambda minutes: datetime(2020, 1, 1, tzinfo=LONDON) + timedelta(minutes=minutes)
)


@given(STARTS, st.sampled_from(Precision))
def test_a_form_shows_what_it_would_read_again(start, precision):
    begin, end = interval(start, precision)

    shown = when.period_boxed(begin, end, precision)
    fields, errors = when.typed(shown, ["occurred_from", "occurred_to"], ends=["occurred_to"])

    assert errors == {}
    again = datetime.fromisoformat(fields["occurred_from"]).replace(tzinfo=LONDON)
    assert again.replace(fold=begin.fold).date() == begin.astimezone(LONDON).date()
    assert "occurred_to" not in fields


@pytest.mark.parametrize(
    ("begin", "end", "precision", "words"),
    [
        ("2026-03-27T16:20", "2026-03-27T16:20", "EXACT", "27 March 2026, 4:20pm"),
        ("2026-03-27T23:00", "2026-03-28T00:00", "HOUR", "11:00pm to midnight, 27 March 2026"),
        ("2026-03-27T00:00", "2026-03-28T00:00", "DAY", "27 March 2026"),
        ("2026-03-23T00:00", "2026-03-30T00:00", "WEEK", "the week of 23 March 2026"),
        ("2026-03-01T00:00", "2026-04-01T00:00", "MONTH", "March 2026"),
        (
            "2026-03-03T00:00",
            "2026-03-06T00:00",
            "DAY",
            "between 3 March 2026 and 5 March 2026",
        ),
    ],
)
def test_a_period_is_told_as_vaguely_as_it_is_known(begin, end, precision, words):
    first, last = (datetime.fromisoformat(at).replace(tzinfo=LONDON) for at in (begin, end))

    assert when.in_words(first, last, precision) == words
    assert when.in_words(first, last, precision, about=True) == f"About {words}"
