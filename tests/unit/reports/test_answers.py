"""The triage form, read and checked without a database; spam by points."""

import pytest

from app.reports import answers, rules, screening
from app.reports.triage import extracts_of, shortened
from tests.reports import NAMED

GOOD = {
    "version": "3",
    "identifiable": "NO",
    "tone": "CARE",
    "place": "PL-7K2-Q4MT",
    "harm_KNIFE": "yes",
    "part_LATE": "yes",
}


def wrong(**changed):
    given = answers.read({n: t for n, t in (GOOD | changed).items() if t is not None})
    return answers.of_sections(given)


def test_what_is_complete_has_nothing_wrong():
    assert wrong() == {}
    given = answers.read(GOOD)
    assert (given.version, given.place, given.place_ref) == (3, "LINK", "PL-7K2-Q4MT")
    assert given.outcomes == ["LINKED_PLACE"]
    assert (given.harms, given.day_parts) == (["KNIFE"], ["LATE"])


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"identifiable": None}, "identifiable", "Say if a child can be identified."),
        ({"tone": "LOUD"}, "tone", "Choose the tone."),
        ({"place": None}, "place", "Choose a place, or say why none."),
        ({"place": "OTHER"}, "place", "Choose a place, or say why none."),
        ({"place": "NONE"}, "place", "Choose a place, or say why none."),
        ({"place": None}, "outcome", "Choose what happens to this report."),
        ({"place": None, "outcome_NFA": "yes"}, "reason", "Choose a reason."),
        ({"place": None, "outcome_REJECTED_ABUSIVE": "yes"}, "note", "Enter a reason."),
        ({"note": "x" * 301}, "note", "Use at most 300 characters."),
        (
            {"note": "Ring 07700 900123"},
            "note",
            "Leave out what may identify someone: 07700 900123.",
        ),
        (
            {"outcome_NFA": "yes", "reason": "TOO_LITTLE"},
            "outcome",
            "'No further action' goes with no other outcome but the front door.",
        ),
        (
            {"place": None, "reason": "PRESENCE_ONLY"}
            | {"outcome_NFA": "yes", "outcome_REFERRED_POLICE": "yes"},
            "outcome",
            "Children simply being there goes to the youth service, not to the police.",
        ),
    ],
)
def test_each_error_has_its_sentence(changed, field, words):
    assert wrong(**changed)[field] == words


def test_a_child_that_is_named_adds_the_front_door():
    given = answers.read(GOOD | {"identifiable": "YES", "place": "", "outcome_NFA": "yes"})

    assert given.outcomes == ["REFERRED_SPA", "NFA"]
    assert rules.outcome_problem(given.outcomes) is None


def test_extracts_are_counted_and_kept_words_need_a_reason():
    extracts = extracts_of(NAMED)
    assert [each.text for each in extracts] == ["Kyle", "07700 900123"]

    def problems(**sent):
        return answers.of_extracts(answers.cut_of(sent), extracts, NAMED)

    assert problems() == {"choice_0": "2 extracts still need a decision."}
    assert problems(choice_0="REDACT") == {"choice_1": "1 extract still needs a decision."}
    kept = {"choice_0": "REDACT", "choice_1": "KEEP"}
    assert problems(**kept) == {"why_1": "Say why these words stay."}
    assert problems(**kept, why_1="A shop's number") == {}
    assert "also" in problems(**kept, why_1="A shop's number", also="not there")


def test_what_is_cut_is_gone_and_the_rest_stays():
    cut = answers.cut_of({"choice_0": "REDACT", "choice_1": "REDACT", "also": "Example sells"})
    text = shortened("notice_text", NAMED["notice_text"], extracts_of(NAMED), cut)

    assert text == "A boy called [removed] [removed] there. Ring [removed] for more."


@pytest.mark.parametrize(
    ("words", "put_aside"),
    [
        ("Older people hand small bags to children by the bins", False),
        ("They film it and put it on https://example.com/a", False),
        ("The casino is open late and children go in", False),
        ("Cheap loans, buy now, click here https://example.com https://example.org", True),
        ("https://example.com https://example.org https://example.net", True),
        ("knife knife knife knife knife knife knife knife knife knife knife knife", False),
    ],
)
def test_advertising_is_told_by_points(words, put_aside):
    points, reasons = screening.spam({"notice_text": words})

    assert (points >= screening.TOO_MANY_POINTS) is put_aside
    assert bool(points) is bool(reasons)


def test_an_online_address_is_no_advertising():
    assert screening.spam({"online_raw": "https://example.com/casino"}) == (0.0, [])
    assert screening.flagged({"online_raw": "Kyle Example 07700 900123"}) == []


def test_every_code_of_an_outcome_has_words_and_a_way_to_be_chosen():
    by_rule = {"LINKED_PLACE", "NEW_PLACE", "REFERRED_SPA"}

    assert set(rules.OUTCOMES) == by_rule | set(rules.CHOSEN_BY_HAND)
    assert set(rules.STATES) == set(rules.State) == set(rules.MOVES)
    assert set(rules.QUARANTINE) >= {"SPAM_WORDS", "REPEATED"}
