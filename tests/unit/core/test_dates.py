"""Days typed into three boxes, in forms and in searches."""

from datetime import date
from pathlib import Path

import pytest

from app.core import dates
from app.core.pages import parse
from app.core.types import Day, StrictModel

TEMPLATES = Path(__file__).resolve().parents[3] / "frontend/templates"


class Asked(StrictModel):
    on: Day | None = None


def boxes(day="", month="", year="", name="on"):
    return [(f"{name}-day", day), (f"{name}-month", month), (f"{name}-year", year)]


def parsed(*typed):
    return parse(Asked, dict(dates.joined(boxes(*typed))))


@pytest.mark.parametrize(
    "typed",
    [("27", "3", "2026"), ("27", "03", "2026"), (" 27 ", "Mar", " 2026"), ("27", "march", "2026")],
)
def test_a_day_is_read_as_people_type_it(typed):
    found, errors = parsed(*typed)
    assert errors == {}
    assert found.on == date(2026, 3, 27)


@pytest.mark.parametrize(
    "typed",
    [
        ("31", "2", "2026"),
        ("27", "", "2026"),
        ("", "3", ""),
        ("27", "3", "26"),
        ("0", "3", "2026"),
        ("27", "13", "2026"),
        ("27", "3", "0000"),
        ("27", "3", "\u0662\u0660\u0662\u0666"),
        ("2/7", "3", "2026"),
        ("27th", "3", "2026"),
    ],
)
def test_what_is_no_day_is_said_in_words_and_kept_in_its_boxes(typed):
    found, errors = parsed(*typed)
    assert found is None
    assert errors == {"on": "Enter a real date, for example 27 3 2026."}
    kept = dict(dates.joined(boxes(*typed)))["on"]
    assert dates.boxes(kept) == tuple(box.replace("/", " ") for box in typed)


def test_three_empty_boxes_are_no_answer():
    assert dates.joined([*boxes(), ("note", "")]) == [("note", "")]


def test_names_that_end_like_a_box_but_have_no_name_are_left_alone():
    assert dates.joined([("-day", "1"), ("day", "2"), ("-", "3")]) == [
        ("-day", "1"),
        ("day", "2"),
        ("-", "3"),
    ]


def test_a_program_is_told_to_write_the_date_out():
    _, errors = parse(Asked, {"on": "27/3/2026"})
    assert errors == {"on": "Give a date like 2026-11-05."}


def test_no_page_asks_for_a_day_with_the_control_of_the_browser():
    """It shows another order in another browser, and cannot be typed into in some."""
    found = [
        str(page.relative_to(TEMPLATES))
        for page in sorted(TEMPLATES.rglob("*.html"))
        if 'type="date"' in page.read_text()
    ]
    assert found == []
