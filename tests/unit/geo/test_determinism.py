"""The same records give the same clusters, however they come."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo import crossborough
from geo.boundaries import Lads, lad_of
from geo.crossborough import Events, Params
from geo.lineage import content_id

ROOT = Path(__file__).resolve().parents[3]
N = 400
WEST = shapely.box(509_000, 168_000, 511_000, 172_000)
EAST = shapely.box(511_000, 168_000, 513_000, 172_000)
LADS = Lads(("E1", "E2"), np.array([WEST, EAST]))


def study(rows, **changed):
    """Random incidents on both sides of a border, `rows` in that order."""
    rng = np.random.default_rng(3)
    where = rng.uniform((509_400, 168_800), (512_600, 171_200), (120, 2)).round(1)
    site = rng.integers(0, 120, N)
    day, agency = rng.integers(19_000, 19_200, N), rng.integers(0, 3, N)
    children = [(f"c{k}",) if k < 9 else () for k in rng.integers(0, 30, N)]
    xy = where[site] + changed.pop("moved", 0.0)
    return Events(
        order=rows,
        site=site[rows],
        xy_m=xy[rows],
        day=day[rows],
        weight=np.ones(N, int),
        lad=lad_of(xy, changed.pop("lads", LADS))[rows],
        may_be_core=(rng.random(N) < 0.9)[rows],
        agency=agency[rows],
        children=[children[i] for i in rows],
    )


def told(rows, lads=LADS, **changed):
    """Everything a run says, with incidents for rows."""
    events = study(rows, lads=lads, **changed)
    found = crossborough.run(events, lads, Params(), snapshot_day=19_200)
    return found.largest_share, [
        {
            "id": content_id("p", [f"i{rows[i]:04}" for i in spot.members[spot.core]]),
            "members": sorted(rows[spot.members].tolist()),
            "numbers": (spot.n, spot.n_core, spot.n_places, spot.first_day, spot.last_day),
            "boroughs": list(spot.boroughs.items()),
            "rules": (spot.cross_borough, spot.r1_span, spot.r2_straddle, spot.active),
            "why_not": spot.why_not,
            "bbox": spot.bbox,
            "hull": spot.hull.normalize().wkt,
            "evidence": spot.evidence,
        }
        for spot in found.hot_spots
    ]


@pytest.fixture(scope="module")
def straight():
    return told(np.arange(N))


def test_the_example_is_worth_the_name(straight):
    spots = straight[1]

    assert len(spots) >= 5
    assert {spot["rules"][1] for spot in spots} == {True, False}
    assert {spot["why_not"] is None for spot in spots} == {True, False}


@pytest.mark.parametrize("seed", range(20))
def test_twenty_orders_of_rows_tell_the_same(straight, seed):
    assert told(np.random.default_rng(seed).permutation(N)) == straight


def test_a_moved_border_changes_districts_and_rules_only(straight):
    border = 511_400
    moved = Lads(
        ("E1", "E2"),
        np.array([shapely.box(509_000, 168_000, border, 172_000),
                  shapely.box(border, 168_000, 513_000, 172_000)]),
    )  # fmt: skip

    share, spots = told(np.arange(N), lads=moved)

    same = ("id", "members", "numbers", "why_not", "bbox", "hull")
    assert share == straight[0]
    assert [[s[key] for key in same] for s in spots] == [
        [s[key] for key in same] for s in straight[1]
    ]
    assert [s["boroughs"] for s in spots] != [s["boroughs"] for s in straight[1]]


def test_moving_everything_by_whole_kilometres_moves_only_where_it_is(straight):
    lads = Lads(LADS.codes, shapely.transform(LADS.shapes, lambda xy: xy + 3000.0))

    share, spots = told(np.arange(N), lads=lads, moved=3000.0)

    same = ("id", "members", "numbers", "boroughs", "rules", "why_not", "evidence")
    assert share == straight[0]
    assert [[s[key] for key in same] for s in spots] == [
        [s[key] for key in same] for s in straight[1]
    ]


def test_the_seed_of_hashes_changes_nothing():
    program = (
        "import numpy as np\n"
        "from geo import lineage\n"
        "from tests.unit.geo.test_determinism import N, told\n"
        "found = told(np.arange(N))\n"
        "old = {f'L{k}': frozenset(str(i // 2) for i in s['members'])\n"
        "       for k, s in enumerate(found[1])}\n"
        "new = {s['id']: frozenset(str(i // 2 + 1) for i in s['members']) for s in found[1]}\n"
        "print(found, lineage.match(old, new))\n"
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
