"""The permission file in plain words: nothing of it is left without words."""

import re

import pytest

from app.accounts.permissions import PERMISSIONS, ROLES
from app.admin import words

RULES = [
    rule
    for thing in PERMISSIONS.objects.values()
    for actions in thing.rules.values()
    for rule in actions.values()
]


def test_every_word_of_the_file_has_its_words():
    assert set(words.OBJECTS) == set(PERMISSIONS.objects)
    assert set(words.ACTIONS) == set(PERMISSIONS.actions)
    assert set(words.CONDITIONS) >= set(PERMISSIONS.conditions)
    assert {rule.by for rule in RULES if rule.by} <= set(words.OWN)
    assert {rule.view for rule in RULES} - {"full"} <= set(words.VIEWS)
    assert {kind for rule in RULES for kind in rule.kinds} <= set(words.KINDS)
    assert {tier for role in ROLES.values() for tier in role.tiers} <= set(words.TIERS)


@pytest.mark.parametrize("role", ROLES)
def test_every_right_of_a_role_is_told(role):
    for name, thing in PERMISSIONS.objects.items():
        told = " ".join(line.actions for line in words.lines(PERMISSIONS, role, name))

        for action in thing.rules[role]:
            assert words.ACTIONS[action] in told, (name, action)


def test_a_home_is_told_as_the_partnership_says_it():
    line = words.lines(PERMISSIONS, "practitioner", "place_exact_residential")[0]

    assert line.actions == "add and see"
    assert line.which == "in their boroughs"
    assert "after giving a reason" in line.how


def test_no_word_of_the_file_itself_is_left_in_the_words():
    told = [
        " ".join((line.actions, line.which, *line.how))
        for name in PERMISSIONS.objects
        for role in ROLES
        for line in words.lines(PERMISSIONS, role, name)
    ]

    assert [line for line in told if re.search(r"[a-z]_[a-z]|[A-Z]{3,}_", line)] == []


def test_what_holds_for_a_role_is_told():
    lead = dict(words.facts(ROLES["cs_lead"]))

    assert lead["Boroughs"] == "Every borough of the partnership"
    assert lead["New accounts"] == "Wait for a second person: auditor (data protection officer)"
    assert lead["Signed out"].startswith("After 15 minutes without use")
    assert dict(words.facts(ROLES["administrator"]))["Records"] == "None of any case"
    assert [key for key, _ in words.facts(ROLES["public"])] == ["Account"]


def test_lists_read_as_a_sentence():
    assert words.listed([]) == ""
    assert words.listed(["see"]) == "see"
    assert words.listed(["see", "add", "change"]) == "see, add and change"
    assert words.listed(["a", "b"], "or") == "a or b"
    assert words.capital("VCA subgroup member") == "VCA subgroup member"
