"""Figures made of printed numbers, again by plain arithmetic: changes, rates, run charts."""

import random
from math import sqrt

import pytest

from app.briefings import caveats, of_numbers, pages, words
from app.briefings.asked import Known
from app.releases import rules as releases
from geo.disclosure import Count, protect

NAMES = {"A": "Kingston", "B": "Richmond"}


def quarter(period, harm, reports=0, nowhere=0, late=0):
    """Printed cells of a quarter with so many incidents of each borough."""
    counts = []
    for geo, code, n in (("BOROUGH", "A", harm[0]), ("BOROUGH", "B", harm[1]),
                         ("BOTH", "BOTH", sum(harm))):  # fmt: skip
        counts.append(Count("RQ1", period, geo, code, "ALL", n=n))
        counts.append(Count("RQ2", period, geo, code, "PG_NONE", n=nowhere))
    counts.append(Count("RQ9", period, "BOTH", "BOTH", "LATE", n=late))
    return tuple(protect(counts))


def numbers(*quarters, **more):
    """Of quarters, the newest last."""
    periods = [f"{2024 + n // 4}-Q{n % 4 + 1}" for n in range(len(quarters))]
    cells = [quarter(p, harm) for p, harm in zip(periods, quarters, strict=True)]
    before = cells[-2] if len(cells) > 1 else ()
    year_ago = cells[-5] if len(cells) > 4 else ()
    series = tuple(zip(periods, cells, strict=True))
    return of_numbers.Numbers(periods[-1], cells[-1], before, year_ago, NAMES, series, **more)


def verdict(shown):
    """V07 as the paper says it."""
    values = [4 if one == "1 to 7" else int(one) for one in shown]
    if len(values) < 4 or sum(one == "1 to 7" for one in shown) > len(shown) / 2:
        return "Too few for a chart."
    centre = sum(values) / len(values)
    low, high = max(0, centre - 3 * sqrt(centre)), centre + 3 * sqrt(centre)
    six = values[-6:]
    shift = len(six) == 6 and (min(six) > centre or max(six) < centre)
    said = "a lasting shift" if shift else "within the usual range"
    if values[-1] < low or values[-1] > high:
        said = "outside the usual range"
    return f"The newest quarter is {said}."


@pytest.mark.parametrize("seed", range(40))
def test_v07_each_verdict_can_be_made_again_from_the_table_below_it(seed):
    chance = random.Random(seed)
    most = chance.choice((9, 30, 120))
    held = [(chance.randrange(most), chance.randrange(most)) for _ in range(8)]
    if seed % 4 == 0:
        held = [(n + (60 if i > 1 else 0), m) for i, (n, m) in enumerate(held)]
    found = numbers(*held)
    for code in NAMES:
        chart = of_numbers.run_chart(found, code, "C4")
        assert chart["verdict"] == verdict([shown for _, (shown,) in chart["rows"]]), held


def test_v05_and_v06_a_rate_and_a_change_come_from_the_printed_number():
    found = numbers((40, 3), (38, 9), (40, 9), (40, 12), (62, 4))
    plain = of_numbers.borough_changes(found, ("A", "B"), {}, "")
    assert plain["columns"][0] == "Incidents"
    assert "verdict" not in plain
    rated = of_numbers.borough_changes(found, ("A", "B"), {"A": 15400, "B": 18200}, "ONS 2024")
    assert rated["columns"][1] == "Per 1,000 aged 10 to 17"
    a, b, *_ = (shown for _, shown in rated["rows"])
    assert a == ["60", "4", "more (60, was 40)", "more (60, was 40)"]
    assert b == ["1 to 7", "too small for a rate", *["too small to compare"] * 2]
    assert rated["verdict"] == (
        "Residents aged 10 to 17: Kingston 15,400; Richmond 18,200 (ONS 2024)."
    )


def test_a_half_year_is_printed_with_the_quarter_that_ends_it():
    counts = [Count("RH3", "2024-H1", "BOTH", "BOTH", "EVENING", "SCHOOL_DAY", n=20),
              Count("RH3", "2024-H1", "BOTH", "BOTH", "AFTER_DARK", n=12),
              Count("RH2", "2024-H1", "BOTH", "BOTH", "HG_VIOLENCE", "PG_OPEN", n=9)]  # fmt: skip
    found = numbers((40, 40), (40, 40), half=tuple(protect(counts)))
    times = of_numbers.of_half(found, "RH3", "T4a")
    assert times["title"].startswith("January to June 2024: ")
    assert dict(times["rows"])["Evening, 18 to 22"] == ["20", ""]
    assert dict(times["rows"])["After dark"] == ["", "10"]
    assert of_numbers.of_half(found, "RH2", "T3d")["rows"] == [["Violence", ["10"]]]
    assert of_numbers.of_half(found, "RH1", "T5-wards") is None


def test_a_half_year_without_a_table_by_ward_says_so_on_both_pages():
    half = tuple(protect([Count("RH3", "2024-H1", "BOTH", "BOTH", "AFTER_DARK", n=12)]))
    without = numbers((40, 40), (40, 40), half=half, left_out={"RH1": releases.NO_WARDS})
    later = numbers((40, 40), (40, 40))
    wards = [pages.boroughs(one, ("A", "B"), Known())[-1]["empty"] for one in (without, later)]
    quiet = [pages.reported(one, [], [], [])[-1]["empty"] for one in (without, later)]

    not_yet = "The half-year numbers of January to June 2024 are not approved yet."
    assert wards == [releases.NO_WARDS, not_yet]
    assert quiet == [pages.NO_WARDS, not_yet]


def test_k12_says_what_to_bear_in_mind_from_printed_numbers():
    cells = quarter("2026-Q1", (40, 40), nowhere=10, late=20)
    assert caveats.of(cells) == [
        caveats.NO_PLACE.format(share="15%"), caveats.LATE.format(share="25%")
    ]  # fmt: skip
    assert caveats.of(quarter("2026-Q1", (400, 400), nowhere=12)) == []
    banded = caveats.of(tuple(protect([Count("RQ3", "2026-Q1", "BOTH", "BOTH", "SV_KNIFE", n=3)])))
    assert banded == [caveats.BANDED.format(title="Incidents by serious violence, both boroughs")]


def test_a_share_is_of_printed_numbers_and_never_of_a_band():
    for part in range(60):
        for whole in range(part, 60):
            shown = words.share(*(str(n and (n if n > 7 else "1 to 7")) for n in (part, whole)))
            assert (shown == words.FEW) == (part < 8 or whole < 8)
