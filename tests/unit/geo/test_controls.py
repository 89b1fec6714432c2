"""Control areas and rings chosen by rule, refusals in words, and the design that is frozen."""

import json
from datetime import date
from itertools import permutations

import pytest
import shapely

from geo.errors import GeoInputError
from geo.evaluation import (
    Choice,
    Design,
    Refusal,
    Rules,
    Site,
    area_of,
    choose,
    design_of,
    ring_of,
    windows,
)
from geo.evaluation.areas import season_distance

FLAT = (5,) * 12
NORTH = 180_000
T_EAST = 530_000


def square(east, north=NORTH, side=100):
    return shapely.box(east, north, east + side, north + side)


def site(name, metres_east, months=FLAT, **more):
    """A park so many metres east of the treated place, whose east side is at 100."""
    known = {"group": "PARKS", "borough": "E1", "shape": square(T_EAST + metres_east)}
    return Site(name, months=months, **(known | more))


T = site("T", 0, planned=True)


def why(choice, name):
    return next(one.why for one in choice.refused if one.id == name)


def test_a_park_like_it_far_enough_and_without_a_plan_is_the_control():
    found = choose(T, [T, site("A", 3000)])

    assert (found.status, found.reason, found.refused) == ("chosen", None, ())
    (control,) = found.candidates
    assert (control.id, control.weight, control.ring_weight) == ("A", 1, 1)
    assert (control.baseline_ratio, control.season, control.far_m) == (1, 0, 2900)
    assert control.cost == pytest.approx(0.2 * 2900 / 20_000)
    assert control.area.equals(square(T_EAST + 3000))
    assert control.ring.area == pytest.approx(found.ring.area)


@pytest.mark.parametrize(
    ("other", "reason", "words"),
    [
        (site("A", 3000, group="SHOPS"), Refusal.GROUP, "It is a place of another kind."),
        (site("A", 3000, planned=True), Refusal.PLANNED, "It has a plan of its own."),
        (site("A", 3000, shape=None), Refusal.NO_SHAPE, "It has no shape on the map."),
        (
            site("A", 1349),
            Refusal.NEAR,
            "It is nearer than 1 km to the place or its ring.",
        ),
        (
            site("A", 3000, (3,) * 12),
            Refusal.FEWER,
            "It had less than 0.7 times the incidents of the place before the plan.",
        ),
        (
            site("A", 3000, (7,) * 12),
            Refusal.MORE,
            "It had more than 1.3 times the incidents of the place before the plan.",
        ),
    ],
)
def test_every_refused_place_is_told_why(other, reason, words):
    found = choose(T, [other])

    assert found.status == "no control"
    assert found.candidates == ()
    assert (found.refused[0].why, found.refused[0].words) == ((reason,), (words,))


def test_all_reasons_are_told_and_counted_when_there_is_no_control():
    found = choose(T, [site("A", 500, (9,) * 12, group="SHOPS"), site("B", 700), site("C", 800)])

    assert why(found, "A") == (Refusal.GROUP, Refusal.MORE, Refusal.NEAR)
    assert found.reason == (
        "No place can serve as control. Of 3, of another kind: 1, nearer than 1 km: 3, with more "
        "than 1.3 times the incidents: 1. A larger control with a declared weight, a longer window,"
        " or several places with the same response counted together may help."
    )
    assert choose(T, []).reason.startswith("There is no other place that could serve as control.")


@pytest.mark.parametrize(("months", "taken"), [(42, 1), (41, 0), (78, 1), (79, 0)])
def test_limits_of_the_baseline_are_closed(months, taken):
    spread = (months - 11 * (months // 12), *(months // 12,) * 11)

    assert len(choose(T, [site("A", 3000, spread)]).candidates) == taken


@pytest.mark.parametrize(("east", "taken"), [(1350, 1), (1349, 0)])
def test_a_kilometre_is_counted_from_the_ring(east, taken):
    assert len(choose(T, [site("A", east)]).candidates) == taken


def test_a_larger_place_serves_once_its_weight_is_declared():
    large = site("A", 3000, (20,) * 12)

    assert why(choose(T, [large]), "A") == (Refusal.MORE,)
    (control,) = choose(T, [large], Rules(weights=(("A", 4.0),))).candidates
    assert (control.weight, control.baseline_ratio) == (4, 1)


def test_ranking_weighs_baseline_season_distance_and_borough():
    sites = [
        site("alike", 3000),
        site("farther", 9000),
        site("other borough", 3000, shape=square(T_EAST, NORTH + 3000), borough="E2"),
        site("other season", 3000, (10, 0) * 6, shape=square(T_EAST, NORTH - 3000)),
        site("fewer", 3000, (4,) * 12, shape=square(T_EAST - 3000)),
    ]

    orders = {tuple(c.id for c in choose(T, order).candidates) for order in permutations(sites)}

    assert orders == {("alike", "farther", "other borough", "other season", "fewer")}


def test_equal_candidates_are_taken_by_their_id():
    found = choose(T, [site("B", 3000), site("A", 3000)])

    assert [c.id for c in found.candidates] == ["A", "B"]


def test_rings_leave_out_other_places_with_a_plan():
    neighbour = site("N", 150, planned=True)

    found = choose(T, [neighbour, site("A", 3000)])

    whole = ring_of(square(T_EAST), 250)
    assert found.ring.area == pytest.approx(whole.area - 100 * 100)
    assert not found.ring.overlaps(neighbour.shape)
    assert found.candidates[0].ring_weight == pytest.approx(whole.area / found.ring.area, abs=5e-4)


def test_a_ring_that_is_mostly_other_places_is_no_ring():
    around = site("N", 0, planned=True, shape=square(T_EAST - 400, NORTH - 400, 900))

    found = choose(T, [around, site("A", 3000)])

    assert found.ring is None
    assert found.candidates[0].ring is None
    assert found.candidates[0].ring_weight is None
    assert found.reason == "No ring: more than half of it belongs to other places with a plan."


def test_a_control_next_to_another_plan_is_refused():
    found = choose(T, [site("A", 3000), site("N", 3300, planned=True)])

    assert why(found, "A") == (Refusal.CONTACT,)
    assert found.refused[0].words == ("It lies within 250 m of another place with a plan.",)


def test_a_control_without_room_for_a_ring_is_refused():
    around = site("N", 0, planned=True, shape=square(T_EAST + 2600, NORTH - 400, 900))

    found = choose(T, [site("A", 3000), around])

    assert why(found, "A") == (Refusal.CONTACT, Refusal.RING)


@pytest.mark.parametrize(
    ("treated", "words"),
    [
        (site("T", 0, (5,) * 11), "The baseline has 11 months; 12 are needed."),
        (site("T", 0, (0,) * 12), "No incident in the baseline: there is nothing to compare."),
        (site("T", 0, shape=None), "The place has no shape on the map."),
    ],
)
def test_too_little_is_a_status(treated, words):
    found = choose(treated, [site("A", 3000, treated.months)])

    assert (found.status, found.reason) == ("not enough data", words)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: choose(T, [site("A", 3000, (5,) * 13)]),
        lambda: choose(T, [site("A", 3000, (-5,) * 12)]),
        lambda: choose(T, [site("A", 0, shape=shapely.Point(-0.1, 51.5))]),
        lambda: area_of(shapely.Polygon(), 50),
        lambda: area_of(shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), 50),
        lambda: Rules(ring_m=0),
        lambda: Rules(low=1.1),
        lambda: Rules(weights=(("A", -1.0),)),
        lambda: windows(date(2026, 1, 5), 0, date(2020, 1, 1)),
        lambda: Design((), windows(date(2026, 1, 5), 4, date(2020, 1, 1)), ("X",), "", Rules()),
        lambda: frozen(harm_codes=()),
        lambda: design_of(
            Choice("no control", "", None, None, (), ()),
            "T",
            windows(date(2026, 1, 5), 4, date(2020, 1, 1)),
            harm_codes=["X"],
            item_filter="ALL",
            rules=Rules(),
        ),
        lambda: Design.read({"areas": []}),
        lambda: Design.read(json.loads(frozen().canonical()) | {"method": "wdd-0"}),
    ],
)
def test_what_cannot_be_a_design_is_refused(bad):
    with pytest.raises(GeoInputError):
        bad()


def test_a_point_or_line_is_an_area_of_what_lies_within_reach():
    point = shapely.Point(T_EAST, NORTH)

    assert area_of(point, 50).area == pytest.approx(3.14159 * 2500, rel=0.01)
    assert area_of(shapely.LineString([(T_EAST, NORTH), (T_EAST + 100, NORTH)]), 50).area > 10_000


def test_the_same_area_has_the_same_text_however_it_was_drawn():
    one = shapely.Polygon([(T_EAST, NORTH), (T_EAST + 9, NORTH), (T_EAST + 9, NORTH + 9)])
    other = shapely.Polygon([(T_EAST + 9, NORTH + 9.004), (T_EAST + 9, NORTH), (T_EAST, NORTH)])

    assert area_of(one, 50).wkt == area_of(other, 50).wkt


def test_seasons_differ_by_the_share_of_incidents_in_other_months():
    assert season_distance((4, *[0] * 11), (3, 1, *[0] * 10)) == 0.25
    assert season_distance((0,) * 12, (1,) * 12) == 1


@pytest.mark.parametrize(
    ("weeks", "history", "before", "paired"),
    [
        (26, date(2024, 1, 1), (date(2025, 3, 3), date(2025, 9, 1)), True),
        (52, date(2024, 1, 1), (date(2025, 3, 3), date(2026, 3, 2)), True),
        (60, date(2024, 1, 1), (date(2024, 3, 4), date(2025, 4, 28)), True),
        (60, date(2024, 6, 1), (date(2025, 1, 6), date(2026, 3, 2)), False),
        (26, date(2025, 6, 1), (date(2025, 9, 1), date(2026, 3, 2)), False),
    ],
)
def test_windows_are_equal_whole_weeks_of_the_same_season(weeks, history, before, paired):
    found = windows(date(2026, 3, 2), weeks, history)

    assert found.before == before
    assert found.after[0] == date(2026, 3, 2)
    assert (found.after[1] - found.after[0]) == (before[1] - before[0])
    assert (found.weeks, found.paired) == (weeks, paired)
    assert found.before[1] <= found.after[0]


def test_windows_begin_on_a_monday():
    assert windows(date(2026, 3, 3), 4, date(2020, 1, 1)).after[0] == date(2026, 3, 9)


def frozen(**more):
    choice = choose(T, [site("A", 3000)])
    known = {"harm_codes": ["CSE", "CCE"], "item_filter": "NOT_WITHDRAWN", "rules": Rules()}
    return design_of(choice, "T", windows(date(2026, 3, 2), 26, date(2024, 1, 1)), **known | more)


def test_a_design_has_areas_windows_harms_filter_and_rules():
    data = json.loads(frozen().canonical())

    assert [area["role"] for area in data["areas"]] == ["T", "C", "D", "CD"]
    assert [area["place_id"] for area in data["areas"]] == ["T", "A", "T", "A"]
    assert data["harm_codes"] == ["CCE", "CSE"]
    assert (data["before"], data["after"]) == (
        ["2025-03-03", "2025-09-01"],
        ["2026-03-02", "2026-08-31"],
    )
    assert (data["rules"]["ring_m"], data["item_filter"]) == (250, "NOT_WITHDRAWN")
    assert frozen().area_weights == (1, 1, 1, 1)
    assert frozen().areas[0].shape.equals(square(T_EAST))


def test_equal_designs_have_one_hash_and_any_change_another():
    first = frozen()

    assert first.sha256() == frozen(rules=Rules(ring_m=250)).sha256()
    assert len(first.sha256()) == 64
    changed = [
        frozen(rules=Rules(ring_m=300)),
        frozen(item_filter="ALL"),
        frozen(harm_codes=["CSE"]),
    ]
    assert len({first.sha256(), *(design.sha256() for design in changed)}) == 4


def test_a_stored_design_comes_back_as_it_was():
    one = frozen(rules=Rules(weights=(("A", 1.2),)))
    back = Design.read(json.loads(one.canonical()))

    assert back == one
    assert back.sha256() == one.sha256()


def test_without_rings_a_design_has_two_areas_and_two_weights():
    around = site("N", 0, planned=True, shape=square(T_EAST - 400, NORTH - 400, 900))
    rules = Rules(weights=(("A", 2.0),))
    choice = choose(T, [around, site("A", 3000, (10,) * 12)], rules)

    one = design_of(
        choice,
        "T",
        windows(date(2026, 3, 2), 26, date(2024, 1, 1)),
        harm_codes=["CSE"],
        item_filter="ALL",
        rules=rules,
    )

    assert [area.role for area in one.areas] == ["T", "C"]
    assert one.area_weights == (2, 1)


def test_without_records_before_the_plan_there_are_no_windows():
    assert windows(date(2026, 3, 2), 26, date(2025, 12, 1)) is None
