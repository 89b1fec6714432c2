"""Every demand of security is shown by a test or argued in words, and the document says which."""

import re

import pytest

from tests import evidence
from tests.evidence import Item

# Levels 1 and 2 whole, and what was chosen of level 3.
SIZES = {1: 70, 2: 183, 3: 27}


def test_every_item_is_shown_by_a_test_or_argued():
    assert evidence.wrong_with(evidence.items(), evidence.tags()) == []


def test_all_of_levels_one_and_two_are_listed_once():
    listed = evidence.items()

    assert len({item.id for item in listed}) == len(listed)
    assert {n: sum(item.level == n for item in listed) for n in SIZES} == SIZES
    assert {item.order[0] for item in listed} == set(evidence.CHAPTERS)


def test_a_document_that_is_named_as_evidence_is_there():
    named = [
        (item.id, re.findall(r"`([a-z]+/[\w./-]+)`", item.because))
        for item in evidence.items()
        if item.shown == "document"
    ]

    assert [number for number, paths in named if not paths] == []
    assert [p for _, paths in named for p in paths if not (evidence.ROOT / p).exists()] == []


ITEM = Item("1.2.3", 1, "asks", "tested", "")


@pytest.mark.parametrize(
    ("item", "shown", "words"),
    [
        (ITEM, {}, "no test bears its mark"),
        (ITEM, {"1.2.3": ("a.py::test_x",), "9.9.9": ("a.py::test_y",)}, "marked and not listed"),
        (ITEM, {"1.2.3": ("a.py::helper",)}, "is no test"),
        (ITEM._replace(shown="operator"), {}, "has no reason"),
        (ITEM._replace(shown="later", because="a reason"), {}, "means nothing"),
        (
            ITEM._replace(shown="operator", because="a reason"),
            {"1.2.3": ("a.py::test_x",)},
            "and a test bears",
        ),
    ],
)
def test_what_is_missing_would_be_found(item, shown, words):
    (said,) = evidence.wrong_with([item], shown)

    assert words in said


def test_marks_are_read_from_functions_and_from_whole_files():
    text = """
import pytest
pytestmark = pytest.mark.asvs("2.1.1")
@pytest.mark.asvs("1.1.1", "1.1.2")
def test_a(): pass
def test_b(): pass
def helper(): pass
"""

    assert evidence.tags_in(text) == {
        "test_a": ["1.1.1", "1.1.2", "2.1.1"],
        "test_b": ["2.1.1"],
        "helper": [],
    }


def test_each_goal_and_threat_names_tests_that_exist():
    found = evidence.goals()
    wanted = [
        f"{kind}{n}" for kind, most in (("G", 22), ("T", 20), ("S", 8)) for n in range(1, most + 1)
    ]
    gone = []
    for goal in found:
        for name in goal.tests:
            path, _, test = name.partition("::")
            file = evidence.ROOT / path
            if not file.exists() or (test and test not in evidence.tests_of(file)):
                gone.append((goal.id, name))

    assert [goal.id for goal in found] == wanted
    assert gone == []
    assert [goal.id for goal in found if not goal.tests or not goal.figure] == []


def test_the_document_says_what_the_tests_show():
    assert evidence.DOCUMENT.read_text() == evidence.written()
