"""What each page takes, refuses, and asks again."""

import csv
from pathlib import Path

import pytest

from app.intake import questions, rules
from app.intake.questions import PLATFORMS, QUESTIONS, checked, identifying, typed

LISTS = Path(__file__).resolve().parents[3] / "data" / "lookups" / "lists"
REFUSED = [
    ("now", {}, "", {"danger_answer": "Select if anyone is in danger right now."}),
    (
        "now",
        {"danger_answer": "MAYBE"},
        "",
        {"danger_answer": "Select if anyone is in danger right now."},
    ),
    ("kind", {}, "", {"where_kind": "Select what you want to tell us about."}),
    (
        "where",
        {},
        "ROUTE",
        {
            "mode": "Select how people travel.",
            "line": "Enter a route number, or where it starts or ends.",
        },
    ),
    ("where", {"line": "65"}, "ROUTE", {"mode": "Select how people travel."}),
    (
        "where",
        {"mode": "BUS"},
        "ROUTE",
        {"line": "Enter a route number, or where it starts or ends."},
    ),
    ("where", {}, "ONLINE", {"online_raw": "Enter a web address, account or group name."}),
    (
        "where",
        {"online_raw": "data:image/png;base64,xx"},
        "ONLINE",
        {"online_raw": "Do not paste pictures or files. Enter an address or a name."},
    ),
    (
        "where",
        {"online_raw": "x", "platform": "FAX"},
        "ONLINE",
        {"platform": "Select one of the list."},
    ),
    ("where", {}, "DESCRIBED", {"where_text": "Describe where it is."}),
    ("what", {}, "", {"what_harms": "Select what worries you."}),
    ("what", {"what_harms": ["X"]}, "", {"what_harms": "Select what worries you."}),
    ("when", {}, "", {"when_kind": "Select when it happens."}),
    (
        "you",
        {"contact": "YES"},
        "",
        {"email": "Enter an email address or phone number, or select No."},
    ),
]
TAKEN = [
    ("now", {"danger_answer": "NOT_SURE"}, ""),
    ("kind", {"where_kind": "ONLINE"}, ""),
    ("where", {"mode": "BUS", "line": "65"}, "ROUTE"),
    ("where", {"online_raw": "a group", "platform": "GAME", "audience": "CLOSED"}, "ONLINE"),
    ("where", {"where_text": "By the steps"}, "DESCRIBED"),
    ("what", {"what_harms": ["DRUGS"], "notice_text": "x", "how_known": "SAW"}, ""),
    ("when", {"when_kind": "D7", "day_parts": ["LATE"]}, ""),
    ("you", {"reporter_kind": "RESIDENT", "contact": "NO"}, ""),
    ("you", {"reporter_kind": "RESIDENT", "contact": "YES", "phone": "01632 960123"}, ""),
]


@pytest.mark.parametrize(("step", "said", "kind", "wrong"), REFUSED)
def test_what_is_missing_is_said_in_the_words_of_the_page(step, said, kind, wrong):
    assert checked(step, said, kind)[1] == wrong


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        ({"email": "not an email"}, "email"),
        ({"email": "me@nowhere"}, "email"),
        ({"phone": "ring me"}, "phone"),
        ({"phone": "12345"}, "phone"),
        ({"email": "me@example.org", "phone": "12345"}, "phone"),
    ],
)
def test_what_nobody_could_be_reached_by_is_told_with_an_example(contact, field):
    _, wrong = checked("you", {"contact": "YES"} | contact, "")

    assert list(wrong) == [field]
    assert "like" in wrong[field]


@pytest.mark.parametrize(
    "contact",
    [
        {"email": "o'brien+home@sub.example.co.uk"},
        {"phone": "+44 (0)20 8547 5008"},
        {"phone": "01632 960123 ext 4"},
    ],
)
def test_how_people_write_addresses_and_numbers_is_taken(contact):
    assert checked("you", {"contact": "YES"} | contact, "")[1] == {}


@pytest.mark.parametrize(("step", "said", "kind"), TAKEN)
def test_an_answer_is_kept_as_it_was_given(step, said, kind):
    assert checked(step, said, kind) == (said, {})


def test_too_long_a_text_names_its_field_and_how_long_it_may_be():
    said = {"what_harms": ["DRUGS"], "notice_text": "x" * 501}

    assert checked("what", said, "")[1] == {"notice_text": "Use at most 500 characters."}


def test_what_groups_do_is_kept_only_where_groups_are_told_of():
    said = {"what_harms": ["DRUGS"], "groups_text": "not asked"}

    assert checked("what", said, "") == ({"what_harms": ["DRUGS"]}, {})
    assert "groups_text" in checked("what", said | {"what_harms": ["GROUPS"]}, "")[0]


def test_who_wants_no_answer_leaves_no_contact():
    said = {"contact": "NO", "email": "left@mail.example"}

    assert checked("you", said, "") == ({"reporter_kind": "NOT_SAID", "contact": "NO"}, {})


def test_names_are_asked_about_once():
    question = QUESTIONS["what"]
    said = {"notice_text": "a boy called Jayden", "helps_text": "ask Mr Example"}

    assert identifying(question, said, ()) == ["Jayden", "Mr Example"]
    assert identifying(question, said, ["Jayden"]) == ["Mr Example"]
    assert identifying(question, said, ["Jayden", "Mr Example"]) == []


def test_what_nobody_would_type_is_cut_before_it_is_kept():
    form = {"notice_text": ["x" * 60_000], "what_harms": ["y" * 500] * 90, "other": ["z"]}

    found = typed(QUESTIONS["what"], form)

    assert len(found["notice_text"]) == 1000
    assert found["what_harms"] == ["y" * 40] * 20
    assert "other" not in found


def test_the_kinds_of_services_are_those_of_the_list():
    with (LISTS / "platform.csv").open(newline="") as lines:
        assert {row["code"]: row["label"] for row in csv.DictReader(lines)} == PLATFORMS


def test_the_order_of_the_questions():
    assert rules.next_step([]) == "now"
    assert rules.next_step(["now", "kind", "where", "what", "when"]) == "you"
    assert rules.next_step(["now", "kind", "where", "what", "when"], partner=True) == "check"
    assert rules.next_step(rules.STEPS) == "check"
    assert rules.may_see("kind", ["now"])
    assert not rules.may_see("what", ["now"])
    assert not rules.may_see("you", rules.STEPS, partner=True)
    assert not rules.may_see("nothing", rules.STEPS)
    assert rules.before("now") is None
    assert rules.before("check", partner=True) == "when"


def test_reasons_of_quarantine():
    assert rules.quarantine_reasons(trapped=False, seconds=3) == []
    assert rules.quarantine_reasons(trapped=False, seconds=2.9) == ["TOO_FAST"]
    assert rules.quarantine_reasons(trapped=True, seconds=1) == ["HIDDEN_FIELD", "TOO_FAST"]


def test_every_question_asks_fields_that_the_report_has():
    from app.reports.schemas import ContactIn, ReportIn

    known = ReportIn.model_fields.keys() | ContactIn.model_fields.keys() | {"contact", "where_q"}
    asked = {n for q in (*QUESTIONS.values(), *questions.OF_WHERE.values()) for n in q.fields}

    assert asked <= known
