"""Random numbers that can be had again, and p values from simulations."""

import hashlib

import numpy as np
import pytest

from geo.errors import GeoInputError
from geo.significance import monte_carlo_p, stream

KEY = "snapshot|params"


def drawn(*of):
    return stream(*of).integers(2**62, size=4).tolist()


def test_a_replicate_draws_the_same_numbers_whoever_draws_them():
    alone = drawn(KEY, "permutation", 7)

    after_others = [drawn(KEY, "permutation", rep) for rep in (9, 3, 7)]

    assert after_others[-1] == alone


def test_key_method_and_replicate_each_give_other_numbers():
    streams = [(KEY, "a", 0), (KEY + "|1", "a", 0), (KEY, "b", 0), (KEY, "a", 1)]

    assert len({tuple(drawn(*one)) for one in streams}) == 4


def test_the_recipe_is_the_written_one():
    seed = int(hashlib.sha256(b"k").hexdigest(), 16)
    word = int(hashlib.sha256(b"m").hexdigest()[:8], 16)
    by_hand = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(word, 5)))

    assert drawn("k", "m", 5) == np.random.Generator(by_hand).integers(2**62, size=4).tolist()


@pytest.mark.parametrize(
    ("observed", "simulated", "p"),
    [
        (10.0, [0.0] * 999, 0.001),
        (1.0, [1.0 - 1e-10] * 9, 1.0),
        (1.0, [1.0 - 1e-8] * 9, 0.1),
        (-2e6, [-2e6 - 1e-3] * 9, 1.0),
        (5.0, [], 1.0),
    ],
)
def test_p_is_never_zero_and_ties_count(observed, simulated, p):
    assert monte_carlo_p(observed, simulated) == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize(("observed", "simulated"), [(np.nan, [1.0]), (1.0, [np.nan, 2.0])])
def test_what_is_not_a_number_is_refused(observed, simulated):
    with pytest.raises(GeoInputError):
        monte_carlo_p(observed, simulated)
