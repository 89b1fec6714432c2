"""Busy beyond the children there: a Poisson scan where a baseline is known."""

import numpy as np
import pytest
import shapely

from geo.crossborough import Params, run
from geo.errors import GeoInputError
from geo.evidence.persistent import area
from geo.evidence.scanned import scanned
from tests.unit.geo.test_evidence_emerging import NOWHERE, events

CELLS = area([shapely.box(510_000, 160_000, 513_000, 163_000)], halo_m=0, cell_m=250)
PARK, ESTATE = (511_100.0, 161_100.0), (512_100.0, 162_100.0)


def people():
    """A hundred children in each cell, ten thousand in that of the estate."""
    found = np.where(CELLS.inside, 100.0, 0.0)
    found[8, 8] = 10_000.0
    return found


def study(*places, n=40):
    rng = np.random.default_rng(1)
    far = 510_000 + rng.uniform(0, 2_900, 40), 160_000 + rng.uniform(0, 2_900, 40)
    xy_m = np.concatenate([*(np.tile([at], (n, 1)) for at in places), np.column_stack(far)])
    day = np.concatenate([*(729 - 9 * np.arange(n) for _ in places), rng.integers(0, 730, 40)])
    return events(xy_m, day)


def found(given, baseline, **further):
    spots = run(given, NOWHERE, Params(), snapshot_day=729).hot_spots
    options = {"snapshot_day": 729, "key": "k", "replicates": 99} | further
    return spots, scanned(given, spots, CELLS, baseline, **options)


def at(place, spots, results):
    return next(
        one for s, one in zip(spots, results, strict=True)
        if s.bbox[0] - 300 <= place[0] <= s.bbox[2] + 300
        and s.bbox[1] - 300 <= place[1] <= s.bbox[3] + 300 and s.n > 20
    )  # fmt: skip


def test_what_many_children_explain_is_not_persistent_and_what_they_do_not_is():
    spots, results = found(study(PARK, ESTATE), people())

    park, estate = at(PARK, spots, results), at(ESTATE, spots, results)

    assert (park.method, park.p, park.p_persistent) == ("poisson_scan", 0.01, 0.01)
    assert park.observed >= 40 > park.expected * 5
    assert park.quarters_with == 4
    assert (estate.p, estate.status) == (1.0, "tested")
    assert estate.why.startswith("No surrounding holds more")


def test_outside_and_without_enough_incidents_nothing_is_said():
    empty = people()
    empty[4, 4] = 0.0
    spots, results = found(study(PARK), empty)

    assert at(PARK, spots, results).status == "not tested"
    old = study(PARK)
    assert {one.status for one in found(old, people(), snapshot_day=5000)[1]} == {"not enough data"}


def test_a_baseline_fits_the_area():
    with pytest.raises(GeoInputError, match="for each cell"):
        found(study(PARK), np.ones((2, 2)))
    with pytest.raises(GeoInputError, match="0 or more"):
        found(study(PARK), people() * -1)
