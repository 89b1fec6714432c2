"""Whatever somebody writes, it is looked through in no time; old mails may be long."""

import time

import pytest

from app.reference import personal
from app.reports.triage import MOST_EXTRACTS, extracts_of

LONG = 200_000
LONGEST_S = 8.0  # of a loaded machine; before there were limits, half an hour
HOSTILE = {
    "one word": "a",
    "capitals": "Aa ",
    "capitals in one word": "Aa-",
    "quotes": "A'",
    "digits": "1",
    "spaces": " ",
    "addresses": "a@b.co ",
    "address without an end": "a.",
    "initials and names": "AB Aa ",
    "years": "Year 1 AB ",
    "called": "boy called a",
    "sentences": "saw Ab Cd, ",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_the_time_grows_with_the_length_and_not_faster(piece):
    text = (piece * LONG)[:LONG]
    began = time.perf_counter()
    personal.found(text)

    assert time.perf_counter() - began < LONGEST_S


def test_many_extracts_of_an_answer_are_one_to_decide():
    words = " ".join(f"a{n}@example.com" for n in range(200))
    few = "Ring Kyle Example on 07700 900123"
    found = extracts_of({"where_text": few, "mail_text": f"So: {words}.", "helps_text": few})

    assert [each.n for each in found] == [0, 1, 2, 3, 4]
    assert [each.name for each in found] == ["where_text"] * 2 + ["mail_text"] + ["helps_text"] * 2
    assert found[2].text == words
    assert len(extracts_of({"mail_text": f"So: {words}."[: MOST_EXTRACTS * 15]})) > 1
