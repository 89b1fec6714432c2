"""Vague times stay vague, in London's calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.incidents import rules
from app.incidents.rules import Precision

START = datetime(2021, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(0, 9 * 365 * 24 * 60).map(lambda n: START + timedelta(minutes=n))


@pytest.mark.parametrize(
    ("precision", "begin", "end"),
    [
        (Precision.EXACT, "2026-10-25T16:20:00+00:00", "2026-10-25T16:20:00+00:00"),
        (Precision.HOUR, "2026-10-25T16:00:00+00:00", "2026-10-25T17:00:00+00:00"),
        (Precision.DAY, "2026-10-25T00:00:00+01:00", "2026-10-26T00:00:00+00:00"),
        (Precision.WEEK, "2026-10-19T00:00:00+01:00", "2026-10-26T00:00:00+00:00"),
        (Precision.MONTH, "2026-10-01T00:00:00+01:00", "2026-11-01T00:00:00+00:00"),
    ],
)
def test_a_precision_stands_for_a_period_even_when_the_clocks_change(precision, begin, end):
    found = rules.interval(datetime(2026, 10, 25, 16, 20, tzinfo=UTC), precision)

    assert [at.isoformat() for at in found] == [begin, end]


@given(INSTANTS, st.sampled_from(Precision))
def test_the_period_holds_the_instant(at, precision):
    begin, end = rules.interval(at, precision)

    assert begin <= at
    assert at < end or precision is Precision.EXACT
    assert end - begin <= timedelta(days=31, hours=1)


def test_the_end_before_the_start_and_the_future_are_refused():
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    later = now + timedelta(minutes=1)

    assert rules.time_problem(later, now, later) == "The end is before the start."
    assert rules.time_problem(later, later, now) == "This is in the future."
    assert rules.time_problem(now, later, now) is None
