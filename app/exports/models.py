"""The table of exports."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id
from app.exports.rules import State


class Export(Model):
    """One file that somebody asked for; it lives a day."""

    __tablename__ = "export"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    agency_code: Mapped[str]
    dataset: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    format: Mapped[str]
    rows_asked: Mapped[int]
    purpose: Mapped[str]
    recipient_agency: Mapped[str]
    recipient: Mapped[str | None]
    reason: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=State.QUEUED)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    made_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    rows_made: Mapped[int | None]
    failure: Mapped[str | None]
    file_name: Mapped[str | None]
    file_key: Mapped[bytes | None]
    file_size: Mapped[int | None]
    row_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    is_synthetic: Mapped[bool] = mapped_column(default=False)
