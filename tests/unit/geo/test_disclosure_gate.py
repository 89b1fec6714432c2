"""The gate on tables small enough to solve with a pencil: section 13, A1-A6, the seal."""

from dataclasses import replace

import pytest

from geo.disclosure import (
    ALL,
    Cell,
    Count,
    Known,
    NamedPlace,
    Release,
    Rule,
    Ward,
    certify,
    check,
    climb,
    protect,
    sha256_of,
    show,
)
from geo.disclosure.attack import Attack
from geo.disclosure.building import build
from geo.disclosure.cells import cell_of
from geo.errors import GeoInputError
from tests.unit.geo.test_disclosure_rows import KINDS, Q, missing

WARDS = (Ward("K1", "K"), Ward("K2", "K"), Ward("R1", "R"))


def plain(counts):
    """The number rule alone."""
    return tuple(cell_of(count, show(count.n)) for count in counts)


def release(counts, code=Q, **kwargs):
    return Release(code, tuple(counts), **kwargs)


def left(found):
    return {key[3:5]: (i.low, i.high) for (_, key), i in found.intervals.items()}


def test_with_all_margins_an_education_cell_of_one_is_worked_out():
    """Section 13, step 1, each number."""
    found = check(release(plain(missing((9, 6, 0), (4, 7, 1)))), [], WARDS)

    assert not found.passed
    assert not found.criteria["A1"]
    intervals = left(found)
    assert intervals["BOTH", "EDUCATION"] == intervals["R", "EDUCATION"] == (1, 1)
    assert intervals["BOTH", "HOME"] == intervals["BOTH", "CARE"] == (13, 13)
    assert intervals["K", "CARE"] == intervals["R", "CARE"] == (6, 7)
    assert intervals["R", "HOME"] == (2, 5)
    assert found.smallest == 1


def test_without_those_margins_every_band_keeps_seven_values():
    """Section 13, step 2: totals keep 13 to 17, 8 to 12, 23 to 27."""
    cells = protect(missing((9, 6, 0), (4, 7, 1)))
    found = check(release(cells), [], WARDS)

    assert found.passed
    assert (found.smallest, found.exact, found.banded, found.not_shown) == (7, 0, 4, 3)
    assert {cell.geo_code: (cell.low, cell.high) for cell in cells if cell.dim_1 == ALL} == {
        "K": (13, 17), "R": (8, 12), "BOTH": (23, 27),
    }  # fmt: skip


def test_a_year_beside_four_quarters_leaves_its_smaller_cell_out_and_no_quarter_changes():
    """Section 13, step 4: at least 26 a year make each quarter 5 to 7; the ladder mends it."""
    quarters = [
        release(protect([Count("RQ3", f"2026-Q{q}", "BOTH", "BOTH", "SV_KNIFE", n=n)]), f"Q{q}")
        for q, n in enumerate((7, 7, 6, 7), 1)
    ]
    counts = [Count("RY2", "2026", "BOROUGH", b, "SV_KNIFE", n=n) for b, n in (("K", 18), ("R", 9))]
    year = release(protect(counts), "Y")

    refused = check(year, quarters, WARDS)
    mended = climb(year, quarters, WARDS)

    assert {(f.criterion, f.low, f.high) for f in refused.findings} == {("A2", 5, 7)}
    assert [cell.shown for cell in year.cells] == ["20", "10"]
    assert mended.result.passed
    assert [step.step for step in mended.log] == [1]
    assert sorted(cell.shown for cell in mended.release.cells)[1] == "not shown"
    assert mended.result.smallest == 7
    assert "Round 1, step 1, A2: RY2 2026 BOROUGH" in mended.log[0].words


def test_a_weak_table_is_refused_with_the_table_named():
    """D6: hide 1 to 4, show the rest and the totals."""

    def weak(count):
        text, low, high, rule = str(count.n), count.n, count.n, Rule.ROUND5
        if 1 <= count.n <= 4:
            text, low, high, rule = "1 to 4", 1, 4, Rule.BAND
        return Cell(*count.key, text, low, high, rule if count.n else Rule.ZERO, count.n)

    found = check(release(map(weak, missing((9, 3, 0), (14, 6, 2)))), [], WARDS)

    hidden = [i for (_, key), i in found.intervals.items() if key[4] in ("CARE", "EDUCATION")]
    assert sum(i.values == 1 for i in hidden) >= 2
    assert not found.passed


def test_tables_that_contradict_each_other_are_refused_and_not_mended():
    a = release(protect([Count("RQ1", Q, "BOROUGH", "K", "HG_SEXUAL", n=0)]), "A")
    b = release(protect([Count("RQ1", Q, "BOROUGH", "K", "HG_SEXUAL", n=20)]), "B")

    found = climb(b, [a], WARDS)

    assert not found.result.criteria["A5"]
    assert found.log == ()
    assert found.refusal.startswith("It contradicts A.")
    with pytest.raises(GeoInputError, match="no certificate"):
        certify(found, [a], seconds=1, at="2026-10-15")


def test_a_hidden_cell_that_a_shown_zero_forces_to_zero_tells_nothing():
    zero = Count("RQ1", Q, "BOROUGH", "K", "HG_ABSENCE", n=0)
    hidden = replace(plain([Count("RQ6", Q, "BOROUGH", "K", "CARE")])[0]).not_shown()

    assert check(release([*protect([zero]), hidden]), [], WARDS).passed


def test_a_hidden_cell_that_its_neighbours_tell_is_found():
    half = protect([Count("RH1", "2026-H1", "WARD", ward.code, n=0) for ward in WARDS[1:]])
    hidden = protect([Count("RH1", "2026-H1", "WARD", "K1", n=3, top_child=2)])
    total = [
        Cell("RQ1", f"2026-Q{q}", "BOROUGH", "K", ALL, ALL, "3", n, n, Rule.ROUND5, n)
        for q, n in ((1, 1), (2, 2))
    ]

    found = check(release([*half, *hidden, *total]), [], WARDS)

    assert ("A1", "K1", 3, 3) in {(f.criterion, f.what[3], f.low, f.high) for f in found.findings}


def test_a_named_place_is_within_its_ward_and_a_sure_small_ward_is_refused():
    counts = [
        Count("RH1", "2026-H1", "WARD", "K1", n=3),
        Count("RQ7", "2026-Q1", "PLACE", "PL1", n=2, sources=2, dates=3),
        Count("RQ7", "2026-Q2", "PLACE", "PL1", n=1, sources=2, dates=3),
        *(Count("RQ1", "2026-Q1", "BOROUGH", "K", h, n=0) for h in ("HG_SEXUAL", "HG_ABSENCE")),
    ]
    places = tuple(NamedPlace("PL1", f"2026-Q{q}", "K1", "PG_OPEN") for q in (1, 2))
    elsewhere = NamedPlace("PL1", "2026-Q1", "M1", "PG_OPEN")

    within = check(release(protect(counts), places=places), [], WARDS)
    apart = check(release(protect(counts), places=(elsewhere,)), [], WARDS)

    assert left(within)["PL1", ALL] == (1, 6)
    assert left(within)["K1", ALL] == (2, 7)
    assert left(apart)["PL1", ALL] == (1, 7)


def test_a_rounded_number_with_one_possible_value_is_an_exact_recovery():
    parts = plain(missing((8, 8, 8), (0, 0, 0))[:4])
    tight = [replace(c, low=24, high=24) if c.dim_1 == ALL else c for c in parts]

    found = check(release(tight), [], WARDS)

    assert {f.what[4] for f in found.findings if f.criterion == "A1"} == {*KINDS, ALL}


def test_a_sure_small_number_in_a_ward_by_harm_is_refused():
    """A4: no table prints K1 by quarter and harm, but two tables leave one to three there."""
    cells = [
        *protect([Count("RH1", "2026-H1", "WARD", "K2", n=0)]),
        Cell("RQ1", "2026-Q1", "BOROUGH", "K", "HG_SEXUAL", ALL, "?", 1, 3, Rule.ROUND5, 2),
    ]

    found = check(release(cells), [], WARDS)

    assert ("A4", ("ward", "K1", "2026-Q1", "HG_SEXUAL")) in {
        (f.criterion, f.what) for f in found.findings
    }
    assert climb(release(cells), [], WARDS).result.passed


def test_an_organisation_that_knows_its_own_five_of_a_band_has_it_hidden():
    """A6: of 1 to 7 it would know that there are 5, 6 or 7."""
    counts = [Count("RQ3", Q, "BOTH", "BOTH", code, n=7) for code in ("SV_KNIFE", "SV_DRUG")]
    key = counts[0].key
    known = Known({key: 5, counts[1].key: 4}, frozenset(count.key for count in counts))
    made = release(protect(counts))

    before = check(made, [], WARDS, known)
    found = climb(made, [], WARDS, known)
    late = protect([Count("RQ9", "2026-Q4", "BOTH", "BOTH", "LATE", n=3)])
    later = check(release(late, "2026-Q4"), [made], WARDS, known)

    assert (before.criteria["A2"], before.criteria["A6"]) == (True, False)
    assert [(step.step, step.cell) for step in found.log] == [(3, key)]
    assert found.result.passed
    assert [cell.shown for cell in found.release.cells] == ["1 to 7", "not shown"]
    assert later.releases == (Q, "2026-Q4")
    assert later.passed  # what was approved told no more than this


def test_knowledge_that_contradicts_the_tables_is_a_failure_and_not_an_error():
    cells = protect([Count("RQ3", Q, "BOTH", "BOTH", "SV_KNIFE", n=0)])
    key = cells[0].key

    found = check(release(cells), [], WARDS, Known({key: 3}, frozenset([key])))

    assert not found.criteria["A6"]
    refused = climb(release(cells), [], WARDS, Known({key: 3}, frozenset([key]))).refusal
    assert str(refused).startswith("The tables contradict what the organisation with most records")


def test_times_of_day_add_up_twice_over():
    half = "2026-H1"
    cells = [
        *protect([Count("RQ1", f"2026-Q{q}", "BOROUGH", b, n=10) for q in (1, 2) for b in "KR"]),
        *protect(
            [
                Count("RH3", half, "BOTH", "BOTH", "EVENING", "WEEKEND", n=20),
                Count("RH3", half, "BOTH", "BOTH", "TIME_UNKNOWN", n=4),
                Count("RH3", half, "BOTH", "BOTH", "AFTER_DARK", n=3),
                Count("RH3", half, "BOTH", "BOTH", "NOT_AFTER_DARK", n=17),
            ]
        ),
    ]

    assert not check(release(cells), [], WARDS).criteria["A5"]  # 20 + 4 is not 40
    assert check(release(cells[4:]), [], WARDS).passed


def test_erased_rows_may_be_missing_from_a_half_year_and_no_more():
    quarters = protect(
        [Count("RQ1", f"2026-Q{q}", "BOROUGH", "K", n=n) for q, n in ((1, 10), (2, 10))]
    )
    half = protect([Count("RH1", "2026-H1", "WARD", w, n=n) for w, n in (("K1", 10), ("K2", 0))])
    dark = protect([Count("RH3", "2026-H1", "BOTH", "BOTH", "AFTER_DARK", n=10)])

    def feasible(erased):
        made = release([*half, *dark, *quarters[1:]], "2026-Q2", erased=erased)
        return check(made, [release(quarters[:1], "2026-Q1")], WARDS).criteria["A5"]

    assert [feasible(n) for n in (0, 3, 4, 9)] == [False, False, True, True]


def test_releases_of_other_years_are_passed_over_and_one_release_has_one_year():
    old = release(protect([Count("RQ1", "2025-Q3", "BOROUGH", "K", n=20)]), "2025-Q3")
    new = release(protect([Count("RQ1", Q, "BOROUGH", "K", n=20)]))

    assert check(new, [old], WARDS).releases == (Q,)
    with pytest.raises(GeoInputError, match="one calendar year"):
        check(release([*old.cells, *new.cells]), [], WARDS)


def test_the_seal_binds_what_is_printed_and_nothing_else():
    first = release(protect(missing((9, 6, 0), (4, 7, 1))))
    other = release(protect([Count("RQ9", Q, "BOTH", "BOTH", "LATE", n=3)]), "2026-Q4")
    stored = release([replace(cell, n=None) for cell in reversed(first.cells)])

    assert sha256_of([first, other]) == sha256_of([other, stored])
    changed = replace(first.cells[0], low=first.cells[0].low + 1)
    assert sha256_of([release([changed, *first.cells[1:]])]) != sha256_of([first])
    passed = climb(first, [], WARDS)
    paper = certify(passed, [other, release([], "2025-Q4")], seconds=0.5, at="2026-10-15")
    assert (paper.cells, paper.exact, paper.smallest, paper.steps) == (12, 0, 7, ())
    assert paper.sha256 == sha256_of([first])
    assert paper.sha256[:12] == "57a04b7bc8c2"  # the same on every machine
    assert paper.solver.startswith("HiGHS ")
    assert passed.refusal is None


def test_late_records_are_one_figure_that_nothing_can_be_taken_from():
    """Section 13, step 5."""
    late = protect([Count("RQ9", Q, "BOTH", "BOTH", "LATE", n=1)])

    found = check(release(late), [], WARDS)

    assert late[0].shown == "1 to 7"
    assert (found.passed, found.smallest) == (True, 7)


def test_children_of_all_homes_add_up_and_clusters_are_a_part_of_all():
    homes = (("BOROUGH", "K", 9), ("BOROUGH", "R", 3), ("ELSEWHERE", "ELSEWHERE", 2))
    counts = [Count("RQ5", Q, kind, code, n=n) for kind, code, n in (*homes, ("BOTH", "BOTH", 14))]
    counts += [Count("RQ1", Q, "BOROUGH", code, n=n) for code, n in (("K", 3), ("R", 0))]
    counts += [Count("RQ10", Q, "BOTH", "BOTH", "CROSS_BOROUGH", n=2)]

    found = check(release(protect(counts)), [], WARDS)

    assert found.passed
    assert left(found)["ELSEWHERE", ALL] == (1, 7)
    too_many = protect([*counts[:-1], replace(counts[-1], n=8)])
    assert not check(release(too_many), [], WARDS).criteria["A5"]


def test_without_a_proof_in_whole_numbers_a_cell_counts_as_known():
    attack = Attack(
        build([release(protect([Count("RQ9", Q, "BOTH", "BOTH", "LATE", n=9)]))], WARDS)
    )
    impossible = Attack(attack.model)
    attack.model.row([(("late", Q, "LATE", ALL), 1.0)], 0, 7)

    assert impossible.whole_interval(1).values == attack.whole_interval(1).values == 1


def test_a_release_without_cells_passes():
    assert check(release([]), [], WARDS).passed
