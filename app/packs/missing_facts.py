"""Everything that the sheet of the missing panel reads, gathered once, and how it says times."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.core.clock import london
from app.incidents import away
from app.packs import marve_sql, missing_sql
from app.packs.content import Asked
from app.packs.marve_facts import ByPlace, grouped

WEEKS = timedelta(weeks=12)
NOBODY = "Nobody was reported missing since {day}."
NOBODY_EVER = "Nobody was reported missing."


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that the parts are made of."""

    asked: Asked
    episodes: Sequence[Row[Any]]
    at: dict[str, list[Row[Any]]]
    repeated: Sequence[Row[Any]]
    guardians: ByPlace
    actions: ByPlace
    routes: ByPlace
    last: datetime | None

    @property
    def until(self) -> datetime:
        return self.asked.window.end_at

    @property
    def nobody(self) -> str:
        return NOBODY_EVER if self.last is None else NOBODY.format(day=day(self.last))

    @property
    def nobody_returned(self) -> str:
        if not self.open:
            return self.nobody
        return f"No child returned since {day(self.asked.window.start_at)}."

    @property
    def open(self) -> list[Row[Any]]:
        """Missing at the end of the window; who came back later was missing then."""
        return [e for e in self.episodes if e.returned_at is None or e.returned_at >= self.until]

    @property
    def returned(self) -> list[Row[Any]]:
        since = self.asked.window.start_at
        return [e for e in self.episodes if e.returned_at and since <= e.returned_at < self.until]

    @property
    def recent(self) -> list[Row[Any]]:
        """Of the last twelve weeks."""
        return [e for e in self.episodes if e.missing_from_at >= self.until - WEEKS]


def gather(session: Session, asked: Asked) -> Sheet:
    until = asked.window.end_at
    given: dict[str, Any] = {
        "until": until,
        "earliest": min(asked.window.start_at, until - WEEKS),
        "ninety": until - away.REPEATS_WITHIN,
        "day": london(until).date(),
    }
    episodes = session.execute(missing_sql.EPISODES, given).all()
    given["incidents"] = [episode.ref for episode in episodes]
    at: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in session.execute(missing_sql.PLACES_OF, given):
        at[row.incident].append(row)
    repeated = session.execute(missing_sql.REPEATED, given).all()
    given["places"] = [place.id for place in repeated]
    found = {
        "guardians": grouped(session.execute(marve_sql.GUARDIANS, given)),
        "actions": grouped(session.execute(missing_sql.OPEN_ACTIONS, given)),
        "routes": grouped(session.execute(missing_sql.ROUTES, given)),
    }
    last = session.execute(missing_sql.LAST_MISSING, given).scalar()
    return Sheet(asked, episodes, at, repeated, last=last, **found)


def times(episode: Row[Any], until: datetime) -> away.Times:
    """What was known by an instant; what was written down later had not happened."""

    def known(at: datetime | None) -> datetime | None:
        return at if at is not None and at < until else None

    return away.Times(
        missing_from_at=episode.missing_from_at,
        returned_at=known(episode.returned_at),
        offered_at=known(episode.rhi_offered_at),
        held_at=known(episode.rhi_held_at),
        declined=episode.declined,
        decided_at=known(episode.manager_decision_at),
        location_captured=episode.location_captured,
        linked_places=episode.linked_places,
    )


def hours(n: int) -> str:
    if n < 48:
        return f"{n} hour" if n == 1 else f"{n} hours"
    return f"{n // 24} days and {n % 24} hours" if n % 24 else f"{n // 24} days"


def day(at: datetime) -> str:
    return f"{london(at):%-d %B}"


def moment(at: datetime) -> str:
    here = london(at)
    return f"{here:%-d %B, %-I:%M%p}".replace("AM", "am").replace("PM", "pm")
