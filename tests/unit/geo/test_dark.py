"""The sun, and what happened after dark."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.rhythms import (
    after_dark,
    dark_fraction,
    dark_share,
    darker_than_hours,
    elevation_deg,
)

LON, LAT = -0.30, 51.41
HOUR, DAY = 3600, 86400


def utc(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def day(*when):
    return (date(*when) - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("when", "degrees"),
    [
        ((2026, 6, 21, 21, 30), -7.956),
        ((2026, 12, 21, 16, 30), -5.360),
        ((2026, 12, 21, 12), 15.151),
    ],
)
def test_the_sun_stands_where_it_should(when, degrees):
    assert elevation_deg(utc(*when), LON, LAT) == pytest.approx(degrees, abs=0.02)


@pytest.mark.parametrize(
    ("on", "ends", "begins"),
    [
        ((2026, 6, 21), (2, 56, 40), (21, 9, 10)),
        ((2026, 12, 21), (7, 23, 40), (16, 34, 40)),
    ],
)
def test_dark_ends_and_begins(on, ends, begins):
    seconds = utc(*on) + np.arange(DAY)

    dark = elevation_deg(seconds, LON, LAT) < -6

    first, second = (seconds[1:][dark[1:] != dark[:-1]]).tolist()
    assert first == pytest.approx(utc(*on, *ends), abs=30)
    assert second == pytest.approx(utc(*on, *begins), abs=30)


@pytest.mark.parametrize(
    ("when", "lon", "lat", "degrees"),
    [
        ((2025, 3, 20, 12, 7), 0, 0, 89.9),  # an equinox on the equator
        ((2025, 6, 21, 12, 0), 0, 90, 23.44),  # the pole at midsummer
        ((2025, 6, 21, 0, 0), 0, 90, 23.44),
        ((2025, 12, 21, 12, 0), 0, 90, -23.44),
        ((2025, 6, 21, 2, 2), 151.2, -33.87, 32.69),  # Sydney at noon in winter
    ],
)
def test_the_sun_elsewhere(when, lon, lat, degrees):
    assert elevation_deg(utc(*when), lon, lat) == pytest.approx(degrees, abs=0.15)


@settings(max_examples=200, deadline=None)
@given(st.integers(day(2024, 1, 1), day(2027, 1, 1)), st.floats(-3, 2), st.floats(50, 55))
def test_morning_mirrors_afternoon_about_the_highest_point(on, lon, lat):
    seconds = on * DAY + np.arange(10 * HOUR, 14 * HOUR)
    top = seconds[elevation_deg(seconds, lon, lat).argmax()]
    apart = np.arange(0, 3 * HOUR + 1, 600)

    gap = elevation_deg(top - apart, lon, lat) - elevation_deg(top + apart, lon, lat)

    assert np.abs(gap).max() <= 0.05


def test_many_instants_in_parts_equal_one_by_one():
    times = utc(2026, 1, 1) + np.arange(120_000) * 263
    lon, lat = np.linspace(-3, 2, 120_000), np.linspace(50, 55, 120_000)

    found = elevation_deg(times, lon, lat)

    for i in (0, 49_999, 50_000, 119_999):
        assert found[i] == elevation_deg(times[i], lon[i], lat[i])
    assert elevation_deg(times[:2], LON, LAT).shape == (2,)
    assert elevation_deg(times[0], lon[:3], lat[:3]).shape == (3,)
    assert elevation_deg(times[:4].reshape(2, 2), LON, LAT).shape == (2, 2)


DUSK = utc(2026, 12, 21, 16, 34, 40)


def test_share_of_an_interval_that_was_dark():
    found = dark_fraction(
        [DUSK - 2 * HOUR, DUSK - HOUR, DUSK + 60, DUSK - 60, DUSK - 60, DUSK - HOUR],
        [DUSK - HOUR, DUSK + HOUR, DUSK + 60, DUSK - 60, DUSK + 3 * 60, DUSK + 2 * HOUR],
        LON,
        LAT,
    )

    assert found.tolist() == pytest.approx([0, 0.5, 1, 0, 1, 2 / 3])


def test_slices_are_midpoints_of_five_minutes_or_less():
    begin, end = DUSK - 17 * 60, DUSK + 4 * 60  # 21 minutes: 5 slices of 252 s
    middles = begin + np.array([126, 378, 630, 882, 1134])

    found = dark_fraction([begin], [end], LON, LAT)

    assert found[0] == (elevation_deg(middles, LON, LAT) < -6).mean()


def test_long_intervals_are_cut_up_in_batches():
    begin = np.full(900, utc(2026, 3, 20))

    found = dark_fraction(begin, begin + DAY, LON, LAT)

    assert np.ptp(found) == 0
    assert found[0] == pytest.approx(0.45, abs=0.02)


def test_time_not_known_is_never_guessed():
    begin = np.array([DUSK + HOUR] * 5)
    end = begin + np.array([0, 0, DAY, DAY + 1, 0])

    found = after_dark(
        begin,
        end,
        np.array([LON, LON, LON, LON, np.nan]),
        LAT,
        precision=["EXACT", "DAY", "HOUR", "HOUR", "EXACT"],
    )

    assert found.tolist() == [1, -1, 1, -1, -1]
    assert after_dark([DUSK - HOUR], [DUSK - HOUR], LON, LAT).tolist() == [0]
    assert after_dark([], [], LON, LAT).tolist() == []


def test_a_share_carries_its_number_and_interval():
    found = dark_share([1] * 5 + [0] * 5 + [-1] * 3)

    assert (found.k, found.n, found.unknown, found.share) == (5, 10, 3, 0.5)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2366, 0.7634)
    assert dark_share([-1]).share is None


YEAR = (day(2026, 1, 1), day(2027, 1, 1))


def evenings(first, n, hour=17):
    return utc(*first, hour) + DAY * np.arange(n)


def test_winter_evenings_are_darker_than_their_hours_explain():
    when = evenings((2026, 12, 1), 20)

    found = darker_than_hours(when, when, LON, LAT, YEAR, key="k")

    assert (found.k, found.n, found.p) == (20, 20, 0.001)
    assert found.words == "Darker than its hours explain."
    assert found.expected == pytest.approx(20 * 0.21, abs=1)


def test_late_evenings_all_year_are_as_dark_as_late_evenings_are():
    when = utc(2026, 1, 1, 23) + DAY * np.arange(0, 360, 6)

    found = darker_than_hours(when, when, LON, LAT, YEAR, key="k")

    assert found.k == found.n == round(found.expected)
    assert (found.p, found.words) == (1, "")


def test_false_alarms_are_as_rare_as_they_should_be():
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(100):
        when = utc(2026, 1, 1) + DAY * rng.integers(0, 365, 30) + rng.integers(15, 21, 30) * HOUR
        found = darker_than_hours(when, when, LON, LAT, YEAR, key="k", replicates=99)
        alarms += bool(found.words)

    assert alarms / 100 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_rows_in_any_order_give_the_same_p():
    when = np.concatenate([evenings((2026, 11, 1), 9), evenings((2026, 4, 1), 9, 19)])
    length = np.arange(18) * 300
    shuffled = np.random.default_rng(1).permutation(18)

    one = darker_than_hours(when, when + length, LON, LAT, YEAR, key="k")
    other = darker_than_hours(when[shuffled], (when + length)[shuffled], LON, LAT, YEAR, key="k")

    assert one == other


def test_without_a_known_time_there_is_no_answer():
    found = darker_than_hours([0], [0], LON, LAT, YEAR, key="k", precision=["DAY"])

    assert (found.status, found.words) == ("not enough data", "")
    assert found.reason == "No incident has a known time and place."


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (lambda: elevation_deg([0], 517_880, 169_290), "look like metres"),
        (lambda: elevation_deg([0, 0], [0, np.nan], 0), "Row 1 has no coordinates"),
        (lambda: dark_fraction([0], [0], [0, 0], 0), "a longitude and a latitude"),
        (lambda: darker_than_hours([0], [0], LON, LAT, (5, 5), key="k"), "at least one day"),
        (lambda: darker_than_hours([0], [0], LON, LAT, YEAR, key="k", replicates=0), "one day"),
    ],
)
def test_what_has_no_sun_is_refused(bad, says):
    with pytest.raises(GeoInputError, match=says):
        bad()
