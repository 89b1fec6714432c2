"""Zones, windows, units of time: limits that are just reached, ties, distances of one's own."""

import numpy as np
import pytest

from geo import scan
from geo.errors import GeoInputError
from geo.scan import circles, periods, unit_starts, windows, zones

CROSS = np.array([[0, 0], [3, 0], [-3, 0], [0, 3], [0, -3], [10, 0]], float)


def of(found, centre):
    a, b = found.start[centre], found.start[centre + 1]
    return found.member[a:b].tolist(), found.closes[a:b].tolist(), found.distance[a:b].tolist()


def test_equal_distances_join_together():
    member, closes, distance = of(zones(CROSS, max_fraction=None), 0)

    assert member == [0, 1, 2, 3, 4, 5]
    assert closes == [True, False, False, False, True, True]
    assert distance == [0, 3, 3, 3, 3, 10]


def test_or_one_at_a_time_by_x_and_y():
    member, closes, _ = of(zones(CROSS, max_fraction=None, tie="satscan"), 0)

    assert member == [0, 2, 4, 3, 1, 5]
    assert all(closes)


def test_distances_that_differ_by_rounding_alone_are_equal():
    xy = CROSS + 500_000.1

    assert of(zones(xy, max_fraction=None), 0)[1] == [True, False, False, False, True, True]


@pytest.mark.parametrize(("radius", "held"), [(2.999, 1), (3.0, 5), (9.99, 5), (10.0, 6), (0, 1)])
@pytest.mark.parametrize("given", [False, True])
def test_a_radius_is_closed(radius, held, given):
    apart = np.hypot(*(CROSS[:, None] - CROSS).T) if given else None

    found = zones(None if given else CROSS, distances=apart, max_fraction=None, max_radius=radius)

    assert len(of(found, 0)[0]) == held


@pytest.mark.parametrize(("k", "group", "one_by_one"), [(1, 1, 1), (3, 1, 3), (5, 5, 5), (9, 6, 6)])
def test_most_locations(k, group, one_by_one):
    assert len(of(zones(CROSS, max_fraction=None, max_k=k), 0)[0]) == group
    single = zones(CROSS, max_fraction=None, max_k=k, tie="satscan")
    assert len(of(single, 0)[0]) == one_by_one


def test_a_share_is_closed():
    size = np.array([1, 1, 1, 1, 1, 5])

    assert len(of(zones(CROSS, size=size, max_fraction=0.5), 0)[0]) == 5
    assert len(of(zones(CROSS, size=size, max_fraction=0.499), 0)[0]) == 1
    assert of(zones(CROSS, size=size, max_fraction=0.5), 5)[0] == [5]
    assert of(zones(CROSS, size=size, max_fraction=0.4), 5)[0] == []


def test_places_out_of_reach_are_in_no_zone():
    apart = np.array([[0, 1, np.inf], [1, 0, np.inf], [np.inf, np.inf, 0]])

    found = zones(None, distances=apart, max_fraction=None)

    assert [of(found, i)[0] for i in range(3)] == [[0, 1], [1, 0], [2]]


def test_centres_of_ones_own():
    found = scan.poisson(
        CROSS, [5, 5, 5, 1, 1, 1], [1] * 6, centres=[[0, 1.0], [1, 0]], replicates=0
    )

    assert found.clusters[0].centre == 1
    assert found.clusters[0].locations == (0, 1)


def test_distances_from_other_centres():
    apart = [[9, 9, 9, 9, 9, 1.0], [0.5, 9, 9, 9, 9, 0.1]]

    found = scan.poisson(None, [5, 1, 1, 1, 1, 6], [1] * 6, distances=apart, replicates=0)

    assert found.clusters[0].centre == 1
    assert found.clusters[0].locations == (5, 0)


def test_many_centres_go_in_parts(monkeypatch):
    xy = np.random.default_rng(2).uniform(0, 9, (30, 2))
    whole = zones(xy, max_fraction=None, max_radius=4)

    monkeypatch.setattr(circles, "CHUNK", 7)

    parts = zones(xy, max_fraction=None, max_radius=4)
    assert all(np.array_equal(getattr(whole, k), getattr(parts, k)) for k in whole.__slots__)


def test_nothing_has_no_zone():
    assert zones(np.empty((0, 2))).start.tolist() == [0]
    assert zones(np.empty((0, 2)), max_k=3, max_radius=2.0).start.tolist() == [0]
    assert zones(np.empty((0, 2)), centres=[[0, 0]]).start.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"xy": None}, "needs coordinates, or distances"),
        ({"xy": [1.0, 2.0]}, "Coordinates are a table"),
        ({"xy": [[0, 0], [np.nan, 1]]}, "Row 1 has no coordinates"),
        ({"xy": [[0, 0], [np.inf, 1]]}, "Row 1 has no coordinates"),
        ({"xy": [[0, 0]], "distances": [[0, 1]]}, "Distances are a table"),
        ({"xy": None, "distances": [0, 1]}, "Distances are a table"),
        ({"xy": None, "distances": [[0, np.nan]]}, "A distance is missing"),
        ({"xy": None, "distances": [[0, -1.0]]}, "A distance is missing or below 0"),
    ],
)
def test_what_is_no_place_is_refused(arguments, words):
    with pytest.raises(GeoInputError, match=words):
        zones(**arguments)


def test_windows_of_a_retrospective_scan():
    found = windows(4, "retrospective")

    assert list(zip(found.start, found.stop, strict=True)) == [
        (0, 1), (1, 2), (2, 3), (3, 4), (0, 2), (1, 3), (2, 4),
    ]  # fmt: skip


def test_sums_over_windows():
    table = np.array([[1, 2, 3, 4, 5, 6], [0, 1, 0, 1, 0, 1]])
    found = windows(6, "prospective", max_window=2)

    assert found.segments(table).tolist() == [[10, 5, 6], [2, 0, 1]]
    assert found.sums(found.segments(table)).tolist() == [[6, 11], [1, 1]]


def test_the_shortest_window_can_be_longer():
    found = windows(10, "prospective", min_window=3)

    assert (found.stop - found.start).tolist() == [3, 4, 5]


def test_half_of_the_period_is_the_longest():
    assert len(windows(1, "prospective").start) == 0
    assert len(windows(5, "retrospective", max_window=2).start) == 9
    with pytest.raises(GeoInputError, match="at most half of the period: 2 of 5"):
        windows(5, "prospective", max_window=3)


def test_unless_more_is_asked_for():
    assert len(windows(5, "prospective", max_window_fraction=1).start) == 5
    assert len(windows(10, "prospective", max_window_fraction=0.9).start) == 9
    with pytest.raises(GeoInputError, match="at most 80% of the period: 4 of 5"):
        windows(5, "prospective", max_window=5, max_window_fraction=0.8)


def test_the_share_can_be_of_something_else_than_the_population():
    cases, adjusted, people = [9, 7, 1, 1, 1, 1], [2] * 6, [10, 90, 10, 10, 10, 10]

    by_people = scan.poisson(CROSS, cases, adjusted, size=people, max_k=2, tie="satscan")
    by_itself = scan.poisson(CROSS, cases, adjusted, max_k=2, tie="satscan")

    assert by_itself.clusters[0].locations == (1, 0)
    assert by_people.clusters[0].locations == (0,)


@pytest.mark.parametrize(
    ("first", "last", "length", "unit", "starts"),
    [
        ("2024-01-01", "2024-01-03", 1, "day", ["2024-01-01", "2024-01-02", "2024-01-03"]),
        ("2024-01-01", "2024-01-10", 7, "day", ["2024-01-01", "2024-01-04"]),
        ("2024-01-01", "2024-01-01", 7, "day", ["2024-01-01"]),
        ("2024-01-15", "2024-03-02", 1, "month", ["2024-01-15", "2024-02-01", "2024-03-01"]),
        ("2024-01-15", "2024-06-30", 3, "month", ["2024-01-15", "2024-04-01"]),
        ("2023-12-31", "2024-06-30", 1, "year", ["2023-12-31", "2024-01-01"]),
    ],
)
def test_units_of_time_end_with_the_last_day(first, last, length, unit, starts):
    def day(word):
        return int(np.datetime64(word, "D").astype(int))

    found = unit_starts(day(first), day(last), length, unit)

    assert found.astype("datetime64[D]").astype(str).tolist() == starts


@pytest.mark.parametrize(("first", "last", "length"), [(3, 2, 1), (0, 9, 0)])
def test_a_period_that_is_none_is_refused(first, last, length):
    with pytest.raises(GeoInputError, match="A period has"):
        unit_starts(first, last, length)


def test_cases_are_counted_by_place_and_unit():
    table = scan.cases_by_unit([1, 1, 0], [5, 6, 7], [5, 7], places=3, weight=[1, 2, 4])

    assert table.tolist() == [[0, 4], [3, 0], [0, 0]]
    assert scan.cases_by_unit([], [], [0, 1], places=1).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("place", "day", "words"),
    [([3], [5], "not there"), ([-1], [5], "not there"), ([0], [4], "before")],
)
def test_a_case_outside_is_refused(place, day, words):
    with pytest.raises(GeoInputError, match=words):
        scan.cases_by_unit(place, day, [5, 7], places=3)


def test_a_long_period_is_looked_at_in_parts(monkeypatch):
    rng = np.random.default_rng(3)
    cases, xy = rng.poisson(0.4, (15, 20)), rng.uniform(0, 9, (15, 2))
    whole = scan.poisson(xy, cases, [1] * 15, window="retrospective", replicates=40)

    monkeypatch.setattr("geo.scan.engine.PART", 300)
    monkeypatch.setattr("geo.scan.engine.HELD", 20)

    parts = scan.poisson(xy, cases, [1] * 15, window="retrospective", replicates=40)
    assert parts.clusters == whole.clusters
    assert np.array_equal(parts.maxima, whole.maxima)
    assert len(periods.windows(20, "retrospective").start) > 100


@pytest.mark.parametrize("size", [1e-7, 0.01, 1.0, 1e5])
@pytest.mark.parametrize("max_k", [None, 7])
def test_zones_are_the_same_in_a_plane_of_any_size(size: float, max_k: int | None) -> None:
    xy = np.random.default_rng(4).random((40, 2))
    told = zones(xy * 1000, max_radius=300, max_k=max_k)
    found = zones(xy * size, max_radius=0.3 * size, max_k=max_k)
    assert found.member.tolist() == told.member.tolist()
    assert found.closes.tolist() == told.closes.tolist()
