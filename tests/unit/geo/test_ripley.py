"""K and its kin: literal numbers, definitions pair by pair, chance, and what is refused."""

from itertools import permutations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from geo.errors import GeoInputError
from geo.ripley import Window, cross_k, k_function, pair_correlation
from geo.ripley.envelopes import compared

SQUARE = shapely.box(0, 0, 100, 100)
BAY = shapely.Polygon([(0, 0), (100, 0), (100, 40), (40, 40), (40, 100), (0, 100)])
ISLES = shapely.MultiPolygon([shapely.box(0, 0, 40, 100), shapely.box(60, 0, 100, 100)])
R = [0, 10, 20, 40]


def by_definition(xy, window, r, kind=None):
    """K of each r; of pairs from the first kind to the second where kinds are given."""
    total = np.zeros(len(r))
    for i, j in permutations(range(len(xy)), 2):
        if kind is not None and not (kind[i] == 0 and kind[j] == 1):
            continue
        far = round(float(np.hypot(*(xy[i] - xy[j]))), 3)
        near = far <= np.array(r)
        if near.any():  # further apart, a window may not even meet itself
            moved = affinity.translate(window, *(xy[i] - xy[j]))
            total += near / window.intersection(moved).area
    if kind is not None:
        return total * window.area**2 / (kind.count(0) * kind.count(1))
    return total * window.area**2 / (len(xy) * (len(xy) - 1))


def test_k_of_a_square_by_hand():
    found = k_function([[10, 10], [10, 20], [50, 50]], SQUARE, [9.999, 10, 11], simulations=0)

    # One of three pairs; a square moved by ten keeps nine tenths: 10,000 / 3 / 0.9.
    assert found.value == pytest.approx([0, 3703.703703703704, 3703.703703703704], abs=1e-9)
    assert found.theory == pytest.approx(np.pi * np.array([9.999, 10, 11]) ** 2)
    assert found.l_m[1] == pytest.approx(np.sqrt(3703.703703703704 / np.pi))
    assert found.p is None


INSIDE = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda p: (p[0] * 5.0, p[1] * 5.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(INSIDE, min_size=2, max_size=25), st.sampled_from([SQUARE, BAY, ISLES]))
def test_k_equals_the_definition(places, window):
    xy = np.array(places)

    found = k_function(xy, window, R, simulations=0)

    assert found.value == pytest.approx(by_definition(xy, window, R), rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.lists(INSIDE, min_size=2, max_size=20), st.integers(1, 19))
def test_cross_k_equals_the_definition(places, n):
    xy = np.array(places)
    n = min(n, len(xy) - 1)

    found = cross_k(xy[:n], xy[n:], BAY, R, simulations=0)

    kind = [0] * n + [1] * (len(xy) - n)
    assert found.value == pytest.approx(by_definition(xy, BAY, R, kind), rel=1e-9)


def test_small_planes_are_not_rounded_to_millimetres():
    found = k_function([[0.1, 0.1], [0.1, 0.15004]], shapely.box(0, 0, 1, 1), [0.05], simulations=0)

    assert found.value.tolist() == [0.0]


def test_a_window_without_a_table_and_with_one_leave_the_same():
    window = Window(BAY)
    move = np.random.default_rng(1).uniform(-28, 28, (500, 2))

    exact = window.overlap(move, reach_m=40)
    table = window.overlap(move, reach_m=40, exact=False)
    again = window.overlap(move / 2, reach_m=20, exact=False)
    further = window.overlap(move, reach_m=80, exact=False)

    assert table == pytest.approx(exact, rel=1e-3)
    assert again == pytest.approx(window.overlap(move / 2, reach_m=20), rel=1e-3)
    assert further == pytest.approx(exact, rel=1e-3)


def test_many_corners_are_looked_up(monkeypatch):
    xy = Window(BAY).scattered(60, np.random.default_rng(2))
    exact = k_function(xy, BAY, R, simulations=0).value
    monkeypatch.setattr("geo.ripley.window.WORTH", 10)

    assert k_function(xy, BAY, R, simulations=0).value == pytest.approx(exact, rel=1e-3)


def test_opposite_corners_do_not_weigh_without_end():
    found = k_function([[0, 0], [100, 100]], SQUARE, [142], simulations=0)

    assert found.value.tolist() == [300 * 10_000]


def test_what_chance_scatters_lies_in_the_window_and_all_over_it():
    xy = Window(ISLES).scattered(4000, np.random.default_rng(3))

    assert len(xy) == 4000
    assert shapely.intersects_xy(ISLES, xy[:, 0], xy[:, 1]).all()
    assert (xy[:, 0] < 50).mean() == pytest.approx(0.5, abs=0.04)
    assert (xy[:, 1] < 50).mean() == pytest.approx(0.5, abs=0.04)


def test_gathered_points_and_points_in_line_are_told_from_chance():
    rng = np.random.default_rng(4)
    gathered = np.repeat(rng.uniform(10, 90, (10, 2)), 5, axis=0) + rng.normal(0, 2, (50, 2))
    across = np.arange(5, 100, 10.0)
    even = np.array([(x, y) for x in across for y in across])

    assert k_function(gathered, SQUARE, R[1:], simulations=199, alternative="clustered").p == 0.005
    assert k_function(even, SQUARE, [5, 9], simulations=199, alternative="regular").p <= 0.01
    assert k_function(even, SQUARE, [8], simulations=199, alternative="clustered").p > 0.9
    found = k_function(gathered, SQUARE, R, simulations=199)
    assert (found.value[1:] > found.high[1:]).all()
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()
    assert found.mean[2] == pytest.approx(found.theory[2], rel=0.05)


def test_chance_is_rarely_remarkable():
    area, p = Window(SQUARE), []
    for seed in range(200):
        xy = area.scattered(30, np.random.default_rng(seed))
        p.append(k_function(xy, SQUARE, R, simulations=99, key=str(seed)).p)

    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_labels_dealt_by_chance_are_rarely_remarkable_and_joined_kinds_are_found():
    p = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        xy = np.repeat(rng.uniform(10, 90, (8, 2)), 5, axis=0) + rng.normal(0, 3, (40, 2))
        xy = rng.permutation(xy)
        p.append(cross_k(xy[:15], xy[15:], shapely.box(-20, -20, 120, 120), R, simulations=99).p)
    rng = np.random.default_rng(1)
    one = rng.uniform(10, 90, (15, 2))
    joined = cross_k(one, one + 1, SQUARE, [2, 5], simulations=199, alternative="clustered")

    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert joined.p == 0.005


def test_pair_correlation_by_hand_and_by_chance():
    pair = [[40, 50], [60, 50]]
    far = pair_correlation(pair, SQUARE, [10, 18, 20], bandwidth_m=4, simulations=0)

    # 10,000^2 / (2 pi r) / 8,000 * kernel; the kernel is 0.75 / 4 * (1 - (2 / 4)^2) two metres off.
    scale = 10_000**2 / 8_000 / (2 * np.pi)
    kernel = 0.75 / 4 * np.array([0, 0.75, 1])
    assert far.value == pytest.approx(scale * kernel / np.array([10, 18, 20]))
    assert far.theory.tolist() == [1, 1, 1]
    xy = Window(BAY).scattered(400, np.random.default_rng(5))
    found = pair_correlation(xy, BAY, [5, 10, 20], simulations=39)
    assert found.mean == pytest.approx([1, 1, 1], abs=0.05)
    assert found.p > 0.02


def test_the_key_decides_and_nothing_else():
    xy = Window(BAY).scattered(40, np.random.default_rng(6))

    one, same, other = (k_function(xy, BAY, R, simulations=19, key=k) for k in "aab")

    assert one.high.tolist() == same.high.tolist() != other.high.tolist()


def test_too_few_points_are_said():
    none = k_function(np.zeros((0, 2)), SQUARE, R)
    one = pair_correlation([[1, 1]], SQUARE, [5], simulations=0)
    kind = cross_k([[1, 1]], np.zeros((0, 2)), SQUARE, R)

    assert [c.status for c in (none, one, kind)] == ["not enough data"] * 3
    assert (none.p, one.p, kind.p) == (1.0, None, 1.0)
    assert none.reason == "Fewer than two points."
    assert kind.reason == "There are points of one kind only."


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: k_function([[1, 1]], None, R), "The window is a polygon"),
        (lambda: k_function([[1, 1]], shapely.Point(1, 1), R), "The window is a polygon"),
        (lambda: k_function([[1, 1]], shapely.Polygon(), R), "The window is a polygon"),
        (
            lambda: k_function([[1, 1]], shapely.Polygon([(0, 0), (2, 3), (2, 0), (0, 2)]), R),
            "crosses itself",
        ),
        (lambda: k_function([[1, 1], [101, 1]], SQUARE, R), "1 of 2 points .* first at row 1"),
        (lambda: k_function([[1, 1]], SQUARE, []), "ascend"),
        (lambda: k_function([[1, 1]], SQUARE, [1, 1]), "ascend"),
        (lambda: k_function([[1, 1]], SQUARE, [-1, 1]), "ascend"),
        (lambda: k_function([[1, 1], [2, 2]], SQUARE, R, alternative="less"), "two-sided"),
        (lambda: k_function([[1, 1], [2, 2]], SQUARE, R, simulations=-1), "must be 0 or more"),
        (lambda: pair_correlation([[1, 1], [2, 2]], SQUARE, R), "above 0"),
        (lambda: pair_correlation([[1, 1], [2, 2]], SQUARE, [1], bandwidth_m=0), "above 0"),
    ],
)
def test_what_would_give_a_wrong_answer_is_refused_in_words(asked, words):
    with pytest.raises(GeoInputError, match=words):
        asked()


def test_a_distance_at_which_all_curves_are_equal_but_for_rounding_says_nothing() -> None:
    r = np.array([1.0, 2.0])
    draws = [np.array([k, 4.0 + (k % 2) * 4e-16 * 2]) for k in range(1, 10)]
    found = compared(r, np.array([5.0, 4.0 + 8e-16]), r, lambda rep: draws[rep], 9, "clustered")
    assert found.p == 0.6


def test_the_order_of_rows_changes_no_draw_of_labels() -> None:
    rng = np.random.default_rng(5)
    stops, shops, yard = rng.random((20, 2)), rng.random((30, 2)), shapely.box(0, 0, 1, 1)
    found = cross_k(stops, shops, yard, [0.1, 0.2], simulations=19, key="k")
    again = cross_k(stops[::-1], shops[::-1], yard, [0.1, 0.2], simulations=19, key="k")
    assert np.allclose(found.mean, again.mean)
    assert found.p == again.p
