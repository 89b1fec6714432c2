"""Categories of hot and cold spots through time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeoInputError
from geo.hotspots import NAMES, classify, emerging, gi_star, levels
from geo.significance import bh
from geo.trends import mann_kendall
from geo.weights import Grid

LEVEL = st.sampled_from([-99, -95, -90, 0, 0, 90, 95, 99])
GRID = Grid(np.ones((5, 5), dtype=bool))


def slow(bins, z, p, alpha=0.05, min_level=95):
    """The table of rules, one history at a time and word for word."""
    for side in (1, -1):
        hot = [side * b >= min_level for b in bins]
        cold = [-side * b >= min_level for b in bins]
        k, steps = sum(hot), len(bins)
        run = next((i for i, h in enumerate(reversed(hot)) if not h), steps)
        trend = 0 if p > alpha else side * int(np.sign(z))
        if hot[-1]:
            if k == 1:
                return side
            if 10 * k >= 9 * steps:
                return side * {1: 3, -1: 5, 0: 4}[trend]
            if run == k:
                return side * 2
            return side * (7 if any(cold) else 6)
        if not cold[-1] and 10 * k >= 9 * steps:
            return side * 8
    return 0


@settings(max_examples=500)
@given(
    bins=st.lists(LEVEL, min_size=1, max_size=14),
    z=st.floats(-4, 4),
    p=st.floats(0, 1),
    min_level=st.sampled_from([90, 95, 99]),
)
def test_every_history_gets_the_first_rule_that_matches_and_its_mirror_the_mirror(
    bins, z, p, min_level
):
    found = classify(bins, z, p, min_level=min_level)

    assert found == slow(bins, z, p, min_level=min_level)
    assert classify([-b for b in bins], -z, p, min_level=min_level) == -found


@pytest.mark.parametrize(
    ("name", "bins", "z", "p"),
    [
        ("new", [0] * 11 + [95], 0.0, 1.0),
        ("new", [-99, -95] + [0] * 9 + [99], 0.0, 1.0),
        ("consecutive", [0] * 9 + [95] * 3, 2.5, 0.01),
        ("intensifying", [95] * 11 + [99], 2.5, 0.01),
        ("persistent", [0] + [95] * 11, 1.0, 0.3),
        ("diminishing", [99] * 6 + [95] * 6, -2.5, 0.01),
        ("sporadic", [0, 95] + [0] * 9 + [95], 0.0, 1.0),
        ("oscillating", [95, -95] + [0] * 9 + [95], 0.0, 1.0),
        ("historical", [95] * 11 + [90], -1.0, 0.3),
        ("no pattern", [95] * 10 + [0] * 2, -3.0, 0.001),
        ("no pattern", [90] * 12, 0.0, 1.0),
    ],
)
def test_categories_of_twelve_quarters(name, bins, z, p):
    assert NAMES[classify(bins, z, p)] == name


def test_many_places_at_once_are_each_what_they_are_alone():
    bins = np.array([[0] * 11 + [95], [-95] * 12, [0] * 12])

    assert classify(bins, [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]).tolist() == [1, -4, 0]


@pytest.mark.parametrize(("bins", "z"), [([[]], 0.0), ([[0, 95], [0, 0]], 0.0)])
def test_a_history_has_steps_and_a_trend(bins, z):
    with pytest.raises(GeoInputError, match="history"):
        classify(bins, z, 1.0)


def test_levels_close_at_their_limit():
    q = np.array([0.1, 0.05, 0.01, 0.1000001])

    assert levels(np.full(4, 2.0), q).tolist() == [90, 95, 99, 0]
    assert levels(np.full(4, -2.0), q).tolist() == [-90, -95, -99, 0]


def cube(seed=3, steps=12):
    return np.random.default_rng(seed).poisson(2, (25, steps)).astype(float)


def test_each_step_is_the_gi_star_of_that_step_and_the_trend_that_of_its_series():
    x = cube()

    found = emerging(x, GRID)

    for t in range(12):
        assert found.z[:, t] == pytest.approx(gi_star(x[:, t], GRID).z, abs=1e-8)
    trend = mann_kendall(found.z[7])
    assert (found.trend_z[7], found.trend_p[7]) == (trend.z, trend.p)
    assert found.q.shape == (25, 12)
    assert found.status == "ok"


@pytest.mark.parametrize("time_lag", [0, 1, 2])
def test_a_cube_with_a_lag_is_one_gi_star_over_space_and_time(time_lag):
    x, near = cube(), (np.ones((5, 5)) * np.eye(5)).repeat(5, 0).repeat(5, 1)
    rows = np.arange(25)
    apart = np.abs(rows[:, None] // 5 - rows // 5), np.abs(rows[:, None] % 5 - rows % 5)
    near = (np.maximum(*apart) <= 1).astype(float)
    steps = np.arange(12)
    lag = steps[:, None] - steps
    whole = np.kron(near, ((lag >= 0) & (lag <= time_lag)).astype(float))

    found = emerging(x, GRID, window="cube", time_lag=time_lag)

    assert found.z.ravel() == pytest.approx(gi_star(x.ravel(), whole).z, abs=1e-8)
    assert found.q.ravel() == pytest.approx(bh(gi_star(x.ravel(), whole).p), abs=1e-7)


def test_a_step_with_a_lag_is_compared_with_the_steps_that_are_looked_at():
    x = cube()
    rows = np.arange(25)
    apart = np.abs(rows[:, None] // 5 - rows // 5), np.abs(rows[:, None] % 5 - rows % 5)
    near = (np.maximum(*apart) <= 1).astype(float)

    found = emerging(x, GRID, time_lag=1)

    both = np.kron(near, np.array([[1.0, 0.0], [1.0, 1.0]]))
    for t in (1, 6):
        pair = gi_star(x[:, t - 1 : t + 1].ravel(), both).z.reshape(25, 2)
        assert found.z[:, t] == pytest.approx(pair[:, 1], abs=1e-8)
    assert found.z[:, 0] == pytest.approx(gi_star(x[:, 0], GRID).z, abs=1e-8)


def test_a_place_that_grows_hot_is_told_from_one_that_stays_hot():
    table = np.random.default_rng(8).poisson(2, (20, 20, 12)).astype(float)
    table[4:7, 4:7] += 8
    table[13:16, 13:16] += np.linspace(4, 16, 12)
    grid = Grid(np.ones((20, 20), dtype=bool))

    code = emerging(table.reshape(400, 12), grid, window="cube").code.reshape(20, 20)

    assert NAMES[code[5, 5]] == "persistent"
    assert NAMES[code[14, 14]] == "intensifying"


@pytest.mark.parametrize(
    ("x", "status"),
    [
        (cube(steps=9), "not enough history"),
        (np.zeros((25, 0)), "not enough history"),
        (np.full((25, 12), 0.1), "constant"),
        (np.tile(np.arange(12.0), (25, 1)), "constant"),
    ],
)
def test_too_short_or_too_even_a_history_is_a_status(x, status):
    found = emerging(x, GRID)

    assert found.status == status
    assert not found.code.any()


@pytest.mark.parametrize(
    "wrong", [{"window": "year"}, {"time_lag": -1}, {"min_level": 80}], ids=lambda w: str(*w)
)
def test_options_have_names(wrong):
    with pytest.raises(GeoInputError, match="window"):
        emerging(cube(), GRID, **wrong)
    with pytest.raises(GeoInputError, match="a row for each place"):
        emerging(np.zeros(25), GRID)


def test_equal_histories_have_no_trend_from_rounding():
    x = np.tile(np.random.default_rng(1).permutation(25)[:, None], (1, 12)) / 3
    x[:, ::2] = x[:, ::2] * 7.3 + 0.1

    assert (emerging(x, GRID).trend_z == 0).all()


def test_chance_alone_rarely_makes_a_category():
    found = [emerging(cube(seed), GRID).code.any() for seed in range(200)]

    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
