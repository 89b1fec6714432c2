"""D16, M1-M4 and R1-R5: what rules about cells and rows leave, before any attack."""

from dataclasses import replace

import pytest

from geo.disclosure import (
    ALL,
    NOT_SHOWN,
    TABLES,
    Count,
    Ward,
    merge_wards,
    protect,
    quarters_of,
    show_place,
    table_of,
)
from geo.errors import GeoInputError

Q = "2026-Q3"
KINDS = ("HOME", "CARE", "EDUCATION")


def missing(kingston, richmond):
    """RQ6 of one quarter with its margins."""
    rows = {
        ("BOROUGH", "K"): kingston,
        ("BOROUGH", "R"): richmond,
        ("BOTH", "BOTH"): tuple(map(sum, zip(kingston, richmond, strict=True))),
    }
    return [
        Count("RQ6", Q, kind, code, dim, n=n)
        for (kind, code), row in rows.items()
        for dim, n in zip((*KINDS, ALL), (*row, sum(row)), strict=True)
    ]


def told(cells):
    return {(cell.geo_code, cell.dim_1): cell.shown for cell in cells}


def test_a_margin_over_a_band_is_not_shown_and_the_total_of_shown_totals_is():
    """Section 13, step 2."""
    shown = told(protect(missing((9, 6, 0), (4, 7, 1))))

    assert [shown["K", kind] for kind in (*KINDS, ALL)] == ["10", "1 to 7", "0", "15"]
    assert [shown["R", kind] for kind in (*KINDS, ALL)] == ["1 to 7", "1 to 7", "1 to 7", "10"]
    assert [shown["BOTH", kind] for kind in (*KINDS, ALL)] == [*["not shown"] * 3, "25"]


def test_a_total_that_leaves_two_parts_six_or_seven_is_not_shown():
    """Section 13, step 3."""
    shown = told(protect(missing((9, 6, 0), (6, 7, 0))))

    assert shown["R", ALL] == shown["BOTH", ALL] == "not shown"
    assert (shown["R", "HOME"], shown["K", ALL]) == ("1 to 7", "15")
    assert shown["BOTH", "EDUCATION"] == "0"


def test_one_child_behind_six_of_eleven_and_one_source_behind_nine_of_ten_hide_a_cell():
    cells = protect(
        [
            Count("RQ3", Q, "BOTH", "BOTH", "SV_KNIFE", n=11, top_child=6),
            Count("RQ3", Q, "BOTH", "BOTH", "SV_DRUG", n=12, top_child=6),
            Count("RQ4", Q, "BOTH", "BOTH", "PUBLIC", n=10, top_organisation=9),
            Count("RQ4", Q, "BOTH", "BOTH", "EDUCATION", n=10, top_organisation=8),
            Count("RQ3", Q, "BOTH", "BOTH", "SV_NTE", n=10, top_organisation=9),
        ]
    )

    by_group = {cell.dim_1: cell for cell in cells}
    assert by_group["SV_KNIFE"].told == by_group["PUBLIC"].told == NOT_SHOWN
    assert by_group["SV_KNIFE"].told == by_group["SV_KNIFE"].not_shown().told  # as the gate's
    assert [by_group[code].shown for code in ("SV_DRUG", "EDUCATION", "SV_NTE")] == ["10"] * 3


def test_people_who_are_all_in_one_cell_have_their_total_alone():
    shown = told(protect(missing((12, 0, 0), (9, 9, 9))))

    assert [shown["K", kind] for kind in (*KINDS, ALL)] == [*["not shown"] * 3, "10"]
    assert [shown["R", kind] for kind in (*KINDS, ALL)] == ["10", "10", "10", "25"]
    # With Richmond's numbers beside them the sums would tell where the twelve are.
    assert [shown["BOTH", kind] for kind in KINDS] == ["not shown"] * 3


def test_children_of_one_home_borough_have_their_total_alone():
    homes = (("BOROUGH", "K", 12), ("BOROUGH", "R", 0), ("ELSEWHERE", "ELSEWHERE", 0))
    counts = [Count("RQ5", Q, kind, code, n=n) for kind, code, n in (*homes, ("BOTH", "BOTH", 12))]

    assert [cell.shown for cell in protect(counts)] == ["not shown", "not shown", "10", "not shown"]


def test_a_total_hidden_in_one_table_is_hidden_in_its_twin():
    def row(table, groups):
        parts = [Count(table, Q, "BOROUGH", "K", dim, n=n) for dim, n in groups]
        return [*parts, Count(table, Q, "BOROUGH", "K", n=sum(n for _, n in groups))]

    harm = row("RQ1", [("HG_SEXUAL", 6), ("HG_ABSENCE", 7)])
    place = row("RQ2", [("PG_OPEN", 13), ("PG_HOMES", 0)])

    totals = [cell.shown for cell in protect(harm + place) if cell.dim_1 == ALL]
    alone = [cell.shown for cell in protect(place) if cell.dim_1 == ALL]

    assert (totals, alone) == (["not shown", "not shown"], ["15"])
    assert [cell.dropped for cell in protect(harm) if cell.dim_1 == ALL] == [True]


def test_what_was_not_found_proactively_is_never_printed():
    counts = [Count("RQ8", Q, "BOROUGH", "K", each, n=20) for each in ("YES", "NO")]

    assert [cell.dim_1 for cell in protect(counts)] == ["YES"]


def test_bands_of_named_places_begin_at_edges_of_rounding():
    texts = [show_place(n, sources=2, dates=3).text for n in range(1, 60)]

    starts = [n for n in range(2, 60) if texts[n - 1] != texts[n - 2]]
    assert starts == [8, 18, 38]
    few = {show_place(n, sources=s, dates=d).text for n, s, d in ((0, 2, 3), (9, 1, 3), (9, 2, 2))}
    assert few == {"none recorded or too few sources"}
    cell = protect([Count("RQ7", Q, "PLACE", "PL1", n=40, sources=3, dates=9)])[0]
    assert (cell.shown, cell.low, cell.high, cell.rule) == ("38 or more", 38, None, "BAND")
    with pytest.raises(GeoInputError, match="0 or more"):
        show_place(-1, sources=2, dates=3)


GOOD = Count("RQ1", Q, "BOROUGH", "K", "HG_SEXUAL", n=3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table_code": "RX1"}, "no table RX1 in lattice"),
        ({"geo_kind": "WARD"}, "no cells of this geography"),
        ({"period": "2026-H1"}, "has another period"),
        ({"period": "2026-Q5"}, "is not a period"),
        ({"period": "26"}, "is not a period"),
        ({"dim_1": "HG_OTHER"}, "has no group HG_OTHER"),
        ({"dim_2": "PG_OPEN"}, "has no group PG_OPEN"),
        ({"top_child": 4}, "more items of one child"),
        ({"n": -1}, "more items of one child"),
    ],
)
def test_a_cell_that_is_not_in_the_lattice_is_refused(change, words):
    with pytest.raises(GeoInputError, match=words):
        protect([replace(GOOD, **change)])


def test_a_cell_twice_is_refused():
    with pytest.raises(GeoInputError, match="stands twice"):
        protect([GOOD, GOOD])


def test_merged_groups_and_all_tables_of_the_lattice_are_known():
    assert protect([replace(GOOD, dim_1="HG_SEXUAL+HG_ABSENCE")])[0].shown == "1 to 7"
    assert list(TABLES) == [
        *(f"RQ{at}" for at in range(1, 11)), *(f"RH{at}" for at in range(1, 5)), "RY1", "RY2",
    ]  # fmt: skip
    assert table_of("RY2").nests_in == ("RQ3",)
    assert len(quarters_of("2026")) == 4


def test_wards_are_merged_in_order_by_what_was_shown():
    wards = [Ward(f"{b}{at}", b) for b in "KR" for at in range(4)]
    halves = [(f"K{at}", n) for at, n in enumerate((12, 3, 7, 9))] + [("R0", 30), ("R3", 2)]
    cells = protect(
        Count("RH1", f"2026-H{half}", "WARD", code, n=n) for half in (1, 2) for code, n in halves
    )
    hidden = [cell.not_shown() if cell.geo_code == "R0" else cell for cell in cells]

    assert merge_wards(wards, cells) == ("K0", "K1+K2+K3", "R0+R1+R2+R3")
    assert merge_wards(wards, hidden)[2:] == ("R0+R1+R2+R3",)
    assert merge_wards(wards, protect([GOOD]))[0] == "K0+K1+K2+K3"
