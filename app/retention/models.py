"""Runs of retention, and holds that stop them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id
from app.retention.rules import State


class Run(Model):
    """What was due on a day, counted; an auditor approves it, a job erases it."""

    __tablename__ = "retention_run"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    as_of: Mapped[date]
    state: Mapped[str] = mapped_column(default=State.PLANNED)
    counts: Mapped[dict[str, int]] = mapped_column(JSONB)
    total: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    done_at: Mapped[datetime | None]
    erased: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    failed: Mapped[int] = mapped_column(default=0)


class Hold(Model):
    """Asked for by a lead, approved by an auditor: what it names is not erased."""

    __tablename__ = "legal_hold"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    object_kind: Mapped[str] = mapped_column(default="child")
    object_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    reason: Mapped[str]
    until_on: Mapped[date | None]
    agency_code: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]

    @property
    def state(self) -> str:
        if self.ended_at is not None:
            return "Ended"
        return "Waits for an auditor" if self.approved_at is None else "Holds"
