"""Tables of meetings. Who is named sees them, until their access ends; leads see them all."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.places.models import Part, Record, StateChange


class Meeting(Record, Model):
    """A panel or a context conference; `held_at` is first when it is planned for."""

    __tablename__ = "meeting"
    __table_args__ = ({"schema": "app"},)

    kind: Mapped[str]
    held_at: Mapped[datetime]
    place_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), default=list)
    pack_briefing_id: Mapped[UUID | None]
    minutes: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="PLANNED")
    # Whoever makes it is named at once; from then on the database keeps the list.
    member_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), default=list)
    access_ends_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    controller: Mapped[str] = mapped_column(server_default=FetchedValue())
    regime: Mapped[str] = mapped_column(server_default=FetchedValue())


class MeetingChange(StateChange, Model):
    """How a meeting came where it is."""

    __tablename__ = "meeting_state_change"
    __table_args__ = ({"schema": "app"},)


class Member(Part, Model):
    """Somebody who is named in a meeting."""

    __tablename__ = "meeting_member"
    __table_args__ = ({"schema": "app"},)

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("app.meeting.id"))
    user_id: Mapped[UUID]
    agency_code: Mapped[str]
    is_chair: Mapped[bool] = mapped_column(default=False)
    rates: Mapped[bool] = mapped_column(default=True)
    attended: Mapped[bool | None]
    absent_reason: Mapped[str | None]  # why points are shown without theirs


class Item(Part, Model):
    """One line of the agenda, and what was decided about it."""

    __tablename__ = "meeting_item"
    __table_args__ = ({"schema": "app"},)

    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("app.meeting.id"))
    section: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    body: Mapped[str]
    decision: Mapped[str | None]
    action_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), default=list)
