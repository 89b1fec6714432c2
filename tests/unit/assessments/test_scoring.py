"""Scores, sureness and change of an assessment: the worked example and eight pairs by hand."""

import pytest

from app.assessments import scoring
from app.assessments.indicators import CODES, indicators
from app.assessments.scoring import Change

EXAMPLE = (4, 3, 3, 2, None, 1, 2, None, 3)


def rated(domain, values):
    return dict(zip(scoring.codes(domain), values, strict=True))


def test_there_are_nine_questions_in_each_domain_and_six_in_other_words_online():
    assert [len(scoring.codes(domain)) for domain in (1, 2, 3)] == [9, 9, 9]
    assert len(set(CODES)) == 27
    changed = [a.code for a, b in zip(indicators(), indicators(online=True), strict=True) if a != b]
    assert changed == [
        *("D1_ROUTES", "D3_LIGHT", "D3_COMFORT", "D3_HOURS", "D3_TRANSPORT", "D3_RESPONSIBLE"),
    ]


def test_the_worked_example_scores_64():
    found = scoring.score(1, rated(1, EXAMPLE), {}, {"D1_USE"})

    assert (found.value, found.known, found.words) == (64, 7, "64")
    assert found.voice_share == pytest.approx(1 / 7)


@pytest.mark.parametrize(
    ("ratings", "words"), [([2] * 5 + [None] * 4, "Not enough known: 5 of 9"), ([2] * 9, "50")]
)
def test_a_score_shows_from_six_known(ratings, words):
    assert scoring.score(2, rated(2, ratings), {}, set()).words == words
    assert scoring.score(2, rated(2, [2] * 6 + [None] * 3), {}, set()).value == 50


def test_half_goes_up():
    assert scoring.points([1, 1, 1, 1, 1, 0, 0, 0]) == 16  # 15.625
    assert scoring.points([1, 0]) == 13  # 12.5
    assert scoring.points([3, 0]) == 38  # 37.5


@pytest.mark.parametrize(
    ("said", "words"),
    [("LLM", "Low"), ("LM", "Medium"), ("MMM", "Medium"), ("MH", "High"), ("HHM", "High")],
)
def test_how_sure_it_is(said, words):
    assert scoring.sureness(list(said)) == words


def test_of_nothing_nobody_is_sure():
    assert scoring.sureness([]) == ""


PAIRS = [
    ([3] * 9, [2] * 9, Change.BETTER),
    ([3] * 9, [4] * 9, Change.WORSE),
    ([3] * 9, [3] * 9, Change.SAME),
    ([3] * 9, [1, 1] + [3] * 7, Change.SAME),  # by 11, but two items only
    ([3] * 9, [1, 2, 2] + [3] * 6, Change.BETTER),  # by 11, three items
    ([2] * 9, [0, 0, 0, 0, 4] + [2] * 4, Change.SAME),  # one went up by two
    ([2] * 9, [0, 0, 0, 0, 3] + [2] * 4, Change.BETTER),  # one went up by one
    ([3] * 6 + [None] * 3, [2] * 5 + [None] * 4, Change.NOT_COMPARABLE),
]


@pytest.mark.parametrize(("before", "now", "change"), PAIRS)
def test_change_between_two_assessments(before, now, change):
    there = scoring.compare(3, rated(3, before), rated(3, now))

    assert there.change is change
    moved = [
        (code, a, b)
        for code, a, b in zip(scoring.codes(3), before, now, strict=True)
        if None not in (a, b) and a != b
    ]
    assert list(there.moved) == moved
    mirror = {Change.BETTER: Change.WORSE, Change.WORSE: Change.BETTER}
    back = scoring.compare(3, rated(3, now), rated(3, before))
    assert back.change is mirror.get(change, change)


def test_views_that_are_two_apart_differ():
    assert scoring.views_differ({"CHILDREN": 4, "DATA": 2, "SETTLED": 4})
    assert not scoring.views_differ({"CHILDREN": 4, "DATA": 3, "SETTLED": 1, "GUARDIANS": None})
    assert not scoring.views_differ({"GUARDIANS": None})
