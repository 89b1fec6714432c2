"""What a review says of a goal, and what closing as safer needs."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.core.errors import RuleBrokenError
from app.outcomes import rules
from app.outcomes.rules import Known, Measured, Result


def at(now, baseline=20, target=60, *, up=True):
    return Measured(Decimal(baseline), Decimal(target), None if now is None else Decimal(now), up)


@pytest.mark.parametrize(
    ("measures", "result"),
    [
        ([at(60)], Result.MET),
        ([at(40)], Result.PARTLY),  # half of the way
        ([at(39)], Result.NOT_MET),
        ([at(20)], Result.NOT_MET),
        ([at(None)], Result.NOT_MEASURED),
        ([], Result.NOT_MEASURED),
        ([at(60), at(None)], Result.PARTLY),
        ([at(60), at(10)], Result.PARTLY),
        ([at(2, 4, 2, up=False)], Result.MET),
        ([at(3, 4, 2, up=False)], Result.PARTLY),
        ([at(5, 4, 2, up=False)], Result.NOT_MET),
        ([at(20, 20, 20)], Result.MET),
    ],
)
def test_the_result_of_a_goal(measures, result):
    assert rules.result(measures) is result


WHOLE = Known(goals_met=1, voice_again=True, displacement="NONE_SEEN", has_second_person=True)


def test_closing_as_safer_is_open_when_everything_is_there():
    assert rules.closes_safer(WHOLE) == []
    assert rules.second_person(WHOLE) == []
    assert rules.closes_safer(replace(WHOLE, voice_again=False, no_voice_reason="x" * 40)) == []
    assert rules.closes_safer(replace(WHOLE, displacement="SEEN")) == []


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ({"goals_met": 0}, "no goal of change is met."),
        ({"voice_again": False}, "children have not been asked again."),
        ({"displacement": "NOT_CHECKED"}, "displacement was not checked."),
        ({"serious_incidents": 1}, "a serious incident happened in the last 90 days."),
        ({"worse_domains": ["Guardianship"]}, "worse than before: Guardianship."),
    ],
)
def test_a_refusal_says_what_is_missing(without, words):
    with pytest.raises(RuleBrokenError) as refused:
        rules.must_close_safer(replace(WHOLE, **without))

    assert refused.value.detail == f"This place cannot be closed as safer: {words}"


def test_a_second_person_agrees():
    assert rules.second_person(replace(WHOLE, has_second_person=False)) != []


def test_reviews_come_three_six_and_twelve_months_after_the_plan_began():
    began = date(2026, 8, 31)

    found = [rules.due_on(began, code) for code in ("M3", "M6", "M12")]
    assert found == [date(2026, 11, 30), date(2027, 2, 28), date(2027, 8, 31)]


def test_twenty_working_days_late_is_told_in_the_briefing():
    assert not rules.is_long_overdue(date(2026, 11, 2), date(2026, 11, 27))
    assert rules.is_long_overdue(date(2026, 11, 2), date(2026, 11, 30))


def test_serious_is_severity_four_within_ninety_days():
    today = date(2026, 11, 26)
    assert rules.is_serious(4, date(2026, 8, 28), today)
    assert not rules.is_serious(4, date(2026, 8, 27), today)
    assert not rules.is_serious(3, today, today)


def test_no_word_of_a_verdict_says_that_nothing_happened():
    said = " ".join(rules.VERDICTS.values()).lower()
    assert not any(word in said for word in ("no effect", "worked", "failed"))
    assert rules.worse({"One": "Worse", "Two": "Better"}) == ["One"]
