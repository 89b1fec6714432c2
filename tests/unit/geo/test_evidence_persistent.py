"""Busy places: Gi* of square cells at the core, with quarters and history."""

import numpy as np
import pytest
import shapely

from geo.crossborough import Params, run
from geo.evidence.persistent import LABEL, Dated, area, busy
from geo.hotspots import gi_grid
from geo.significance import by
from tests.unit.geo.test_evidence_emerging import NOWHERE, events

CORNER = np.array([510_000.0, 160_000.0])
TOWN = [shapely.box(510_000, 160_000, 520_000, 170_000)]
CELLS = area(TOWN, halo_m=0, cell_m=250)


def around(rng, n, days=730):
    return np.round(CORNER + rng.uniform(0, 10_000, (n, 2)), 1), rng.integers(0, days, n)


def found(xy_m, day, cells=CELLS, snapshot_day=729):
    given = events(xy_m, day)
    spots = run(given, NOWHERE, Params(), snapshot_day=snapshot_day).hot_spots
    return spots, busy(given, spots, cells, snapshot_day=snapshot_day)


def bad_all_year(n=52, at=(515_100.0, 165_100.0), every=7):
    return np.tile([at], (n, 1)), 729 - every * np.arange(n)


def test_a_car_park_that_is_bad_all_year_is_persistent():
    there, then = bad_all_year()
    far, day = around(np.random.default_rng(1), 200)
    spots, results = found(np.concatenate([there, far]), np.concatenate([then, day]))

    best = results[[s.n for s in spots].index(max(s.n for s in spots))]

    assert (best.status, best.method, best.label) == ("tested", "gi_star", LABEL)
    assert best.p_persistent == best.q <= 0.001
    assert best.p <= best.q <= best.by
    assert best.quarters_with == 4
    assert best.observed >= 52
    assert best.expected < 5
    assert best.why is None


def test_a_row_of_several_days_counts_on_each_of_them():
    """As of published events without a limit in time: a point is one row from its first day on."""
    there, then = bad_all_year()
    far, days = around(np.random.default_rng(3), 300)
    given = events(np.concatenate([there, far]), np.concatenate([then, days]))
    order = np.argsort(given.site, kind="stable")
    _, at, n = np.unique(given.site[order], return_index=True, return_counts=True)
    first = np.minimum.reduceat(given.day[order], at)
    joined = events(given.xy_m[order][at], first, n)
    dated = Dated(given.site[order], given.day[order], np.ones(len(order), dtype=int))
    ever = Params(eps_days=None)

    spots = run(joined, NOWHERE, ever, snapshot_day=729).hot_spots
    (best,) = busy(joined, spots, CELLS, snapshot_day=729, dated=dated)
    each = run(given, NOWHERE, ever, snapshot_day=729).hot_spots

    assert [best] == busy(given, each, CELLS, snapshot_day=729)
    assert (best.quarters_with, best.observed >= 52) == (4, True)
    assert best.p_persistent <= 0.001
    assert busy(joined, spots, CELLS, snapshot_day=729) != [best]


def test_the_numbers_are_those_of_the_grid():
    there, then = bad_all_year(40)
    far, day = around(np.random.default_rng(2), 100, days=365)
    xy_m, days = np.concatenate([there, far]), np.concatenate([then, 365 + day])
    (best,) = found(xy_m, days)[1]

    cell = np.floor((xy_m - CORNER) / 250).astype(int)
    counts = np.zeros(CELLS.inside.shape)
    year = days > 729 - 365
    np.add.at(counts, (cell[year, 1], cell[year, 0]), 1)
    grid = gi_grid(counts, CELLS.inside)
    flat = np.flatnonzero(CELLS.inside.ravel())
    careful = by(grid.p.ravel()[flat])[flat.tolist().index(20 * CELLS.inside.shape[1] + 20)]

    assert best.z == pytest.approx(grid.z[20, 20])
    assert best.q == pytest.approx(grid.q[20, 20])
    assert best.by == pytest.approx(careful)
    assert best.expected == pytest.approx(grid.expected[20, 20])


def test_a_pattern_of_two_quarters_is_busy_but_not_for_long_enough():
    there, then = bad_all_year(30, every=6)  # 180 days
    far, day = around(np.random.default_rng(3), 100)

    best = max(found(np.concatenate([there, far]), np.concatenate([then, day]))[1],
               key=lambda one: one.observed or 0)  # fmt: skip

    assert best.quarters_with == 2
    assert best.q < 0.01
    assert best.p_persistent is None
    assert best.why == "Incidents in 2 of the last 4 quarters: not for long enough."


def test_without_a_district_or_outside_of_it_nothing_is_said():
    there, then = bad_all_year(at=(900_000.0 - 260_000, 165_000.0))
    far, day = around(np.random.default_rng(4), 50)
    xy_m, days = np.concatenate([there, far]), np.concatenate([then, day])

    assert {one.status for one in found(xy_m, days, cells=None)[1]} == {"not tested"}
    outside = found(xy_m, days)[1]
    assert [one.why for one in outside] == ["Outside the partnership and what surrounds it."]
    assert area([], halo_m=0, cell_m=250) is None


def test_where_all_squares_are_the_same_there_is_nothing_to_compare():
    there, then = bad_all_year()

    (one,) = found(there, then - 400)[1]

    assert (one.status, one.p_persistent) == ("not enough data", None)


def test_the_halo_and_the_district_are_the_family_of_tests():
    wide = area(TOWN, halo_m=500, cell_m=250)

    assert CELLS.inside.sum() == 40 * 40
    assert wide.inside.sum() > 44 * 44 - 12
    assert wide.cell_of(np.array([[509_800.0, 165_000.0], [508_000.0, 165_000.0]]))[1] == -1
    assert wide.cell_of(np.array([[509_800.0, 165_000.0]]))[0] >= 0


def test_ten_quarters_of_history_give_a_category():
    there, then = bad_all_year(156)  # three years
    far, day = around(np.random.default_rng(5), 400, days=1095)
    xy_m, days = np.concatenate([there, far]), np.concatenate([then + 366, day])

    def busiest(days):
        return max(found(xy_m, days, snapshot_day=1095)[1], key=lambda one: one.observed)

    long, short = busiest(days), busiest(np.maximum(days, 400))

    assert long.category in ("persistent", "intensifying", "diminishing")
    assert short.category is None


def test_of_200_sets_without_any_pattern_a_twentieth_is_persistent_at_most():
    hits = 0
    for seed in range(200):
        xy_m, day = around(np.random.default_rng(seed), 2000)
        spots, results = found(xy_m, day)
        hits += any(
            one.p_persistent is not None and one.p_persistent <= 0.05 and spot.reportable
            for spot, one in zip(spots, results, strict=True)
        )

    assert hits / 200 <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5
