"""Walking distances by hand and by definition; K along streets."""

from itertools import product

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.density import st_dbscan_sites
from geo.errors import GeoInputError
from geo.network import At, distances, near, network_k, snapped, streets, streets_of, walking
from geo.network.ways import Streets

RIVER = streets([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [100, 300, 100, 300, 50])


def at(*places):
    segment, offset = np.array(places, dtype=float).reshape(-1, 2).T
    return At(segment.astype(int), offset)


def test_the_way_round_counts_only_where_it_is_shorter():
    ring = streets([0, 1, 2, 0], [1, 2, 0, 1], [100, 100, 100, 500])

    found = distances(ring, at((0, 10), (0, 90), (1, 50), (3, 10), (3, 490), (3, 250)))

    assert found[0].tolist() == [0, 80, 140, 20, 100 - 10 + 10, 260]
    assert found[3, 4] == 120  # both ends of the long way round, not 480 along it
    assert found[3, 5] == 240
    assert (found == found.T).all()


def test_streets_that_do_not_meet_have_no_way():
    apart = streets([0, 2], [1, 3], [100, 100])

    assert distances(apart, at((0, 10), (1, 10)))[0, 1] == np.inf
    assert near(apart, at((0, 10), (1, 10), (1, 10)), 1000).i.tolist() == [1]


def test_a_loop_and_a_step_of_no_length():
    loop = streets([0, 0, 1], [0, 1, 2], [100, 0, 40])

    found = distances(loop, at((0, 5), (0, 95), (2, 10), (1, 0)))

    assert found[0].tolist() == [0, 10, 15, 5]
    pairs = near(loop, at((0, 5), (0, 95), (2, 10), (1, 0)), 10)
    assert pairs.mm.tolist() == [10_000, 5_000, 5_000, 10_000]


def test_the_limit_is_closed():
    pairs = near(RIVER, at((0, 0), (1, 150), (1, 150.001)), 250)

    assert list(zip(pairs.i.tolist(), pairs.j.tolist(), pairs.mm.tolist(), strict=True)) == [
        (0, 1, 250_000),
        (1, 2, 1),
    ]
    assert pairs.days.tolist() == [0, 0]


EDGE = st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 6))
POINT = st.tuples(st.integers(0, 50), st.floats(0, 1).map(lambda u: round(u, 1)))


def with_points(on, places):
    """The streets as a graph that has the points for nodes, too."""
    graph = nx.Graph()

    def way(a, b, metres):
        if a != b and not (graph.has_edge(a, b) and graph[a][b]["weight"] <= metres):
            graph.add_edge(a, b, weight=metres)

    for segment, length in enumerate(on.length_m):
        ends = [(0.0, ("node", on.first[segment])), (length, ("node", on.last[segment]))]
        here = np.flatnonzero(places.segment == segment)
        stops = ends + [(places.offset_m[i], ("point", i)) for i in here]
        for (far, one), (further, other) in product(stops, stops):
            way(one, other, abs(far - further))
    return graph


@settings(max_examples=200, deadline=None)
@given(
    st.lists(EDGE, min_size=1, max_size=14).filter(lambda edges: any(e[2] for e in edges)),
    st.lists(POINT, min_size=1, max_size=25),
    st.sampled_from([0, 50, 100, 250]),
)
def test_both_ways_of_counting_equal_a_graph_with_the_points_in_it(edges, points, limit):
    first, last, length = np.array(edges).T
    on = streets(first, last, length * 50.0)
    places = at(*((s % len(edges), u * on.length_m[s % len(edges)]) for s, u in points))
    graph = with_points(on, places)

    n = len(points)
    lengths = dict(nx.all_pairs_dijkstra_path_length(graph))
    expected = np.array(
        [[lengths[("point", i)].get(("point", j), np.inf) for j in range(n)] for i in range(n)]
    )

    assert distances(on, places) == pytest.approx(expected, abs=1e-6)
    pairs = near(on, places, limit)
    i, j = np.nonzero(np.triu(np.round(expected, 3) <= limit, 1))
    assert (pairs.i.tolist(), pairs.j.tolist()) == (i.tolist(), j.tolist())
    assert pairs.mm == pytest.approx(np.rint(expected[i, j] * 1000))


def test_parts_change_nothing(monkeypatch):
    rng = np.random.default_rng(1)
    on = streets(rng.integers(0, 30, 60), rng.integers(0, 30, 60), rng.integers(20, 200, 60))
    segment = rng.integers(0, 60, 80)
    places = At(segment, rng.random(80) * on.length_m[segment])
    whole = near(on, places, 300)

    monkeypatch.setattr(walking, "SOURCES", 7)
    monkeypatch.setattr("geo.neighbourhood.PART", 50)

    assert [c.tolist() for c in near(on, places, 300)] == [c.tolist() for c in whole]


def test_a_river_parts_a_cluster_that_the_crow_would_join():
    banks = streets_of(
        [
            shapely.LineString([(0, 0), (1000, 0)]),
            shapely.LineString([(1000, 0), (1000, 60)]),
            shapely.LineString([(1000, 60), (0, 60)]),
        ]
    )
    xy = np.array([[0, 0], [20, 0], [40, 0], [0, 60], [20, 60], [40, 60]])
    places, away = snapped(banks, xy)
    ones = np.ones(6, dtype=int)

    found = st_dbscan_sites(np.arange(6), near(banks, places, 100), 0 * ones, ones, 28, 3)

    assert away.tolist() == [0] * 6
    assert found.label.tolist() == [0, 0, 0, 1, 1, 1]


def test_lines_meet_where_they_end_and_points_go_to_the_first_of_the_nearest():
    lines = [
        shapely.LineString([(0, 0), (100, 0)]),
        shapely.LineString([(100, 0.0001), (100, 50)]),
        shapely.LineString([(50, -50), (50, 50)]),
    ]

    on = streets_of(lines)
    places, away = snapped(on, [[110, 20], [100, -5], [50, 0]])

    assert on.nodes == 5
    assert places.segment.tolist() == [1, 0, 0]
    assert places.offset_m == pytest.approx([19.9999, 100, 50], abs=1e-9)
    assert away == pytest.approx([10, 5, 0])
    assert distances(on, places)[0] == pytest.approx([0, 19.9999, 69.9999])
    assert snapped(on, np.zeros((0, 2)))[1].tolist() == []


def test_network_k_by_hand():
    found = network_k(RIVER, at((0, 0), (0, 100), (1, 50)), [49.999, 50, 100, 150], simulations=0)

    # 850 m of street; of three pairs one is 50 m apart, one 100, one 150.
    assert found.value == pytest.approx(850 / 3 * np.array([0, 1, 2, 3]))
    assert found.p is None
    assert np.isnan(found.theory).all()


def test_what_is_gathered_along_streets_is_found_and_chance_rarely_remarkable():
    rng = np.random.default_rng(2)
    g = nx.grid_2d_graph(5, 5)
    nodes = {node: k for k, node in enumerate(g)}
    first, last = np.array([(nodes[a], nodes[b]) for a, b in g.edges]).T
    on = streets(first, last, np.full(40, 100.0))
    r = [50, 100, 200]

    def scattered(n):
        return At(rng.integers(0, 40, n), rng.random(n) * 100)

    p = [network_k(on, scattered(25), r, simulations=39, key=str(k)).p for k in range(200)]
    mixed = scattered(25)
    gathered = At(np.where(np.arange(25) < 8, 3, mixed.segment), mixed.offset_m)

    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert network_k(on, gathered, r, simulations=199, alternative="clustered").p <= 0.01


def test_too_few_points_are_said():
    found = network_k(RIVER, at((0, 0)), [50])

    assert (found.status, found.p) == ("not enough data", 1.0)
    assert near(RIVER, at(), 100).i.tolist() == []
    assert distances(RIVER, at()).shape == (0, 0)


LINE = shapely.LineString([(0, 0), (1, 0)])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: streets([], [], []), "at least one is needed"),
        (lambda: streets([0], [1], [1, 2]), "two nodes and a length"),
        (lambda: streets([0], [1], [-1]), "0 or more"),
        (lambda: streets([0], [1], [0]), "not all 0"),
        (lambda: streets([0], [1], [np.nan]), "0 or more"),
        (lambda: streets([0.5], [1], [1]), "whole numbers"),
        (lambda: streets([0], [1.5], [1]), "whole numbers"),
        (lambda: streets([-1], [1], [1]), "whole numbers"),
        (lambda: streets_of([]), "at least one is needed"),
        (lambda: streets_of([LINE, shapely.Point(0, 0)]), "each of one piece"),
        (lambda: streets_of([LINE, shapely.LineString()]), "Line 1 is empty"),
        (lambda: snapped(RIVER, [[0, 0]]), "lines only"),
        (lambda: snapped(streets_of([LINE]), [[0, np.nan]]), "Row 0 has no coordinates"),
        (lambda: near(RIVER, at((0, 0), (0, 101)), 5), "Point 1 does not lie"),
        (lambda: distances(RIVER, at((5, 0))), "Point 0 does not lie"),
        (lambda: distances(RIVER, at((-1, 0))), "Point 0 does not lie"),
        (lambda: distances(RIVER, at((0, np.nan))), "Point 0 does not lie"),
        (lambda: distances(RIVER, At(np.array([0]), np.array([1, 2]))), "metres along it"),
        (lambda: near(RIVER, at((0, 0)), -1), "must be 0 or more"),
        (lambda: network_k(RIVER, at((0, 0)), [2, 1]), "ascend"),
    ],
)
def test_what_would_give_a_wrong_answer_is_refused_in_words(asked, words):
    with pytest.raises(GeoInputError, match=words):
        asked()


@pytest.mark.parametrize("size", [1e-5, 0.01, 1.0, 100.0])
def test_streets_of_any_size_give_the_same_walks(size: float) -> None:
    lines = [
        shapely.LineString(np.array(ends) * size)
        for ends in ([(0, 0), (0, 1)], [(0, 1), (1, 1)], [(1, 1), (1, 0)], [(1, 0), (0, 0)])
    ]
    around = streets_of(lines)
    at = At(np.array([0, 1, 2, 3]), np.array([0.5, 0.5, 0.25, 0.9]) * size)
    assert around.nodes == 4
    assert (
        near(around, at, size).i.tolist() == near(streets_of_square(), at_square(), 1000).i.tolist()
    )
    found = network_k(around, at, np.array([0.6, 1.0, 2.0]) * size, simulations=9, key="k")
    told = network_k(streets_of_square(), at_square(), [600, 1000, 2000], simulations=9, key="k")
    assert np.allclose(found.value / size, told.value / 1000)
    assert found.p == told.p


def streets_of_square() -> Streets:
    return streets([0, 1, 2, 3], [1, 2, 3, 0], [1000] * 4)


def at_square() -> At:
    return At(np.array([0, 1, 2, 3]), np.array([500.0, 500.0, 250.0, 900.0]))
