"""Part 2 of a daily risk briefing: what is new, first as numbers, then as records."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from app.core import working_days
from app.core.clock import london
from app.packs import daily_sql
from app.packs.content import Json, line
from app.packs.daily_day import Day, moment, statutory

LONGEST = 150
WORK_BEGINS_H, WORK_ENDS_H = 9, 17


def parts(day: Day, due: Sequence[Collection[str]]) -> list[Json]:
    """Numbers by borough (B01), the oldest report that waits (B04), then the records.

    `due` holds the boroughs of each place that has hours of concern tonight.
    """
    numbers = _numbers(day, due)
    return [*numbers, *_oldest(day), *_reports(day), *_incidents(day), *_items(day)]


def _numbers(day: Day, due: Sequence[Collection[str]]) -> Iterator[Json]:
    found = {row.borough: row for row in day.rows(daily_sql.NEW)}
    since = moment(day.asked.window.start_at)
    for code, name in day.asked.boroughs.items():
        if code not in found:
            here = sum(code in boroughs for boroughs in due)
            said = f"{name}: nothing new since {since}. Places due tonight: {{n}}."
            yield line(said, boroughs=[code], counts={"n": here})
            continue
        row = found[code]
        said = "reports {reports}, incidents {incidents}, intelligence {items}."
        counts = {"reports": row.reports, "incidents": row.incidents, "items": row.items}
        yield line(f"{name}: {said}", boroughs=[code], counts=counts)


def _oldest(day: Day) -> Iterator[Json]:
    for row in day.rows(daily_sql.OLDEST):
        if row.borough in day.asked.boroughs:
            hours = working_hours(row.oldest, day.asked.window.end_at)
            yield line(
                f"{day.asked.boroughs[row.borough]}: reports that wait to be decided: {{n}}, "
                f"the oldest for {hours} working hours.",
                boroughs=[row.borough],
                counts={"n": row.n},
                statutory=True,
                href="/reports",
            )


def working_hours(since: datetime, until: datetime) -> int:
    """Whole hours between nine and five on working days, in London (B04)."""
    here, end = london(since), london(until)
    total = timedelta()
    day = here.date()
    while day <= end.date():
        if working_days.is_working_day(day):
            begin = max(here, here.replace(year=day.year, month=day.month, day=day.day,
                        hour=WORK_BEGINS_H, minute=0, second=0, microsecond=0))  # fmt: skip
            stop = min(end, end.replace(year=day.year, month=day.month, day=day.day,
                       hour=WORK_ENDS_H, minute=0, second=0, microsecond=0))  # fmt: skip
            total += max(stop - begin, timedelta())
        day += timedelta(days=1)
    return total // timedelta(hours=1)


def _reports(day: Day) -> Iterator[Json]:
    groups = {row.code: row.label for row in day.rows(daily_sql.HARMS)}
    for row in day.rows(daily_sql.REPORTS):
        harms = ", ".join(sorted({groups[code] for code in row.harm_codes if code in groups}))
        age = (london(day.asked.window.end_at).date() - london(row.created_at).date()).days
        said = f"Report, {row.name}: {harms or 'harm not said'}; {_days(age)}."
        yield line(said, **statutory(row, f"/reports/{row.record}"))


def _days(age: int) -> str:
    return {0: "came in today", 1: "1 day old"}.get(age, f"{age} days old")


def _incidents(day: Day) -> Iterator[Json]:
    for row in day.rows(daily_sql.INCIDENTS):
        said = f"Incident, {row.name}: {row.harm}, {london(row.occurred_from):%-d %B}."
        yield line(said, **statutory(row, f"/incidents/{row.record}"))


def _items(day: Day) -> Iterator[Json]:
    for row in day.rows(daily_sql.ITEMS):
        words = " ".join(row.body.split())
        short = words if len(words) <= LONGEST else f"{words[:LONGEST].rsplit(' ', 1)[0]} ..."
        yield line(
            f"Intelligence, {row.grade}: {short}",
            boroughs=row.borough_codes,
            tier=row.tier,
            statutory=row.identifies,
            href=f"/intelligence/{row.record}",
        )
