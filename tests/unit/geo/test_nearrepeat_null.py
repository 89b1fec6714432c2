"""What chance alone makes: no test of interaction calls more than one set in twenty remarkable."""

import numpy as np
import pytest

from geo.nearrepeat import (
    jacquez,
    knox,
    local_knox,
    mantel,
    modified_knox,
    near_repeat,
)

SETS = 200
MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / SETS)


def null(seed, n=80):
    """Busy and quiet places, busy and quiet times, and nothing between them."""
    rng = np.random.default_rng(seed)
    middle = rng.uniform(0, 3000, (6, 2))
    xy = middle[rng.integers(0, 6, n)] + rng.normal(0, 120, (n, 2))
    return xy.round(1), rng.integers(0, 365, n) // rng.integers(1, 4, n)


def local(xy, day, key):
    return local_knox(xy, day, 200, 14, permutations=0).q.min()


TESTS = {
    "Knox": lambda xy, day, key: knox(xy, day, 200, 14, permutations=99, key=key).p,
    "modified Knox": lambda xy, day, key: (
        modified_knox(xy, day, 200, 14, permutations=99, key=key).p
    ),
    "local Knox, any q": local,
    "a cell of near repeats": lambda xy, day, key: near_repeat(
        xy, day, [0, 200], [0, 14], permutations=99, key=key
    ).p[1, 0],
    "Mantel": lambda xy, day, key: mantel(xy, day, permutations=99, key=key).p,
    "Jacquez": lambda xy, day, key: jacquez(xy, day, 3, permutations=99, key=key).p,
}


# Without limits there is little to see of one cluster among many places.
WEAK = {"Mantel": 0, "Jacquez": 5}


@pytest.mark.parametrize("name", list(TESTS))
def test_chance_is_rarely_remarkable(name):
    p = np.array([TESTS[name](*null(seed), str(seed)) for seed in range(SETS)])

    assert (p <= 0.05).mean() <= MOST
    assert p.min() > 0
    assert p.max() <= 1


@pytest.mark.parametrize("name", list(TESTS))
def test_a_cluster_in_space_and_time_is_found(name):
    found = 0
    for seed in range(20):
        xy, day = null(seed)
        rng = np.random.default_rng(seed)
        xy[:14] = 1500 + rng.normal(0, 60, (14, 2))
        day[:14] = 40 + rng.integers(0, 14, 14)
        found += TESTS[name](xy, day, "") <= 0.05

    assert found >= WEAK.get(name, 16)
