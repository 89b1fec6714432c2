"""Tables of packs. Who is named, and until when, the database takes from the meeting."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UUID as KEY
from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id
from app.packs.content import Json
from app.packs.rules import State


class OfMeeting:
    """What every record of ours has, and whose it is."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    is_synthetic: Mapped[bool] = mapped_column(default=False)
    meeting_id: Mapped[UUID] = mapped_column(ForeignKey("app.meeting.id"))
    member_ids: Mapped[list[UUID]] = mapped_column(ARRAY(KEY), server_default=FetchedValue())
    access_ends_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class Pack(OfMeeting, Model):
    """Records for one panel; `snapshot` is all that is read of it, by the rules of redaction."""

    __tablename__ = "pack"
    __table_args__ = ({"schema": "app"},)

    ref: Mapped[str]
    kind: Mapped[str]
    period_code: Mapped[str]
    window_from: Mapped[datetime]
    window_to: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=State.DRAFT)
    marking: Mapped[str] = mapped_column(server_default=FetchedValue())
    checks: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    with_children: Mapped[bool] = mapped_column(default=False)
    with_homes: Mapped[bool] = mapped_column(default=False)
    snapshot: Mapped[str | None]
    snapshot_sha256: Mapped[str | None]
    summary: Mapped[list[Json]] = mapped_column(JSONB, default=list)
    method_version: Mapped[str | None]
    template_version: Mapped[str | None]
    signed_by: Mapped[UUID | None]
    signed_at: Mapped[datetime | None]
    police_by: Mapped[UUID | None]
    police_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]
    recalled_by: Mapped[UUID | None]
    recalled_reason: Mapped[str | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.pack.id"))


class PackEntry(OfMeeting, Model):
    """A line that a member adds before the chairs freeze the pack."""

    __tablename__ = "pack_entry"
    __table_args__ = ({"schema": "app"},)

    pack_id: Mapped[UUID] = mapped_column(ForeignKey("app.pack.id"))
    removed_at: Mapped[datetime | None]
    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    section: Mapped[str]
    kind: Mapped[str]
    body: Mapped[str]
    n: Mapped[int | None]
    owner: Mapped[str | None]
    due: Mapped[str | None]
    agency_code: Mapped[str]
    conditions: Mapped[str | None]
    recipient_ids: Mapped[list[UUID]] = mapped_column(ARRAY(KEY), default=list)
