"""What holds for scans of any data: order, names, place of the origin, margins, p."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import scan
from geo.scan import model, replicates
from geo.scan.periods import windows

KEY = "snapshot|params"
B = 19
many = settings(max_examples=200, deadline=None, derandomize=True)
MODELS = ("poisson", "bernoulli", "permutation", "expectation")


def run(name, xy, cases, **options):
    """One of the four scans, with people and baselines that differ from place to place."""
    options = {"key": KEY, "replicates": B, "max_fraction": 0.6, **options}
    people = np.broadcast_to(options.pop("people"), (len(cases),))
    if name == "poisson":
        return scan.poisson(xy, cases, people, **options)
    if name == "bernoulli":
        controls = np.broadcast_to(people[:, None], cases.shape)
        return scan.bernoulli(xy, cases, controls, **options)
    if name == "permutation":
        return scan.space_time_permutation(xy, cases, **options)
    baseline = np.broadcast_to(people[:, None] / 4, cases.shape)
    return scan.expectation_poisson(xy, cases, baseline, **options)


@st.composite
def studies(draw):
    """Places on a coarse grid (ties, and places that share a point), cases, people, a shuffle."""
    n, units = draw(st.integers(2, 9)), draw(st.integers(2, 7))
    places = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=n, max_size=n))
    cells = draw(st.lists(st.integers(0, 4), min_size=n * units, max_size=n * units))
    people = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    return (
        np.array(places, float) * 100,
        np.array(cells).reshape(n, units),
        np.array(people),
        np.array(draw(st.permutations(range(n)))),
    )


def told(found, rows=None):
    """All that a scan says; with `rows`, locations by the names the rows had before."""
    name = (lambda i: i) if rows is None else (lambda i: int(rows[i]))
    return (
        found.status,
        found.maxima.tolist(),
        [
            (sorted(map(name, one.locations)), one.start, one.stop, one.cases, one.llr, one.p)
            for one in found.clusters
        ],
    )


@pytest.mark.parametrize("name", MODELS)
@many
@given(studies())
def test_order_of_rows_changes_nothing(name, study):
    xy, cases, people, rows = study
    order = np.argsort(np.argsort(people * 100 + np.arange(len(xy))))  # ids of their own

    one = run(name, xy, cases, people=people, order=order)
    other = run(name, xy[rows], cases[rows], people=people[rows], order=order[rows])

    assert told(one) == told(other, rows)


@many
@given(studies())
def test_nor_does_it_where_there_are_no_ids(study):
    xy, cases, people, rows = study

    one = run("poisson", xy, cases, people=people)
    other = run("poisson", xy[rows], cases[rows], people=people[rows])

    assert one.maxima.tolist() == other.maxima.tolist()
    assert [c.llr for c in one.clusters] == [c.llr for c in other.clusters]


@many
@given(studies(), st.integers(1, 10**6))
def test_names_change_nothing(study, step):
    xy, cases, people, _ = study
    rank = np.arange(len(xy))

    one = run("permutation", xy, cases, people=people, order=rank)
    other = run("permutation", xy, cases, people=people, order=rank * step - 7)

    assert told(one) == told(other)


@many
@given(studies(), st.integers(0, 500_000), st.integers(0, 900_000))
def test_moving_all_by_whole_metres_changes_nothing(study, east, north):
    xy, cases, people, _ = study

    one = run("permutation", xy, cases, people=people, max_radius=300)
    other = run("permutation", xy + np.array([east, north]), cases, people=people, max_radius=300)

    assert told(one) == told(other)


@many
@given(studies(), st.sampled_from(MODELS), st.sampled_from(["prospective", "retrospective"]))
def test_p_is_never_nothing_and_never_more_than_all(study, name, window):
    xy, cases, people, _ = study

    found = run(name, xy, cases, people=people, window=window)

    assert 1 / (B + 1) <= found.p <= 1
    p = [one.p for one in found.clusters]
    assert all(1 / (B + 1) <= x <= 1 for x in p)
    assert p == sorted(p)
    assert all(one.p_gumbel is None or one.p_gumbel > 0 for one in found.clusters)


@many
@given(studies(), st.integers(0, 10**6))
def test_dealing_dates_keeps_both_margins(study, seed):
    _, cases, _, _ = study
    for factor in (1, 100):  # dealt one by one; by columns
        table = cases * factor
        if not table.any():
            continue
        over = windows(table.shape[1], "prospective")
        segments = over.segments(table)

        drawn = model.permutation_model(segments, over).draw(np.random.default_rng(seed))

        assert drawn.min() >= 0
        assert drawn.sum(axis=1).tolist() == table.sum(axis=1).tolist()
        assert drawn.sum(axis=0).tolist() == segments.sum(axis=0).tolist()


def ratio(name, c, q, total, everyone):
    """The formulas as they are printed, one cylinder at a time."""

    def part(n, of):
        return n * math.log(n / of) if n else 0.0

    if name == "bernoulli":
        if not everyone or c * everyone <= q * total:
            return 0.0
        rest, others = total - c, everyone - q
        inside = part(c, q) + part(q - c, q)
        outside = part(rest, others) + part(others - rest, others) if others else 0.0
        return inside + outside - part(total, everyone) - part(everyone - total, everyone)
    if c <= q:
        return 0.0
    if name == "expectation":
        return part(c, q) - (c - q)
    return part(c, q) + (part(total - c, total - q) if total > c else 0.0)


def largest(name, laid, cases, share, over, min_cases=2):
    """Every zone and window, by the definition."""
    best = 0.0
    for a, b in zip(laid.start[:-1], laid.start[1:], strict=True):
        for end in range(a, b):
            if not laid.closes[end]:
                continue
            inside = laid.member[a : end + 1]
            for first, last in zip(over.start, over.stop, strict=True):
                c = int(cases[inside, first:last].sum())
                q = float(share[inside, first:last].sum())
                if c >= min_cases:
                    total, everyone = int(cases.sum()), float(share.sum())
                    best = max(best, ratio(name, c, q, total, everyone))
    return best


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("window", ["prospective", "retrospective"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(studies())
def test_maxima_are_those_of_the_definition(name, window, study):
    xy, cases, people, _ = study
    order = np.arange(len(xy))
    found = run(name, xy, cases, people=people, window=window, order=order, replicates=5)
    if found.status != "ok" or not found.clusters:
        return
    over = windows(cases.shape[1], window)
    total, table = cases.sum(), np.ones(cases.shape)
    weight = {"bernoulli": cases.sum(axis=1) + people * cases.shape[1]}.get(name, people)
    weight = cases.sum(axis=1) if name == "permutation" else weight
    share = {
        "poisson": table * people[:, None] * total / (people.sum() * cases.shape[1]),
        "bernoulli": cases + people[:, None] * table,
        "permutation": np.outer(cases.sum(axis=1), cases.sum(axis=0)) / total,
        "expectation": table * people[:, None] / 4,
    }[name]
    laid = scan.zones(xy, size=weight, max_fraction=0.6)
    segments = over.segments(cases)
    chance = {
        "poisson": lambda: model.poisson_model(
            segments, people[:, None].astype(float), cases.shape[1], over
        ),
        "bernoulli": lambda: model.bernoulli_model(
            segments, over.segments(share).astype(int), over
        ),
        "permutation": lambda: model.permutation_model(segments, over),
        "expectation": lambda: model.expectation_model(over.segments(share), over),
    }[name]()

    assert found.clusters[0].llr == pytest.approx(largest(name, laid, cases, share, over), rel=1e-9)
    for rep in range(5):
        drawn = chance.draw(replicates.significance.stream(KEY, chance.name, rep))
        units = np.zeros(cases.shape, int)
        units[:, over.cuts] = drawn  # windows begin and end where segments do
        simulated = largest(name, laid, units, share, over)
        assert found.maxima[rep] == pytest.approx(simulated, rel=1e-9, abs=1e-12)
