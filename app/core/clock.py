"""The only reader of the clock. UTC inside, Europe/London for days, quarters and panels."""

from datetime import UTC, date, datetime
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
