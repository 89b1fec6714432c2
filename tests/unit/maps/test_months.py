"""The months of the map's slider: those of the period, and the one that is shown."""

from datetime import date

import pytest

from app.maps.months import months, moved, one_month
from app.maps.rules import parse

TODAY = date(2026, 11, 26)


def of(query=""):
    given = dict(part.split("=") for part in query.split("&") if part)
    filters, wrong = parse(given, TODAY)
    assert wrong == {}
    return months(filters, TODAY)


def test_an_open_period_has_the_two_years_that_end_today():
    found = of("period=all")

    assert [found.stops[i].label for i in (0, 1, -1)] == [
        "All dates", "December 2024", "November 2026",
    ]  # fmt: skip
    assert (len(found.stops), found.at) == (25, 0)
    assert "from=2026-11-01" in found.stops[-1].query
    assert "to=2026-11-30" in found.stops[-1].query


def test_a_period_has_the_months_it_touches_and_keeps_its_other_filters():
    found = of("period=90d&type=PARK")

    assert [stop.label for stop in found.stops] == [
        "Last 90 days", "August 2026", "September 2026", "October 2026", "November 2026",
    ]  # fmt: skip
    assert all("type=PARK" in stop.query for stop in found.stops)
    assert "from=" not in found.stops[0].query


def test_own_dates_of_decades_have_their_last_sixty_months():
    found = of("from=2001-03-04&to=2026-03-31")

    assert found.stops[0].label == "From 4 March 2001 to 31 March 2026"
    assert len(found.stops) == 61
    assert found.stops[-1].label == "March 2026"


@pytest.mark.parametrize(
    ("first", "last", "label", "before", "after"),
    [
        ("2026-03-01", "2026-03-31", "March 2026", "February 2026", "April 2026"),
        ("2026-11-01", "2026-11-30", "November 2026", "October 2026", None),
        ("2024-02-01", "2024-02-29", "February 2024", "January 2024", None),
        ("2024-12-01", "2024-12-31", "December 2024", None, "January 2025"),
    ],
)
def test_a_month_that_is_shown_knows_its_neighbours(first, last, label, before, after):
    found = of(f"from={first}&to={last}")

    assert found.shown.label == label
    assert [stop and stop.label for stop in (found.before, found.after)] == [before, after]
    assert "from" not in found.stops[0].query


def test_from_the_whole_period_the_month_before_is_its_last():
    found = of("period=quarter")

    assert (found.before.label, found.after) == ("September 2026", None)


def test_dates_to_come_and_open_ends_have_months_too():
    assert of("from=2027-01-05").stops[-1].label == "November 2026"
    assert of("from=2026-10-05").stops[1].label == "October 2026"
    assert of("to=2020-05-31").stops[-1].label == "May 2020"


def test_only_a_whole_calendar_month_is_a_month():
    for query, first in (
        ("from=2026-02-01&to=2026-02-28", date(2026, 2, 1)),
        ("from=2026-02-01&to=2026-02-27", None),
        ("from=2026-02-02&to=2026-03-01", None),
        ("from=2026-02-01", None),
        ("period=quarter", None),
    ):
        given = dict(part.split("=") for part in query.split("&"))
        assert one_month(parse(given, TODAY)[0]) == first
    assert moved(date(2026, 12, 1), 1) == date(2027, 1, 1)
