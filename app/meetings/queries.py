"""Reads of meetings. Row-level security has limited them to who is named, and to leads."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, text
from sqlalchemy.orm import Session

from app.core import clock, references
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.paging import Page
from app.core.references import NOT_FOUND
from app.meetings.models import Item, Meeting, Member
from app.meetings.rules import SECTIONS, Known
from app.places.models import Place

PAGE_SIZE = 25
SO_FAR = text("select place_id, rater_id from app.rated_so_far(:meeting)")


def find(session: Session, ref: str, *, lock: bool = False) -> Meeting:
    return references.find(session, Meeting, "MT", ref, lock=lock)


def of_place(session: Session, place: Place) -> Sequence[Meeting]:
    """Newest first."""
    return session.scalars(
        select(Meeting)
        .where(Meeting.place_ids.contains([place.id]), Meeting.deleted_at.is_(None))
        .order_by(Meeting.held_at.desc(), Meeting.id)
    ).all()


def to_come(now: datetime) -> ColumnElement[bool]:
    """From the beginning of its day until it has been held."""
    today = clock.london(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return (Meeting.held_at >= today) & Meeting.state.in_(("PLANNED", "PACK_ISSUED"))


def listed(session: Session, *, past: bool, number: int) -> Page[Meeting]:
    """The next ones, soonest first; or the others, newest first."""
    which = (Meeting.deleted_at.is_(None), ~to_come(clock.now()) if past else to_come(clock.now()))
    order = Meeting.held_at.desc() if past else Meeting.held_at
    total = session.scalar(select(func.count()).select_from(Meeting).where(*which)) or 0
    rows = session.scalars(
        select(Meeting)
        .where(*which)
        .order_by(order, Meeting.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page(rows.all(), total, number)


def waiting(session: Session) -> tuple[int, datetime | None]:
    """How many are to come, and when the next is."""
    which = (Meeting.deleted_at.is_(None), to_come(clock.now()))
    n, first = session.execute(select(func.count(), func.min(Meeting.held_at)).where(*which)).one()
    return n, first


def before(session: Session, meeting: Meeting) -> Sequence[Meeting]:
    """Earlier ones of its kind, or about one of its places; newest first."""
    about = Meeting.place_ids.overlap(meeting.place_ids) if meeting.place_ids else False
    return session.scalars(
        select(Meeting)
        .where(Meeting.deleted_at.is_(None), Meeting.held_at < meeting.held_at)
        .where((Meeting.kind == meeting.kind) | about)
        .order_by(Meeting.held_at.desc(), Meeting.id)
        .limit(10)
    ).all()


def places(session: Session, meeting: Meeting) -> list[Place]:
    """Those that the reader sees, in the order of the agenda."""
    found = session.scalars(
        select(Place).where(Place.id.in_(meeting.place_ids), Place.deleted_at.is_(None))
    )
    known = {place.id: place for place in found}
    return [known[key] for key in meeting.place_ids if key in known]


def item(session: Session, meeting: Meeting, key: UUID) -> Item:
    found = session.scalar(
        select(Item).where(Item.id == key, Item.meeting_id == meeting.id, Item.deleted_at.is_(None))
    )
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return found


def rated_so_far(session: Session, meeting: Meeting) -> frozenset[tuple[UUID, UUID]]:
    """Place and rater of each rating; never what was said."""
    rows = session.execute(SO_FAR, {"meeting": meeting.id})
    return frozenset((row.place_id, row.rater_id) for row in rows)


def members(session: Session, meeting: Meeting) -> Sequence[Member]:
    return session.scalars(
        select(Member)
        .where(Member.meeting_id == meeting.id, Member.deleted_at.is_(None))
        .order_by(Member.created_at, Member.id)
    ).all()


def items(session: Session, meeting: Meeting) -> Sequence[Item]:
    """By section in the order V, O, L, T, S."""
    order = case({section: n for n, section in enumerate(SECTIONS)}, value=Item.section)
    return session.scalars(
        select(Item)
        .where(Item.meeting_id == meeting.id, Item.deleted_at.is_(None))
        .order_by(order, Item.position, Item.created_at)
    ).all()


def known(session: Session, actor: Actor, meeting: Meeting) -> Known:
    """What the guards of a step ask."""
    named = members(session, meeting)
    return Known(
        has_items=bool(items(session, meeting)),
        has_members=bool(named),
        held_at=meeting.held_at,
        now=clock.now(),
        minutes=meeting.minutes,
        by_chair=any(one.user_id == actor.id and one.is_chair for one in named),
        by_builder=actor.id in (meeting.created_by, meeting.updated_by),
    )
