"""A correction beside what was withdrawn: coarser than the error, never in contradiction to it."""

from dataclasses import replace

from geo.disclosure import ALL, Count, Known, Release, certify, climb, protect
from geo.disclosure import lattice as lt
from tests.synthetic_quarters import built
from tests.synthetic_years import WARDS

Q = "2026-Q1"


def row(n, borough="KINGSTON", table="RQ1"):
    """A borough with `n` violent incidents and nine of every other kind."""
    told = {harm: n if harm == "HG_VIOLENCE" else 9 for harm in lt.HARM_GROUPS}
    told[ALL] = sum(told.values())
    return [Count(table, Q, "BOROUGH", borough, harm, n=each) for harm, each in told.items()]


def withdrawn(cells, code=Q):
    return Release(code, protect(cells), withdrawn=True)


def shown(climbed):
    return {(c.geo_code, c.dim_1): c.shown for c in climbed.release.cells}


def test_what_a_withdrawn_release_told_otherwise_is_not_shown_and_the_rest_is():
    wrong = withdrawn([*row(40), *row(10, "RICHMOND")])
    right = Release(f"{Q}-2", protect([*row(20), *row(10, "RICHMOND")]))

    found = climb(right, [wrong], WARDS)

    assert found.result.passed
    told = shown(found)
    assert told["KINGSTON", "HG_VIOLENCE"] == told["KINGSTON", ALL] == "not shown"
    assert told["KINGSTON", "HG_SEXUAL"] == told["RICHMOND", "HG_VIOLENCE"] == "10"
    assert [step.step for step in found.log] == [0, 0]
    assert "not shown (a withdrawn release says otherwise)" in found.log[0].words
    assert certify(found, [wrong], seconds=1, at="2026-04-20").contradicting == 2
    assert climb(right, [wrong], WARDS).release == found.release


def test_only_what_is_withdrawn_may_be_contradicted():
    stands = replace(withdrawn(row(40)), withdrawn=False)

    found = climb(Release(f"{Q}-2", protect(row(20))), [stands], WARDS)

    assert not found.result.passed
    assert found.refusal == (
        f"It contradicts {Q}. If that adds up what was withdrawn, withdraw it too; then count "
        "this release again."
    )


def test_tables_of_one_release_that_disagree_are_refused():
    knives = Count("RQ3", Q, "BOTH", "BOTH", "SV_KNIFE", n=200)
    odd = Release(f"{Q}-2", protect([*row(20), *row(20, "RICHMOND"), knives]))

    for earlier in ([], [withdrawn(row(40))]):
        found = climb(odd, earlier, WARDS)
        assert found.refusal.startswith("Two tables contradict each other. Count again;")


def test_an_organisation_that_knows_better_draws_nothing_from_what_was_withdrawn():
    cells = protect([Count("RQ3", Q, "BOTH", "BOTH", "SV_KNIFE", n=12)])
    key = cells[0].key
    wrong = withdrawn([Count("RQ3", Q, "BOTH", "BOTH", "SV_KNIFE", n=3)])

    found = climb(Release(f"{Q}-2", cells), [wrong], WARDS, Known({key: 9}, frozenset([key])))

    assert found.result.passed
    assert shown(found) == {("BOTH", "SV_KNIFE"): "not shown"}


def test_a_whole_quarter_counted_twice_is_corrected():
    """Every record stood twice in one borough; the correction passes, and is of use."""
    first = next(built(3, 1000, [2026]))
    doubled = [
        replace(count, n=2 * count.n, top_child=2 * count.top_child,
                top_organisation=2 * count.top_organisation)
        if count.geo_code == "KINGSTON" else count
        for count in first.counts
        if count.geo_kind in ("BOROUGH", "ELSEWHERE")
    ]  # fmt: skip
    wrong = Release(first.release.code, protect(doubled), withdrawn=True)
    right = replace(first.release, code=f"{first.release.code}-2")

    found = climb(right, [wrong], WARDS)

    assert found.result.passed
    before = {cell.key for cell in right.cells if not cell.dropped}
    kept = {cell.key for cell in found.release.cells if not cell.dropped}
    print(f"{found.contradicting} contradict, {len(kept)} of {len(before)} cells still shown")
    assert 0 < found.contradicting <= len(before - kept)
    assert len(kept) > len(before) / 2
    assert {key for key in before if key[3] == "RICHMOND"} <= kept
