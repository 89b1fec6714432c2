"""Knox and its kin: literal numbers, definitions pair by pair, and what must change nothing."""

import subprocess
import sys
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from geo.errors import GeoInputError
from geo.nearrepeat import (
    Transform,
    jacquez,
    knox,
    local_knox,
    mantel,
    mantel_of_tables,
    modified_knox,
    near_repeat,
    pairs,
    permuting,
)

XY = np.array([[0, 0], [0, 200], [0, 200], [150, 200], [900, 0], [900, 0.0]])
DAY = np.array([0, 14, 15, 28, 100, 90])

ALL = slice(None)

# Whole multiples of 50 m and 7 days, so that the limits are hit exactly.
EVENT = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
EVENTS = st.lists(EVENT, min_size=2, max_size=60)


def arrays(events):
    x, y, day = np.array(events).T
    return np.column_stack([x, y]) * 50.0, day * 7


def by_definition(xy, day, delta, tau, metric="euclidean"):
    """Of each pair: distance, days."""
    for i, j in combinations(range(len(xy)), 2):
        dx, dy = np.abs(xy[i] - xy[j])
        far = np.hypot(dx, dy) if metric == "euclidean" else dx + dy
        yield i, j, round(far, 3) <= delta, abs(day[i] - day[j]) <= tau


def test_both_limits_are_closed():
    found = knox(XY, DAY, 200, 14, permutations=9)

    assert (found.n, found.space_pairs, found.time_pairs, found.pairs) == (5, 6, 5, 15)
    assert found.observed_table.tolist() == [[5, 1], [0, 9]]
    assert found.expected == 2.0
    assert found.ratio == 2.5
    assert found.expected_table.tolist() == [[2, 4], [3, 6]]
    assert found.p_poisson == pytest.approx(1 - 7 * np.exp(-2.0), abs=1e-12)


def test_a_distance_is_whole_millimetres():
    day = [0, 0]

    assert knox([[0, 0], [0, 200.0004]], day, 200, 0).n == 1
    assert knox([[0, 0], [0, 200.0006]], day, 200, 0).n == 0
    assert knox([[0, 0], [0, 0.05004]], day, 0.05, 0).n == 0  # a plane not in metres


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.sampled_from([0, 50, 100, 250]), st.sampled_from([0, 7, 28]))
def test_knox_equals_the_definition(events, delta, tau):
    xy, day = arrays(events)

    found = knox(xy, day, delta, tau, permutations=3, key="k")

    near = list(by_definition(xy, day, delta, tau))
    assert found.space_pairs == sum(s for _, _, s, _ in near)
    assert found.time_pairs == sum(t for _, _, _, t in near)
    assert found.n == sum(s and t for _, _, s, t in near)
    by = np.lexsort((day, xy[:, 1], xy[:, 0]))
    for rep, n in enumerate(found.simulated):
        dealt = permuting.Deals(day[by], 3, "k", "knox").times(rep)
        assert n == sum(s and t for _, _, s, t in by_definition(xy[by], dealt, delta, tau))


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(events, random):
    xy, day = arrays(events)
    mixed = np.arange(len(xy))
    random.shuffle(mixed)

    for method in (knox, modified_knox):
        ours, theirs = (method(xy[r], day[r], 100, 14, permutations=9) for r in (ALL, mixed))
        assert ours.simulated.tolist() == theirs.simulated.tolist()
        assert ours.p == theirs.p
    ours, theirs = (local_knox(xy[r], day[r], 100, 14, permutations=9) for r in (ALL, mixed))
    for name in ("nst", "ns", "nt", "p", "p_conditional", "p_permutation", "q"):
        assert getattr(ours, name)[mixed].tolist() == getattr(theirs, name).tolist()


def test_the_order_of_rows_changes_no_table_and_no_correlation():
    rng = np.random.default_rng(1)
    xy, day = rng.integers(0, 9, (60, 2)) * 50.0, rng.integers(0, 90, 60)
    mixed = rng.permutation(60)
    asked = [0, 100, 200], [0, 14, 28]

    ours, theirs = (near_repeat(xy[r], day[r], *asked) for r in (ALL, mixed))
    assert ours.p.tolist() == theirs.p.tolist()
    ours, theirs = (mantel(xy[r], day[r], permutations=99) for r in (ALL, mixed))
    assert (ours.r, ours.p) == (theirs.r, theirs.p)
    ours = jacquez(xy, day, 3, permutations=99, order=np.arange(60))
    theirs = jacquez(xy[mixed], day[mixed], 3, permutations=99, order=mixed)
    assert ours.simulated.tolist() == theirs.simulated.tolist()


def test_whole_metres_further_on_nothing_changes():
    rng = np.random.default_rng(2)
    xy, day = rng.uniform(0, 2000, (80, 2)).round(1), rng.integers(0, 90, 80)

    ours, theirs = (knox(xy + by, day, 250, 14, permutations=99) for by in (0, 510_000))

    assert ours.simulated.tolist() == theirs.simulated.tolist()
    assert ours.n == theirs.n


def test_another_key_deals_otherwise_and_parts_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    xy, day = rng.uniform(0, 500, (90, 2)), rng.integers(0, 60, 90)
    whole = knox(xy, day, 100, 7, permutations=50, key="a")

    other = knox(xy, day, 100, 7, permutations=50, key="b")
    assert other.simulated.tolist() != whole.simulated.tolist()
    for rows, wide, part in ((7, 6, 11), (300, 100, 5000)):
        monkeypatch.setattr(permuting, "ROWS", rows)
        monkeypatch.setattr(permuting, "WIDE", wide)
        monkeypatch.setattr("geo.neighbourhood.PART", part)
        assert knox(xy, day, 100, 7, permutations=50, key="a").simulated.tolist() == list(
            whole.simulated
        )


@pytest.mark.parametrize("scale", [1, 10_000, 3_000_000_000])
def test_the_size_of_times_changes_nothing(scale):
    rng = np.random.default_rng(4)
    xy, day = rng.uniform(0, 500, (60, 2)), rng.integers(0, 60, 60)

    found = knox(xy, day * scale, 100, 7 * scale, permutations=20)

    assert found.simulated.tolist() == knox(xy, day, 100, 7, permutations=20).simulated.tolist()


def test_times_may_be_dates_or_parts_of_days():
    dates = np.datetime64("2024-03-01") + DAY
    hours = dates.astype("datetime64[h]") + np.array([0, 6, 0, 0, 0, 0])

    assert knox(XY, dates, 200, 14).n == 5
    assert knox(XY, hours, 200, 14).n == 4  # fourteen days and six hours
    assert knox(XY, DAY / 10, 200, 1.4).n == 5
    assert knox(XY, [date.fromisoformat(str(day)) for day in dates], 200, 14).n == 5


def test_walking_distances_serve_as_well():
    apart = np.hypot(*(XY[:, None] - XY[None]).T)

    assert knox(None, DAY, 200, 14, distances=apart).n == 5
    assert local_knox(None, DAY, 200, 14, distances=apart).nst.tolist() == [1, 3, 2, 2, 1, 1]
    assert mantel(None, DAY, distances=apart, permutations=0).r == pytest.approx(
        mantel(XY, DAY, permutations=0).r, abs=1e-12
    )
    assert (
        jacquez(None, DAY, 2, distances=apart, permutations=0).n
        == jacquez(XY, DAY, 2, permutations=0).n
    )


def test_modified_knox_by_hand():
    found = modified_knox(XY, DAY, 200, 14, permutations=99)
    none = modified_knox(XY, DAY, 200, 14, permutations=0)

    # Near in space 2, 3, 3, 2, 1, 1 others; in time 1, 3, 2, 2, 1, 1.
    assert found.statistic == pytest.approx(5 - 23 / 10, abs=1e-12)
    assert 0 < found.p <= 1
    assert none.p is None


def test_each_replicate_of_modified_knox_is_counted_anew():
    found = modified_knox(XY, DAY, 200, 14, permutations=5, key="k")

    by = np.lexsort((DAY, XY[:, 1], XY[:, 0]))
    for rep, value in enumerate(found.simulated):
        times = permuting.Deals(DAY[by], 5, "k", "knox").times(rep)
        again = modified_knox(XY[by], times, 200, 14, permutations=0).statistic
        assert value == pytest.approx(again, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(EVENTS)
def test_local_p_is_that_of_the_textbook(events):
    xy, day = arrays(events)
    n = len(xy)

    found = local_knox(xy, day, 100, 14, permutations=0)

    others = n - 1
    mixture = [
        hypergeom.sf(found.nst[i] - 1, others, found.nt, found.ns[i]).mean() for i in range(n)
    ]
    assert found.p == pytest.approx(mixture, abs=1e-9)
    assert found.p_conditional == pytest.approx(
        hypergeom.sf(found.nst - 1, others, found.nt, found.ns), abs=1e-9
    )
    assert found.p_permutation is None
    assert (found.q >= found.p).all()


def test_drawing_is_permuting():
    rng = np.random.default_rng(5)
    xy, day = rng.uniform(0, 300, (30, 2)), rng.integers(0, 40, 30)
    found = local_knox(xy, day, 100, 7, permutations=0)
    i = int(found.nst.argmax())
    near = np.hypot(*(xy - xy[i]).T) <= 100
    others = np.flatnonzero(np.arange(30) != i)

    large = 0
    for _ in range(4000):
        dealt = day.copy()
        dealt[others] = rng.permutation(day[others])
        large += (np.abs(dealt[near] - day[i]) <= 7).sum() - 1 >= found.nst[i]

    exact = found.p_conditional[i]
    assert abs(large / 4000 - exact) <= 4 * np.sqrt(exact * (1 - exact) / 4000)


def test_a_table_in_small_parts_is_the_same(monkeypatch):
    rng = np.random.default_rng(6)
    xy, day = rng.uniform(0, 300, (60, 2)), rng.integers(0, 40, 60)
    whole = local_knox(xy, day, 100, 7, permutations=0).p

    monkeypatch.setattr("geo.nearrepeat.local.CELLS", 50)

    assert local_knox(xy, day, 100, 7, permutations=0).p == pytest.approx(whole, abs=1e-14)


REPEATS = [[0, 0], [0, 0], [0, 100], [0, 250]], [0, 14, 15, 15], [0, 100, 200, 300]


def test_bands_closed_on_the_right():
    found = near_repeat(*REPEATS, [0, 14, 15], permutations=9)

    assert found.space_bands == ("same site", "0 to 100", "100 to 200", "200 to 300")
    assert found.time_bands == ("0 to 14", "14 to 15")
    assert found.observed.tolist() == [[1, 0], [1, 1], [1, 0], [1, 1]]
    # Of six pairs four are 0, 1, 1 and 14 days apart, two are 15.
    assert found.expected.ravel() == pytest.approx(np.array([4, 2, 8, 4, 4, 2, 8, 4]) / 6)
    assert found.head.startswith("A band holds its upper limit")
    assert found.head.endswith("The same site is a band of its own.")


def test_bands_closed_on_the_left():
    found = near_repeat(*REPEATS, [0, 14, 15], closed="left", permutations=9)
    later = near_repeat(*REPEATS, [14, 16], closed="left", same_site=False, permutations=9)

    assert found.observed.tolist() == [[0, 1], [0, 0], [2, 0], [1, 0]]
    assert later.observed.tolist() == [[1], [1], [1]]


def test_the_same_site_may_be_of_the_first_band_or_of_none():
    whole = near_repeat(*REPEATS, [0, 20], same_site=False, permutations=9)
    none = near_repeat(*REPEATS[:2], [50, 300], [1, 20], same_site=False, permutations=9)

    assert whole.space_bands == ("0 to 100", "100 to 200", "200 to 300")
    assert whole.observed.tolist() == [[3], [1], [2]]
    assert none.observed.tolist() == [[2]]


@settings(max_examples=200, deadline=None)
@given(
    EVENTS,
    st.sampled_from(["euclidean", "manhattan"]),
    st.sampled_from(["right", "left"]),
    st.booleans(),
    st.sampled_from([0, 50]),
)
def test_bands_equal_the_definition(events, metric, closed, same_site, lowest):
    xy, day = arrays(events)
    edges, times = [lowest, 100, 250], [lowest // 50 * 7, 14, 28]

    found = near_repeat(
        xy, day, edges, times, metric=metric, closed=closed, same_site=same_site, permutations=2
    )

    def inside(value, low, high):
        if closed == "left":
            return low <= value < high
        return low < value <= high or value == low == 0

    for row in range(2):
        for column in range(2):
            expected = 0
            for i, j in combinations(range(len(xy)), 2):
                dx, dy = np.abs(xy[i] - xy[j])
                far = round(np.hypot(dx, dy) if metric == "euclidean" else dx + dy, 3)
                expected += (
                    inside(far, *edges[row : row + 2])
                    and inside(abs(day[i] - day[j]), *times[column : column + 2])
                    and not (same_site and far == 0)
                )
            assert found.observed[row + same_site, column] == expected


def test_p_and_mean_of_the_table_are_those_of_its_replicates():
    rng = np.random.default_rng(7)
    xy, day = rng.integers(0, 6, (80, 2)) * 50.0, rng.integers(0, 60, 80)
    day[:20] = day[0] + np.arange(20) % 3
    xy[:20] = xy[0]

    found = near_repeat(xy, day, [0, 100, 200], [0, 7, 14], permutations=999)

    assert found.mean_expected == pytest.approx(found.expected, rel=0.1)
    assert found.ratio == pytest.approx(found.observed / found.expected)
    assert found.marked[0, 0]
    assert found.p[0, 0] == 0.001
    assert not near_repeat(xy, day, [0, 100], [0, 7], permutations=0).marked.any()


def test_nothing_expected_has_no_ratio():
    found = near_repeat([[0, 0], [0, 10]], [0, 5], [0, 20], [7, 14], permutations=9)

    assert np.isnan(found.ratio).all()
    assert found.p.tolist() == [[1.0], [1.0]]
    assert found.status == "not enough data"


def test_mantel_by_hand():
    xy, day = [[0, 0], [0, 3], [4, 0]], [0, 1, 5]

    assert mantel(xy, day, permutations=0).r == pytest.approx(
        np.corrcoef([3, 4, 5], [1, 5, 4])[0, 1], abs=1e-12
    )
    near = Transform(1, -1)
    assert mantel(xy, day, space=near, time=near, permutations=0).r == pytest.approx(
        np.corrcoef([1 / 4, 1 / 5, 1 / 6], [1 / 2, 1 / 6, 1 / 5])[0, 1], abs=1e-12
    )
    assert mantel(xy, day, space=Transform(0, -2), time=Transform(0, -1)).r == pytest.approx(
        np.corrcoef([1 / 9, 1 / 16, 1 / 25], [1, 1 / 5, 1 / 4])[0, 1], abs=1e-12
    )


def test_two_tables_of_any_distances():
    near, late = [[0, 1, 2], [1, 0, 3], [2, 3, 0]], [[0, 2, 7], [2, 0, 6], [7, 6, 0]]
    rng = np.random.default_rng(9)
    xy, day = rng.uniform(0, 300, (40, 2)), rng.permutation(40)
    one, other = np.hypot(*(xy[:, None] - xy).T), np.abs(day[:, None] - day)

    assert mantel_of_tables(near, late).r == pytest.approx(0.7559289460184544, abs=1e-12)
    assert mantel_of_tables(one, other).r == pytest.approx(mantel(xy, day).r, abs=1e-12)
    assert mantel_of_tables(one, one, permutations=99).p == 0.01


def test_each_replicate_of_mantel_is_a_correlation():
    rng = np.random.default_rng(8)
    xy, day = rng.uniform(0, 300, (100, 2)), rng.integers(0, 20, 100)
    by = np.lexsort((day, xy[:, 1], xy[:, 0]))
    known, which = np.unique(day[by], return_inverse=True)

    found = mantel(xy, day, permutations=3, key="k", time=Transform(1, -1))

    for rep, r in enumerate(found.simulated):
        times = known[permuting.Deals(which, 3, "k", "mantel").times(rep)]
        again = mantel(xy[by], times, permutations=0, time=Transform(1, -1)).r
        assert r == pytest.approx(again, abs=1e-12)


def test_where_nothing_differs_mantel_says_so():
    square = [[0, 0], [0, 1], [5, 5]]
    even = np.ones((3, 3)) - np.eye(3)

    assert mantel(square, [4, 4, 4]).status == "constant"
    found = mantel(None, [1, 2, 4], distances=0.1 * even)
    assert (found.status, found.r, found.p) == ("constant", 0.0, 1.0)
    assert found.reason == "All distances or all times are the same."
    assert mantel_of_tables(even, 3 * even).status == "constant"
    assert mantel_of_tables([[0, 1], [1, 0]], [[0, 1], [1, 0]]).status == "not enough data"
    assert mantel(square[:2], [1, 2], permutations=0).p is None


def test_jacquez_by_hand():
    xy, day = [[0, 0], [1, 0], [3, 0], [7, 0]], [0, 9, 10, 1]

    # In space 0-1, 1-0, 2-1, 3-2; in time 0-3, 1-2, 2-1, 3-0.
    assert jacquez(xy, day, 1, permutations=0).n == 1
    assert jacquez(xy, day, 2, permutations=0).n == 4
    assert jacquez(xy, day, 2).p > 0.05


def test_of_equally_near_ones_the_first_counts():
    xy, day = [[0, 0], [1, 0], [-1, 0], [9, 0]], [0, 5, 1, 2]

    assert jacquez(xy, day, 1, permutations=0).n == 1
    assert jacquez(xy, day, 1, order=[0, 2, 1, 3], permutations=0).n == 2


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENT, min_size=6, max_size=40), st.integers(1, 4))
def test_jacquez_equals_the_definition(events, k):
    xy, day = arrays(events)
    n = len(xy)

    found = jacquez(xy, day, k, permutations=0)

    def nearest(i, far):
        return set(sorted((j for j in range(n) if j != i), key=lambda j: (far(i, j), j))[:k])

    assert found.n == sum(
        len(
            nearest(i, lambda i, j: round(np.hypot(*(xy[i] - xy[j])), 3))
            & nearest(i, lambda i, j: abs(day[i] - day[j]))
        )
        for i in range(n)
    )


def test_too_little_is_said_and_no_error():
    one = knox([[0, 0]], [1], 100, 7)
    none = knox(np.zeros((0, 2)), [], 100, 7)
    far = knox([[0, 0], [500, 0]], [1, 1], 100, 7)
    late = knox([[0, 0], [0, 0]], [1, 100], 100, 7)
    same = knox([[0, 0], [0, 0], [900, 0]], [4, 4, 4], 100, 7)

    assert [f.status for f in (one, none, far, late)] == ["not enough data"] * 4
    assert [f.p for f in (one, none, far, late, same)] == [1.0] * 5
    assert far.reason == "No two events are near in space."
    assert late.reason == "No two events are near in time."
    assert one.reason == none.reason == "Fewer than two events."
    assert np.isnan(far.ratio)
    assert same.status == "constant"
    assert local_knox(np.zeros((0, 2)), [], 100, 7).p.tolist() == []
    assert modified_knox([[0, 0]], [1], 100, 7).statistic == 0
    assert jacquez([[0, 0], [1, 1]], [1, 2], 1).status == "not enough data"
    assert jacquez([[0, 0], [1, 1]], [1, 2], 1, permutations=0).p is None
    assert near_repeat(np.zeros((0, 2)), [], [0, 1], [0, 1]).observed.tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: knox([[0, 0], [np.nan, 1]], [0, 1], 1, 1), "Row 1 has no coordinates"),
        (lambda: knox([[0, 0], [0, 1]], [0, np.inf], 1, 1), "Row 1 has no time"),
        (lambda: knox([[0, 0]], [np.datetime64("NaT", "D")], 1, 1), "Row 0 has no time"),
        (lambda: knox([[0, 0]], ["monday"], 1, 1), "numbers or dates"),
        (lambda: knox([[0, 0]], [0, 1], 1, 1), "1 places and 2 times"),
        (lambda: knox([[0, 0, 0]], [0], 1, 1), "easting and northing"),
        (lambda: knox(None, [0], 1, 1), "0 places and 1 times"),
        (lambda: knox([[0, 0]], [0], -1, 1), "must be 0 or more"),
        (lambda: knox([[0, 0]], [0], 1, np.nan), "must be 0 or more"),
        (lambda: knox(None, [0, 1], 1, 1, distances=[[0]]), "2 rows of 2"),
        (lambda: knox(None, [0, 1], 1, 1, distances=[[0, 1], [2, 0]]), "in both directions"),
        (lambda: near_repeat(XY, DAY, [0], [0, 1]), "two limits"),
        (lambda: near_repeat(XY, DAY, [-1, 0], [0, 1]), "two limits"),
        (lambda: near_repeat(XY, DAY, [0, 2, 1], [0, 1]), "ascend"),
        (lambda: near_repeat(XY, DAY, [0, 1], [0, 1], metric="flight"), "euclidean or manhattan"),
        (lambda: near_repeat(XY, DAY, [0, 1], [0, 1], closed="both"), "right or left"),
        (lambda: mantel(XY, DAY, space=Transform(0, -1)), "constant must be above 0"),
        (lambda: mantel(np.zeros((5001, 2)), np.zeros(5001)), "at most 5,000 events"),
        (lambda: mantel_of_tables(np.zeros((5001, 1)), [[0]]), "at most 5,000 rows"),
        (lambda: mantel_of_tables([[0, 1], [1, 0]], [[0]]), "2 rows of 2"),
        (lambda: mantel_of_tables([[0, np.inf], [np.inf, 0]], np.eye(2)), "no way leads"),
        (lambda: jacquez(XY, DAY, 0), "At least one"),
        (lambda: jacquez(XY, DAY, 1, order=[0]), "6 events and 1 ranks"),
        (lambda: jacquez(XY, DAY, 1, permutations=-1), "permutations must be 0 or more"),
        (lambda: knox(XY, DAY, 1, 1, permutations=-1), "permutations must be 0 or more"),
        (lambda: local_knox(XY, DAY, 1, 1, permutations=-1), "permutations must be 0 or more"),
    ],
)
def test_what_would_give_a_wrong_answer_is_refused_in_words(asked, words):
    with pytest.raises(GeoInputError, match=words):
        asked()


def test_pairs_that_are_too_many_are_counted_first(monkeypatch):
    monkeypatch.setattr(pairs, "MOST", 14)

    with pytest.raises(GeoInputError, match="More than 14 pairs lie within 2000"):
        knox(XY, DAY, 2000, 1)
    assert knox(XY, DAY, 200, 14).n == 5


def test_the_example_of_the_guide_says_what_it_says():
    root = Path(__file__).resolve().parents[3]
    guide = (root / "docs/user/interaction.md").read_text()
    program = guide.partition("```python\n")[2].partition("```")[0]

    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    ).stdout.splitlines()

    assert f"# {said[0]}\n" in program
    assert said[1].startswith("A band holds its upper limit")
