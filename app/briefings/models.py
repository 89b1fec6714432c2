"""Tables of briefings. What may be written when is a matter of the database's guards."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as KEY
from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.briefings.rules import State
from app.core.db import Model
from app.core.ids import new_id
from app.releases.models import Signed


class Briefing(Signed, Model):
    """An outgoing document; `snapshot` is all that is printed of it."""

    __tablename__ = "briefing"
    __table_args__ = ({"schema": "app"},)

    ref: Mapped[str]
    kind: Mapped[str] = mapped_column(default="QUARTERLY")
    period_code: Mapped[str]
    window_from: Mapped[datetime]
    window_to: Mapped[datetime]
    cut_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=State.DRAFT)
    marking: Mapped[str] = mapped_column(server_default=FetchedValue())
    checks: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    release_ids: Mapped[list[UUID]] = mapped_column(ARRAY(KEY), default=list)
    snapshot: Mapped[str | None]
    snapshot_sha256: Mapped[str | None]
    method_version: Mapped[str | None]
    template_version: Mapped[str | None]
    meeting_id: Mapped[UUID | None]
    frozen_at: Mapped[datetime | None]
    tabled_at: Mapped[datetime | None]
    tabled_by: Mapped[UUID | None]
    decisions: Mapped[str | None]
    decisions_sha256: Mapped[str | None]
    recalled_at: Mapped[datetime | None]
    recalled_by: Mapped[UUID | None]
    recalled_reason: Mapped[str | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.briefing.id"))


class BriefingEntry(Model):
    """A sentence or decision that a lead typed."""

    __tablename__ = "briefing_entry"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    briefing_id: Mapped[UUID] = mapped_column(ForeignKey("app.briefing.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    section: Mapped[str]
    position: Mapped[int]
    kind: Mapped[str]
    body: Mapped[str]
    agency_code: Mapped[str | None]
    due_on: Mapped[date | None]


class BriefingFile(Model):
    """A briefing as a file, printed from its snapshot by a job."""

    __tablename__ = "briefing_file"
    __table_args__ = ({"schema": "app"},)

    briefing_id: Mapped[UUID] = mapped_column(ForeignKey("app.briefing.id"), primary_key=True)
    format: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    printed_as: Mapped[str]
    document_sha256: Mapped[str]
    body: Mapped[bytes] = mapped_column(deferred=True)
    body_sha256: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class PublicSummary(Model):
    """What everybody may read of one report, as it was signed."""

    __tablename__ = "public_summary"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    briefing_id: Mapped[UUID] = mapped_column(ForeignKey("app.briefing.id"))
    release_id: Mapped[UUID] = mapped_column(ForeignKey("app.release.id"))
    state: Mapped[str] = mapped_column(default="ASKED")
    page: Mapped[str]
    lead_by: Mapped[UUID]
    lead_at: Mapped[datetime]
    auditor_by: Mapped[UUID | None]
    auditor_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]


Json = dict[str, Any]  # what a snapshot is made of
