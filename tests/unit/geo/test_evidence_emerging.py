"""The space-time permutation test: exact re-clustering, false alarms, power, fixed numbers."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from geo import density
from geo.boundaries import Lads
from geo.crossborough import Events, Params, run
from geo.evidence import cores, draws
from geo.evidence.cube import cube
from geo.evidence.scores import ratio, totals
from geo.evidence.study import emerging_of
from geo.neighbourhood import Pairs
from geo.significance import stream

NOWHERE = Lads((), np.empty(0, dtype=object))
CBC = Params()


def events(xy_m, day, weight=None, able=None):
    xy_m = np.asarray(xy_m, dtype=float)
    n = len(day)
    return Events(
        order=np.lexsort((np.arange(n), day, xy_m[:, 1], xy_m[:, 0])).argsort(),
        site=np.unique(xy_m, axis=0, return_inverse=True)[1].ravel(),
        xy_m=xy_m,
        day=np.asarray(day),
        weight=np.ones(n, dtype=int) if weight is None else np.asarray(weight),
        lad=np.full(n, -1),
        may_be_core=np.ones(n, dtype=bool) if able is None else able,
    )


def scattered(seed, *, planted=0, n=400, sites=60):
    """Dates and places at random; `planted` more within 40 days at three places 100 m apart."""
    rng = np.random.default_rng(seed)
    at = np.round(515_000 + rng.uniform(-2500, 2500, (sites, 2)))
    site, day = rng.integers(0, sites, n), rng.integers(0, 730, n)
    bridge = np.array([[514_900.0, 515_000.0], [515_100.0, 515_050.0], [515_000.0, 514_950.0]])
    xy_m = np.concatenate([at[site], bridge[rng.integers(0, 3, planted)]])
    return events(xy_m, np.append(day, rng.integers(0, 40, planted) + rng.integers(0, 690)))


def evidence_of(given, replicates=99, key="k", params=CBC, **further):
    spots = run(given, NOWHERE, params, snapshot_day=0).hot_spots
    return spots, emerging_of(
        given, spots, params, neighbours=None, key=key, replicates=replicates, **further
    )


def made(given, params=CBC, neighbours=None):
    return cube(
        given.site, given.xy_m, given.day, given.weight, given.may_be_core,
        neighbours=neighbours, eps_m=params.eps_m, eps_days=params.eps_days,
        min_points=params.min_points,
    )  # fmt: skip


# False alarms and power


def test_of_200_sets_without_any_pattern_a_twentieth_is_significant_at_most():
    found = [any(e.p <= 0.05 for e in evidence_of(scattered(seed), key=f"null {seed}")[1])
             for seed in range(200)]  # fmt: skip

    assert sum(found) / 200 <= 0.05 + 3 * (0.05 * 0.95 / 200) ** 0.5


def test_a_planted_pattern_of_14_incidents_is_found_four_times_in_five():
    found = 0
    for seed in range(50):
        spots, evidence = evidence_of(scattered(seed, planted=14), key=f"planted {seed}")
        found += any(
            e.p <= 0.05 and (spot.members >= 400).sum() >= 7
            for spot, e in zip(spots, evidence, strict=True)
        )

    assert found >= 40


def test_no_p_is_zero_and_none_above_one():
    for seed in range(10):
        for e in evidence_of(scattered(seed, planted=30), key=str(seed))[1]:
            assert 1 / 100 <= e.p <= 1
            assert 0 < e.gumbel <= 1


# The replicates are clustered as the run is


@pytest.mark.parametrize("seed", range(40))
def test_both_forms_give_the_clusters_of_st_dbscan(seed):
    rng = np.random.default_rng(seed)
    n, sites = 150 + 10 * seed, 50
    at = rng.integers(0, 1500, (sites, 2)).astype(float)
    site = rng.integers(0, sites, n)
    params = Params(eps_days=(0, 3, 10, 28)[seed % 4], min_points=(3, 4, 6)[seed % 3])
    given = events(at[site], rng.integers(0, 90, n), able=rng.random(n) < 0.8)
    labels = density.st_dbscan(
        given.xy_m, given.day, given.weight, 250, params.eps_days, params.min_points,
        may_be_core=given.may_be_core,
    )  # fmt: skip
    whole, of = made(given, params)
    column = np.searchsorted(whole.days, given.day)
    core = np.flatnonzero(labels.core)
    wanted = {(of[i], column[i]): labels.label[i] for i in core.tolist()}

    for form in (table(whole), listed(whole)):
        found = form.cores(whole.column)
        groups = cores.clusters(found, whole)
        got = dict(zip(zip(found.site, found.column, strict=True), groups.of[groups.run]
                       if groups.number else [], strict=True))  # fmt: skip
        assert set(got) == set(wanted)
        assert len({(got[key], wanted[key]) for key in got}) == groups.number
        assert groups.number == len(set(wanted.values()))
        assert found.weight.sum() == len(core)


def table(whole):
    low = np.searchsorted(whole.days, whole.days - whole.eps_days)
    high = np.searchsorted(whole.days, whole.days + whole.eps_days, "right")
    return cores.Table(whole, low, high)


def listed(whole):
    n = np.bincount(whole.site, minlength=whole.sites)
    of = np.repeat(np.arange(whole.sites), np.diff(whole.later.start))
    return cores.Listed(whole, *cores._pairs(whole, n, of))


def test_the_form_is_chosen_by_what_it_costs_and_changes_nothing():
    few_places = made(events(np.tile([[1.0, 2.0]], (300, 1)), np.arange(300) % 60))[0]
    many_places = made(scattered(1, sites=400))[0]

    assert isinstance(cores.form(few_places), cores.Table)
    assert isinstance(cores.form(many_places), cores.Listed)
    for rep in range(5):
        rng = [stream("k", "n", rep) for _ in range(2)]
        a, b = (f(many_places).cores(r.permutation(many_places.column))
                for f, r in zip((table, listed), rng, strict=True))  # fmt: skip
        assert [x.tolist() for x in a[:3]] == [x.tolist() for x in b[:3]]


def test_what_fits_into_no_form_is_not_tested_and_says_so(monkeypatch):
    monkeypatch.setattr(cores, "CELLS", 10)
    monkeypatch.setattr(cores, "PAIRS", 10)

    (found,) = evidence_of(events(np.tile([[518000.0, 169000.0]], (40, 1)), np.arange(40)))[1]

    assert (found.status, found.p) == ("not tested", None)
    assert "Shorten the period" in found.why


# Numbers


def test_the_ratio_is_that_of_kulldorff():
    # c ln(c/mu) + (N-c) ln((N-c)/(N-mu)) of 8 events where 2 are expected among 100.
    wanted = 8 * np.log(8 / 2) + 92 * np.log(92 / 98)

    assert ratio(np.array([8]), np.array([2.0]), 100)[0] == pytest.approx(wanted, rel=1e-12)
    assert ratio(np.array([2, 1]), np.array([2.0, 2.0]), 100).tolist() == [0, 0]
    assert ratio(np.array([5]), np.array([1.0]), 5)[0] == pytest.approx(5 * np.log(5))


def test_observed_and_expected_are_those_around_the_core():
    # 6 at one place within 5 days, 4 there a year later, 90 far away on all days.
    there = np.tile([518_000.0, 169_000.0], (10, 1))
    far = np.column_stack([520_000.0 + 400 * np.arange(90), np.full(90, 160_000.0)])
    day = np.concatenate([np.arange(6) % 5, np.full(4, 400), np.arange(90) * 8])

    (spot,), (found,) = evidence_of(events(np.concatenate([there, far]), day))

    assert (spot.n, found.first_day, found.last_day, found.observed) == (6, 0, 4, 6)
    assert found.expected == pytest.approx(10 * 7 / 100)  # 6 and one far away fall into its days
    assert found.llr == pytest.approx(6 * np.log(6 / 0.7) + 94 * np.log(94 / 99.3))
    assert (found.status, found.p, found.replicates) == ("tested", 0.01, 99)


def test_one_night_has_no_ratio_and_therefore_a_p_of_one():
    far = np.column_stack([520_000.0 + 400 * np.arange(40), np.full(40, 160_000.0)])
    at = np.concatenate([np.tile([518_000.0, 169_000.0], (8, 1)), far])

    (found,) = evidence_of(events(at, np.concatenate([np.zeros(8, int), np.arange(40) * 9])))[1]

    assert (found.p, found.llr) == (1.0, 0.0)


@pytest.mark.parametrize(("n", "status"), [(29, "not enough data"), (30, "tested")])
def test_below_thirty_incidents_nothing_is_said(n, status):
    given = events(np.tile([[518_000.0, 169_000.0]], (n, 1)), np.arange(n))

    (found,) = evidence_of(given)[1]

    assert found.status == status
    assert (found.p is None) == (status != "tested")


def test_a_run_without_days_is_not_tested():
    params = Params(eps_days=None)

    (found,) = evidence_of(events(np.tile([[518_000.0, 169_000.0]], (40, 1)), np.arange(40)),
                      params=params)[1]  # fmt: skip

    assert (found.status, found.p) == ("not tested", None)


def test_a_run_without_clusters_has_nothing_to_test():
    given = scattered(3, n=40, sites=40)

    assert evidence_of(given) == ([], [])


# The same whatever the order, the batches and the process


def test_weights_are_as_many_rows():
    given = scattered(5, planted=14)
    by = np.lexsort((given.day, given.site))
    key = given.site[by] * 1000 + given.day[by]
    _, first, n = np.unique(key, return_index=True, return_counts=True)
    rows = by[first]
    less = events(given.xy_m[rows], given.day[rows], weight=n)

    assert evidence_of(less)[1] == evidence_of(given)[1]


def test_rows_in_another_order_give_the_same_p():
    given = scattered(6, planted=14)
    by = np.random.default_rng(1).permutation(len(given.day))
    spots, first = evidence_of(given)

    again, second = evidence_of(events(given.xy_m[by], given.day[by]))

    assert [s.bbox for s in spots] == [s.bbox for s in again]
    assert first == second


def test_several_workers_give_the_same_p():
    given = scattered(7, planted=14)
    with ThreadPoolExecutor(3) as pool:
        assert evidence_of(given, spread=pool.map)[1] == evidence_of(given)[1]


def test_another_key_gives_another_draw():
    given = scattered(8, planted=6)

    assert evidence_of(given, key="a")[1] != evidence_of(given, key="b")[1]


SEEDED = """
from tests.unit.geo.test_evidence_emerging import evidence_of, scattered
print([(e.p, e.gumbel) for e in evidence_of(scattered(9, planted=10))[1]])
"""


def test_the_hash_seed_of_the_process_changes_nothing():
    out = set()
    for seed in ("0", "1", "2", "3", "4"):
        done = subprocess.run(
            [sys.executable, "-c", SEEDED],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        out.add(done.stdout)

    assert len(out) == 1


# Places that are areas


def test_given_distances_are_used_and_sites_without_events_passed_over():
    """Sites 0, 2 and 5 have events; 2 and 5 are within half the reach, 0 and 2 within reach."""
    site = np.array([0] * 10 + [2] * 20 + [5] * 10)
    pairs = Pairs(np.array([0, 2, 1]), np.array([2, 5, 5]), np.array([200_000.0, 50_000.0, 1.0]))
    given = events(np.column_stack([site * 1.0, site * 0.0]), np.arange(40))
    whole, of = cube(
        site, given.xy_m, given.day, given.weight, given.may_be_core,
        neighbours=pairs, eps_m=250, eps_days=28, min_points=5,
    )  # fmt: skip

    assert of.tolist() == [0] * 10 + [1] * 20 + [2] * 10
    assert whole.within.near.tolist() == [0, 1, 0, 1, 2, 1, 2]
    assert whole.around.near.tolist() == [0, 1, 2, 1, 2]


# Many events


def test_tables_keep_every_total():
    rng = np.random.default_rng(4)
    rows, columns = np.array([5, 0, 7, 30, 1]), np.array([10, 3, 0, 30])

    drawn = [draws.table(rows, columns, rng) for _ in range(400)]

    assert all((d.sum(axis=1) == rows).all() and (d.sum(axis=0) == columns).all() for d in drawn)
    mean = np.mean(drawn, axis=0)
    assert np.abs(mean - np.outer(rows, columns) / 43).max() < 0.6


def test_many_events_are_drawn_as_tables_with_the_same_distribution(monkeypatch):
    rng = np.random.default_rng(2)
    at = rng.integers(0, 800, (12, 2)).astype(float)
    site = rng.integers(0, 12, 3000)
    params = Params(min_points=60)
    given = events(at[site], rng.integers(0, 100, 3000), able=rng.random(3000) < 0.9)
    whole, _ = made(given, params)
    shuffled = [n_core(draws.drawn(table(whole), stream("k", "n", rep))) for rep in range(200)]
    monkeypatch.setattr(draws, "MANY", 10)
    monkeypatch.setattr(draws, "PER_CELL", 0.1)

    tables = [n_core(draws.drawn(table(whole), stream("k", "n", rep))) for rep in range(200)]

    spread = np.hypot(np.std(shuffled), np.std(tables)) / np.sqrt(200)
    assert abs(np.mean(shuffled) - np.mean(tables)) < 4 * spread
    assert np.std(tables) > 0


def n_core(found):
    return int(found.weight.sum())


def test_totals_of_sites_and_days_are_kept_by_a_replicate():
    whole, _ = made(scattered(2))
    form = cores.form(whole)

    found = draws.drawn(form, stream("k", "n", 0))
    every = np.arange(whole.sites)
    width = len(whole.days)
    ever = found.between(every, np.zeros(whole.sites, int), np.full(whole.sites, width - 1))

    assert ever.tolist() == totals(whole)[0].tolist()
