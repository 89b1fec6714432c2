"""Reads of packs. Row-level security has limited them to who is named in the meeting, and leads."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.meetings.models import Item, Meeting, Member
from app.packs import rules
from app.packs.content import Entry
from app.packs.models import Pack, PackEntry
from app.packs.rules import Kind, State
from app.places.models import Place

ENDED = text("select app.pack_ended(:kind)")
SUMMARIES = text("select ref, period_code, frozen_at, lines from app.daily_summaries()")


def known(session: Session, ref: str, *, lock: bool = False) -> Pack | None:
    """However its reference was typed; None when it is no pack, or not for this reader."""
    query = select(Pack).where(Pack.ref == (read_reference(ref, "BR") or ""))
    return session.scalar(query.with_for_update() if lock else query)


def find(session: Session, ref: str, *, lock: bool = False) -> Pack:
    found = known(session, ref, lock=lock)
    if found is None:
        raise NotFoundError(rules.ABSENT)
    return found


def newest(session: Session, limit: int = 40) -> Sequence[Pack]:
    return session.scalars(
        select(Pack).order_by(Pack.window_to.desc(), Pack.created_at.desc()).limit(limit)
    ).all()


def standing(session: Session, kind: Kind, period: str) -> Pack | None:
    """The one of a period that was not recalled."""
    return session.scalar(
        select(Pack).where(
            Pack.kind == kind, Pack.period_code == period, Pack.state != State.RECALLED
        )
    )


def recalled(session: Session, kind: Kind, period: str) -> Pack | None:
    """The newest that was, which a new one replaces."""
    return session.scalar(
        select(Pack)
        .where(Pack.kind == kind, Pack.period_code == period, Pack.state == State.RECALLED)
        .order_by(Pack.created_at.desc())
        .limit(1)
    )


def ended(session: Session, kind: Kind) -> datetime | None:
    """Where the last frozen one of the kind ended, whoever was named in it."""
    found: datetime | None = session.scalar(ENDED, {"kind": kind})
    return found


def entries(session: Session, pack: Pack) -> Sequence[PackEntry]:
    """In the order in which they were written."""
    return session.scalars(
        select(PackEntry)
        .where(PackEntry.pack_id == pack.id, PackEntry.removed_at.is_(None))
        .order_by(PackEntry.section, PackEntry.created_at, PackEntry.id)
    ).all()


def typed(session: Session, pack: Pack) -> list[Entry]:
    """The same, as a builder gets them."""
    return [
        Entry(
            section=one.section,
            kind=one.kind,
            body=one.body,
            agency=one.agency_code,
            n=one.n,
            owner=one.owner,
            due=one.due,
            boroughs=tuple(one.borough_codes),
            recipients=tuple(str(key) for key in one.recipient_ids),
            conditions=one.conditions,
        )
        for one in entries(session, pack)
    ]


def members(session: Session, meeting_id: UUID) -> Sequence[Member]:
    return session.scalars(
        select(Member)
        .where(Member.meeting_id == meeting_id, Member.deleted_at.is_(None))
        .order_by(Member.created_at, Member.id)
    ).all()


def is_chair(session: Session, pack: Pack, user_id: UUID) -> bool:
    named = members(session, pack.meeting_id)
    return any(one.is_chair and one.user_id == user_id for one in named)


def where_decided(session: Session, pack: Pack, place_ref: str) -> str | None:
    """The page on which the panel writes what it decides about a place, and who does it by when.

    Of a place that is not on the agenda it is the page of the meeting, which puts it there.
    """
    found = session.execute(
        select(Meeting.ref, Item.id)
        .select_from(Meeting)
        .outerjoin(Place, (Place.ref == place_ref) & Place.deleted_at.is_(None))
        .outerjoin(
            Item,
            (Item.meeting_id == Meeting.id)
            & (Item.subject_id == Place.id)
            & (Item.section == "L")
            & Item.deleted_at.is_(None),
        )
        .where(Meeting.id == pack.meeting_id)
        .order_by(Item.position, Item.id)
        .limit(1)
    ).first()
    if found is None:
        return None
    return f"/meetings/{found.ref}" + (f"/items/{found.id}" if found.id else "")


def last_meeting(session: Session, kind: Kind, before: datetime) -> Meeting | None:
    """Of this kind of panel, the newest up to an instant."""
    return session.scalar(
        select(Meeting)
        .where(
            Meeting.kind == rules.MEETINGS[kind],
            Meeting.held_at <= before,
            Meeting.deleted_at.is_(None),
        )
        .order_by(Meeting.held_at.desc(), Meeting.id)
        .limit(1)
    )


def meetings(session: Session, kinds: Collection[str]) -> Sequence[Meeting]:
    """Of these kinds, the newest first: what a pack may be for."""
    return session.scalars(
        select(Meeting)
        .where(Meeting.kind.in_(kinds), Meeting.deleted_at.is_(None))
        .order_by(Meeting.held_at.desc(), Meeting.id)
        .limit(20)
    ).all()


class Summary(NamedTuple):
    """What may be read of a daily briefing without being named in it."""

    ref: str
    period: str
    frozen_at: datetime
    lines: Sequence[str]


def summaries(session: Session) -> list[Summary]:
    """Of the last 24 hours, newest first; each with the lines of the reader's own boroughs."""
    return [Summary._make(row) for row in session.execute(SUMMARIES)]
