"""Groups of places: Louvain on the published example, agreement of partitions, bridges."""

import networkx as nx
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from geo.bipartite import from_table
from geo.communities import (
    adjusted_rand,
    bridges,
    canonical,
    louvain,
    modularity,
    participation,
)
from geo.errors import GeoInputError


@pytest.fixture(scope="module")
def club():
    edges = nx.karate_club_graph().edges()
    return tuple(np.array(end) for end in zip(*edges, strict=True))


def test_the_karate_club_reaches_its_best_known_modularity(club):
    found = louvain(34, *club, key="club")

    assert round(found.modularity, 4) == 0.4198
    assert found.label.max() == 3
    assert found.runs == 100
    assert found.stable == (found.stability >= 0.7)


@pytest.mark.parametrize("seed", range(3))
def test_order_of_edges_and_of_their_ends_changes_nothing(club, seed):
    rng = np.random.default_rng(seed)
    by, turned = rng.permutation(len(club[0])), rng.random(len(club[0])) < 0.5
    i, j = np.where(turned, club[1], club[0])[by], np.where(turned, club[0], club[1])[by]

    straight, mixed = louvain(34, *club, key="k", seeds=9), louvain(34, i, j, key="k", seeds=9)

    assert mixed.label.tolist() == straight.label.tolist()
    assert (mixed.modularity, mixed.stability) == (straight.modularity, straight.stability)


def test_modularity_is_that_of_networkx(club):
    label = np.random.default_rng(1).integers(0, 4, 34)
    weight = np.arange(1, len(club[0]) + 1)
    graph = nx.Graph()
    graph.add_weighted_edges_from(zip(*club, weight, strict=True))
    groups = [set(np.flatnonzero(label == k)) for k in range(4)]

    for resolution in (0.5, 1.0, 2.0):
        ours = modularity(label, *club, weight, resolution=resolution)
        theirs = nx.community.modularity(graph, groups, resolution=resolution)
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_of_equally_good_partitions_the_smallest_is_taken():
    # A ring of six: three pairs begin at 0 or at 1, and are as good as two threes.
    found = louvain(6, [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0], key="k")

    assert found.modularity == pytest.approx(1 / 6)
    assert found.label.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.stability < 0.7
    assert not found.stable


def test_edges_said_twice_count_twice():
    twice = louvain(3, [0, 1, 0], [1, 2, 1], key="k", seeds=5)
    heavy = louvain(3, [0, 1], [1, 2], [2.0, 1.0], key="k", seeds=5)

    assert twice.modularity == heavy.modularity
    assert twice.label.tolist() == heavy.label.tolist()


@pytest.mark.parametrize("n", [0, 1, 4])
def test_without_edges_each_is_a_group(n):
    found = louvain(n, [], [], key="k", seeds=3)

    assert found.label.tolist() == list(range(n))
    assert (found.modularity, found.stability) == (0.0, 1.0)


def test_one_run_agrees_with_itself():
    assert louvain(2, [0], [1], key="k", seeds=1).stability == 1.0


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ((2, [0], [2]), "two nodes that exist"),
        ((2, [-1], [1]), "two nodes that exist"),
        ((2, [0], [1], [0.0]), "more than 0"),
        ((2, [0], [1, 1]), "two ends"),
    ],
)
def test_what_is_no_graph_is_refused(graph, words):
    with pytest.raises(GeoInputError, match=words):
        louvain(*graph, key="k")


def test_no_run_is_refused():
    with pytest.raises(GeoInputError, match="one run"):
        louvain(2, [0], [1], key="k", seeds=0)


def test_agreement_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    for n in (1, 2, 3, 10, 60):
        for _ in range(20):
            a, b = rng.integers(0, rng.integers(1, n + 1), (2, n))
            assert adjusted_rand(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


def test_partitions_of_other_things_are_refused():
    with pytest.raises(GeoInputError, match="same things"):
        adjusted_rand([0, 1], [0, 1, 2])


def test_agreement_of_nothing_is_full():
    assert adjusted_rand([], []) == 1.0


def test_groups_are_numbered_by_their_smallest_member():
    assert canonical([7, 3, 7, 9, 3]).tolist() == [0, 1, 0, 2, 1]


# Bridges


def test_participation_by_hand():
    found = participation([[4, 0, 0], [1, 1, 1], [3, 1, 0], [0, 0, 0]])

    assert found == pytest.approx([0.0, 2 / 3, 3 / 8, 0.0])


@pytest.mark.parametrize("counts", [[1, 2], [[-1, 2]], [[np.nan]]])
def test_what_are_no_counts_is_refused(counts):
    with pytest.raises(GeoInputError, match="table of counts"):
        participation(counts)


def test_a_place_between_districts():
    table = from_table(
        [
            [1, 1, 0, 0, 0, 0],  # E1
            [0, 1, 1, 1, 0, 0],  # E1, with children of two districts
            [0, 0, 0, 1, 1, 0],  # E2
            [0, 0, 0, 0, 0, 1],  # E3, alone
        ]
    )
    found = bridges(table, home=["E1", "E1", "", "E2", "E2", ""], lad=["E1", "E1", "E2", "E3"])

    assert found.participation == pytest.approx([0.0, 0.5, 0.0, 0.0])
    assert found.betweenness == pytest.approx([0.0, 1 / 3, 0.0, 0.0])
    assert found.districts.tolist() == [1, 2, 1, 0]
    assert found.bridging.tolist() == [False, True, False, False]


def test_betweenness_over_given_links_is_that_of_networkx(club):
    table = from_table(np.ones((34, 2)))
    found = bridges(table, home=["E1", "E2"], lad=["E1"] * 33 + [""], edges=club)
    theirs = nx.betweenness_centrality(
        nx.Graph(list(zip(*(x.tolist() for x in club), strict=True)))
    )

    assert found.betweenness == pytest.approx([theirs[k] for k in range(34)])
    assert (found.participation == 0.5).all()
    assert (found.districts == 1).all()


def test_districts_of_other_places_are_refused():
    with pytest.raises(GeoInputError, match="one home district"):
        bridges(from_table([[1, 0]]), home=["E1"], lad=["E1"])
