"""Days as people in London read them."""

from datetime import UTC, date, datetime

import pytest

from app.core.clock import last_day


@pytest.mark.parametrize(
    ("end", "day"),
    [
        (datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2026, 7, 1, 23, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, tzinfo=UTC), None),
        (datetime(2026, 1, 2, 0, 1, tzinfo=UTC), None),
    ],
)
def test_what_ends_at_midnight_in_london_ends_with_a_day(end, day):
    assert last_day(end) == day
