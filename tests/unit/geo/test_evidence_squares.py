"""The test of chance on squares and weeks: windows by hand, margins, planted bursts, null sets."""

from itertools import product

import numpy as np
import pytest

from geo.evidence import draws, squares
from geo.evidence.scores import ratio
from geo.evidence.strongest import Core, strongest
from geo.significance import band, stream

AT = np.array([519_000.0, 169_000.0])  # so that squares lie in four tiles of 10 km


def study(n=600, seed=1, weeks=20, wide=3_000):
    rng = np.random.default_rng(seed)
    return AT + rng.uniform(0, wide, (n, 2)), rng.integers(20_000, 20_000 + 7 * weeks, n)


def made_of(xy_m, day, least=2):
    weight = np.ones(len(day), dtype=int)
    made, placed = squares.squares(xy_m, day, weight, least=least)
    return made, placed, squares.table(made, placed, weight)


def windows_by_hand(xy_m, day, least=2):
    """Square, ring, first week, weeks, LLR of each window, one after the other."""
    cell = np.floor(xy_m / 250).astype(int)
    week = (day - day.min()) // 7
    last, total = int(week.max()), len(day)
    for one, ring in product(sorted(set(map(tuple, cell.tolist()))), (0, 1)):
        inside = (np.abs(cell - one) <= ring).all(axis=1)
        for weeks in squares.WINDOWS:
            if 2 * weeks > last + 1:
                continue
            for first in range(last + 2 - weeks):
                then = (week >= first) & (week < first + weeks)
                held, mu = (inside & then).sum(), inside.sum() * then.sum() / total
                llr = float(ratio(np.array([held]), np.array([mu]), total)[0])
                yield one, ring, first, weeks, llr if held >= least else 0.0


def test_the_largest_ratio_is_that_of_all_windows_one_by_one():
    xy_m, day = study(120, wide=1_500)
    made, _, counts = made_of(xy_m, day)

    by_hand = max(llr for *_, llr in windows_by_hand(xy_m, day))

    assert squares.largest(made, counts) == pytest.approx(by_hand, abs=1e-12)


def test_the_strongest_window_of_a_cluster_is_the_best_that_is_its_own():
    """From a core square and week; half of what it holds or more is core of the cluster."""
    xy_m, day = study(120, wide=1_500)
    made, placed, counts = made_of(xy_m, day)
    some = np.flatnonzero(np.arange(120) % 4)  # core rows of two clusters
    of = (xy_m[some, 0] > AT[0] + 700).astype(int)
    core = Core(of, squares.Placed(placed.square[some], placed.week[some]), np.ones(len(some)))

    found = strongest(made, counts, core, 2)

    cell, week = np.floor(xy_m / 250).astype(int), (day - day.min()) // 7
    for k in range(2):
        rows = some[of == k]
        slots = {(*cell[i].tolist(), int(week[i])) for i in rows}
        best = 0.0
        for one, ring, first, weeks, llr in windows_by_hand(xy_m, day):
            inside = (np.abs(cell - one) <= ring).all(axis=1) & (week >= first)
            inside &= week < first + weeks
            if (*one, first) in slots and 2 * inside[rows].sum() >= inside.sum():
                best = max(best, llr)
        assert found.llr[k] == pytest.approx(best, abs=1e-12)
        assert best > 0
        assert found.first_day[k] in day.min() + 7 * week[rows]


def test_a_burst_next_door_is_not_a_cluster_s_own():
    """Two clusters in squares side by side; all that is unusual belongs to the first."""
    burst = np.tile(AT + 100, (12, 1)), 20_070 + np.arange(12) % 7
    quiet = np.tile(AT + np.array([300.0, 100.0]), (20, 1)), 20_000 + 7 * np.arange(20)
    xy_m, day = (np.concatenate(pair) for pair in zip(burst, quiet, strict=True))
    made, placed, counts = made_of(xy_m, day, least=5)
    core = Core(np.repeat([0, 1], [12, 20]), placed, np.ones(32))

    found = strongest(made, counts, core, 2)

    assert found.llr[0] > 4
    assert found.observed[0] >= 12
    assert found.llr[1] < 1


@pytest.mark.parametrize("tables", [True, False])
def test_a_draw_keeps_what_each_square_and_each_week_holds(monkeypatch, tables):
    monkeypatch.setattr(draws, "many", lambda *_: tables)
    made, _, counts = made_of(*study())

    drawn = squares.drawn(made, stream("k", "n", 0))

    assert len(made.tile) == 5, "four tiles, and the end"
    assert drawn.sum(axis=1).tolist() == made.ever.tolist() == counts.sum(axis=1).tolist()
    assert drawn.sum(axis=0).tolist() == made.weekly.tolist()
    assert (drawn != counts).any()


def test_both_ways_to_draw_have_one_distribution(monkeypatch):
    made, _, _ = made_of(*study(200, weeks=8, wide=1_000))
    held = {}
    for tables in (True, False):
        monkeypatch.setattr(draws, "many", lambda *_, tables=tables: tables)
        every = [squares.drawn(made, stream("k", f"n{tables}", rep)) for rep in range(150)]
        held[tables] = np.mean(every, axis=0), np.var(every, axis=0).sum()

    expected = made.ever[:, None] * made.weekly / made.total
    for mean, variance in held.values():
        assert np.abs(mean - expected).max() < 0.7
        assert variance == pytest.approx(held[True][1], rel=0.05)


def test_replicates_do_not_depend_on_how_they_are_shared_out():
    made, _, _ = made_of(*study())

    whole = squares.simulated(made, "key", range(12))
    parts = [squares.simulated(made, "key", range(at, at + 4)) for at in (8, 0, 4)]

    assert whole.tolist() == np.concatenate([parts[1], parts[2], parts[0]]).tolist()
    assert squares.maxima(made, key="key", replicates=12).tolist() == whole.tolist()
    assert squares.maxima(made, key="other", replicates=12).tolist() != whole.tolist()


def test_a_planted_burst_is_found_and_the_rest_is_chance():
    xy_m, day = study(2_000)
    xy_m[:12], day[:12] = AT + 1_300, 20_070 + np.arange(12)
    made, _, counts = made_of(xy_m, day, least=5)

    maxima = squares.maxima(made, key="k", replicates=99)

    assert squares.largest(made, counts) > maxima.max()


def test_null_sets_are_seldom_called_more_than_chance():
    """Thirty sets whose dates are random; p at most 0.05 about as often as it says."""
    low = 0
    for seed in range(30):
        made, _, counts = made_of(*study(300, seed, weeks=12, wide=1_500), least=3)
        maxima = squares.maxima(made, key=str(seed), replicates=19)
        low += int((maxima >= squares.largest(made, counts) - 1e-9).sum() == 0)

    assert low <= band(0.05, 30)[1]


def test_one_week_and_one_square_have_nothing_to_compare():
    made, _, counts = made_of(np.tile(AT, (8, 1)), np.full(8, 20_000))

    assert squares.largest(made, counts) == 0.0
    assert squares.maxima(made, key="k", replicates=0).tolist() == []
