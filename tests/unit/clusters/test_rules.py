"""What may be asked of a run, and what its answer is called."""

from datetime import date

import pytest
from pydantic import ValidationError

from app.clusters import rules
from app.clusters.rules import Settings, Source
from app.clusters.schemas import RunIn

TODAY = date(2026, 11, 24)
LOADED = (date(2010, 12, 1), date(2025, 2, 28))


def settings(**change):
    given = {
        "source": Source.POLICE,
        "eps_m": 250.0,
        "eps_days": 28,
        "min_points": 5,
        "replicates": 999,
        "first_on": LOADED[0],
        "last_on": LOADED[1],
        "asked_dates": False,
        "partners": ("E09000021", "E09000027"),
    }
    return Settings(**(given | change))


@pytest.mark.parametrize(
    ("source", "asked", "expected"),
    [
        (Source.PARTNERSHIP, (None, None), (date(2024, 11, 25), TODAY)),
        (Source.PARTNERSHIP, (None, date(2025, 1, 1)), (date(2023, 1, 3), date(2025, 1, 1))),
        (Source.PARTNERSHIP, (date(2026, 1, 1), None), (date(2026, 1, 1), TODAY)),
        (Source.POLICE, (None, None), LOADED),
        (Source.POLICE, (date(2024, 1, 1), None), (date(2024, 1, 1), LOADED[1])),
    ],
)
def test_window_is_two_years_for_partners_and_all_that_is_loaded_for_police(
    source, asked, expected
):
    found = rules.window(source, *asked, today=TODAY, loaded=LOADED)

    assert found == expected


def test_the_partnership_window_has_730_days():
    first, last = rules.window(Source.PARTNERSHIP, None, None, today=TODAY, loaded=None)

    assert (last - first).days + 1 == 730


def test_the_same_settings_on_another_day_are_the_same_series():
    tomorrow = settings(last_on=date(2025, 3, 1))

    assert tomorrow.series() == settings().series()


@pytest.mark.parametrize(
    "change",
    [{"eps_m": 150.0}, {"eps_days": None}, {"min_points": 6}, {"source": Source.PARTNERSHIP}],
)
def test_other_settings_are_another_series(change):
    assert settings(**change).series() != settings().series()


def test_dates_that_were_asked_for_are_a_series_of_their_own():
    asked = settings(asked_dates=True)

    assert asked.hash() == settings().hash()
    assert asked.series() != settings().series()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("eps_m", 49, "50 to 2,000 metres"),
        ("eps_m", 2001, "50 to 2,000 metres"),
        ("eps_days", 0, "1 to 365 days"),
        ("eps_days", 366, "1 to 365 days"),
        ("min_points", 2, "3 to 50 incidents"),
        ("min_points", 51, "3 to 50 incidents"),
        ("replicates", 98, "99 to 9,999"),
        ("seed", -1, "0 or more"),
    ],
)
def test_parameters_outside_their_bounds_are_refused_in_words(field, value, words):
    with pytest.raises(ValidationError, match=words):
        RunIn.model_validate({field: value})


@pytest.mark.parametrize(("field", "value"), [("eps_m", 50), ("eps_m", 2000), ("eps_days", 365)])
def test_parameters_on_their_bounds_are_taken(field, value):
    wanted = RunIn.model_validate({field: value})

    assert getattr(wanted, field) == value


def test_none_means_without_limit_in_time():
    assert RunIn.model_validate({"eps_days": "none"}).eps_days is None
    assert RunIn.model_validate({"eps_days": None}).eps_days is None


def test_an_end_before_the_start_is_refused():
    with pytest.raises(ValidationError, match="The end is before the start"):
        RunIn.model_validate({"from": "2026-02-01", "to": "2026-01-31"}, strict=False)


def test_percolation_is_said_above_a_quarter_only():
    assert rules.percolation(0.25) is None
    assert rules.percolation(0.31) == (
        "One cluster holds 31% of events. Shorten the period or raise the minimum."
    )


@pytest.mark.parametrize(
    ("near", "sector", "expected"),
    [
        ("Kingston Bridge", "KT1 4", "Around Kingston Bridge, KT1 4"),
        (None, "KT1 4", "Around KT1 4"),
        ("Kingston Bridge", None, "Around Kingston Bridge"),
        (None, None, "Around grid square 517 169"),
    ],
)
def test_a_name_comes_from_what_is_near(near, sector, expected):
    assert rules.name(near, sector, easting_m=517880.0, northing_m=169290.0) == expected


def test_a_name_never_passes_80_characters():
    assert len(rules.name("x" * 200, "KT1 4", easting_m=0, northing_m=0)) == 80


@pytest.mark.parametrize(
    ("label", "street"),
    [
        ("On or near Queen'S Road", "Queen's Road"),
        ("On or near ", None),
        ("On or near Supermarket", "Supermarket"),
        ("", None),
    ],
)
def test_a_street_is_named_without_the_publishers_prefix(label, street):
    assert rules.street(label) == street


def test_what_was_left_out_is_said_with_the_reason():
    coverage = {
        "events": 1946,
        "left_out": {"residential": 53, "online": 0},
        "never_core": 2,
        "warning": None,
    }

    found = rules.coverage_in_words(coverage, "partnership")

    assert found == [
        "1,946 incidents counted.",
        "53 left out: at a home without a safe nearby point to stand for it.",
        "2 too vague in place or time to be a core.",
    ]


@pytest.mark.parametrize("number", [0, 99, 9999])
def test_replicates_may_be_none_or_enough(number):
    assert RunIn(replicates=number).replicates == number


@pytest.mark.parametrize(
    ("first", "last", "quarters"),
    [
        ((2026, 1, 1), (2026, 3, 31), ((2026, 1, 1), (2026, 3, 31))),
        ((2025, 2, 3), (2025, 11, 5), ((2025, 1, 1), (2025, 12, 31))),
        ((2024, 11, 25), (2026, 11, 24), ((2024, 10, 1), (2026, 9, 30))),
        ((2026, 5, 1), (2027, 8, 1), ((2026, 4, 1), (2026, 9, 30))),
        ((2026, 10, 9), (2026, 11, 1), ((2026, 10, 1), (2026, 9, 30))),  # none
    ],
)
def test_whole_quarters_that_are_over(first, last, quarters):
    found = rules.whole_quarters(settings(first_on=date(*first), last_on=date(*last)), TODAY)

    assert (found.first_on, found.last_on) == tuple(date(*day) for day in quarters)
