"""Every step of an assessment: open with everything there, and what it says without each part."""

from dataclasses import replace
from datetime import date

import pytest

from app.assessments import rules
from app.assessments.indicators import CODES
from app.assessments.rules import Held, Known, State
from app.core.errors import RuleBrokenError

MONDAY, SATURDAY, TODAY = date(2026, 11, 9), date(2026, 11, 14), date(2026, 11, 26)
SEEN = (
    Held("OBSERVATION", MONDAY, "AFTER_SCHOOL", after_dark=False),
    Held("OBSERVATION", MONDAY, "EVENING", after_dark=True),
    Held("OBSERVATION", SATURDAY, "DAYTIME", after_dark=False),
)
VOICE = Held("WALKABOUT", MONDAY, n_children=4)
WHOLE = Known(
    place_is_assessing=True,
    has_boundary=True,
    boundary_reason="The square",
    methods=(Held("DESKTOP", MONDAY), *SEEN, VOICE),
    settled=dict.fromkeys(CODES, 2),
    panel_columns=frozenset(rules.COLUMNS),
    scale_parties=frozenset({"CHILDREN", "POLICE"}),
    today=TODAY,
    approver_is_lead=True,
)
REASON = {"no_voice_reason": "x" * 40, "voice_due_on": date(2027, 1, 25)}  # 60 days from today
WITHOUT_VOICE = replace(WHOLE, methods=WHOLE.methods[:-1])
UNKNOWN = dict.fromkeys(CODES, 2) | dict.fromkeys(CODES[:4]) | dict.fromkeys(CODES[9:13])


@pytest.mark.parametrize(("state", "moves"), rules.MOVES.items())
def test_a_step_is_open_when_everything_is_there(state, moves):
    for to in moves:
        assert rules.barriers(state, to, WHOLE) == []


MISSING = [
    (State.SCOPING, {"place_is_assessing": False}, "The place is not being assessed."),
    (State.SCOPING, {"has_boundary": False}, "Draw the boundary."),
    (State.SCOPING, {"has_boundary": False, "is_online": True}, "List the addresses"),
    (State.SCOPING, {"boundary_reason": None}, "Say why the boundary is there."),
    (State.GATHERING, {"methods": ()}, "Plan how you will find out: add methods."),
    (State.GATHERING, {"methods": WITHOUT_VOICE.methods}, rules.NEEDS_VOICE),
    (State.ANALYSIS, {"methods": SEEN}, "Do the desk research first."),
    (State.ANALYSIS, {"methods": WHOLE.methods[:1]}, "Observe it also after school"),
    (State.ANALYSIS, {"methods": WHOLE.methods[:1], "is_online": True}, "Do the scan"),
    (State.PEER_REVIEW, {"scale_parties": frozenset({"POLICE"})}, "Ask at least two parties"),
    (State.PEER_REVIEW, {"panel_columns": frozenset({"WORKING", "NEEDS"})}, "What are we worried"),
    (State.PEER_REVIEW, {"settled": UNKNOWN | dict.fromkeys(CODES[18:22])}, "Too little is known"),
    (State.APPROVED, {"approver_is_author": True}, rules.NOT_THE_AUTHOR),
    (State.APPROVED, {"approver_is_lead": False}, "A contextual safeguarding lead approves it."),
    (State.APPROVED, {"lint_stops": 1}, "Change the words that are marked."),
    (State.APPROVED, {"methods": WITHOUT_VOICE.methods}, rules.NEEDS_VOICE),
]


@pytest.mark.parametrize(("to", "without", "words"), MISSING)
def test_a_refusal_says_what_is_missing(to, without, words):
    before = next(state for state, moves in rules.MOVES.items() if to in moves)

    with pytest.raises(RuleBrokenError) as refused:
        rules.must_be_open(before, to, replace(WHOLE, **without))

    assert words in refused.value.detail


def test_ratings_that_are_missing_are_named():
    some = {code: 1 for code in CODES if code not in {"D2_TRUST", "D3_RULES"}}

    assert rules.peer_review(replace(WHOLE, settled=some)) == [
        "Rate or mark as not known: D2_TRUST, D3_RULES."
    ]


def test_not_known_is_an_answer_while_two_domains_are_known_well_enough():
    two = replace(WHOLE, settled=dict.fromkeys(CODES, 2) | dict.fromkeys(CODES[:9]))

    assert rules.peer_review(two) == []


def test_voice_may_come_later_within_sixty_days_and_with_a_reason():
    assert rules.approved(replace(WITHOUT_VOICE, **REASON)) == []
    late = replace(WITHOUT_VOICE, **REASON | {"voice_due_on": date(2027, 1, 26)})
    assert rules.approved(late) == ["Children are to be heard within 60 days."]
    assert rules.gathering(replace(WITHOUT_VOICE, **REASON)) == []


def test_a_planned_session_or_one_without_children_is_no_voice():
    assert not rules.has_voice([Held("CHILD_SESSION", n_children=5), Held("PARENT", MONDAY)])
    assert not rules.has_voice([Held("CHILD_SESSION", MONDAY, n_children=0)])
    assert rules.has_voice([Held("SAFETY_MAP", MONDAY, n_children=1)])


def test_slots_may_be_missing_with_a_reason():
    assert rules.analysis(replace(WHOLE, methods=WHOLE.methods[:1], slots_reason="Closed")) == []


def test_a_step_that_is_not_listed_is_refused():
    with pytest.raises(RuleBrokenError, match="An assessment that is draft cannot become approved"):
        rules.barriers(State.DRAFT, State.APPROVED, WHOLE)


def test_whoever_settles_below_what_children_said_says_why():
    assert rules.rating_problem(3, 2, "too short") is not None
    assert rules.rating_problem(3, 2, "y" * 40) is None
    assert rules.rating_problem(2, 3, None) is None
    assert rules.rating_problem(None, 3, None) is None


def test_a_settled_rating_needs_evidence_or_a_method_that_was_held():
    assert rules.evidence_problem(2, 0, [Held("DESKTOP")]) is not None
    assert rules.evidence_problem(2, 1, []) is None
    assert rules.evidence_problem(2, 0, [Held("DESKTOP", MONDAY)]) is None
    assert rules.evidence_problem(None, 0, []) is None
