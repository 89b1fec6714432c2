"""Tiles of a country, each clustered alone and joined, equal all at once."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import density, partition
from geo.errors import GeoInputError
from geo.neighbourhood import collapsed
from geo.partition import Limits, Merge
from tests import national

TILE_M = 1_000  # small, so that few events meet many edges
AT = np.array([518_000.0, 169_000.0])


def by_tiles(xy_m, day, weight, limits, tile_m=TILE_M, order=None, able=None):
    """Labels of the rows; tiles are added in the opposite order."""
    nodes = collapsed(xy_m, day, weight, order, able)
    tiles = partition.tiles(nodes.xy_m, limits, tile_m)
    merge = Merge(nodes)
    for tile in reversed(tiles):
        merge.add(tile, partition.clusters_of(partition.part(nodes, tile, limits)))
    labels = merge.labels()
    return labels.label[nodes.row].tolist(), labels.core[nodes.row].tolist()


def at_once(xy_m, day, weight, limits, order=None, able=None):
    found = density.st_dbscan(xy_m, day, weight, *limits, order=order, may_be_core=able)
    return found.label.tolist(), found.core.tolist()


@st.composite
def events(draw):
    """Up to 60, on a grid that meets tile edges, tile corners and the distance exactly."""
    n = draw(st.integers(1, 60))
    steps = st.lists(st.integers(-8, 8), min_size=n, max_size=n)
    xy_m = AT + 125.0 * np.column_stack([draw(steps), draw(steps)])
    day = np.array(draw(st.lists(st.sampled_from([0, 5, 14, 28, 42, 56]), min_size=n, max_size=n)))
    weight = np.array(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)))
    order = np.array(draw(st.permutations(range(n))))
    able = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    return xy_m, day, weight, order, able


@settings(max_examples=80, deadline=None)
@given(events(), st.sampled_from([Limits(250, 28, 4), Limits(125, 14, 3), Limits(450, 0, 5)]))
def test_tiles_change_nothing(given_events, limits):
    xy_m, day, weight, order, able = given_events

    tiled = by_tiles(xy_m, day, weight, limits, order=order, able=able)

    assert tiled == at_once(xy_m, day, weight, limits, order, able)


@settings(max_examples=40, deadline=None)
@given(events())
def test_tiles_change_nothing_without_a_limit_of_days(given_events):
    xy_m, day, weight, order, _ = given_events
    limits = Limits(250, 0, 6)

    tiled = by_tiles(xy_m, day * 0, weight, limits, order=order)

    assert tiled == at_once(xy_m, day * 0, weight, limits, order)


@pytest.mark.parametrize("tile_m", [5_000, 10_000, 20_000])
@pytest.mark.parametrize("eps_m", [100, 250, 500])
def test_a_study_around_the_corner_of_four_tiles(tile_m, eps_m):
    xy_m, day = national.study()
    limits = Limits(eps_m, 28, 5)
    one = np.ones(len(day), dtype=int)

    label, core = by_tiles(xy_m, day, one, limits, tile_m)

    assert (label, core) == at_once(xy_m, day, one, limits)
    burst = set(label[1350:1410]) - {-1}
    assert len(burst) == 1, "the burst lies in four tiles and is one cluster"


def chain(length):
    """A line of single events, 250 m apart: each is core only by both of its neighbours."""
    xy_m = AT + np.column_stack([250.0 * np.arange(length), np.zeros(length)])
    return xy_m, np.zeros(length, dtype=int), np.ones(length, dtype=int)


@pytest.mark.parametrize("shift", [0, 1, 125, 249, 250, 251])
def test_a_core_that_needs_both_sides_of_an_edge(shift):
    xy_m, day, weight = chain(13)
    moved = xy_m + np.array([shift, 0.0])

    label, core = by_tiles(moved, day, weight, Limits(250, 0, 3))

    assert label == [0] * 13
    assert core == [False, *[True] * 11, False]


def test_a_halo_of_one_reach_would_be_found_out(monkeypatch):
    """The second reach is there for the core flags of what lies just outside."""
    xy_m, day, weight = chain(13)
    real = partition.reach_m
    monkeypatch.setattr(partition, "reach_m", lambda eps_m: real(eps_m) / 2)

    short = by_tiles(xy_m, day, weight, Limits(250, 0, 3))

    assert short != at_once(xy_m, day, weight, Limits(250, 0, 3))


def test_a_merge_that_forgets_what_is_shared_would_be_found_out(monkeypatch):
    xy_m, day, weight = chain(13)
    monkeypatch.setattr(partition, "united", lambda component, *_: component)

    assert max(by_tiles(xy_m, day, weight, Limits(250, 0, 3))[0]) > 0


def test_a_border_event_joins_the_nearest_core_though_it_is_another_tile_s():
    """Left and right of an edge stand five events each; one in between is nearer to the right."""
    edge = np.array([519_000.0, 169_500.0])
    left, right, between = (edge + np.array([east, 0.0]) for east in (-200, 180, -5))
    xy_m = np.concatenate([np.tile(left, (5, 1)), np.tile(right, (5, 1)), [between]])
    day, weight = np.arange(11), np.ones(11, dtype=int)
    day[10] = 4
    able = np.append(np.ones(10, bool), False)

    label, _ = by_tiles(xy_m, day, weight, Limits(250, 28, 5), able=able)

    assert label == [0] * 5 + [1] * 6


def test_places_used_again_count_with_their_weight():
    xy_m = np.tile(national.CORNER, (3, 1)) - [[50.0, 0.0], [0.0, 0.0], [0.0, 50.0]]

    label, core = by_tiles(xy_m, np.zeros(3, int), np.array([2, 2, 1]), Limits(100, 0, 5))

    assert (label, core) == ([0, 0, 0], [True, True, True])


def test_every_node_is_owned_once_and_known_to_all_tiles_within_reach():
    xy_m, day = national.study()
    nodes = collapsed(xy_m, day, np.ones(len(day), int), None, None)
    tiles = partition.tiles(nodes.xy_m, Limits(250, 28, 5), 5_000)
    owned = np.concatenate([tile.known[tile.own] for tile in tiles])

    assert sorted(owned.tolist()) == list(range(len(nodes.day)))
    for tile in tiles:
        column, row = map(int, tile.name.split(":")[1:])
        corner = np.array([column, row]) * 5_000.0
        outside = np.maximum(corner - nodes.xy_m, nodes.xy_m - corner - 5_000).max(axis=1)
        assert set(np.flatnonzero(outside <= 500)) <= set(tile.known.tolist())


def test_what_a_task_is_given_does_not_depend_on_what_lies_elsewhere():
    xy_m, day = national.study()
    far = np.concatenate([[[300_000.0, 500_000.0]] * 3, xy_m])
    parts = []
    for place, when in ((xy_m, day), (far, np.concatenate([[5, 6, 7], day]))):
        nodes = collapsed(place, when, np.ones(len(when), int), None, None)
        limits = Limits(250, 28, 5)
        tiles = {tile.name: tile for tile in partition.tiles(nodes.xy_m, limits)}
        parts.append(partition.part(nodes, tiles["t10000:52:18"], limits))

    for column in ("xy_m", "day", "weight", "order", "eligible"):
        first, second = (getattr(part.nodes, column).tolist() for part in parts)
        assert first == second


@pytest.mark.parametrize(("limits", "tile_m"), [((0.5, 28, 5), 10_000), ((600, 28, 5), 1_000)])
def test_tiles_that_cannot_be_are_refused(limits, tile_m):
    with pytest.raises(GeoInputError, match="a side of at least twice the distance"):
        partition.tiles(np.zeros((2, 2)), Limits(*limits), tile_m)


def test_nothing_gives_nothing():
    nodes = collapsed(np.zeros((0, 2)), np.zeros(0, int), np.zeros(0, int), None, None)

    assert partition.tiles(nodes.xy_m, Limits(250, 28, 5)) == []
    assert len(Merge(nodes).labels().label) == 0


def test_the_order_in_which_tiles_are_done_changes_nothing():
    xy_m, day, weight = chain(9)
    limits = Limits(250, 0, 3)
    nodes = collapsed(xy_m, day, weight, None, None)
    tiles = partition.tiles(nodes.xy_m, limits, TILE_M)
    found = [partition.clusters_of(partition.part(nodes, tile, limits)) for tile in tiles]
    labels = set()
    for order in permutations(range(len(tiles))):
        merge = Merge(nodes)
        for k in order:
            merge.add(tiles[k], found[k])
        labels.add(tuple(merge.labels().label.tolist()))

    assert len(labels) == 1
