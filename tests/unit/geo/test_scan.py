"""Scan statistics: numbers worked out by hand, degenerate input, a planted cluster."""

import numpy as np
import pytest

from geo import scan
from geo.errors import GeoInputError

ROW = np.column_stack([np.arange(6.0), np.zeros(6)])
KEY = "snapshot|params"


def test_poisson_by_hand():
    found = scan.poisson(ROW, [9, 8, 1, 0, 1, 1], [10] * 6, key=KEY, replicates=99)

    one = found.clusters[0]
    assert one.locations == (0, 1)
    assert (one.cases, one.size, one.radius) == (17, 20.0, 1.0)
    assert one.expected == pytest.approx(20 / 3)
    # 17 ln(17 / 6.667) + 3 ln(3 / 13.333)
    assert one.llr == pytest.approx(11.4386, abs=1e-4)
    assert one.relative_risk == pytest.approx((17 / (20 / 3)) / (3 / (40 / 3)))
    assert one.p == 0.01
    assert 0 < one.p_gumbel < 0.01
    assert one.recurrence is None
    assert found.p == 0.01


def test_bernoulli_by_hand():
    found = scan.bernoulli(ROW, [9, 8, 1, 0, 1, 1], [1, 2, 9, 10, 9, 9], key=KEY, replicates=99)

    one = found.clusters[0]
    assert one.locations == (0, 1)
    assert (one.cases, one.expected) == (17, pytest.approx(20 / 3))
    # 17 ln .85 + 3 ln .15 + 3 ln .075 + 37 ln .925 - 20 ln (1/3) - 40 ln (2/3)
    assert one.llr == pytest.approx(19.0813, abs=1e-4)


def test_nothing_of_anything():
    found = scan.poisson(np.empty((0, 2)), [], [])

    assert found.status == "not enough data"
    assert found.reason
    assert (found.clusters, found.p) == ((), 1.0)


def test_cases_where_nobody_lives_are_refused():
    with pytest.raises(GeoInputError, match="Row 1 has cases, but nobody lives there"):
        scan.poisson(ROW[:2], [1, 1], [5, 0])
