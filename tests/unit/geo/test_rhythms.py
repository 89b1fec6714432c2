"""Hours of the week, types of day, unusual times and their words."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.rhythms import (
    Rhythm,
    by_day_type,
    from_local,
    hour_of_week,
    in_words,
    local_s,
    offset_s,
    open_hours,
    rhythm,
    unusual_times,
    wheel,
)

LONDON = ZoneInfo("Europe/London")
HOUR, DAY = 3600, 86400
EPOCH = date(1970, 1, 1)


def utc(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


def day(*when):
    return (date(*when) - EPOCH).days


SPRING, AUTUMN = utc(2024, 3, 31), utc(2024, 10, 27)
SUNDAY = 6 * 24


def test_a_known_instant_stands_in_its_local_hour():
    found = rhythm([utc(2024, 7, 5, 15, 30)], [utc(2024, 7, 5, 15, 30)])

    assert found.hours[4 * 24 + 16] == 1  # Friday, half past four in summer time
    assert (found.timed, found.untimed) == (1, 0)


def test_weight_is_spread_evenly_over_the_interval():
    hours = hour_of_week([utc(2024, 1, 1, 22, 30)], [utc(2024, 1, 2, 1, 0)])

    assert hours[[22, 23, 24, 25]].tolist() == pytest.approx([0.2, 0.4, 0.4, 0])


def test_the_lost_hour_of_march_gets_nothing():
    hours = hour_of_week([SPRING], [SPRING + 2 * HOUR])

    assert hours[SUNDAY : SUNDAY + 4].tolist() == [0.5, 0, 0.5, 0]


def test_the_hour_that_comes_twice_in_october_gets_both():
    hours = hour_of_week([AUTUMN - HOUR], [AUTUMN + 3 * HOUR])

    assert hours[SUNDAY : SUNDAY + 4].tolist() == [0.25, 0.5, 0.25, 0]


def test_three_days_are_spread_and_more_are_not():
    begin = [utc(2024, 5, 1)] * 2

    found = rhythm(begin, [begin[0] + 72 * HOUR, begin[0] + 72 * HOUR + 1])

    assert found.hours.max() == pytest.approx(1 / 72)
    assert found.untimed == 1


def test_days_weeks_and_months_are_not_hours():
    words = ["EXACT", "HOUR", "DAY", "WEEK", "MONTH"]

    found = rhythm([0] * 5, [0] * 5, precision=words)

    assert (found.timed, found.untimed) == (2, 3)


def by_hand(begin, end):
    """Second by second, as a person would count it."""
    hours = np.zeros(168)
    for s in range(begin, max(end, begin + 1)):
        here = datetime.fromtimestamp(s, LONDON)
        hours[here.weekday() * 24 + here.hour] += 1
    return hours / max(end - begin, 1)


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
def test_equals_counting_seconds_over_both_changes(change):
    begin, end = change - 5000, change + 3 * HOUR + 777

    assert hour_of_week([begin], [end]) == pytest.approx(by_hand(begin, end), abs=1e-11)


lengths = st.one_of(st.just(0), st.integers(1, 90 * HOUR))
starts = st.one_of(
    st.integers(SPRING - 3 * DAY, SPRING + DAY),
    st.integers(AUTUMN - 3 * DAY, AUTUMN + DAY),
    st.integers(0, utc(2200, 12, 1)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(starts, lengths), max_size=30), st.randoms())
def test_nothing_is_lost_over_the_changes_and_order_does_not_matter(events, random):
    shuffled = random.sample(events, len(events))
    begin, length = np.array(events, dtype=np.int64).reshape(-1, 2).T
    begin2, length2 = np.array(shuffled, dtype=np.int64).reshape(-1, 2).T

    found, again = rhythm(begin, begin + length), rhythm(begin2, begin2 + length2)

    assert abs(found.timed + found.untimed - len(events)) <= 1e-9
    assert found.untimed == (length > 72 * HOUR).sum()
    assert (found.hours == again.hours).all()


def test_many_intervals_are_exact_too():
    rng = np.random.default_rng(2)
    begin = rng.integers(utc(2020, 1, 1), utc(2026, 1, 1), 50_000)

    found = rhythm(begin, begin + rng.integers(0, 80 * HOUR, 50_000))

    assert abs(found.timed + found.untimed - 50_000) <= 1e-9


@settings(max_examples=300, deadline=None)
@given(st.integers(0, utc(2200, 12, 31)))
def test_clocks_are_those_of_the_time_zone_database(t):
    here = datetime.fromtimestamp(t, LONDON)

    assert timedelta(seconds=int(offset_s(t))) == here.utcoffset()
    shown = int(local_s([t])[0])
    assert (shown // HOUR % 24, shown % HOUR) == (here.hour, 60 * here.minute + here.second)
    assert int(from_local(shown)) == (t if here.fold == 0 else t - HOUR)


def test_an_hour_that_clocks_leave_out_is_counted_on():
    assert int(from_local(SPRING + HOUR + 1800)) == SPRING + HOUR + 1800  # 01:30 becomes 02:30
    assert offset_s([]).tolist() == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (lambda: rhythm([5, 9], [6, 8]), "Row 1 ends before it begins."),
        (lambda: rhythm([5], [6, 8]), "a time from and a time to"),
        (lambda: rhythm([np.nan], [6]), "Row 0 has no time."),
        (lambda: rhythm(np.array(["NaT"], "datetime64[s]"), [6]), "Row 0 has no time."),
        (lambda: rhythm([1_700_000_000_000], [1_700_000_000_000]), "seconds since 1970"),
        (lambda: offset_s([-1]), "Row 0 is not a time"),
        (lambda: rhythm([5], [6], precision=["YEAR"]), "EXACT, HOUR"),
        (lambda: rhythm([5], [6], precision=["DAY", "DAY"]), "EXACT, HOUR"),
        (lambda: by_day_type([5], [6], [0, 2], 0, ("A", "B")), "types of day"),
        (lambda: by_day_type([5], [6], [0.5], 0, ("A", "B")), "types of day"),
        (lambda: open_hours([True], 0, 1), "168 hours"),
        (lambda: open_hours([True] * 168, 2, 1), "168 hours"),
        (lambda: in_words([True]), "168 hours"),
        (lambda: unusual_times([1.0], np.ones(168), key="k"), "168 hours"),
        (lambda: unusual_times(-np.ones(168), np.ones(168), key="k"), "168 hours"),
    ],
)
def test_what_is_no_time_is_refused_in_words(bad, says):
    with pytest.raises(GeoInputError, match=says):
        bad()


def test_types_of_day_are_divided_by_how_many_there_were():
    kind = [0, 0, 0, 0, 0, 1, 1, 0, 0]  # Monday 1 to Tuesday 9 January 2024
    noon = [utc(2024, 1, d, 12) for d in (1, 2, 6, 7, 20)]

    found = by_day_type(noon, noon, kind, day(2024, 1, 1), ("SCHOOL_DAY", "WEEKEND", "HOLIDAY"))

    assert found.days.tolist() == [7, 2, 0]
    assert found.per_day[:2, 12].tolist() == pytest.approx([2 / 7, 1])
    assert np.isnan(found.per_day[2]).all()
    assert (found.outside, found.untimed) == (1, 0)


def test_a_night_belongs_to_two_types_of_day_and_nothing_is_lost():
    begin, end = [utc(2024, 1, 5, 23)] * 2, [utc(2024, 1, 6, 1), utc(2024, 1, 6, 1)]

    found = by_day_type(
        begin, end, [0, 1], day(2024, 1, 5), ("SCHOOL_DAY", "WEEKEND"), precision=["HOUR", "DAY"]
    )

    assert (found.hours[0, 23], found.hours[1, 0], found.untimed) == (0.5, 0.5, 1)


def test_without_a_calendar_all_is_outside():
    found = by_day_type([5], [5], np.array([], int), 0, ("WEEKEND",))

    assert (found.outside, found.hours.sum()) == (1, 0)


@pytest.mark.parametrize(
    ("first", "hours"), [((2024, 3, 31), 23), ((2024, 10, 27), 25), ((2024, 5, 1), 24)]
)
def test_open_hours_are_real_hours(first, hours):
    always = np.ones(168, bool)

    assert open_hours(always, day(*first), day(*first) + 1) == hours


def test_open_hours_of_a_week():
    grid = np.zeros((7, 24), bool)
    grid[:5, 16:20] = True

    assert open_hours(grid.ravel(), day(2024, 4, 1), day(2024, 4, 29)) == 4 * 20


def at(*hours):
    chosen = np.zeros(168, bool)
    chosen[list(hours)] = True
    return chosen


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (at(), ()),
        (at(4 * 24 + 15, 4 * 24 + 16, 4 * 24 + 17), ("Fridays 15:00 to 18:00",)),
        (at(*range(95, 98)), ("Thursdays 23:00 to 02:00",)),
        (at(167, 0), ("Sundays 23:00 to 01:00",)),
        (at(23), ("Mondays 23:00 to 24:00",)),
        (at(*range(24, 48)), ("Tuesdays all day",)),
        (at(*range(24, 80)), ("Tuesdays and Wednesdays all day", "Thursdays 00:00 to 08:00")),
        (at(*range(20, 50)), ("Mondays 20:00 to 24:00", "Tuesdays all day",
                              "Wednesdays 00:00 to 02:00")),
        (at(*(24 * d + 8 for d in range(7))), ("Every day 08:00 to 09:00",)),
        (at(*(24 * d + 8 for d in range(5))), ("Mondays to Fridays 08:00 to 09:00",)),
        (at(8, 56, 104), ("Mondays, Wednesdays and Fridays 08:00 to 09:00",)),
        (np.ones(168, bool), ("Every day, all day",)),
    ],
)  # fmt: skip
def test_hours_in_words(chosen, words):
    assert in_words(chosen) == words


@given(st.lists(st.booleans(), min_size=168, max_size=168))
def test_words_are_said_of_every_choice(chosen):
    assert bool(in_words(chosen)) == any(chosen)


def test_a_friday_afternoon_stands_out_among_other_places():
    place, others = np.full(168, 0.15), np.full(168, 6.0)
    place[4 * 24 + 15 : 4 * 24 + 18] = 4

    found = unusual_times(place, others, key="k")

    assert found.words == ("Fridays 15:00 to 18:00",)
    assert found.unusual.sum() == 1
    assert found.p[37] == 0.001
    assert (found.q >= found.tail).all()
    assert found.expected.sum() == pytest.approx(found.n)


def test_hours_that_are_busy_everywhere_are_not_unusual():
    rng = np.random.default_rng(4)
    profile = rng.random(168) ** 3
    others = rng.poisson(2000 * profile / profile.sum()).astype(float)
    place = rng.multinomial(60, profile / profile.sum()).astype(float)

    assert unusual_times(place, others, key="k").words == ()


def test_chance_alone_is_rarely_unusual():
    rng = np.random.default_rng(8)
    others = np.full(168, 20.0)
    places = rng.multinomial(40, np.full(168, 1 / 168), 200).astype(float)

    alarms = sum(bool(unusual_times(p, others, key="k", replicates=99).words) for p in places)

    assert alarms / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_drawn_p_lies_in_the_band_of_the_exact_tail():
    rng = np.random.default_rng(3)
    place, others = rng.poisson(0.5, 168).astype(float), rng.poisson(9, 168).astype(float)

    found = unusual_times(place, others, key="k")

    assert np.abs(found.p - found.tail).max() <= 3.9 * np.sqrt(0.25 / 999) + 0.001


@pytest.mark.parametrize(
    ("here", "there", "reason"),
    [
        (19.4, 1000, "Fewer than 20 incidents with a time."),
        (20, 99, "Fewer than 100 timed incidents elsewhere to compare with."),
    ],
)
def test_too_few_incidents_have_no_words(here, there, reason):
    place = np.zeros(168)
    place[3] = here

    found = unusual_times(place, np.full(168, there / 168), key="k")

    assert (found.status, found.reason, found.words) == ("not enough data", reason, ())


def test_twenty_thirds_that_do_not_quite_sum_to_twenty_are_enough():
    place = np.zeros(168)
    place[:3] = 20 / 3 - 1e-13

    assert unusual_times(place, np.ones(168), key="k").status == "ok"


def test_a_wheel_has_counts_and_peaks():
    hours = np.zeros(168)
    hours[SUNDAY : SUNDAY + 3] = 8

    even = wheel(Rhythm(hours, untimed=4), key="k")
    among = wheel(Rhythm(hours, untimed=4), hours * 100, key="k")

    assert even.counts[6, :3].tolist() == [8, 8, 8]
    assert (even.timed, even.untimed, even.compared) == (24, 4, "an even week")
    assert even.peaks == ("Sundays 00:00 to 03:00",)
    assert even.peak_hours.sum() == 3
    assert (among.compared, among.peaks) == ("other places", ())


def test_a_wheel_of_few_incidents_has_no_words():
    hours = np.zeros(168)
    hours[0] = 19

    found = wheel(Rhythm(hours, untimed=0), key="k")

    assert (found.status, found.peaks) == ("not enough data", ())
    assert found.reason == "Fewer than 20 incidents with a time."
