"""Each guard of a plan: once missing, with its sentence, and once there."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.core.errors import RuleBrokenError
from app.plans import rules
from app.plans.library import goals, responses
from app.plans.rules import ActionIn, Known, MeasureIn

DAY = date(2027, 6, 1)
FAIR = "Black and Asian children are stopped more often; disabled children need a quiet way in."
WHOLE = MeasureIn(True, Decimal(20), Decimal(60), DAY, "SURVEY_SHARE")
WELFARE = ActionIn("YOUTH_DETACHED", "AFC", DAY)
PSPO = ActionIn("PSPO", "LA_KINGSTON", DAY)
READY = Known(
    goals=[[WHOLE]],
    goal_texts=["Children feel safe here"],
    actions=[WELFARE],
    equality_check="Girls were asked apart.",
    has_voice=True,
    assessment_approved=True,
    children_took_part=True,
    summary_plain="Adults here will help.",
    shown_on=DAY,
)
RING = "Add a displacement ring before a public spaces protection order: children may be moved, "
RING += "not safer."
AGREED = {
    "Choose 1 to 5 goals.": {"goals": [[WHOLE]] * 6},
    "Fill in what stands between < and > in the goals.": {"goal_texts": ["Safe at <hours>"]},
    "Add a measure with a baseline, a target and a due date to each goal.": {
        "goals": [[replace(WHOLE, target=None)]]
    },
    "Add at least one measure of change.": {"goals": [[replace(WHOLE, is_change=False)]]},
    "Add the design of the comparison of incidents: areas and periods.": {
        "goals": [[WHOLE, replace(WHOLE, kind="INCIDENT_WDD")]]
    },
    "Say who owns this action.": {"actions": [replace(WELFARE, owner_agency=None)]},
    "Enter a due date.": {"actions": [replace(WELFARE, due_on=None)]},
    "Fill in the equality check.": {"equality_check": " "},
    "Begin an assessment of the place first.": {"lacks_assessment": True},
    RING: {"actions": [PSPO], "equality_check": FAIR},
    "Write what a public spaces protection order does to racialised and disabled children, in the "
    "equality check, first.": {"actions": [PSPO], "has_ring": True},
    "Ask children before a public spaces protection order: their voice is missing from the "
    "assessment.": {
        "actions": [PSPO],
        "has_ring": True,
        "equality_check": FAIR,
        "has_voice": False,
        "has_reason": True,
    },
}
ACTIVE = {
    "An approved assessment is missing.": {"assessment_approved": False},
    rules.NEEDS_VOICE: {"has_voice": False, "children_took_part": False},
    "Write the summary in plain words.": {"summary_plain": None},
    "Show the plain summary to the children who took part, and enter the day.": {"shown_on": None},
    RING: {"actions": [PSPO], "equality_check": FAIR},
}


def missing(to, **without):
    before = {"AGREED": "DRAFT", "ACTIVE": "AGREED", "ABANDONED": "REVIEWED"}[to]
    return rules.barriers(before, to, replace(READY, **without))


@pytest.mark.parametrize("sentence", AGREED)
def test_a_plan_is_not_agreed_without(sentence):
    assert missing("AGREED", **AGREED[sentence]) == [sentence]


@pytest.mark.parametrize("sentence", ACTIVE)
def test_a_plan_does_not_begin_without(sentence):
    assert missing("ACTIVE", **ACTIVE[sentence]) == [sentence]


def test_with_everything_nothing_is_missing():
    assert missing("AGREED") == missing("ACTIVE") == []
    assert missing("AGREED", actions=[PSPO], has_ring=True, equality_check=FAIR) == []
    assert missing("ABANDONED", reason="The place is gone.") == []


def test_five_goals_and_no_more():
    assert missing("AGREED", goals=[[WHOLE]] * 5) == []
    assert missing("AGREED", goals=[[WHOLE]] * 6) == ["Choose 1 to 5 goals."]


def test_the_reason_why_children_were_not_heard_stands_for_them_and_not_before_enforcement():
    unheard = {"has_voice": False, "has_reason": True, "children_took_part": False}

    assert missing("ACTIVE", shown_on=None, **unheard) == []
    assert len(missing("ACTIVE", actions=[PSPO], has_ring=True, equality_check=FAIR, **unheard))


def test_abandoning_needs_a_reason():
    assert missing("ABANDONED") == ["Say why the plan is abandoned."]


def test_a_step_that_is_not_listed_is_refused():
    with pytest.raises(RuleBrokenError, match="A plan that is draft cannot become active"):
        rules.must_be_open("DRAFT", "ACTIVE", READY)
    with pytest.raises(RuleBrokenError, match=r"Choose 1 to 5 goals\. Add at least one measure"):
        rules.must_be_open("DRAFT", "AGREED", replace(READY, goals=[]))


@pytest.mark.parametrize("word", rules.EFFORT_WORDS)
def test_what_somebody_did_is_no_measure_of_change(word):
    said = rules.measure_problem(f"{word.capitalize()} 40 times")

    assert said == "That measures effort. What will be different?"
    assert rules.measure_problem(f"Children were {word} less often") is None


def test_second_thoughts_stop_nothing():
    manager = replace(WELFARE, by_manager=True)

    assert rules.warnings([]) == []
    assert rules.ONLY_ENFORCEMENT in rules.warnings([PSPO])
    assert "Every action is one agency's. Who else has reach into the place?" in rules.warnings(
        [WELFARE]
    )
    assert "Whoever manages the place has no action." in rules.warnings([WELFARE, PSPO])
    assert rules.warnings([manager, PSPO]) == []


def test_the_sentence_of_kinds():
    codes = ["YOUTH_DETACHED"] * 3 + ["DESIGN_OUT"] * 2 + ["LICENSING", "PATROL"]
    count = rules.ratio([ActionIn(code, "AFC", DAY) for code in codes])

    assert rules.ratio_words(count) == "Welfare 3, environmental 2, regulatory 1, enforcement 1"


def test_the_library_is_that_of_the_design():
    assert len(goals()) == 12
    gated = [code for code, one in responses().items() if one.needs_gates]
    assert gated == ["CLOSURE", "PSPO", "CPN", "PATROL"]
    assert [one.kind for one in responses().values()].count("welfare") == 9
