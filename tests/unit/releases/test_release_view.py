"""Tables of a release as they are printed and taken along."""

import csv
import io

from app.releases import gating, rules, view
from geo.disclosure import Count, show
from geo.disclosure.cells import cell_of

NAMES = {"K": "Kingston", "R": "Richmond", "K1": "Canbury", "K2": "Surbiton"}


def cells(table, *told, period="2026-Q1", kind="BOROUGH"):
    return [
        cell_of(Count(table, period, kind, geo, *groups, n=n), show(n)) for geo, *groups, n in told
    ]


MERGED = cells(
    "RQ1",
    ("K", "HG_SEXUAL+HG_ABSENCE", 12),
    ("K", "HG_VIOLENCE", 20),
    ("R", "HG_SEXUAL", 9),
    ("R", "HG_ABSENCE", 3),
    ("R", "HG_VIOLENCE", 0),
)


def test_a_merged_group_says_where_it_is_counted():
    made = view.grid("RQ1", MERGED, NAMES)

    rows = dict(made.rows)
    assert made.columns == ("Kingston", "Richmond")
    assert rows["Violence"] == ("20", "0")
    where = "& counted in Sexual harm + Missing and absence"
    assert rows["Sexual harm"] == (where, "10")
    assert rows["Missing and absence"] == (where, "1 to 7")
    assert rows["Sexual harm + Missing and absence"] == ("10", "shown apart")
    assert made.note == f"{rules.NOTE} {rules.MERGED_NOTE}"


def test_a_file_has_a_line_for_each_merged_group():
    told = view.as_csv(MERGED[:1], NAMES).decode("utf-8-sig")

    found = [(r["group_1"], r["shown"], r["note"]) for r in csv.DictReader(io.StringIO(told))]
    both, where = (
        "Sexual harm + Missing and absence",
        "counted in Sexual harm + Missing and absence",
    )
    assert found == [
        (both, "10", ""),
        ("Sexual harm", "&", where),
        ("Missing and absence", "&", where),
    ]


def test_merged_wards_stand_down_and_groups_across():
    areas = cells("RY1", ("K1+K2", "HG_VIOLENCE", 30), ("K1+K2", "HG_EXPLOIT", 2),
                  period="2026", kind="AREA")  # fmt: skip

    made = view.grid("RY1", areas, NAMES)

    assert made.columns == ("Exploitation", "Violence")
    assert made.rows == (("Canbury + Surbiton", ("1 to 7", "30")),)


def test_platforms_stand_by_band_and_the_rest_last():
    told = cells("RH4", ("BOTH", "GAME", 9), ("BOTH", "VIDEO", 30), ("BOTH", "OTHER_PLATFORMS", 40),
                 ("BOTH", "CHAT", 10), period="2026-H1", kind="BOTH")  # fmt: skip

    made = view.grid("RH4", told, {"GAME": "Game", "VIDEO": "Video", "CHAT": "Chat"})

    assert [name for name, _ in made.rows] == ["Video", "Chat", "Game", "Other platforms"]
    assert made.columns == ("Online spaces",)


def test_late_at_night_is_no_late_record():
    half = cells("RH3", ("BOTH", "LATE", "WEEKEND", 8), ("BOTH", "EVENING", "WEEKEND", 9),
                 ("BOTH", "AFTER_DARK", "ALL", 20), period="2026-H1", kind="BOTH")  # fmt: skip

    made = view.grid("RH3", half, {})

    assert made.columns == ("Weekend", "All kinds of day")
    assert [name for name, _ in made.rows] == [
        "Evening, 18 to 22",
        "Late, 22 to 06",
        "After dark",
    ]


def test_clusters_and_what_is_outside_are_two_lines():
    told = cells("RQ10", ("BOTH", "CROSS_BOROUGH", 3), kind="BOTH")
    told += cells("RQ10", ("ELSEWHERE", "OUTSIDE", 12), kind="ELSEWHERE")

    made = view.grid("RQ10", told, {})

    assert made.rows == (
        ("In clusters across the border", ("1 to 7",)),
        ("Outside the partnership", ("10",)),
    )


def test_a_table_that_the_ladder_gave_up_is_named_in_words():
    counted = [*MERGED, *cells("RQ9", ("K", "LATE", 9))]

    assert gating._lost(counted, counted) == {}
    assert gating._lost(counted, MERGED) == {
        "RQ9": "Late records of earlier periods, both boroughs: this table is left out, so that "
        "no number can be worked out."
    }
