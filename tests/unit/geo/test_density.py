import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from geo import cells, density, neighbourhood
from geo.density import Pairs, dbscan, st_dbscan, st_dbscan_sites
from geo.errors import GeoInputError


def pairwise(xy, day, weight, eps_m, eps_days, min_points):
    """The definition, event by event: the oracle of the tests below."""
    mm = np.rint(cdist(xy, xy) * 1000)
    days = np.abs(np.subtract.outer(day, day))
    near = (mm <= eps_m * 1000) & (days <= eps_days)
    core = near @ weight >= min_points
    label = np.full(len(xy), -1)
    number = 0
    for start in np.flatnonzero(core):
        if label[start] >= 0:
            continue
        waiting = [start]
        label[start] = number
        while waiting:
            for other in np.flatnonzero(near[waiting.pop()] & core):
                if label[other] < 0:
                    label[other] = number
                    waiting.append(other)
        number += 1
    for i in np.flatnonzero(~core):
        found = np.flatnonzero(near[i] & core)
        if len(found):
            label[i] = label[min(found, key=lambda j: (mm[i, j], days[i, j], j))]
    return label, core


def renumbered(label):
    """Numbered by first member, as ours are."""
    seen = {}
    return [seen.setdefault(x, len(seen)) if x >= 0 else -1 for x in label]


# Whole multiples of 50 m and 7 days, so that the limits 250 m and 28 days are hit exactly.
EVENT = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 20), st.integers(1, 3))
EVENTS = st.lists(EVENT, min_size=1, max_size=60)


def arrays(events):
    x, y, day, weight = np.array(events, dtype=float).T
    return np.column_stack([x, y]) * 50, (day * 7).astype(int), weight.astype(int)


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_space_and_time_equals_the_definition(events, min_points):
    xy, day, weight = arrays(events)

    found = st_dbscan(xy, day, weight, 250, 28, min_points)

    label, core = pairwise(xy, day, weight, 250, 28, min_points)
    assert found.core.tolist() == core.tolist()
    assert found.label.tolist() == renumbered(label)


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_space_only_equals_the_definition(events, min_points):
    xy, _, weight = arrays(events)

    found = dbscan(xy, weight, 150, min_points)

    label, core = pairwise(xy, np.zeros(len(xy)), weight, 150, 0, min_points)
    assert found.core.tolist() == core.tolist()
    assert found.label.tolist() == renumbered(label)


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_both_forms_are_equal(events, min_points):
    xy, day, weight = arrays(events)
    places, site = np.unique(xy, axis=0, return_inverse=True)
    mm = np.rint(cdist(places, places) * 1000)
    i, j = np.nonzero(np.triu(mm <= 250_000, 1))

    by_sites = st_dbscan_sites(
        site.ravel(), Pairs(i, j, mm[i, j], np.zeros(len(i))), day, weight, 28, min_points
    )

    by_tree = st_dbscan(xy, day, weight, 250, 28, min_points)
    assert by_sites.core.tolist() == by_tree.core.tolist()
    assert by_sites.label.tolist() == by_tree.label.tolist()


@settings(max_examples=100, deadline=None)
@given(EVENTS, st.integers(1, 8), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(events, min_points, random):
    xy, day, weight = arrays(events)
    moved = list(range(len(xy)))
    random.shuffle(moved)
    moved = np.array(moved)

    found = st_dbscan(xy[moved], day[moved], weight[moved], 250, 28, min_points, order=moved)

    straight = st_dbscan(xy, day, weight, 250, 28, min_points)
    assert found.label.tolist() == straight.label[moved].tolist()
    assert found.core.tolist() == straight.core[moved].tolist()


@settings(max_examples=100, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_a_weight_equals_rows(events, min_points):
    xy, day, weight = arrays(events)
    row = np.repeat(np.arange(len(xy)), weight)

    raw = st_dbscan(xy[row], day[row], np.ones(len(row), int), 250, 28, min_points)

    collapsed = st_dbscan(xy, day, weight, 250, 28, min_points)
    assert raw.label.tolist() == collapsed.label[row].tolist()


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_wider_limits_never_take_a_core_away(events, min_points):
    xy, day, weight = arrays(events)
    narrow = st_dbscan(xy, day, weight, 200, 21, min_points)

    wide = st_dbscan(xy, day, weight, 250, 28, min_points)

    assert (wide.core | ~narrow.core).all()
    assert ((wide.label >= 0) | (narrow.label < 0)).all()


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.integers(1, 8), st.integers(-500, 500), st.integers(-500, 500))
def test_moving_everything_changes_nothing(events, min_points, east, north):
    xy, day, weight = arrays(events)

    shift = np.array([500_000 + east, 170_000 + north])

    moved = st_dbscan(xy + shift, day, weight, 250, 28, min_points)

    assert moved.label.tolist() == st_dbscan(xy, day, weight, 250, 28, min_points).label.tolist()


@settings(max_examples=100, deadline=None)
@given(EVENTS, st.integers(2, 8))
def test_many_pairs_in_parts_give_the_same(events, min_points):
    xy, day, weight = arrays(events)
    whole = st_dbscan(xy, day, weight, 250, 28, min_points)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(density, "MANY_CANDIDATES", -1)
        patched.setattr(neighbourhood, "PART", 5)
        cut = st_dbscan(xy, day, weight, 250, 28, min_points, form="tree")

    assert cut.label.tolist() == whole.label.tolist()
    assert cut.core.tolist() == whole.core.tolist()


@settings(max_examples=200, deadline=None)
@given(EVENTS, st.integers(1, 8))
def test_few_sites_with_many_days_give_the_same(events, min_points):
    xy, day, weight = arrays(events)
    by_search = st_dbscan(xy, day, weight, 250, 28, min_points, form="tree")

    forced = st_dbscan(xy, day, weight, 250, 28, min_points, form="sites")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(density, "FEW_CANDIDATES", -1)
        chosen = st_dbscan(xy, day, weight, 250, 28, min_points)

    assert forced.label.tolist() == chosen.label.tolist() == by_search.label.tolist()
    assert forced.core.tolist() == chosen.core.tolist() == by_search.core.tolist()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 3)),
        min_size=1,
        max_size=60,
    ),
    st.integers(1, 12),
    st.sampled_from([0, 50, 150, 200]),
    st.sets(st.integers(0, 59), max_size=6),
    st.sampled_from([0, 100_000]),
)
def test_by_cells_equals_pair_by_pair(places, min_points, eps_m, vague, few):
    x, y, weight = np.array(places).T
    xy, may_be_core = np.column_stack([x, y]) * 25.0, ~np.isin(np.arange(len(places)), list(vague))
    none = np.zeros(len(xy), int)
    by_pairs = st_dbscan(xy, none, weight, eps_m, 0, min_points, may_be_core=may_be_core)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(density, "MANY_CANDIDATES", -1)
        patched.setattr(cells, "FEW_POINTS", few)
        found = st_dbscan(xy, none, weight, eps_m, 0, min_points, may_be_core=may_be_core)

    assert found.label.tolist() == by_pairs.label.tolist()
    assert found.core.tolist() == by_pairs.core.tolist()


@pytest.mark.parametrize(("gap_m", "together"), [(250.0, True), (250.0004, True), (250.001, False)])
def test_the_distance_limit_is_closed_to_the_millimetre(gap_m, together):
    found = dbscan(np.array([[0, 0], [gap_m, 0]]), np.ones(2, int), 250, 2)

    assert (found.label.tolist() == [0, 0]) is together


@pytest.mark.parametrize(("days", "together"), [(28, True), (29, False)])
def test_the_day_limit_is_closed(days, together):
    found = st_dbscan(np.zeros((2, 2)), np.array([0, days]), np.ones(2, int), 250, 28, 2)

    assert (found.label.tolist() == [0, 0]) is together


def test_a_border_event_joins_its_nearest_core_whatever_the_order():
    xy = np.array([[0, 0], [0, 0], [0, 0], [240, 0], [430, 0], [430, 0], [430, 0]], float)
    weight = np.ones(7, int)

    straight = dbscan(xy, weight, 245, 4)
    reverse = dbscan(xy[::-1], weight, 245, 4, order=np.arange(7)[::-1])

    assert straight.label.tolist() == [0, 0, 0, 0, 0, 0, 0]
    assert reverse.label.tolist() == straight.label[::-1].tolist()


def test_two_cores_joined_only_by_a_border_event_stay_two():
    left = [[0, 0]] * 4
    right = [[200, 0]] * 4
    xy = np.array([*left, [100, 0], *right], float)

    found = dbscan(xy, np.ones(9, int), 100, 5, order=np.arange(9))

    bridged = dbscan(xy, np.ones(9, int), 100, 5)
    assert found.core.tolist() == [True] * 9 == bridged.core.tolist()
    apart = st_dbscan(
        xy, np.zeros(9, int), np.ones(9, int), 100, 0, 5, may_be_core=np.arange(9) != 4
    )
    assert apart.label.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_events_without_coordinates_belong_nowhere():
    xy = np.array([[0, 0], [np.nan, 0], [0, 0]])

    found = dbscan(xy, np.ones(3, int), 10, 2)

    assert found.label.tolist() == [0, -1, 0]
    assert found.core.tolist() == [True, False, True]


@pytest.mark.parametrize("n", [0, 1])
def test_too_little_data_is_an_empty_answer(n):
    found = st_dbscan(np.zeros((n, 2)), np.zeros(n, int), np.ones(n, int), 250, 28, 5)

    assert found.label.dtype == np.int32
    assert (found.label == -1).all()


def test_no_sites_is_an_empty_answer():
    none = np.zeros(0, int)

    found = st_dbscan_sites(none, Pairs(none, none, none, none), none, none, 28, 5)

    assert len(found.label) == 0


@pytest.mark.parametrize("wrong", [(-1, 28, 5), (250, -1, 5), (250, 28, 0), (np.nan, 28, 5)])
def test_nonsense_limits_are_refused(wrong):
    with pytest.raises(GeoInputError):
        st_dbscan(np.zeros((1, 2)), np.zeros(1, int), np.ones(1, int), *wrong)


def test_the_largest_share_warns_of_percolation():
    assert density.largest_share(np.array([-1, -1]), np.array([1, 1])) == 0
    assert density.largest_share(np.array([0, 1, 1]), np.array([2, 1, 1])) == 0.5


def test_far_noise_changes_no_cluster():
    rng = np.random.default_rng(2)
    xy, day = rng.uniform(0, 2000, (200, 2)), rng.integers(0, 100, 200)
    far = np.array([[9000.0, 0.0], [0.0, 9000.0]])
    ones = np.ones(202, int)

    with_noise = st_dbscan(np.vstack([xy, far]), np.append(day, [5, 5]), ones, 250, 28, 5)

    assert (
        with_noise.label[:200].tolist() == st_dbscan(xy, day, ones[:200], 250, 28, 5).label.tolist()
    )
    assert with_noise.label[200:].tolist() == [-1, -1]


def test_collapsed_sites_and_days_give_the_clusters_of_the_events():
    rng = np.random.default_rng(3)
    where = rng.uniform(0, 1000, (20, 2))
    site, day = rng.integers(0, 20, 300), rng.integers(0, 60, 300)
    raw = st_dbscan(where[site], day, np.ones(300, int), 150, 10, 6)

    at, on, n = density.collapse(site, day, np.ones(300, int))

    found = st_dbscan(where[at], on, n, 150, 10, 6)
    by_key = dict(zip(zip(at.tolist(), on.tolist(), strict=True), found.core.tolist(), strict=True))
    assert n.sum() == 300
    assert len(by_key) == len(at) < 300
    assert [
        by_key[key] for key in zip(site.tolist(), day.tolist(), strict=True)
    ] == raw.core.tolist()


def test_collapsing_nothing_gives_nothing():
    none = np.zeros(0, int)

    assert [len(column) for column in density.collapse(none, none, none)] == [0, 0, 0]


def test_a_limit_between_two_millimetres_is_the_lower_one():
    xy = np.array([[0, 0], [60.0006, 0]])

    assert dbscan(xy, np.ones(2, int), 60.0004, 2).label.tolist() == [-1, -1]


def test_points_all_over_the_world_of_numbers_are_found():
    xy = np.array([[0, 0], [0.001, 0], [1e12, -1e12], [1e12, -1e12]])

    found = st_dbscan(xy, np.array([0, 1, 0, 100_000]), np.ones(4, int), 0.001, 1, 2)

    assert found.label.tolist() == [0, 0, -1, -1]


@pytest.mark.parametrize("few", [0, 100_000])
def test_two_full_cells_that_touch_at_one_point_are_one_cluster(few):
    # 100 m apart but for one point of each, at 99 m, in the middle of their cells' lists.
    left = np.column_stack([np.zeros(41), np.linspace(0, 60, 41)])
    right = left + np.array([100.6, 0])
    left[23, 0], right[23, 0] = 0.8, 99.8
    xy, weight = np.vstack([left, right]), np.ones(82, int)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(density, "MANY_CANDIDATES", -1)
        patched.setattr(cells, "FEW_POINTS", few)
        touching = dbscan(xy, weight, 100, 30)
        xy[23, 0] = 0.0
        apart = dbscan(np.delete(xy, 64, axis=0), weight[:81], 100, 30)

    assert set(touching.label.tolist()) == {0}
    assert set(apart.label.tolist()) == {0, 1}


def test_events_that_weigh_nothing_are_counted_pair_by_pair():
    xy = np.array([[0, 0], [10, 0], [20, 0], [300, 0]], float)
    weight = np.array([0, 2, 0, 1])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(density, "MANY_CANDIDATES", -1)
        found = dbscan(xy, weight, 15, 2)

    assert found.label.tolist() == [0, 0, 0, -1]
    assert found.core.tolist() == [True, True, True, False]


@pytest.mark.parametrize("size", [1e-6, 0.001, 1.0, 500.0])
def test_clusters_are_the_same_in_a_plane_of_any_size(size: float) -> None:
    rng = np.random.default_rng(8)
    xy = np.concatenate(
        [rng.normal(0, 0.1, (40, 2)), rng.normal(1, 0.1, (40, 2)), rng.random((30, 2))]
    )
    told = dbscan(xy * 1e5, np.ones(110, int), 0.15e5, 5)
    found = dbscan(xy * size, np.ones(110, int), 0.15 * size, 5)
    assert found.core.tolist() == told.core.tolist()
    assert found.label.tolist() == told.label.tolist()
