import numpy as np
import pytest
import shapely

from geo import crossborough, sites
from geo.boundaries import Lads, lad_of, shares
from geo.crossborough import Events, Params, Visits
from geo.errors import GeoInputError
from geo.neighbourhood import Pairs

# Two districts that meet at easting 500,000.
LADS = Lads(
    ("E1", "E2"),
    np.array(
        [
            shapely.box(490_000, 160_000, 500_000, 170_000),
            shapely.box(500_000, 160_000, 510_000, 170_000),
        ]
    ),
)


def events(rows, **further):
    """Rows of (easting, northing, day, weight)."""
    table = np.array(rows, float).reshape(-1, 4)
    xy = table[:, :2]
    return Events(
        order=np.arange(len(xy)),
        site=np.unique(xy, axis=0, return_inverse=True)[1].ravel() if len(xy) else np.zeros(0, int),
        xy_m=xy,
        day=table[:, 2].astype(int),
        weight=table[:, 3].astype(int),
        lad=lad_of(xy, LADS),
        may_be_core=np.ones(len(xy), bool),
        **further,
    )


CBC = Params()


def spot(rows, params=CBC, **further):
    found = crossborough.run(events(rows, **further), LADS, params, snapshot_day=100)
    assert len(found.hot_spots) == 1
    return found.hot_spots[0]


def row(east, day, weight=1):
    return (500_000 + east, 165_000, day, weight)


def test_incidents_on_both_sides_of_the_border_are_one_cluster_that_spans():
    found = spot([row(-60, 1, 3), row(40, 10, 3)])

    assert found.boroughs == {"E1": 3, "E2": 3}
    assert found.cross_borough
    assert found.r1_span
    assert not found.r2_straddle
    assert (found.n, found.n_core, found.n_places) == (6, 6, 2)
    assert found.bbox == (499_940, 165_000, 500_040, 165_000)


@pytest.mark.parametrize(("over", "spans"), [(1, False), (2, True)])
def test_span_needs_two_core_incidents_in_each(over, spans):
    found = spot([row(-60, 1, 6), row(40, 10, over)])

    assert found.cross_borough
    assert found.r1_span is spans


def test_span_needs_a_tenth_of_the_core():
    few = spot([row(-60, 1, 28), row(40, 10, 2)])
    enough = spot([row(-60, 1, 27), row(40, 10, 3)])

    assert (few.r1_span, enough.r1_span) == (False, True)


def test_span_needs_a_district_of_the_partnership():
    study = events([row(-60, 1, 3), row(40, 10, 3)])

    found = crossborough.run(
        study, LADS, Params(), snapshot_day=100, partners=frozenset({"E9"})
    ).hot_spots[0]

    assert found.cross_borough
    assert not found.r1_span


def test_a_footprint_over_the_border_straddles_without_incidents_there():
    near = spot([row(-60, 1, 3), row(-70, 10, 3)])
    far = spot([row(-400, 1, 3), row(-410, 10, 3)])

    assert (near.r2_straddle, near.cross_borough, near.r1_span) == (True, False, False)
    assert set(near.evidence["r2"]["share"]) == {"E1", "E2"}
    assert not far.r2_straddle


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(0, 1, 4), row(10, 2, 1), row(20, 3, 1)], None),
        ([row(0, 1, 3), row(10, 2, 3)], "Incidents on 2 of at least 3 dates: not yet a pattern."),
    ],
)
def test_one_party_night_is_not_a_pattern(rows, words):
    found = spot(rows)

    assert found.why_not == words
    assert found.reportable is (words is None)


def test_few_incidents_are_not_reported():
    found = spot([row(0, 1), row(0, 2), row(0, 3)], Params(min_points=3))

    assert found.why_not == "Fewer than 5 incidents."


def test_one_child_in_most_incidents_is_casework():
    rows = [row(0, day) for day in range(1, 7)]
    agency = np.arange(6)

    found = spot(rows, agency=agency, children=[("a",)] * 4 + [("b",), ("c",)])

    assert found.why_not.startswith("One child")


def test_one_noisy_reporter_is_not_a_pattern():
    rows = [row(0, day) for day in range(1, 7)]

    alone = spot(rows, agency=np.zeros(6, int), children=[()] * 6)
    two = spot(rows, agency=np.array([0, 0, 0, 1, 1, 1]), children=[()] * 6)
    children = spot(rows, agency=np.zeros(6, int), children=[("a",), ("b",), ("c",), (), (), ()])

    assert "reporting agencies" in alone.why_not
    assert two.reportable
    assert children.reportable


@pytest.mark.parametrize(
    ("site", "days", "reportable"),
    [
        (0, (6, 9), True),
        (0, (7, 9), False),
        (0, (-9, 1), True),
        (0, (-9, 0), False),
        (1, (1, 6), False),
    ],
)
def test_children_linked_to_its_places_on_its_days_count_too(site, days, reportable):
    rows = [row(0, day) for day in range(1, 7)]
    there = Visits(np.full(3, site), ["a", "b", "c"], *(np.full(3, day) for day in days))

    found = spot(rows, agency=np.zeros(6, int), children=[()] * 6, visits=there)

    assert found.reportable is reportable


@pytest.mark.parametrize(("day", "active"), [(10, True), (9, False)])
def test_active_means_the_last_ninety_days(day, active):
    assert spot([row(0, day, 5)], Params(min_dates=1)).active is active


def test_space_only_ignores_time():
    rows = [row(0, 1, 2), row(0, 80, 3)]

    apart = crossborough.run(events(rows), LADS, Params(), snapshot_day=100)
    together = crossborough.run(events(rows), LADS, Params(eps_days=None), snapshot_day=100)

    assert apart.hot_spots == []
    assert together.hot_spots[0].n == 5
    assert together.hot_spots[0].first_day == 1
    assert together.largest_share == 1.0


def test_the_hull_is_of_cells_and_never_of_points():
    found = spot([row(-60, 1, 3), row(40, 10, 3)])

    corners = shapely.get_coordinates(found.hull)
    assert (corners % 500 == 0).all()
    assert found.hull.contains(shapely.Point(499_940, 165_000).buffer(0)) or found.hull.covers(
        shapely.Point(499_940, 165_000)
    )


def test_nothing_gives_nothing():
    found = crossborough.run(events([]), LADS, Params(), snapshot_day=100)

    assert found.hot_spots == []
    assert found.largest_share == 0


def test_degrees_are_refused():
    with pytest.raises(GeoInputError, match="degrees"):
        crossborough.run(events([(-0.3, 51.4, 1, 9)]), LADS, Params(), snapshot_day=100)


def test_a_place_on_no_polygon_goes_to_the_nearest_within_250_metres():
    apart = Lads(
        ("E1", "E2"), np.array([shapely.box(0, 0, 100, 100), shapely.box(600, 0, 700, 100)])
    )
    xy = np.array([[350.0, 50.0], [349.0, 50.0], [351.1, 50.0], [np.nan, 1.0]])

    assert lad_of(xy, apart).tolist() == [0, 0, 1, -1]
    assert lad_of(xy, apart, nearest_m=0).tolist() == [-1, -1, -1, -1]
    assert shares(shapely.LineString([(340, 0), (345, 0)]), apart) == [("E1", 1.0)]
    assert shares(shapely.Point(50, 50), apart) == [("E1", 1.0)]
    assert shares(shapely.Point(5000, 50), apart) == []
    assert shares(shapely.box(4000, 0, 5000, 10), apart) == []


def test_a_large_place_joins_nothing_across_it():
    park = shapely.box(499_000, 164_000, 501_000, 166_000)
    gates = [shapely.Point(499_000, 164_990), shapely.Point(501_000, 165_010)]
    study = events([row(-1000, day) for day in range(5)] + [row(1000, day) for day in range(5)])
    near = sites.neighbours(np.array([*gates, park]), CBC.eps_m)

    found = crossborough.run(study, LADS, CBC, snapshot_day=100, neighbours=near)

    assert [spot.n for spot in found.hot_spots] == [5, 5]
    assert found.largest_share == 0.5


def test_places_as_near_as_the_limit_are_one():
    gates = np.array([shapely.Point(499_900, 165_000), shapely.box(500_150, 0, 500_200, 165_050)])
    study = events([row(-100, day, 3) for day in (1, 2)] + [row(170, 3, 2)])

    found = crossborough.run(
        study, LADS, CBC, snapshot_day=100, neighbours=Pairs(np.array([0]), np.array([1]))
    )

    assert sites.neighbours(gates[:1], 250).i.tolist() == []
    assert [spot.n for spot in found.hot_spots] == [8]


def test_parameters_are_a_set_that_can_be_stored():
    assert Params().as_dict()["eps_m"] == 250


@pytest.mark.parametrize(("dates", "reportable"), [(3, True), (2, False)])
def test_a_row_of_several_dates_counts_them(dates, reportable):
    found = spot(
        [row(0, 1, 5)],
        Params(eps_days=None),
        dates=np.array([dates]),
        last_day=np.array([61]),
        agency=np.zeros(1, int),
        children=[("a", "b", "c")] if reportable else [()],
    )

    assert found.last_day == 61
    assert (found.why_not or "").startswith("One child" if reportable else "Incidents on 2")
