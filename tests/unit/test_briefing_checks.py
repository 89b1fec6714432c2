"""Each check of a report has a report that it stops, and says one sentence."""

import copy
from dataclasses import dataclass
from typing import Any

import pytest

from app.briefings import checks
from app.briefings.rules import Line, Section
from app.places.rules import LanguageRule
from geo.disclosure import Cell, Count, Rule, protect

PERIOD = "2026-Q1"
LANGUAGE = [LanguageRule("lifestyle choice", "stop", "what was done to the child")]
LINES = [
    *(Line(Section.CHANGE, n, f"Light is back at place number {n}.") for n in (1, 2, 3)),
    Line(Section.VOICE, 1, "Children said that they are moved on."),
    Line(Section.SILENT, 1, "Nobody was asked to report."),
]
PLACE = {"kind": "table", "id": "T2a", "source": "PROCESS", "title": "Contexts", "note": "",
         "columns": ["Level"], "rows": [["Riverside", ["3"]]], "refs": ["PL-7K2-Q4MT"]}  # fmt: skip
SUMMARY = {"kind": "text", "title": "Decisions asked", "lines": ["Agree money."], "empty": "None."}


@dataclass(frozen=True)
class Released:
    code: str = PERIOD
    problem: str | None = None
    certificate: Any = None


def cells() -> tuple[Cell, ...]:
    counts = [Count("RQ1", PERIOD, "BOROUGH", "A", group, n=n)
              for group, n in (("HG_VIOLENCE", 12), ("HG_EXPLOIT", 20), ("ALL", 32))]  # fmt: skip
    return tuple(protect(counts))


def table(shown=("10", "20", "30")) -> dict[str, Any]:
    names = ("Violence", "Exploitation", "All")
    return {"kind": "table", "id": "T3a", "source": "RQ1", "title": "Incidents", "note": "",
            "columns": ["Kingston"],
            "rows": [[n, [s]] for n, s in zip(names, shown, strict=True)]}  # fmt: skip


def subject(**differs: Any) -> checks.Subject:
    """A report that passes, but for what differs."""
    blocks = differs.pop("blocks", [copy.deepcopy(SUMMARY), copy.deepcopy(PLACE), table()])
    made = {"period": PERIOD, "pages": [{"number": 4, "title": "One", "blocks": blocks}]}
    values = {"snapshot": made, "lines": LINES, "decided": (), "silent": (),
              "release": Released(certificate={"exact": 0, "smallest": 4}), "cells": cells(),
              "language": LANGUAGE, "unnameable": ()}  # fmt: skip
    return checks.Subject(**(values | differs))


def typed(line: str) -> dict[str, Any]:
    return {"blocks": [SUMMARY | {"lines": [line]}]}


def without(section: Section, position: int = 1) -> dict[str, Any]:
    return {"lines": [one for one in LINES if (one.section, one.position) != (section, position)]}


def released(**certificate: Any) -> dict[str, Any]:
    return {"release": Released(certificate={"exact": 0, "smallest": 4} | certificate)}


def other_cells(*more: Cell) -> dict[str, Any]:
    return {"cells": (*cells(), *more)}


def stray_cell(period: str = PERIOD, low: int = 98, high: int = 102) -> Cell:
    return Cell("RQ2", period, "BOTH", "BOTH", "ALL", "ALL", "100", low, high, Rule.ROUND5)


PART = Cell("RQ2", PERIOD, "BOTH", "BOTH", "PG_OPEN", "ALL", "10", 8, 12, Rule.ROUND5)
FAILING = {
    "K1 page": ({"blocks": [table(("10", "25", "30"))]}, "K1", checks.K1.format(page=4)),
    "K1 the number of another row": ({"blocks": [table(("20", "20", "30"))]}, "K1",
                                     checks.K1.format(page=4)),
    "K1 file": ({"stray": ["the file of T3a"]}, "K1",
                checks.K1_PRODUCT.format(product="the file of T3a")),
    "K2 exact": (released(exact=1), "K2", checks.K2.format(release=PERIOD)),
    "K2 few values": (released(smallest=3), "K2", checks.K2.format(release=PERIOD)),
    "K2 never attacked": ({"release": Released()}, "K2", checks.K2.format(release=PERIOD)),
    "K3 e-mail": (typed("Write to someone@example.org."), "K3",
                  checks.K3.format(page=4, field="an e-mail address")),
    "K3 telephone": (typed("Ring 020 8547 5008."), "K3",
                     checks.K3.format(page=4, field="a telephone number")),
    "K3 postcode": (typed("It was near KT1 1EU."), "K3",
                    checks.K3.format(page=4, field="a postcode")),
    "K3 child": (typed("Ask about CH-7K2-Q4MT."), "K3",
                 checks.K3.format(page=4, field="the reference of a child")),
    "K3 receipt": (typed("See RP-7K2-Q4MT."), "K3", checks.K3.format(page=4, field="a receipt")),
    "K3 host": (typed("See https://example.org."), "K3",
                checks.K3.format(page=4, field="an online address")),
    "K4 sentence": ({"lines": [*LINES, Line(Section.ASK, 1, "It was a lifestyle choice.")]}, "K4",
                    checks.K4.format(page=1)),
    "K4 name": ({"blocks": [PLACE | {"rows": [["Lifestyle choice corner", ["3"]]]}]}, "K4",
                checks.K4.format(page=4)),
    "K5": ({"unnameable": ["PL-7K2-Q4MT"]}, "K5", checks.K5.format(ref="PL-7K2-Q4MT")),
    "K6 window": (other_cells(stray_cell("2025-Q4")), "K6", checks.K6.format(table="RQ2")),
    "K6 total": (other_cells(stray_cell(), PART), "K6", checks.K6_TOTAL.format(table="RQ2")),
    "K7 changes": (without(Section.CHANGE, 2), "K7", checks.K7_CHANGES),
    "K7 decision": ({"decided": ["Pay for light."]}, "K7",
                    "Say what became of: Pay for light."),
    "K8": (without(Section.VOICE), "K8", checks.K8),
    "K9": (without(Section.SILENT) | {"silent": ["Schools and colleges"]}, "K9", checks.K9),
    "K10": (typed("The item IN-7K2-Q4MT says more."), "K10", checks.K10),
    "K11 home": (typed("It is next to Address PL-7K2-Q4MT."), "K11", checks.K11.format(page=4)),
    "K11 street": (typed("It is at 12 Long Meadow Road."), "K11", checks.K11.format(page=4)),
}  # fmt: skip


def test_a_report_in_order_passes_every_check():
    assert checks.problems(subject()) == []


def test_the_language_of_a_picture_is_no_online_address_and_its_words_are_read():
    picture = '<svg xmlns="http://www.w3.org/2000/svg"><text>{}</text></svg>'
    row = "</text><text>".join(["0", *["10"] * 6])
    for said, codes in ((row, set()), ("someone@example.org", {"K3"})):
        drawn = {"kind": "chart", "title": "Incidents", "source": "RQ1",
                 "svg": picture.format(said)}  # fmt: skip
        assert {one["code"] for one in checks.problems(subject(blocks=[drawn]))} == codes


@pytest.mark.parametrize(("differs", "code", "message"), FAILING.values(), ids=FAILING)
def test_each_check_stops_its_report_and_says_why(differs, code, message):
    found = checks.problems(subject(**differs))
    assert {"code": code, "words": message, "stops": "yes"} in found
    assert {one["code"] for one in found} == {code}


def test_the_second_of_two_decisions_is_answered_by_its_own_sentence():
    """An answer that stands at the second decision does not count for the first."""
    lines = [*LINES, Line(Section.BECAME, 2, "It is done.")]
    found = checks.problems(subject(lines=lines, decided=["Pay for light.", "Ask schools."]))
    assert [one["words"] for one in found] == ["Say what became of: Pay for light."]


def test_k12_warns_and_does_not_stop():
    banded = Cell("RQ3", PERIOD, "BOTH", "BOTH", "SV_KNIFE", "ALL", "1 to 7", 1, 7, Rule.BAND)
    (found,) = checks.problems(subject(cells=(banded,), blocks=[SUMMARY]))
    assert (found["code"], found["stops"]) == ("K12", "no")
