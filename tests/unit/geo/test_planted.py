"""Simulated truth: effects are planted in Poisson counts, and what is said of them is judged."""

import re

import numpy as np
import pytest

from geo.evaluation import Verdict, planning_words, power, verdict, wdd

SETS = 2000


def planted(seed, before, after, sets=SETS):
    """Counts of c0 c1 t0 t1 (cd0 cd1 d0 d1): after = before * growth * effect in T alone."""
    means = np.column_stack([before, after]).ravel()
    return np.random.default_rng(seed).poisson(means, (sets, len(means)))


def vectorised(counts, weights=(1.0, 1.0, 1.0, 1.0), phi=1.0):
    """Estimate and standard error of every row, written apart from the product."""
    change = counts[:, 1::2] - counts[:, ::2]
    total = counts[:, 1::2] + counts[:, ::2]
    u = np.array(weights[: change.shape[1]])
    est = change / u @ np.array([-1, 1, -1, 1])[: len(u)]
    return est, np.sqrt(phi * (total / u**2).sum(axis=1))


def detected(est, se):
    return float((np.abs(est) > 1.959964 * se).mean())


def found(row, weights=(1.0, 1.0, 1.0, 1.0), phi=1.0):
    pairs = [row[i : i + 2] for i in range(0, len(row), 2)]
    return wdd(*pairs, area_weights=weights[: len(pairs)], phi=phi)


def test_the_simulator_and_the_product_agree_row_by_row():
    counts = planted(1, [80, 20, 50, 30], [90, 12, 55, 30], 40)
    est, se = vectorised(counts, (4.0, 1.0, 2.0, 1.0), 1.7)

    for row, e, s in zip(counts.tolist(), est, se, strict=True):
        mine = found(row, (4.0, 1.0, 2.0, 1.0), 1.7).total
        assert (mine.est, mine.se) == pytest.approx((e, s), rel=1e-12)


@pytest.mark.parametrize(
    ("before", "growth", "effect", "moved", "weights"),
    [
        ([60, 60, 60, 60], 1.0, 0.5, 0, (1, 1, 1, 1)),
        ([60, 60, 60, 60], 1.2, 1.0, 0, (1, 1, 1, 1)),
        ([25, 20, 30, 30], 0.8, 0.4, 6, (1, 1, 1, 1)),
        ([240, 60], 1.1, 0.6, 0, (4, 1)),
        ([12, 10, 8, 8], 1.0, 0.5, 2, (1, 1, 1, 1)),
    ],
)
def test_intervals_hold_the_planted_truth_as_often_as_they_say(
    before, growth, effect, moved, weights
):
    base = np.array(before, dtype=float)
    after = base * growth
    after[1] *= effect
    if moved:
        after[3] += moved
    sign = np.array([-1, 1, -1, 1])[: len(base)]
    u = np.array(weights[: len(base)])
    truth = float(((after - base) / u) @ sign)

    est, se = vectorised(planted(2, base, after), weights)

    covered = (np.abs(est - truth) <= 1.959964 * se).mean()
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("before", [[10, 10, 10, 10], [60, 60, 60, 60], [30, 30]])
def test_false_alarms_where_nothing_was_planted(before):
    est, se = vectorised(planted(3, before, before))

    assert 0.03 <= detected(est, se) <= 0.07


def test_more_noise_than_poisson_raises_no_more_alarms_once_phi_is_known():
    phi = 2.5
    rng = np.random.default_rng(4)
    counts = rng.negative_binomial(40 / (phi - 1), 1 / phi, (SETS, 8))

    assert detected(*vectorised(counts)) > 0.12
    assert 0.03 <= detected(*vectorised(counts, phi=phi)) <= 0.07


@pytest.mark.parametrize(
    ("baseline", "four", "two", "large"),
    [
        (10, 9, 14, 19),
        (20, 13, 23, 35),
        (40, 21, 39, 61),
        (60, 29, 55, 79),
        (110, 48, 80, 96),
        (235, 80, 99, 100),
    ],
)
def test_a_planted_halving_is_noticed_as_often_as_the_plan_was_told(baseline, four, two, large):
    half = baseline / 2
    b = float(baseline)
    designs = [
        (planted(5, [b, b, b, b], [b, half, b, b], 4000), (1.0, 1.0, 1.0, 1.0)),
        (planted(6, [b, b], [b, half], 4000), (1.0, 1.0)),
        (planted(7, [4 * b, b], [4 * b, half], 4000), (4.0, 1.0)),
    ]

    shares = [detected(*vectorised(counts, weights)) for counts, weights in designs]

    assert [100 * share for share in shares] == pytest.approx([four, two, large], abs=2.5)
    expected = [power(found(c.mean(axis=0).tolist(), w), half) for c, w in designs]
    assert shares == pytest.approx(expected, abs=0.025)


def test_no_verdict_of_a_weak_study_says_that_nothing_happened():
    """Halvings, rises and nothing at all, in studies that would notice fewer than 80 %."""
    rows = np.concatenate(
        [planted(8 + i, [b] * 4, [b, b * f, b, b], 60) for i, (b, f) in enumerate(WEAK)]
    )
    said = [(found(row), verdict(found(row))) for row in rows.tolist()]

    weak = [(one, words) for one, words in said if power(one, one.total.est) < 0.8]
    assert len(weak) > 400
    for one, words in weak:
        text = f"{words.words} {words.plain}".lower()
        assert not re.search(r"no effect|no change|worked|failed|did not|proved|signific", text)
        if words.verdict == Verdict.UNCLEAR:
            least = int(np.floor(one.smallest_detectable + 0.5))
            assert f"smaller than about {least} could not have been seen" in words.words
    kinds = [words.verdict for _, words in weak]
    assert kinds.count(Verdict.UNCLEAR) > kinds.count(Verdict.FELL)


WEAK = [(4, 1.0), (10, 0.5), (10, 1.0), (20, 0.5), (20, 1.6), (40, 0.5), (40, 1.0), (60, 0.5)]


def test_before_it_starts_a_plan_is_told_what_four_in_five_studies_notice():
    one = wdd((60, 60), (60, 60), (60, 60), (60, 60))
    least = one.smallest_detectable

    assert planning_words(60, one).startswith("Counts cannot show change here.")
    two = wdd((110, 110), (110, 110))
    assert "only a change of about 59 could be seen" in planning_words(110, two)
    assert power(one, least) == pytest.approx(0.8, abs=0.005)
