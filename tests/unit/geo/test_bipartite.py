"""Tables of places by children, and what chance makes of them, with literal numbers."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom

from geo import bipartite
from geo.bipartite import (
    backbone,
    bicm,
    bicm_of,
    c_score,
    checkerboards,
    curveball,
    fdsm,
    fixed_col,
    fixed_row,
    from_table,
    incidence,
    mean_square_shared,
    same_margins,
    score_test,
    sdsm,
    shared,
    shared_of,
    split_at,
    words,
)
from geo.errors import GeoInputError

ROOT = Path(__file__).resolve().parents[3]
SMALL = [[1, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 1]]


@st.composite
def tables(draw, most=9):
    rows, cols = draw(st.integers(1, most)), draw(st.integers(1, most))
    cells = draw(st.lists(st.booleans(), min_size=rows * cols, max_size=rows * cols))
    return np.array(cells, dtype=int).reshape(rows, cols)


def uneven(seed, rows=30, cols=60):
    """A table whose degrees differ widely."""
    rng = np.random.default_rng(seed)
    wish = np.outer(rng.pareto(1.5, rows) + 0.2, rng.pareto(1.5, cols) + 0.2)
    return (rng.random((rows, cols)) < np.minimum(wish, 0.95)).astype(int)


# Tables


def test_links_become_a_table_whatever_their_order():
    found = incidence([2, 0, 0, 2, 2], [1, 3, 0, 1, 0], rows=4, cols=5)

    assert found.dense().tolist() == [[1, 0, 0, 1, 0], [0] * 5, [1, 1, 0, 0, 0], [0] * 5]
    assert (found.rows, found.cols, found.links) == (4, 5, 4)
    assert found.row_degree.tolist() == [2, 0, 2, 0]
    assert found.col_degree.tolist() == [2, 1, 0, 1, 0]


def test_nothing_is_a_table_too():
    found = incidence([], [])

    assert (found.rows, found.cols, found.links) == (0, 0, 0)
    assert len(shared(found).i) == 0
    assert len(sdsm(found).p_gt) == len(fixed_row(found).p_gt) == 0
    assert bicm(found).p.shape == (0, 0)
    assert [one.links for one in curveball(found, np.random.default_rng(1), 2)] == [0, 0]


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (([0], [0, 1]), "no list of links"),
        (([-1], [0]), "does not have"),
        (([0.5], [0]), "whole numbers"),
        (([[0]], [0]), "whole numbers"),
    ],
)
def test_what_are_no_links_is_refused(links, words):
    with pytest.raises(GeoInputError, match=words):
        incidence(*links)


def test_a_link_beyond_the_table_is_refused():
    with pytest.raises(GeoInputError, match="does not have"):
        incidence([0], [3], cols=3)


@pytest.mark.parametrize("table", [[[0, 2]], [0, 1], [[0.5]], [[np.nan]]])
def test_counts_are_no_yes_or_no(table):
    with pytest.raises(GeoInputError, match="0 and 1 only"):
        from_table(table)


@given(tables())
def test_shared_columns_are_those_of_the_product(table):
    known, product = from_table(table), table @ table.T
    i, j = (x.ravel() for x in np.indices(product.shape))
    pairs = shared(known, at_least=2)

    assert shared_of(known, i, j).reshape(product.shape).tolist() == product.tolist()
    assert list(zip(pairs.i, pairs.j, pairs.n, strict=True)) == [
        (a, b, product[a, b])
        for a, b in itertools.combinations(range(len(table)), 2)
        if product[a, b] >= 2
    ]


# Fixed rows


def test_both_tails_of_a_pair():
    found = fixed_row(from_table(SMALL))

    assert found.n.tolist() == [0, 2, 0]
    assert found.expected.tolist() == [0.75, 1.5, 0.5]
    assert found.p_gt == pytest.approx([1.0, 0.5, 1.0])
    assert found.p_lt == pytest.approx([0.25, 1.0, 0.5])


@pytest.mark.parametrize("pairs", [([0], [3]), ([-1], [0]), ([0, 1], [0])])
def test_a_pair_of_other_rows_is_refused(pairs):
    with pytest.raises(GeoInputError, match="two rows"):
        fixed_row(from_table(SMALL), pairs)


def test_words_of_pairs():
    n = np.array([9, 0, 5, 9])
    expected = np.array([5.0, 5.0, 5.5, 5.0])
    p_gt, p_lt = np.array([0.01, 1, 0.5, 0.06]), np.array([1, 0.01, 0.7, 0.99])
    tests = bipartite.PairTests(n, n, n, expected, p_lt, p_gt)

    assert words(tests, 20) == ["positive", "negative", "random", "unclassifiable"]


# Chances of links


def test_equal_rows_and_columns_have_equal_chances():
    found = bicm(from_table(np.eye(5)))

    assert found.table() == pytest.approx(np.full((5, 5), 0.2), abs=1e-10)
    assert found.converged


def test_what_the_degrees_force_is_certain():
    # Nested: each row holds the next; only one table has these sums.
    nested = np.triu(np.ones((6, 6), int))

    assert bicm(from_table(nested)).table().tolist() == nested.tolist()


def test_a_block_is_forced_without_any_full_row():
    k = 4
    table = np.block([[np.ones((k, k)), np.eye(k)], [np.eye(k), np.zeros((k, k))]]).astype(int)
    quarter = np.full((k, k), 1 / k)
    wanted = np.block([[np.ones((k, k)), quarter], [quarter, np.zeros((k, k))]])

    found = bicm(from_table(table))

    assert found.converged
    assert found.table() == pytest.approx(wanted, abs=1e-10)


def test_links_that_are_all_but_forced_are_reached_by_newton():
    k = 50
    table = np.block([[np.ones((k, k)), np.eye(k)], [np.eye(k), np.zeros((k, k))]]).astype(int)
    table[k, k], table[0, 0] = 1, 0

    found = bicm(from_table(table))

    assert 500 < found.rounds < 600
    assert found.converged
    assert found.table().sum(1) == pytest.approx(table.sum(1), abs=1e-8)


def test_what_does_not_converge_says_so(monkeypatch):
    monkeypatch.setattr("geo.bipartite.chances.ROUNDS", 2)

    found = bicm(from_table(uneven(1)))

    assert not found.converged
    assert found.rounds == 2


@pytest.mark.parametrize("margins", [([3], [1, 1]), ([2, 2], [3, 1]), ([1, 1], [1])])
def test_sums_of_no_table_are_refused(margins):
    with pytest.raises(GeoInputError, match="these row and column sums"):
        bicm_of(*margins)


@settings(max_examples=200, deadline=None)
@given(tables())
def test_every_degree_is_met_on_average(table):
    p = bicm(from_table(table)).table()

    assert ((p >= 0) & (p <= 1)).all()
    assert p.sum(1) == pytest.approx(table.sum(1), abs=1e-8)
    assert p.sum(0) == pytest.approx(table.sum(0), abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_every_degree_is_met_where_they_differ_widely(seed):
    table = uneven(seed, 80, 200)
    p = bicm(from_table(table)).table()

    assert p.sum(1) == pytest.approx(table.sum(1), abs=1e-8)
    assert p.sum(0) == pytest.approx(table.sum(0), abs=1e-8)


# Exact tails


def test_sums_of_groups_are_those_of_the_binomial_and_of_counting():
    p, tries = np.array([[0.3, 0.3], [0.2, 0.7]]), np.array([4, 3])
    below, reached = split_at(p, tries, 3)
    by_hand = sum(
        binom.pmf(a, 4, 0.2) * binom.pmf(b, 3, 0.7)
        for a in range(5)
        for b in range(4)
        if a + b >= 3
    )

    assert reached == pytest.approx([binom.sf(2, 7, 0.3), by_hand], rel=1e-12)
    assert below == pytest.approx(1 - reached, rel=1e-12)


def test_small_tails_are_true_to_their_last_digits():
    reached = split_at(np.array([[1e-4]]), np.array([2000]), 30)[1]

    assert reached[0] == pytest.approx(float(binom.sf(29, 2000, 1e-4)), rel=1e-9)
    assert 0 < reached[0] < 1e-50


@pytest.mark.parametrize(("at", "tails"), [(-1, (0, 1)), (0, (0, 1)), (4, (1, 0))])
def test_limits_of_what_can_be_reached(at, tails):
    found = split_at(np.array([[0.5, 1.0]]), np.array([2, 1]), at)

    assert [x.tolist() for x in found] == [[tails[0]], [tails[1]]]


def test_both_tails_overlap_in_what_was_seen():
    known = from_table(uneven(2))
    found = sdsm(known)

    exactly = found.p_lt + found.p_gt - 1
    assert (exactly >= -1e-9).all()
    assert found.expected.sum() > 0
    again = sdsm(known, (found.j, found.i), model=bicm(known))
    assert again.p_gt.tolist() == found.p_gt.tolist()


def test_with_equal_columns_the_stochastic_model_is_a_binomial():
    table = [[1, 1, 0, 0], [0, 0, 1, 1]]

    found = sdsm(from_table(table))

    assert found.p_gt.tolist() == [1.0]
    assert found.p_lt == pytest.approx([0.75**4], abs=1e-8)
    assert found.expected == pytest.approx([1.0], abs=1e-8)


# Draws with all sums kept


@settings(max_examples=200, deadline=None)
@given(tables(), st.integers(0, 3), st.integers(1, 3), st.integers(0, 99))
def test_rows_and_columns_keep_their_sums(table, draws, chains, seed):
    known = from_table(table)
    found = list(curveball(known, np.random.default_rng(seed), draws, chains=chains))

    assert len(found) == draws
    for one in found:
        assert one.dense().sum(0).tolist() == table.sum(0).tolist()
        assert one.dense().sum(1).tolist() == table.sum(1).tolist()
        assert one.dense().max(initial=0) <= 1


def test_a_draw_that_loses_a_sum_is_never_given(monkeypatch):
    monkeypatch.setattr("geo.bipartite.trades.same_margins", lambda *_: False)

    with pytest.raises(GeoInputError, match="lost its margins"):
        next(curveball(from_table(SMALL), np.random.default_rng(1), 1))


def test_margins_are_compared_both_ways():
    known = from_table(SMALL)

    assert same_margins(known, known)
    assert not same_margins(from_table([[1, 1, 1, 0], [0, 1, 0, 0], [1, 0, 0, 1]]), known)
    assert not same_margins(from_table([[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 1]]), known)


@pytest.mark.parametrize("size", [{"draws": -1}, {"burn_in": -1}, {"thin": -1}, {"chains": 0}])
def test_walks_that_cannot_be_are_refused(size):
    with pytest.raises(GeoInputError, match="one chain"):
        curveball(from_table(SMALL), np.random.default_rng(1), **({"draws": 1} | size))


def test_without_trades_the_table_stays():
    known = from_table(uneven(1))
    drawn = list(curveball(known, np.random.default_rng(1), 2, burn_in=0, thin=0))

    assert [one.dense().tolist() for one in drawn] == [known.dense().tolist()] * 2


def test_all_tables_of_the_same_sums_come_equally_often():
    draws, seen = 9000, {}
    for one in curveball(from_table(np.eye(3)), np.random.default_rng(4), draws, chains=30):
        key = str(one.dense().tolist())
        seen[key] = seen.get(key, 0) + 1

    low, high = binom.ppf([0.0005, 0.9995], draws, 1 / 6)
    assert len(seen) == 6
    assert all(low <= n <= high for n in seen.values())


def test_fixed_degrees_count_draws_and_are_never_zero():
    found = fdsm(from_table(np.eye(4)), np.random.default_rng(1), 99)

    assert found.n.tolist() == [0] * 6
    assert found.p_gt.tolist() == found.p_lt.tolist() == [1.0] * 6
    assert found.expected.tolist() == [0.0] * 6


def test_no_draw_says_nothing():
    found = fdsm(from_table(SMALL), np.random.default_rng(1), 0)

    assert found.p_gt.tolist() == [1.0] * 3
    assert np.isnan(found.expected).all()


def test_fixed_columns_are_those_of_counting_every_table():
    table = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [0, 1, 0]])
    ways = [list(itertools.combinations(range(4), int(c))) for c in table.sum(0)]
    drawn = np.array([sum({0, 1} <= set(rows) for rows in one) for one in itertools.product(*ways)])

    found = fixed_col(from_table(table), ([0, 0], [1, 3]))

    assert found.n.tolist() == [1, 1]
    assert found.p_gt == pytest.approx([(drawn >= 1).mean()] * 2)
    assert found.p_lt == pytest.approx([(drawn <= 1).mean()] * 2)
    assert found.expected == pytest.approx([drawn.mean()] * 2)


# One number for a whole table


def test_scores_by_hand():
    known = from_table([[1, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])

    assert mean_square_shared(known) == pytest.approx(1 / 6)
    assert c_score(known) == pytest.approx((2 * 1 + 3 * 1 + 2 * 1) / 6)
    assert checkerboards(known) == 2


def test_one_row_has_no_pairs_to_score():
    known = from_table([[1, 1]])

    assert (mean_square_shared(known), c_score(known), checkerboards(known)) == (0.0, 0.0, 0)
    assert np.isnan(score_test(known, c_score, np.random.default_rng(1), 0).expected)


def test_scores_of_draws_lie_in_the_band_of_the_enumeration():
    # One of the six permutations of three keeps all three places.
    known, draws = from_table(np.eye(3)), 3000

    found = score_test(
        known,
        lambda one: float(np.diag(one.dense()).sum()),
        np.random.default_rng(1),
        draws,
        chains=30,
    )

    low, high = binom.ppf([0.0005, 0.9995], draws, 1 / 6)
    assert found.observed == 3.0
    assert found.p_lt == 1.0
    assert low <= found.p_gt * (draws + 1) - 1 <= high
    assert found.expected == pytest.approx(1.0, abs=0.1)


# What is kept


def pair_tests(n, p_lt, p_gt):
    number = np.arange(len(n))
    return bipartite.PairTests(
        number, number + 1, np.array(n), np.ones(len(n)), np.array(p_lt), np.array(p_gt)
    )


PAIRS = pair_tests(
    n=[5, 2, 0, 4, 3], p_lt=[1.0, 0.5, 0.012, 0.999, 0.02], p_gt=[0.004, 0.7, 1.0, 0.03, 0.99]
)


@pytest.mark.parametrize(
    ("options", "kept", "sign"),
    [
        ({"correction": "none"}, [0, 3], [1, 1]),
        ({"correction": "bonferroni"}, [0], [1]),
        ({"correction": "holm", "alpha": 0.1}, [0, 3], [1, 1]),
        ({"correction": "holm"}, [0], [1]),
        ({"correction": "bh"}, [0], [1]),
        ({"correction": "bh", "alpha": 0.06}, [0, 3], [1, 1]),
        ({"correction": "by"}, [0], [1]),
        ({"correction": "none", "signed": True}, [0, 4], [1, -1]),
        (
            {"correction": "none", "signed": True, "missing_as_zero": True},
            [0, 2, 4],
            [1, -1, -1],
        ),
        ({"signed": True, "alpha": 0.08}, [0, 3, 4], [1, 1, -1]),
    ],
)
def test_pairs_are_kept_by_tail_and_correction(options, kept, sign):
    found = backbone(PAIRS, **options)

    assert found.i.tolist() == kept
    assert found.j.tolist() == [k + 1 for k in kept]
    assert found.sign.tolist() == sign
    assert found.tests == (5 if options.get("missing_as_zero") else 4)
    assert found.n.tolist() == PAIRS.n[kept].tolist()


@pytest.mark.parametrize("options", [{"correction": "fdr"}, {"alpha": 1.5}, {"alpha": np.nan}])
def test_other_corrections_are_refused(options):
    with pytest.raises(GeoInputError, match="bonferroni, holm, bh, by"):
        backbone(PAIRS, **options)


def test_women_of_the_south_fall_into_the_two_groups_of_the_book():
    # Davis, Gardner and Gardner (1941), as networkx holds it: 18 women, 14 events.
    graph = nx.davis_southern_women_graph()
    women, events = graph.graph["top"], graph.graph["bottom"]
    table = from_table(nx.bipartite.biadjacency_matrix(graph, women, events).toarray())

    exact = fdsm(table, np.random.default_rng(1), 2000, chains=50)
    average = sdsm(table)
    kept = backbone(exact, correction="none", alpha=0.1, signed=True, missing_as_zero=True)

    assert (table.rows, table.cols, table.links) == (18, 14, 89)
    group = np.array([0] * 9 + [1] * 9)
    assert {1, -1} == set(kept.sign.tolist())
    assert ((group[kept.i] == group[kept.j]) == (kept.sign == 1)).all()
    # Degrees that hold on average only are the wider null: the same order, fewer edges.
    assert np.corrcoef(exact.p_gt, average.p_gt)[0, 1] > 0.98
    assert len(backbone(average, correction="none").i) < len(backbone(exact, correction="none").i)


# Order, names, hashes


@pytest.mark.parametrize("model", [fixed_row, sdsm])
def test_order_of_rows_and_columns_changes_no_test(model):
    table = uneven(3)
    straight = model(from_table(table))
    p = np.ones((len(table), len(table)))
    p[straight.i, straight.j] = p[straight.j, straight.i] = straight.p_gt
    rng = np.random.default_rng(1)

    for _ in range(5):
        row, col = rng.permutation(table.shape[0]), rng.permutation(table.shape[1])
        found = model(from_table(table[row][:, col]))
        assert found.p_gt.tolist() == p[row[found.i], row[found.j]].tolist()


def test_against_the_hypergeometric_of_scipy():
    table = uneven(4)
    degree, found = table.sum(1), fixed_row(from_table(table))

    for i, j, n, p in zip(found.i, found.j, found.n, found.p_gt, strict=True):
        law = hypergeom(table.shape[1], degree[i], degree[j])
        assert p == pytest.approx(law.pmf(np.arange(n, degree[i] + 1)).sum(), abs=1e-9)


def test_the_seed_of_hashes_changes_nothing():
    program = (
        "import numpy as np\n"
        "from geo.bipartite import fdsm, from_table, sdsm\n"
        "from geo.communities import louvain\n"
        "from geo.links import LinkParams, linked_contexts\n"
        "from tests.unit.geo.test_links import as_nodes, planted\n"
        "nodes = as_nodes(planted(1))\n"
        "k = nodes.known\n"
        "print(linked_contexts(nodes, LinkParams(replicates=99), key='k'))\n"
        "print(sdsm(k).p_gt.sum(), fdsm(k, np.random.default_rng(1), 9).p_gt.tolist())\n"
        "print(louvain(9, [0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 0, 4, 5, 3, 7, 8], key='k'))\n"
    )

    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "012"
    ]

    assert len(said[0]) > 1000
    assert said[0] == said[1] == said[2]
