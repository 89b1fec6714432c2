"""Linked contexts, flows from home, R3 and R4 by hand."""

import dataclasses

import numpy as np
import pytest

from geo import links
from geo.bipartite import from_table
from geo.errors import GeoInputError
from geo.links import ChildLinks, FlowParams, LinkParams, Nodes, Spot
from geo.significance import poisson_binomial_sf

COLUMNS = ("child", "role", "event", "site", "first_day", "last_day", "lad", "home")
TODAY = 20_000
ON_AVERAGE = LinkParams(replicates=0, alpha=1.0)  # without the second test


def known(*rows):
    """Links as rows of COLUMNS."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in COLUMNS)
    whole = {"child", "event", "site", "first_day", "last_day"}
    return ChildLinks(
        **{
            name: np.array(list(column), dtype=int if name in whole else str)
            for name, column in zip(COLUMNS, columns, strict=True)
        }
    )


def harmed(child, event, *, site=1, day=TODAY - 10, lad="E1", home="E1", role="harmed_here"):
    return (child, role, event, site, day, day, lad, home)


def spot(*events, sites=(), days=(TODAY - 100, TODAY)):
    return Spot(np.array(events, int), np.array(sites, int), *days)


def random_table(rng, rows=100, cols=500, mean=700):
    """Links by chance alone, from very unequal wishes for degrees."""
    wish = np.outer(rng.pareto(3.0, rows) + 0.3, rng.pareto(3.0, cols) + 0.3)
    return rng.random((rows, cols)) < np.minimum(wish * mean / wish.sum(), 0.9)


def as_nodes(table, spots=0):
    rows = len(table)
    number = np.arange(rows)
    return Nodes(
        from_table(table),
        np.where(number < spots, number, -1),
        np.where(number < spots, -1, number + 500),
    )


# Which children count


def test_a_child_counts_by_an_incident_or_by_a_site_on_days_that_touch():
    day = TODAY - 50
    rows = known(
        harmed(1, 0),  # a member
        harmed(2, 5),  # an incident of the site, not a member
        (3, "at_risk_here", -1, 7, day - 9, day, "E1", "E1"),  # the site, up to the first day
        (4, "harmed_here", -1, 7, day - 9, day - 1, "E1", "E1"),  # the site, a day too early
        (5, "harmed_here", -1, 7, day + 5, day + 9, "E1", "E1"),  # the site, from the last day
        (6, "harmed_here", -1, 8, day, day, "E1", "E1"),  # another site
        (7, "harmed_here", -1, -1, day, day, "E1", "E1"),  # no site
        (8, "feels_safe", -1, 7, day, day, "E1", "E1"),  # says nothing of harm
    )
    which = rows.within(links.LEVEL_1, TODAY - 365, TODAY)

    of, link = links.children_of(rows, which, [spot(0, sites=(7,), days=(day, day + 5)), spot()])

    assert rows.child[link].tolist() == [1, 3, 5]
    assert of.tolist() == [0, 0, 0]


def test_links_within_touch_the_window():
    day = np.array([(1, 4), (1, 5), (9, 12), (10, 12), (1, 99)])
    rows = known(*(("1", "frequents", -1, 1, a, b, "", "") for a, b in day.tolist()))

    assert rows.within(links.LEVEL_2, 5, 9).tolist() == [False, True, True, False, True]
    assert not rows.within(links.LEVEL_1, 5, 9).any()


def test_lists_of_different_lengths_are_refused():
    rows = known(harmed(1, 0))

    with pytest.raises(GeoInputError, match="one entry each"):
        dataclasses.replace(rows, child=np.array([1, 2]))


def test_contexts_are_hot_spots_and_other_sites_with_three_children():
    rows = known(
        *(harmed(child, 0, site=1) for child in (1, 2)),
        *(harmed(child, 9, site=2) for child in (3, 4)),  # inside: a site of the hot spot
        *(harmed(child, 8, site=5, role="frequents") for child in (1, 2, 5)),
        *(harmed(child, 7, site=4) for child in (1, 2, 2)),  # two children: no context
        *((child, "frequents", -1, 6, 0, TODAY, "", "") for child in (90, 5, 1, 5)),  # online
        *(harmed(child, 6, site=5, day=TODAY - 900) for child in (7, 8)),  # long ago
    )

    found = links.nodes(rows, [spot(0, sites=(1, 2))], first_day=TODAY - 364, last_day=TODAY)

    assert found.spot.tolist() == [0, -1, -1]
    assert found.site.tolist() == [-1, 5, 6]
    assert found.known.dense().sum(1).tolist() == [2, 3, 3]
    assert found.known.dense().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 1]]


def test_without_links_there_are_hot_spots_only():
    found = links.nodes(known(), [spot(0)], first_day=0, last_day=TODAY)

    assert found.spot.tolist() == [0]
    assert found.known.cols == 0
    assert links.linked_contexts(found, LinkParams(), key="k").why is not None


# Linked contexts


def planted(seed, groups=((3, 11, 20),), children=12, **table):
    """Chance, and groups of contexts that the same children are known at."""
    rng = np.random.default_rng(seed)
    chance = random_table(rng, **table)
    extra = np.zeros((len(chance), children * len(groups)), dtype=bool)
    for g, rows in enumerate(groups):
        extra[np.array(rows)[:, None], g * children + np.arange(children)] = True
    return np.hstack([chance, extra])


def test_contexts_that_share_children_are_found():
    found = links.linked_contexts(as_nodes(planted(1)), LinkParams(), key="k")

    assert found.status == "tested"
    assert [context.nodes for context in found.contexts] == [(3, 11, 20)]
    assert found.contexts[0].kind == "cluster"
    assert found.contexts[0].edges == (0, 1, 2)
    assert list(zip(found.edges.a, found.edges.b, strict=True)) == [(3, 11), (3, 20), (11, 20)]
    assert (found.edges.shared >= 12).all()
    assert (found.edges.q <= 0.05).all()
    assert (found.edges.q >= found.edges.p).all()
    assert (found.edges.p_fixed == 0.001).all()


def test_the_family_is_every_pair_with_three_children_each():
    table = planted(1)
    able = int((table.sum(1) >= 3).sum())

    found = links.linked_contexts(as_nodes(table), LinkParams(replicates=19), key="k")

    assert found.tests == able * (able - 1) // 2


def test_planted_links_are_found_eight_times_of_ten():
    hits = 0
    for seed in range(30):
        table = planted(seed, groups=((2, 9),), children=10)
        found = links.linked_contexts(as_nodes(table), LinkParams(replicates=39), key="k")
        hits += any({2, 9} <= set(context.nodes) for context in found.contexts)

    assert hits >= 24


def test_two_hundred_random_tables_have_false_links_in_one_of_twenty_at_most():
    wrong = 0
    for seed in range(200):
        table = random_table(np.random.default_rng(1000 + seed))
        found = links.linked_contexts(as_nodes(table), ON_AVERAGE, key="k")
        wrong += len(found.edges.a) > 0

    assert wrong / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_an_edge_needs_the_fixed_degrees_too():
    table = planted(1)

    found = links.linked_contexts(as_nodes(table), LinkParams(replicates=9), key="k")

    assert len(found.edges.a) == 0  # 1 / 10 is the smallest p of nine draws
    assert found.contexts == ()
    assert found.status == "tested"


def test_what_is_too_large_for_a_cluster_is_a_network_in_parts():
    groups = ([0, 1, 2], [3, 4, 5], [2, 3])  # two threes and a bridge
    table = np.random.default_rng(1).random((80, 800)) < 0.01
    for g, rows in enumerate(groups):
        table[rows, 20 * g : 20 * g + (14, 14, 20)[g]] = True
    nodes = as_nodes(table)

    whole = links.linked_contexts(nodes, LinkParams(replicates=99, max_component=6), key="k")
    parts = links.linked_contexts(nodes, LinkParams(replicates=99, max_component=5), key="k")

    assert [(c.nodes, c.kind) for c in whole.contexts] == [((0, 1, 2, 3, 4, 5), "cluster")]
    assert whole.contexts[0].edges == tuple(range(7))
    assert [(c.nodes, c.kind) for c in parts.contexts] == [
        ((0, 1, 2), "network"),
        ((3, 4, 5), "network"),
    ]
    assert [len(c.edges) for c in parts.contexts] == [3, 3]


def test_order_and_names_of_contexts_and_children_change_nothing():
    table = planted(5)
    rng = np.random.default_rng(9)
    straight = links.linked_contexts(as_nodes(table), LinkParams(replicates=199), key="k")

    for _ in range(5):
        row, col = rng.permutation(len(table)), rng.permutation(table.shape[1])
        mixed = table[row][:, col]
        found = links.linked_contexts(as_nodes(mixed), LinkParams(replicates=199), key="k")
        assert [sorted(row[list(c.nodes)].tolist()) for c in found.contexts] == [
            list(c.nodes) for c in straight.contexts
        ]
        assert sorted(found.edges.q.tolist()) == pytest.approx(sorted(straight.edges.q.tolist()))


# R4


def test_linked_contexts_of_two_districts_hold_r4():
    table = planted(1, groups=((0, 2, 20), (1, 3)))
    nodes = as_nodes(table, spots=4)
    found = links.linked_contexts(nodes, LinkParams(), key="k")

    assert [context.nodes for context in found.contexts] == [(0, 2, 20), (1, 3)]
    assert links.links_across(found, nodes, ["E1", "E1", "E2", "E1"]) == [0, None, 0, None]
    assert links.links_across(found, nodes, ["E1", "E1", "", "E2"]) == [None, 1, None, 1]
    with pytest.raises(GeoInputError, match="one district"):
        links.links_across(found, nodes, ["E1"])


# R3


def district(lad, home, n, *, first):
    """So many children harmed in a district, elsewhere than at a hot spot."""
    return [harmed(first + k, 10_000 + first + k, lad=lad, home=home) for k in range(n)]


def test_more_children_from_elsewhere_than_the_districts_own_share():
    rows = known(
        *(harmed(k, k, lad="E1", home="E2") for k in range(5)),
        harmed(5, 5, lad="E1", home="E1"),
        harmed(6, 6, lad="E1", home=""),
        *district("E1", "E1", 27, first=100),
        *district("E1", "E2", 3, first=200),
    )
    share = 3.5 / 31

    (found,) = links.flows(rows, [spot(*range(7))], FlowParams(), snapshot_day=TODAY)

    assert found.status == "tested"
    assert (found.children, found.elsewhere, found.unknown) == (6, 5, 1)
    assert found.homes == {"E1": 1, "E2": 5}
    assert (found.baseline["E1"].children, found.baseline["E1"].elsewhere) == (30, 3)
    assert found.expected == pytest.approx(6 * share)
    assert found.p == pytest.approx(poisson_binomial_sf(5, [share] * 6))
    assert found.q == found.p
    assert found.holds


def test_school_flows_are_no_finding():
    rows = known(
        *(harmed(k, k, lad="E1", home="E2") for k in range(5)),
        *district("E1", "E1", 10, first=100),
        *district("E1", "E2", 30, first=200),
    )

    (found,) = links.flows(rows, [spot(*range(5))], FlowParams(), snapshot_day=TODAY)

    assert found.p > 0.1
    assert not found.holds


def test_each_child_is_measured_by_the_district_where_it_was_harmed_last():
    rows = known(
        harmed(1, 1, lad="E1", home="E9", day=TODAY - 50),
        harmed(1, 2, lad="E2", home="E9", day=TODAY - 20),
        harmed(2, 2, lad="E1", home="E1"),
        *district("E1", "E1", 20, first=100),
        *district("E2", "E1", 20, first=200),
    )

    (found,) = links.flows(rows, [spot(1, 2)], FlowParams(), snapshot_day=TODAY)

    assert found.expected == pytest.approx(0.5 / 21 + 20.5 / 21)
    assert found.elsewhere == 1
    assert found.q is None  # one child is too few to ask
    assert not found.holds


def test_too_small_a_baseline_is_said_and_is_not_no_effect():
    rows = known(
        *(harmed(k, k, lad="E1", home="E2") for k in range(25)),
        *district("E1", "E1", 19, first=100),
        harmed(900, 900, lad="E3", home=""),
        harmed(901, 900, lad="", home="E1"),
    )
    spots = [spot(*range(25)), spot(900), spot()]

    few, unknown, none = links.flows(rows, spots, FlowParams(), snapshot_day=TODAY)

    assert few.status == unknown.status == none.status == "not enough data"
    assert few.why == ("Fewer than 20 other children with a known home district were harmed in E1.")
    assert (few.p, few.q, few.expected, few.holds) == (None, None, None, False)
    assert unknown.why == "No child harmed here has a known home district."
    assert (unknown.children, unknown.unknown) == (0, 2)
    assert none.unknown == 0


def test_what_is_long_ago_or_no_harm_is_no_baseline():
    old = TODAY - 730
    rows = known(
        *(harmed(k, k, lad="E1", home="E2") for k in range(3)),
        *district("E1", "E1", 20, first=100),
        *(harmed(200 + k, 300, lad="E1", home="E2", day=old) for k in range(9)),
        *(harmed(300 + k, 300, lad="E1", home="E2", day=old + 1) for k in range(2)),
        *(harmed(400 + k, 300, lad="E1", home="E2", role="at_risk_here") for k in range(9)),
    )

    (found,) = links.flows(rows, [spot(0, 1, 2)], FlowParams(), snapshot_day=TODAY)

    assert (found.baseline["E1"].children, found.baseline["E1"].elsewhere) == (22, 2)


def test_flows_are_corrected_over_the_hot_spots_that_ask():
    rows = known(
        *(harmed(k, k, lad="E1", home="E2") for k in range(9)),
        *district("E1", "E1", 40, first=100),
    )
    spots = [spot(0, 1, 2), spot(3, 4, 5), spot(6), spot(7, 8)]

    found = links.flows(rows, spots, FlowParams(), snapshot_day=TODAY)

    assert [one.q is None for one in found] == [False, False, True, True]
    assert found[0].q == pytest.approx(found[0].p)  # two equal p: 2 p / 2
    assert found[2].p is not None


def test_order_of_links_and_names_of_children_change_no_flow():
    rows = known(
        *(
            harmed(k % 4, k, lad=f"E{1 + k % 2}", home=f"E{k % 3}", day=TODAY - k % 5)
            for k in range(12)
        ),
        *district("E1", "E1", 25, first=100),
        *district("E2", "E1", 25, first=100),
    )
    spots = [spot(*range(6)), spot(*range(6, 12))]
    straight = links.flows(rows, spots, FlowParams(), snapshot_day=TODAY)

    for seed in range(5):
        by = np.random.default_rng(seed).permutation(len(rows.child))
        mixed = ChildLinks(**{name: getattr(rows, name)[by] for name in COLUMNS})
        mixed = dataclasses.replace(mixed, child=7919 * (mixed.child + 1) % 10_007)
        assert links.flows(mixed, spots, FlowParams(), snapshot_day=TODAY) == straight


def test_no_number_of_a_child_comes_out_of_any_result():
    token = 987_654_000_000
    rows = known(
        *(harmed(token + k, k, site=1, lad="E1", home="E2") for k in range(12)),
        *(harmed(token + k, 100 + k, site=2, lad="E2", home="E2") for k in range(12)),
        *(harmed(token + 100 + k, 300 + k, site=10 + k // 4, lad="E1") for k in range(200)),
    )
    spots = [spot(*range(12), sites=(1,)), spot(*range(100, 112), sites=(2,))]

    found = links.level2(
        rows, spots, ["E1", "E2"], snapshot_day=TODAY, key="k", link=LinkParams(replicates=99)
    )

    assert found.across == (0, 0)
    assert [flow.holds for flow in found.flows] == [True, False]
    said = repr(found)
    assert "987654" not in said
    assert "9.87654" not in said


def test_level_2_looks_back_a_year_and_flows_two():
    rows = known(
        *(harmed(k, k, day=TODAY - 364, site=1) for k in range(3)),
        *(harmed(k, 10 + k, day=TODAY - 365, site=2, role="frequents") for k in range(3)),
        *(harmed(50 + k, 20 + k, day=TODAY - 500, site=3) for k in range(20)),
    )

    found = links.level2(rows, [spot(0, 1, 2, sites=(1,))], ["E1"], snapshot_day=TODAY, key="k")

    assert found.nodes.site.tolist() == [-1]
    assert found.contexts.why == "Fewer than two contexts are linked to three children or more."
    assert found.flows[0].baseline["E1"].children == 20
