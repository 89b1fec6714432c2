"""Input that has no answer is refused in words, by whatever method it is handed to."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from geo import evaluation, exposure, hotspots, rhythms, significance, trends
from geo.errors import GeoInputError

LINE = np.eye(4, k=1) + np.eye(4, k=-1)
WORDS = ["a", "b", "c", "d"]
REFUSED = {
    "words as values": lambda: hotspots.gi(WORDS, LINE),
    "words as weights": lambda: hotspots.gi([1, 2], [["a", "b"], ["c", "d"]]),
    "a row as weights": lambda: hotspots.gi([1, 2], [1, 2]),
    "general G below 0": lambda: hotspots.general_g([-1, 2, 3, 4], LINE),
    "words as having": lambda: hotspots.join_counts(WORDS, LINE),
    "no draws": lambda: hotspots.join_counts([1, 0, 0, 1], LINE, key="k", replicates=0),
    "words as history": lambda: hotspots.classify("hot", 0.0, 1.0),
    "ragged histories": lambda: hotspots.classify([[1, 2], [3]], [0.0, 0.0], [1.0, 1.0]),
    "words as series": lambda: trends.mann_kendall(WORDS),
    "half a season": lambda: trends.seasonal_mann_kendall([1, 2, 3], 1.5),
    "no period": lambda: trends.seasonal_sen([1, 2, 3], np.nan),
    "a count that is none": lambda: evaluation.e_test(np.nan, 1),
    "an endless count": lambda: evaluation.e_test(np.inf, 1),
    "no pair": lambda: evaluation.wdd(None, (1, 2)),
    "words as harm": lambda: evaluation.wdd_harm([evaluation.wdd((1, 2), (3, 4))], ["much"]),
    "predictions below 0": lambda: evaluation.accuracy([1, 2], [-1, 2]),
    "words as months": lambda: evaluation.interrupted(WORDS, 2),
    "half a wave": lambda: evaluation.interrupted(np.arange(20), 10, harmonics=1.5),
    "words as incidents": lambda: exposure.poisson_interval("a"),
    "words as p": lambda: significance.bh(WORDS),
    "one p": lambda: significance.by(0.5),
    "a table of p": lambda: significance.holm([[0.1, 0.2]]),
    "a share above 1": lambda: significance.band(2, 10),
    "half a success": lambda: significance.poisson_binomial_sf(1.5, [0.5, 0.5]),
    "words as draws": lambda: significance.monte_carlo_p(1, WORDS),
    "no draws of a week": lambda: rhythms.unusual_times(
        [1] * 168, [1] * 168, key="k", replicates=0
    ),
    "words as a time": lambda: rhythms.rhythm(["noon"], ["noon"]),
    "no clock": lambda: rhythms.from_local([np.nan]),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_refusal_is_a_sentence(case: str) -> None:
    with pytest.raises(GeoInputError, match=r"^[A-Z].*\.$"):
        REFUSED[case]()


def test_a_map_without_differences_has_p_1_however_it_is_asked() -> None:
    found = hotspots.moran([2, 2, 2, 2], LINE, key="k")
    assert (found.status, found.z_random, found.p_random, found.p_shuffled) == ("constant", 0, 1, 1)
    assert hotspots.moran([2, 2, 2, 2], LINE).p_shuffled is None


def test_far_below_all_simulations_the_tail_is_1() -> None:
    assert significance.gumbel(-1e6, [1, 2, 3]) == 1.0


def test_times_are_instants_whoever_made_them() -> None:
    noon = 1719831600  # 1 July 2024, 11:00 UTC
    kinds = [
        [noon],
        [datetime(2024, 7, 1, 11, tzinfo=UTC)],
        pd.Series(pd.to_datetime(["2024-07-01T12:00"])).dt.tz_localize("Europe/London"),
        np.array(["2024-07-01T11:00"], "datetime64[m]"),
        pd.Series([noon], dtype="Int64"),
    ]
    assert [int(rhythms.hour_of_week(at, at).argmax()) for at in kinds] == [12] * 5
