"""Hours of the week: 168 of them, hour 0 is Monday 00:00 to 01:00 local time. Pure.

Stored as bits, sent as `{"MON": [22, 23]}`, said in words and shown as a table.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

DAYS: tuple["Day", ...] = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = 168
WEEKDAYS, WEEKEND = range(5), range(5, 7)

Day = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
WeekIn = Mapping[
    Day,
    Annotated[Sequence[Annotated[int, Field(ge=0, le=23)]], Field(max_length=24)],
]
# As the list `day_part` has them; a night begins on the day before.
PRESETS: Mapping[str, tuple[str, Iterable[int], Iterable[int]]] = {
    "SCHOOL_RUN": ("School run, 8am to 9am on school days", WEEKDAYS, range(8, 9)),
    "SCHOOL": ("School hours, 9am to 3pm on school days", WEEKDAYS, range(9, 15)),
    "AFTER_SCHOOL": ("After school, 3pm to 6pm on school days", WEEKDAYS, range(15, 18)),
    "EVENING": ("Evenings, 6pm to 10pm every day", range(7), range(18, 22)),
    "LATE_WEEK": ("Late, 10pm to 2am from Sunday to Thursday", (6, 0, 1, 2, 3), range(22, 26)),
    "LATE_END": ("Late, 10pm to 2am on Friday and Saturday", (4, 5), range(22, 26)),
    "WEEKEND_DAY": ("Weekends, 10am to 6pm", WEEKEND, range(10, 18)),
}


def bits(hours: Collection[int]) -> str:
    """As the database holds them.

    >>> bits({0, 167})[:2], bits({0, 167})[-1], len(bits({0}))
    ('10', '1', 168)
    """
    return "".join("1" if hour in hours else "0" for hour in range(HOURS))


def hours(grid: str | None) -> frozenset[int]:
    return frozenset(n for n, bit in enumerate(grid or "") if bit == "1")


def read(week: WeekIn) -> frozenset[int]:
    """Of what was sent by day."""
    return frozenset(24 * DAYS.index(day) + hour for day, all_of in week.items() for hour in all_of)


def by_day(chosen: Collection[int]) -> dict[str, list[int]]:
    """As it is sent: days without an hour are left out."""
    found = {day: [h for h in range(24) if 24 * n + h in chosen] for n, day in enumerate(DAYS)}
    return {day: those for day, those in found.items() if those}


def preset(name: str) -> frozenset[int]:
    _, days, those = PRESETS[name]
    return frozenset((24 * day + hour) % HOURS for day in days for hour in those)


def from_form(sent: Mapping[str, str]) -> frozenset[int]:
    """Boxes `hour_MON_22` and whole parts of the week `part_EVENING` together."""
    found = {
        24 * DAYS.index(day) + int(hour)
        for name in sent
        if name.startswith("hour_")
        for _, day, hour in [name.split("_")]
        if day in DAYS and hour.isdecimal() and int(hour) < 24
    }
    for name in sent:
        if name.startswith("part_") and name.removeprefix("part_") in PRESETS:
            found |= preset(name.removeprefix("part_"))
    return frozenset(found)


class Span(NamedTuple):
    """So many hours of one day, half-open."""

    begin: int
    end: int

    @property
    def words(self) -> str:
        return "all day" if self == (0, 24) else f"{clock(self.begin)} to {clock(self.end)}"


def clock(hour: int) -> str:
    """As people say it.

    >>> [clock(hour) for hour in (0, 9, 12, 22, 24)]
    ['midnight', '9am', 'noon', '10pm', 'midnight']
    """
    if hour in {0, 24}:
        return "midnight"
    if hour == 12:
        return "noon"
    return f"{hour}am" if hour < 12 else f"{hour - 12}pm"


def spans(chosen: Collection[int], day: int) -> tuple[Span, ...]:
    found: list[Span] = []
    for hour in range(24):
        if 24 * day + hour not in chosen:
            continue
        if found and found[-1].end == hour:
            found[-1] = Span(found[-1].begin, hour + 1)
        else:
            found.append(Span(hour, hour + 1))
    return tuple(found)


def in_words(chosen: Collection[int]) -> list[str]:
    """Days with the same hours together, one line each.

    >>> in_words(preset("AFTER_SCHOOL") | {24 * 5 + 22, 24 * 5 + 23})
    ['Monday to Friday: 3pm to 6pm', 'Saturday: 10pm to midnight']
    """
    if len(chosen) == HOURS:
        return ["Every day: all day"]
    grouped: dict[tuple[Span, ...], list[int]] = {}
    for day in range(7):
        if those := spans(chosen, day):
            grouped.setdefault(those, []).append(day)
    return [
        f"{_days(days)}: {', '.join(span.words for span in those)}"
        for those, days in grouped.items()
    ]


def _days(days: Sequence[int]) -> str:
    if len(days) == 7:
        return "Every day"
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{NAMES[days[0]]} to {NAMES[days[-1]]}"
    names = [NAMES[day] for day in days]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
