"""Rules of places, without a database."""

from datetime import date

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, Point, box

from app.places import rules
from app.places.rules import LanguageRule, OnlineAddress, PlaceType, Reach, Sensitivity
from app.places.schemas import WhereIn, box_of, grid, period_of

REACH = Reach(509_000, 160_000, 523_000, 178_000)
WORDS = [
    LanguageRule("youths", "warn", "children, or young adults"),
    LanguageRule(r"gang members?", "stop", "describe the place, not a child"),
]
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("sensitivity", Sensitivity)
def test_every_class_has_a_tier_and_a_label_that_ends(sensitivity):
    tier = rules.default_tier(sensitivity)
    life = rules.label_expires_on(sensitivity, TODAY) - TODAY

    assert tier == ("H0" if sensitivity in {"PUBLIC_REALM", "MANAGED", "ONLINE"} else "H1")
    assert life.days == (90 if sensitivity is Sensitivity.RESTRICTED else 180)


def test_the_stricter_tier_wins_whichever_comes_first():
    assert rules.stricter("C", "H0") == rules.stricter("H0", "C") == "C"


def test_a_retired_type_is_refused_with_the_day():
    retired = PlaceType("ARCADE", "Arcade", "P", Sensitivity.MANAGED, date(2026, 1, 5))

    problem = rules.type_problem("ARCADE", retired, TODAY)

    assert problem == "'Arcade' was retired on 5 January 2026. Use another type."
    assert rules.type_problem("ARCADE", retired, date(2026, 1, 4)) is None


@pytest.mark.parametrize(
    ("shape", "kinds", "words"),
    [
        (None, "P", "Draw or choose where it is."),
        (Point(), "P", "Draw or choose where it is."),
        (
            Point(518_000, 169_000),
            "LA",
            "A place of this type is a line or an area. Give it as one.",
        ),
        (MultiPoint([(518_000, 169_000)]), "PLAN", "A place of this type is"),
        (LineString([(518_000, 169_000)] * 2), "L", "Draw at least two different points."),
        (box(518_000, 169_000, 528_001, 169_100), "A", "An area can be at most 10 km wide"),
        (Point(533_001, 169_000), "P", "This is more than 10 km outside"),
        (Point(518_000, 149_999), "P", "This is more than 10 km outside"),
    ],
)
def test_a_shape_that_cannot_be_the_place_is_refused_in_words(shape, kinds, words):
    assert rules.shape_problem(shape, kinds, REACH).startswith(words)


@pytest.mark.parametrize(
    ("shape", "kinds"),
    [
        (None, "LN"),
        (Point(533_000, 169_000), "PA"),
        (LineString([(510_000, 165_000), (522_000, 177_000)]), "L"),
        (box(518_000, 169_000, 528_000, 179_000), "A"),
    ],
)
def test_a_shape_at_the_limit_is_taken(shape, kinds):
    assert rules.shape_problem(shape, kinds, REACH) is None


def test_five_hundred_corners_are_taken_and_one_more_is_not():
    circle = Point(518_000, 169_000).buffer(500, quad_segs=125)
    most = shapely.Polygon(shapely.get_coordinates(circle)[:499])

    assert shapely.get_num_coordinates(most) == 500
    assert rules.shape_problem(most, "A", REACH) is None
    assert "501" in rules.shape_problem(circle, "A", REACH)


def test_a_warning_lets_a_name_through_and_a_stop_does_not():
    warned, stopped = rules.lint("Youths at the cage", WORDS), rules.lint("Gang member", WORDS)

    assert rules.name_problem("Youths at the cage", warned) is None
    assert [remark.sentence for remark in warned] == ['"Youths": children, or young adults']
    assert rules.name_problem("Gang member", stopped) == (
        'Change the name. "Gang member": describe the place, not a child'
    )


@pytest.mark.parametrize(
    ("typed", "defanged", "handle"),
    [
        ("https://Example.com/Name", "hxxps://example[.]com/Name", "name"),
        ("example.com", "hxxps://example[.]com", None),
        ("http://sub.example.com:8080/@Me?a=1#x", "hxxp://sub[.]example[.]com:8080/@Me?a=1", "me"),
        ("hxxps://ex[.]com/..", "hxxps://ex[.]com/..", ".."),
        ("https://bücher.example/", "hxxps://xn--bcher-kva[.]example/", None),
        ("https://ex.com/a b<c>", "hxxps://ex[.]com/a%20b%3Cc%3E", "a b<c>"),
        ("https://ex.com./", "hxxps://ex[.]com/", None),
    ],
)
def test_an_address_is_read_and_made_harmless(typed, defanged, handle):
    found = OnlineAddress.read(typed)

    assert (found.url_defanged, found.handle_norm) == (defanged, handle)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "ftp://example.com",
        "https://user:word@example.com",
        "https://example.com:port/",
        "https://localhost",
        "https://[::1]/",
        "https://exa mple.com",
        "https://example.com/" + "a" * 600,
        "//",
    ],
)
def test_what_is_no_web_address_is_refused(typed):
    with pytest.raises(ValueError, match=r"^(Enter|Leave|This address)"):
        OnlineAddress.read(typed)


@given(st.text(max_size=60))
def test_whatever_is_typed_becomes_a_defanged_address_or_a_refusal(typed):
    try:
        found = OnlineAddress.read(typed)
    except ValueError:
        return

    assert found.url_defanged.startswith(("hxxp://", "hxxps://"))
    assert found.url_defanged.isascii()
    assert not set(found.url_defanged) & set(" <>\"'`\n\r\t") - {"'"}


@given(st.floats(-0.5, -0.1), st.floats(51.3, 51.55))
def test_degrees_and_metres_are_told_apart_by_their_size(longitude_deg, latitude_deg):
    from_degrees = grid(Point(longitude_deg, latitude_deg))

    assert grid(from_degrees).equals(from_degrees)
    assert 490_000 < from_degrees.x < 540_000
    assert from_degrees.x == round(from_degrees.x, 1)


@pytest.mark.parametrize("point", [Point(1_000_000, 5), Point(-5, 200), Point(float("nan"), 1)])
def test_coordinates_of_neither_kind_are_refused(point):
    with pytest.raises(ValueError, match="neither"):
        grid(point)


def test_a_third_dimension_is_dropped():
    assert not shapely.has_z(grid(Point(518_000, 169_000, 12)))


def test_half_a_pair_of_coordinates_is_refused():
    with pytest.raises(ValueError, match="both"):
        WhereIn(easting=518_000.0).drawn()


def test_a_box_and_a_period_are_read():
    period = period_of("2026-03-01/2026-03-31")

    assert box_of("-0.4,51.3,-0.2,51.5") == (-0.4, 51.3, -0.2, 51.5)
    assert (period.since.isoformat(), period.until.isoformat()) == (
        "2026-03-01T00:00:00+00:00",
        "2026-04-01T00:00:00+01:00",
    )
    assert period_of("../2026-03-01").since is None
    assert period_of("2026-03-01").until.day == 2
