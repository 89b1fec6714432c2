"""Moves of places against a second reading of domain.md 5.2: no state without its guard."""

import random
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.core.errors import RuleBrokenError
from app.places import guards, life
from app.places.guards import Close, Evidence
from app.places.rules import State

STEPS = 10_000
TODAY = date(2026, 11, 26)
ROLES = ("practitioner", "police_analyst", "cs_lead", "partner", "auditor", "administrator")


def oracle(state, to, role, e):
    """The table of domain.md 5.2 as one sentence each, written without looking at the code."""
    lead, police = role == "cs_lead", role == "police_analyst"
    staff = lead or police or role == "practitioner"
    enough = e.independent_items >= 2 or e.well_graded_items >= 1
    if e.sensitivity == "RESTRICTED":
        enough = e.agencies >= 2 and lead
    soon = e.review_on is not None and TODAY <= e.review_on <= TODAY + timedelta(days=90)
    dated = e.review_on is not None and e.review_on >= TODAY
    plan = e.plan_active and e.has_change_measure and e.voice_or_reason
    newer = e.newest_at is not None
    code = e.close_code
    may_close = code is not None and code != "MERGED"
    may_close = may_close and (code != "DISPLACED" or e.displaced_to_linked)
    may_close = may_close and (code != "ONLINE_REMOVED" or e.is_online)
    table = {
        ("PROPOSED", "SCREENED"): staff
        and e.type_code != "OTHER"
        and e.name_is_neutral
        and e.class_confirmed,
        ("SCREENED", "IDENTIFIED"): (lead or police)
        and e.type_code != "OTHER"
        and enough
        and e.level != "CL0",
        ("IDENTIFIED", "MONITORING"): lead
        and e.level in ("CL1", "CL2")
        and e.owned_actions >= 1
        and soon,
        ("IDENTIFIED", "ASSESSING"): lead and e.assessor_named and e.boundary_written,
        ("ASSESSING", "ASSESSED"): lead and e.assessment_approved,
        ("ASSESSED", "CONFERENCE"): lead and e.conference_dated,
        ("ASSESSED", "PLAN_ACTIVE"): lead and plan and e.level != "CL4",
        ("CONFERENCE", "PLAN_ACTIVE"): lead and plan,
        ("PLAN_ACTIVE", "MONITORING"): lead and e.actions_are_over and dated,
        ("MONITORING", "PLAN_ACTIVE"): lead and e.more_work_decided,
        ("DORMANT", "IDENTIFIED"): lead
        and newer
        and (e.label_renewed_at is None or e.newest_at > e.label_renewed_at),
        ("CLOSED", "IDENTIFIED"): lead
        and newer
        and (e.closed_at is None or e.newest_at > e.closed_at),
    }
    if to == "CLOSED":
        planned = state in ("PLAN_ACTIVE", "MONITORING")
        reviewed = e.review_with_voice and e.displacement_checked and e.safer_decided
        safer = code != "SAFER" or (planned and reviewed)
        return state != "CLOSED" and lead and may_close and safer
    return table.get((state, to), False)


def drawn(dice):
    """Evidence of any kind, so that about half of the guards are open."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Evidence(
        type_code=dice.choice(["PARK", "OTHER", "ONLINE_SITE"]),
        sensitivity=dice.choice(["PUBLIC_REALM", "SENSITIVE", "RESTRICTED"]),
        level=dice.choice(["CL0", "CL1", "CL2", "CL3", "CL4"]),
        independent_items=dice.randrange(4),
        well_graded_items=dice.randrange(2),
        agencies=dice.randrange(4),
        owned_actions=dice.randrange(2),
        review_on=dice.choice([None, *(TODAY + timedelta(days=d) for d in (-1, 0, 90, 91))]),
        newest_at=dice.choice([None, at, at + timedelta(days=2)]),
        closed_at=dice.choice([None, at, at + timedelta(days=1)]),
        label_renewed_at=dice.choice([None, at, at + timedelta(days=1)]),
        close_code=dice.choice([None, *Close]),
        today=TODAY,
        **{f.name: dice.random() < 0.7 for f in fields(Evidence) if f.type is bool},
    )


def is_made(state, to, role, known):
    try:
        life.must_be_open(life.find(state, to), role, known)
    except RuleBrokenError:
        return False
    return True


def test_ten_thousand_random_steps_reach_no_state_without_its_guard():
    dice, state, reached = random.Random(5), State.PROPOSED, set()

    for _ in range(STEPS):
        to, role, known = dice.choice(list(State)), dice.choice(ROLES), drawn(dice)
        allowed = oracle(state, to, role, known)
        assert is_made(state, to, role, known) == allowed, (state, to, role, known)
        if allowed:
            state = to
            reached.add(to)
        if dice.random() < 0.02:
            state = dice.choice(list(State))

    assert reached == set(State) - {State.PROPOSED, State.DORMANT}


@pytest.mark.parametrize("state", State)
def test_a_move_that_is_not_listed_is_refused_in_the_words_of_every_record(state):
    with pytest.raises(RuleBrokenError) as refused:
        life.find(state, State.PROPOSED)

    said = state.replace("_", " ").lower()
    assert refused.value.detail == f"A place that is {said} cannot become proposed."


@pytest.mark.parametrize("state", sorted(set(State) - {State.CLOSED}))
def test_nobody_puts_a_place_to_sleep_by_hand(state):
    assert State.DORMANT not in {move.to for move in life.MOVES[state]}


def test_what_later_parts_know_is_missing_in_words_until_they_do():
    nothing = Evidence(level="CL4", today=TODAY)

    assert guards.assessed(nothing) == ["An approved assessment is missing."]
    assert guards.planned_without_conference(nothing)[0].startswith("At level 4 a context")
    assert "Add at least one measure of change." in guards.planned(nothing)
    assert guards.closed_after_plan(replace(nothing, close_code=Close.SAFER)) == [
        "This place cannot be closed as safer: children have not been asked again.",
        "This place cannot be closed as safer: displacement was not checked.",
        "This place cannot be closed as safer: no outcome review decided so, with a second person.",
    ]


def test_a_refusal_says_how_many_items_there_are():
    one = Evidence(type_code="PARK", level="CL2", independent_items=1)

    assert "1 item counts that you may see" in guards.identified(one)[0]
    none = replace(one, independent_items=0)
    assert "No items count that you may see" in guards.identified(none)[0]
