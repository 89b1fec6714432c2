"""Where there is nothing, one set in twenty is significant at 5 %: no more, for any scan."""

import numpy as np
import pytest

from geo import scan

SETS, B, PLACES, UNITS = 200, 99, 25, 12
MOST = 0.05 + 3 * np.sqrt(0.05 * 0.95 / SETS)


def sets(name, rng):
    """p of null sets: people, busy places and busy weeks differ, and explain all there is."""
    xy = rng.uniform(0, 3_000, (PLACES, 2))
    people = rng.integers(20, 200, PLACES)
    busy = people[:, None] * rng.uniform(0.3, 2, UNITS)
    share = busy / busy.sum()
    for i in range(SETS):
        options = {"key": f"{name}|{i}", "replicates": B, "max_radius": 1_500}
        if name == "poisson":
            cases = rng.multinomial(50, people / people.sum())
            yield scan.poisson(xy, cases, people, **options).p
        elif name == "poisson over time":
            cases = rng.multinomial(80, share.ravel()).reshape(share.shape)
            yield scan.poisson(xy, cases, busy, window="retrospective", **options).p
        elif name == "bernoulli":
            cases = rng.multivariate_hypergeometric(people, 60)
            yield scan.bernoulli(xy, cases, people - cases, **options).p
        elif name == "permutation":
            cases = rng.poisson(share * 120)
            yield scan.space_time_permutation(xy, cases, **options).p
        else:
            cases = rng.poisson(share * 120)
            yield scan.expectation_poisson(xy, cases, share * 120, **options).p


@pytest.mark.parametrize(
    "name", ["poisson", "poisson over time", "bernoulli", "permutation", "expectation"]
)
def test_null_sets_are_rarely_significant(name):
    p = np.array(list(sets(name, np.random.default_rng(11))))

    assert (p <= 0.05).mean() <= MOST
    assert (p <= 0.5).mean() == pytest.approx(0.5, abs=3 * np.sqrt(0.25 / SETS) + 0.02)
