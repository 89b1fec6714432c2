"""Eight quarters of one town: a pattern lasts, splits in two, and is one again; one comes late."""

import numpy as np
import shapely

from geo.boundaries import Lads
from geo.crossborough import Events, Params, run
from geo.lineage import content_id, match

WEST, EAST = (
    shapely.box(510_000, 160_000, 515_000, 170_000),
    shapely.box(515_000, 160_000, 520_000, 170_000),
)
LADS = Lads(("E1", "E2"), np.array([WEST, EAST]))
QUARTER, WINDOW = 91, 182
# Places along a street across the border, 200 m apart; those of the middle are quiet for a year.
STREET = [(514_300.0 + 200 * k, 165_000.0) for k in range(7)]
MIDDLE = {3}
SQUARE = (518_000.0, 168_000.0)


def incidents():
    """(place, day): six a quarter at each place of the street, a square from the sixth on."""
    found = []
    for quarter in range(10):
        for k, place in enumerate(STREET):
            if k in MIDDLE and 3 <= quarter <= 6:
                continue
            found += [(place, quarter * QUARTER + 15 * i + k) for i in range(6)]
        if quarter >= 5:
            found += [(SQUARE, quarter * QUARTER + 7 * i) for i in range(13)]
    return found


def clusters(until):
    """Sites of each reportable cluster of the window, by content id."""
    rows = [(p, d) for p, d in incidents() if until - WINDOW < d <= until]
    names = sorted({p for p, _ in rows})
    site = np.array([names.index(p) for p, _ in rows])
    day = np.array([d for _, d in rows])
    n = len(rows)
    xy_m = np.array(names)[site]
    events = Events(
        np.lexsort((day, site)).argsort(), site, xy_m, day, np.ones(n, int),
        np.where(xy_m[:, 0] < 515_000, 0, 1), np.ones(n, bool),
    )  # fmt: skip
    spots = run(events, LADS, Params(), snapshot_day=until).hot_spots
    return {
        content_id("p", [f"{site[i]}:{day[i]}" for i in s.members[s.core]]): frozenset(
            f"{names[k][0]:.0f}" for k in site[s.members].tolist()
        )
        for s in spots
        if s.reportable
    }


def history():
    """Open lineages after each of eight quarters, and what happened in it."""
    lineages, told, number = {}, [], 0
    for quarter in range(2, 10):
        new = clusters(quarter * QUARTER)
        matches = match(lineages, new)
        for old in matches.merges:
            del lineages[old]
        for key, old in matches.continues.items():
            lineages[old] = new[key]
        born = {}
        for key in [*sorted(matches.splits), *matches.fresh]:
            number += 1
            born[f"L{number}"] = matches.splits.get(key)
            lineages[f"L{number}"] = new[key]
        told.append((dict(lineages), born, dict(matches.merges), matches.gone))
    return told


def test_one_lineage_lasts_through_a_split_and_a_merge():
    told = history()

    lasting = [set(open_) for open_, _, _, _ in told]
    assert all("L1" in open_ for open_ in lasting)
    splits = [(k, born) for k, (_, born, _, _) in enumerate(told) if "L1" in born.values()]
    merges = [(k, merged) for k, (_, _, merged, _) in enumerate(told) if merged]
    assert [list(born.values()) for _, born in splits] == [["L1"]]
    assert [list(merged) for _, merged in merges] == [list(splits[0][1])]
    assert splits[0][0] < merges[0][0]


def test_no_reference_is_given_twice_and_the_late_one_is_new():
    told = history()

    born = [name for _, new, _, _ in told for name in new]
    assert len(born) == len(set(born)) == 3
    late = [name for _, new, _, _ in told for name, source in new.items() if source is None]
    assert late == ["L1", "L3"]
    assert told[-1][0]["L3"] == {"518000"}
    assert all(not gone for _, _, _, gone in told)


def test_the_same_history_twice_is_the_same():
    assert history() == history()
