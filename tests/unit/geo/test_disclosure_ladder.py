"""The ladder: which step takes what, in which order, and that it ends."""

from dataclasses import replace

from geo.disclosure import (
    ALL,
    Cell,
    Count,
    Finding,
    Release,
    Rule,
    Ward,
    check,
    climb,
    ladder,
    protect,
    refusals,
)
from geo.disclosure.ladder import Step, _merge, _take

Q, Y = "2026-Q3", "2026"
WARDS = (Ward("K1", "K"), Ward("K2", "K"), Ward("K3", "K"), Ward("R1", "R"))
HOME = {ward.code: ward.borough for ward in WARDS}
HARMS = ("HG_SEXUAL", "HG_ABSENCE", "HG_EXPLOIT")


def by_key(counts):
    return {cell.key: cell for cell in protect(counts)}


def test_five_small_groups_within_seven_are_merged_until_four_values_are_left():
    counts = [Count("RQ1", Q, "BOROUGH", "R", "HG_VIOLENCE", n=7)]
    counts += [Count("RQ1", Q, "BOROUGH", "K", "HG_VIOLENCE", n=0)]
    codes = ("SV_DRUG", "SV_YOUTH", "SV_KNIFE", "SV_FIREARM", "SV_NTE")
    counts += [Count("RQ3", Q, "BOTH", "BOTH", code, n=1) for code in codes]
    made = Release(Q, protect(counts))

    found = climb(made, [], WARDS)

    # Five codes hold one at least, so the whole is 5 to 7; and each is 1 to 3.
    before = {(f.criterion, f.low, f.high) for f in check(made, [], WARDS).findings}
    assert before == {("A2", 5, 7), ("A2", 1, 3)}
    assert found.result.passed
    assert [step.step for step in found.log] == [2]
    assert [c.dim_1 for c in found.release.cells if "+" in c.dim_1] == ["SV_DRUG+SV_YOUTH"]
    assert "RQ3 2026-Q3 BOTH BOTH SV_DRUG: merged" in found.log[0].words


def test_the_ladder_ends_after_its_rounds(monkeypatch):
    counts = [Count("RQ6", Q, "BOROUGH", "K", kind, n=n) for kind, n in (("HOME", 6), ("CARE", 7))]
    total = [Cell("RQ6", Q, "BOROUGH", "K", ALL, ALL, "15", 13, 17, Rule.ROUND5, 13)]
    made = Release(Q, (*protect([*counts, Count("RQ6", Q, "BOROUGH", "K", "EDUCATION")]), *total))
    left = {}
    for rounds in (0, 1):
        monkeypatch.setattr(ladder, "ROUNDS", rounds)
        left[rounds] = climb(made, [], WARDS)

    assert (left[0].result.passed, left[0].log) == (False, ())
    assert (left[1].result.passed, left[1].rounds) == (True, 1)


def rq1():
    counts = [
        Count("RQ1", Q, kind, code, harm, n=n)
        for kind, code in (("BOROUGH", "K"), ("BOROUGH", "R"), ("BOTH", "BOTH"))
        for harm, n in (*zip(HARMS, (9, 2, 12), strict=True), (ALL, 23))
    ]
    return {cell.key: cell for cell in protect(counts)}


def test_groups_merged_in_one_row_lose_their_column():
    cells = rq1()
    key = ("RQ1", Q, "BOROUGH", "K", "HG_ABSENCE", ALL)

    assert _merge(cells, cells[key], HOME)

    merged = cells["RQ1", Q, "BOROUGH", "K", "HG_ABSENCE+HG_EXPLOIT", ALL]
    assert (merged.shown, merged.n) == ("15", 14)
    assert key not in cells
    assert cells["RQ1", Q, "BOTH", "BOTH", "HG_EXPLOIT", ALL].dropped
    assert cells["RQ1", Q, "BOROUGH", "R", "HG_EXPLOIT", ALL].shown == "10"


def test_what_cannot_be_merged_is_left():
    cells = rq1()
    margin = cells["RQ1", Q, "BOTH", "BOTH", "HG_ABSENCE", ALL]
    stored = {key: replace(cell, n=None) for key, cell in cells.items()}
    own = stored["RQ1", Q, "BOROUGH", "K", "HG_ABSENCE", ALL]
    two = {key: cell for key, cell in cells.items() if key[4] != "HG_SEXUAL"}

    lone = {key: cell for key, cell in cells.items() if key[2] == "BOROUGH"}

    assert not _merge(cells, margin, HOME)
    assert _merge(lone, lone[own.key], HOME)
    assert not _merge(stored, own, HOME)
    assert not _merge(two, own, HOME)
    assert not _merge(cells, protect([Count("RQ8", Q, "BOROUGH", "K", "YES", n=2)])[0], HOME)


def test_areas_are_merged_with_the_next_of_their_borough():
    counts = [
        Count("RY1", Y, "AREA", area, harm, n=n, top_child=3 * (harm == "HG_ABSENCE"))
        for area, n in (("K1", 4), ("K2+K3", 9), ("R1", 30))
        for harm in HARMS[:2]
    ]
    first, last = (by_key(counts) for _ in range(2))
    alone = by_key(counts)

    assert _merge(first, first["RY1", Y, "AREA", "K1", "HG_SEXUAL", ALL], HOME)
    assert _merge(last, last["RY1", Y, "AREA", "K2+K3", "HG_SEXUAL", ALL], HOME)
    assert not _merge(alone, alone["RY1", Y, "AREA", "R1", "HG_SEXUAL", ALL], HOME)

    assert first == last
    assert first["RY1", Y, "AREA", "K1+K2+K3", "HG_SEXUAL", ALL].shown == "15"
    assert first["RY1", Y, "AREA", "K1+K2+K3", "HG_ABSENCE", ALL].dropped  # one child behind K1's


def test_an_area_without_the_same_group_in_its_neighbour_keeps_it():
    cells = by_key([Count("RY1", Y, "AREA", a, "HG_SEXUAL", n=9) for a in ("K1", "K2+K3")])
    lone = Count("RY1", Y, "AREA", "K1", "HG_ABSENCE", n=9)
    cells |= by_key([lone])

    assert _merge(cells, cells["RY1", Y, "AREA", "K1", "HG_SEXUAL", ALL], HOME)
    assert lone.key in cells


def finding(key, *by, criterion="A2"):
    return Finding(criterion, Q, key, 5, 7, tuple((Q, each) for each in by))


def test_the_coarsest_cell_goes_first_then_margins_then_totals_of_people():
    counts = [
        Count("RY2", Y, "BOROUGH", "K", "SV_KNIFE", n=20),
        Count("RH1", "2026-H2", "WARD", "K1", n=9),
        Count("RQ1", Q, "BOROUGH", "K", n=20),
        Count("RQ6", Q, "BOROUGH", "K", n=12),
        Count("RQ5", Q, "BOTH", "BOTH", n=30),
        Count("RQ8", Q, "BOROUGH", "K", "YES", n=20),
    ]
    cells = by_key(counts)
    failing = finding(("ward", "K1", Q, "HG_SEXUAL"))
    order = []
    while step := _take(cells, failing, [c.key for c in counts], 1, HOME):
        order.append((step.step, step.cell[0]))

    assert order[:6] == [
        (1, "RY2"), (1, "RH1"), (1, "RQ1"), (1, "RQ6"), (1, "RQ5"), (3, "RQ8"),
    ]  # fmt: skip
    assert {step for step, _ in order[6:]} == {4}
    assert cells == {}


def test_a_cell_that_is_hidden_already_takes_its_table_with_it():
    hidden = protect([Count("RQ9", Q, "BOTH", "BOTH", "LATE", n=3)])[0].not_shown()

    step = _take({hidden.key: hidden}, finding(hidden.key), [], 2, HOME)

    assert step == Step(2, 4, "A2", hidden.key)
    assert step.words == "Round 2, step 4, A2: RQ9 2026-Q3 BOTH BOTH LATE: table left out"


def test_where_only_approved_tables_bind_the_ladder_ends_and_says_which_table():
    tight = [
        Cell("RQ1", "2026-Q1", "BOROUGH", b, "HG_SEXUAL", ALL, "1 to 7", 6, 7, Rule.BAND)
        for b in "KR"
    ]
    new = Release("2026-Q2", protect([Count("RQ9", "2026-Q2", "BOTH", "BOTH", "LATE", n=3)]))

    found = climb(new, [Release("2026-Q1", tuple(tight))], WARDS)

    assert (found.rounds, found.log, found.result.passed) == (0, (), False)
    assert found.refusal == "Table RQ1 of 2026-Q1 could be solved with the 2026-Q2 release."


def serious():
    """RQ1 and RQ3: five codes of one at least within seven."""
    counts = [Count("RQ1", Q, "BOROUGH", b, "HG_VIOLENCE", n=n) for b, n in (("K", 0), ("R", 7))]
    codes = ("SV_DRUG", "SV_YOUTH", "SV_KNIFE", "SV_FIREARM", "SV_NTE")
    return protect([*counts, *(Count("RQ3", Q, "BOTH", "BOTH", code, n=1) for code in codes)])


def tight():
    """Two cells of RQ6 that must be 6 or 7 each, for their total is 13 at least."""
    counts = [Count("RQ6", Q, "BOROUGH", "K", kind, n=n) for kind, n in (("HOME", 6), ("CARE", 7))]
    counts += [Count("RQ6", Q, "BOROUGH", "K", "EDUCATION")]
    return (*protect(counts), Cell("RQ6", Q, "BOROUGH", "K", ALL, ALL, "15", 13, 17, Rule.ROUND5))


def test_where_no_cell_that_binds_can_be_taken_the_table_is_left_out_last(monkeypatch):
    monkeypatch.setattr(ladder, "_take", lambda *_: None)

    one = climb(Release(Q, serious()), [], WARDS)
    both = climb(Release(Q, (*serious(), *tight())), [], WARDS)
    alone = climb(Release(Q, tight()), [], WARDS)

    assert (one.result.passed, one.rounds) == (True, 1)
    assert {cell.table_code for cell in one.release.cells} == {"RQ1"}
    assert [step.words for step in one.log] == [
        "Round 1, step 4, A2: RQ3 2026-Q3 BOTH BOTH SV_DRUG: table left out"
    ]
    assert [step.cell[0] for step in both.log] == ["RQ6", "RQ3"]
    assert both.result.passed
    assert (alone.log, alone.refusal) == (
        (),
        "Table RQ6 of the 2026-Q3 release could be solved.",
    )


def test_a_release_of_no_table_is_no_release():
    """The one cell is hidden already, and what was approved tells it: nothing can be done."""
    told = Cell("RQ1", Q, "BOROUGH", "K", ALL, ALL, "6 to 7", 6, 7, Rule.ROUND5)
    hidden = protect([Count("RQ2", Q, "BOROUGH", "K", n=7)])[0].not_shown()

    found = climb(Release("2026-Q3-2", (hidden,)), [Release(Q, (told,))], WARDS)

    assert (found.result.passed, found.log) == (False, ())
    assert found.release.cells == (hidden,)


def test_a_borough_without_wards_is_no_ward_of_which_too_much_is_known():
    """Both at most 12 and 23 together at least: 11 or 12 each, as its quarter was approved."""
    counts = [Count("RQ1", "2026-Q1", "BOROUGH", b, "HG_EXPLOIT", n=12) for b in "KR"]
    counts += [Count("RQ1", "2026-Q1", "BOTH", "BOTH", "HG_EXPLOIT", n=24)]
    quarter = Release("2026-Q1", protect(counts))
    half = [Count("RH1", "2026-H1", "WARD", f"?{b}", n=12) for b in "KR"]

    def found(*more):
        wards = (Ward("?K", "K"), Ward("?R", "R"), *more)
        zeros = [Count("RH1", "2026-H1", "WARD", ward.code) for ward in more]
        return climb(Release("2026-H1", protect([*half, *zeros])), [quarter], wards)

    assert (found().result.passed, found().log) == (True, ())
    assert [step.words for step in found(Ward("K1", "K")).log] == [
        "Round 1, step 1, A4: RH1 2026-H1 WARD K1: not shown (coarsest cell that binds)"
    ]


def test_a_refusal_names_what_would_be_known_and_from_which_release():
    ward = Finding("A4", "2026-H1", ("ward", "K1", "2026-Q1", "HG_EXPLOIT"), 1, 2)
    place = Finding("A4", "2026-H1", ("place", "K", "2026-Q1", "HG_EXPLOIT", "PG_OPEN"), 1, 2)
    cell = Finding("A2", "2026-H1", ("RH1", "2026-H1", "WARD", "K1", ALL, ALL), 1, 2)

    assert refusals._solved([ward, cell], "2026-H1") == (
        "Table RH1 of the 2026-H1 release could be solved."
    )
    assert [refusals._solved([one], "2026-H1") for one in (ward, place)] == [
        f"Numbers of a {what} that no table prints could be solved with the 2026-H1 release."
        for what in ("ward", "kind of place")
    ]
