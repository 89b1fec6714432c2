"""Labels that end by themselves: what the worker does at midnight (domain.md 5.2).

A place whose label ended, or of which nothing was heard for long, goes dormant and leaves the maps
of partners at once; what nobody looked at for twenty working days after that is closed.
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock, working_days
from app.core.actor import NOBODY
from app.places.guards import Close
from app.places.life import DORMANT_REVIEW_DAYS
from app.places.models import Place
from app.places.queries import TASK_DAYS
from app.places.rules import State

DORMANT_AFTER = timedelta(days=180)
BATCH = 500
BECAUSE = text("select set_config('cs.reason', :why, true)")
ENDED = "The label ended without new information."
SILENT = "Nothing was heard of this place for {} days."
UNREVIEWED = "Nobody reviewed it within 20 working days of going dormant."
AWAKE = Place.state.notin_((State.CLOSED, State.DORMANT))


class Ended(NamedTuple):
    dormant: int = 0
    closed: int = 0


def end(session: Session, now: datetime, after: timedelta = DORMANT_AFTER) -> Ended:
    """What has ended by then; each place is one change with its reason and event."""
    return Ended(
        dormant=_to_sleep(session, now, after),
        closed=_close(session, now),
    )


def _to_sleep(session: Session, now: datetime, after: timedelta) -> int:
    today = clock.london(now).date()
    silent = func.coalesce(Place.last_information_at, Place.created_at) < now - after
    found = session.scalars(
        select(Place)
        .where(Place.deleted_at.is_(None), AWAKE)
        .where(or_(Place.label_expires_on <= today, silent))
        .order_by(Place.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for place in found:
        ended = place.label_expires_on <= today
        _move(session, place, State.DORMANT, ENDED if ended else SILENT.format(after.days))
        place.dormant_at = now
    return len(found)


def _close(session: Session, now: datetime) -> int:
    """Dormant since so long that the last day for looking at it is over."""
    today = clock.london(now).date()
    found = session.scalars(
        select(Place)
        .where(Place.deleted_at.is_(None), Place.state == State.DORMANT)
        .where(Place.dormant_at < now - timedelta(days=DORMANT_REVIEW_DAYS))
        .order_by(Place.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    late = [place for place in found if place.dormant_at and review_by(place.dormant_at) < today]
    for place in late:
        _move(session, place, State.CLOSED, UNREVIEWED)
        place.close_code, place.closed_at = Close.EXPIRED, now
        place.urgent_since = place.urgent_reason = None
    return len(late)


def review_by(dormant_at: datetime) -> date:
    """The last day for a lead to look at a dormant place."""
    return working_days.due_on(dormant_at, working_days=DORMANT_REVIEW_DAYS)


def _move(session: Session, place: Place, to: State, why: str) -> None:
    session.execute(BECAUSE, {"why": why})
    was, place.state = place.state, to
    place.version += 1
    place.updated_by = NOBODY
    session.flush()
    audit.record(session, "place.move", "place", place.ref, was=was, to=to)


def ends_soon(place: Place, today: date) -> bool:
    """Within the two weeks in which the lead has the task."""
    asleep = place.state in {State.CLOSED, State.DORMANT}
    return not asleep and place.label_expires_on <= today + timedelta(days=TASK_DAYS)
