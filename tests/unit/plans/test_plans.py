"""Every step of a plan, what it says without each part, and what to think about again."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.assessments.indicators import CODES
from app.core.errors import RuleBrokenError
from app.plans import library, rules
from app.plans.rules import ActionIn, Known, MeasureIn, State

DAY = date(2027, 1, 10)
CHANGE = MeasureIn(is_change=True, baseline=Decimal(1), target=Decimal(2), due_on=DAY)
WELFARE = ActionIn("SAFE_SPACE", "LA_KINGSTON", DAY, by_manager=True)
PSPO = ActionIn("PSPO", "MPS_SWBCU", DAY)
NOTE = "Effect on racialised and on disabled children: stops are counted."
WHOLE = Known(
    goals=((CHANGE,),),
    actions=(WELFARE,),
    equality_check="Looked at.",
    has_voice=True,
    assessment_approved=True,
    children_took_part=True,
    summary_plain="More light.",
    shown_on=DAY,
    reason="Another plan",
)


@pytest.mark.parametrize(("state", "moves"), rules.MOVES.items())
def test_a_step_is_open_when_everything_is_there(state, moves):
    for to in moves:
        assert rules.barriers(state, to, WHOLE) == []


MISSING = [
    (State.AGREED, {"goals": ()}, "Choose 1 to 5 goals."),
    (State.AGREED, {"goals": ((CHANGE,),) * 6}, "Choose 1 to 5 goals."),
    (State.AGREED, {"goals": ((CHANGE,), ())}, "Add a measure with a baseline, a target"),
    (State.AGREED, {"goals": ((replace(CHANGE, target=None),),)}, "a baseline, a target and a due"),
    (State.AGREED, {"goals": ((replace(CHANGE, is_change=False),),)}, "one measure of change"),
    (
        State.AGREED,
        {"actions": (replace(WELFARE, owner_agency=None),)},
        "Say who owns this action.",
    ),
    (State.AGREED, {"equality_check": " "}, "Fill in the equality check."),
    (State.ACTIVE, {"assessment_approved": False}, "An approved assessment is missing."),
    (State.ACTIVE, {"has_voice": False}, rules.NEEDS_VOICE),
    (State.ACTIVE, {"shown_on": None}, "Show the plain summary to the children who took part"),
    (State.ABANDONED, {"reason": None}, "Say why the plan is abandoned."),
]


@pytest.mark.parametrize(("to", "without", "words"), MISSING)
def test_a_refusal_says_what_is_missing(to, without, words):
    before = next(state for state, moves in rules.MOVES.items() if to in moves)

    with pytest.raises(RuleBrokenError) as refused:
        rules.must_be_open(before, to, replace(WHOLE, **without))

    assert words in refused.value.detail


def test_a_reason_does_for_voice_where_nothing_is_enforced():
    assert rules.active(replace(WHOLE, has_voice=False, has_reason=True)) == []


def test_enforcement_needs_a_ring_a_note_and_voice_first():
    enforced = replace(WHOLE, actions=(WELFARE, PSPO))

    assert (
        "Add a displacement ring before a public spaces protection order: children may be moved, "
        "not safer."
    ) in rules.agreed(enforced)
    assert any("racialised and disabled" in words for words in rules.agreed(enforced))
    gated = replace(enforced, has_ring=True, equality_check=NOTE)
    assert rules.agreed(gated) == []
    (words,) = rules.agreed(replace(gated, has_voice=False, has_reason=True))
    assert words.startswith("Ask children before a public spaces protection order:")


@pytest.mark.parametrize("word", rules.EFFORT_WORDS)
def test_what_begins_with_what_somebody_did_is_effort(word):
    assert rules.measure_problem(f"{word.title()} forty leaflets") == rules.EFFORT


def test_what_will_be_different_is_no_effort():
    assert rules.measure_problem("Share of children who can name an adult") is None
    assert rules.measure_problem("Heldby") is None


def test_a_plan_of_enforcement_alone_of_one_agency_is_thought_about_again():
    assert rules.warnings([]) == []
    assert rules.warnings([PSPO]) == [
        "What in this plan changes the context?",
        "Every action is one agency's. Who else has reach into the place?",
        "Whoever manages the place has no action.",
    ]
    assert rules.warnings([PSPO, WELFARE]) == []


def test_the_ratio_of_kinds():
    assert rules.ratio([PSPO, WELFARE, WELFARE]) == {
        "welfare": 2,
        "environmental": 0,
        "regulatory": 0,
        "enforcement": 1,
    }


def test_goals_and_responses_are_those_of_the_design():
    assert len(library.goals()) == 12
    assert {goal.indicator_code for goal in library.goals()} <= set(CODES)
    assert {goal.measure_kind for goal in library.goals()} <= rules.MEASURE_KINDS.keys()
    gated = {one.code for one in library.responses().values() if one.needs_gates}
    assert gated == {"PSPO", "CPN", "PATROL", "CLOSURE"}
    assert {one.kind for one in library.responses().values()} == set(library.KINDS)


def test_a_step_that_is_not_listed_is_refused():
    with pytest.raises(RuleBrokenError, match="A plan that is draft cannot become active"):
        rules.barriers(State.DRAFT, State.ACTIVE, WHOLE)
