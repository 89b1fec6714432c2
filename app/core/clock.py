"""The only reader of the clock. UTC inside, Europe/London for days, quarters and panels."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the one place


def today() -> date:
    """The day in London."""
    return now().astimezone(LONDON).date()


def london(instant: datetime) -> datetime:
    """As people read it."""
    return instant.astimezone(LONDON)


def last_day(end: datetime) -> date | None:
    """The day that is over at this instant, when it is a midnight: what "until" means to people."""
    here = london(end)
    return here.date() - timedelta(days=1) if here.time() == time.min else None
