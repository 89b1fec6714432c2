"""Where and when children are missing: places that repeat, and the pattern of twelve weeks.

Partners read these two parts, with numbers by the number rule.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row

from app.packs import content, naming
from app.packs.content import About, Json
from app.packs.missing_facts import Sheet
from app.places import weeks

PARTS = {
    "MORNING": "Morning, 6am to 8am",
    "SCHOOL_RUN": "School run, 8am to 9am",
    "DAYTIME": "Daytime, 9am to 3pm",
    "AFTER_SCHOOL": "After school, 3pm to 6pm",
    "EVENING": "Evening, 6pm to 10pm",
    "LATE": "Late, 10pm to 6am",
    None: "Time not known",
}
NOT_SHARED = ("PROPOSED", "DORMANT")  # nobody has looked at it yet, or its label has ended
DAYS = {"SCHOOL_DAY": "School day", "HOLIDAY": "Holiday", "WEEKEND": "Weekend"}


def places(sheet: Sheet) -> Iterator[Json]:
    for place in sheet.repeated:
        where = naming.where(place.borough_codes, sheet.asked.boroughs)
        parts = [
            content.line(f"{place.kind}. {where}. Level {place.level[2:]}."),
            content.line("{episodes} episodes and {children} children in 90 days.",
                         counts={"episodes": place.episodes, "children": place.children}),
            *map(content.line, _hours_of(sheet, place)),
            content.line(_action_of(sheet, place)),
        ]  # fmt: skip
        for route in sheet.routes.get(place.id, ()):
            told = f"Same journey: {naming.called(route)}."
            parts.append(content.line(told, **_about(route)))
        yield content.page(naming.called(place), parts, **_about(place))


def _about(place: Row[Any]) -> About:
    """The sheet holds places in every state; partners read none that is not listed to them."""
    about = naming.about(place)
    return {**about, "statutory": about["statutory"] or place.state in NOT_SHARED}


def _hours_of(sheet: Sheet, place: Row[Any]) -> Iterator[str]:
    concern = weeks.hours(place.week_grid)
    slots = sheet.guardians.get(place.id, ())
    there = frozenset(hour for slot in slots for hour in weeks.hours(slot.week_grid))
    if concern:
        yield f"Hours of concern: {'; '.join(weeks.in_words(concern))}."
        yield f"Guardians: in {len(concern & there)} of {len(concern)} hours of concern."
    else:
        yield "Hours of concern are not known."


def _action_of(sheet: Sheet, place: Row[Any]) -> str:
    found = sheet.actions.get(place.id, ())
    if not found:
        return "Nothing is agreed yet."
    said = naming.sayable([found[0].body], home=naming.is_home(place)) or ["An action"]
    return f"Next, due {found[0].due_on:%-d %B}: {said[0]}"


def pattern(sheet: Sheet) -> Iterator[Json]:
    """Numbers of both boroughs together: partners get each by the number rule."""
    recent = sheet.recent
    if not recent:
        return
    held = Counter((one.day_part, one.day_type) for one in recent)
    rows: list[list[str | int]] = [
        [name, *(held[part, day] for day in DAYS)] for part, name in PARTS.items()
    ]
    yield content.table("Episodes by part and type of day", ("", *DAYS.values()), rows)
    yield _across(sheet, recent)
    again = sum(one.is_repeat for one in recent)
    title = "First and repeat episodes"
    yield content.table(
        title, ("", "Episodes"), [["First", len(recent) - again], ["Repeat", again]]
    )


def _across(sheet: Sheet, recent: Sequence[Row[Any]]) -> Json:
    """P07 as a table: where the children live against where they were found."""
    names: dict[str | None, str] = dict(sheet.asked.boroughs.items())
    names[None] = ""

    def of(code: str | None) -> str | None:
        return code if code in sheet.asked.boroughs else None

    held = Counter(
        (of(home), of(one.borough_code)) for one in recent for home in one.homes or [None]
    )
    rows: list[list[str | int]] = [
        [
            f"Lives in {name}" if code else "Lives elsewhere, or not known",
            *(held[code, found] for found in names),
        ]
        for code, name in names.items()
    ]
    columns = (
        "",
        *(f"Found in {n}" if c else "Found elsewhere, or not known" for c, n in names.items()),
    )
    return content.table("Home borough against borough of the place", columns, rows)
