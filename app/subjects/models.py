"""The register of requests, and the files that answer them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id, random_id
from app.subjects.rules import State


class SubjectRequest(Model):
    """Somebody asks what is held of them, or to change or erase it. Who asks is held elsewhere."""

    __tablename__ = "subject_request"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    kind: Mapped[str]
    about: Mapped[str]
    subject_id: Mapped[UUID | None]
    asked_by: Mapped[str]
    checked_by: Mapped[str]
    received_on: Mapped[date]
    due_on: Mapped[date]
    extended_on: Mapped[date | None]
    extension: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=State.OPEN)
    decision: Mapped[str | None]
    refusal: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    note: Mapped[str | None]
    left_out: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    run_id: Mapped[UUID | None]
    agency_code: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    is_synthetic: Mapped[bool] = mapped_column(default=False)


class SubjectFile(Model):
    """What was put together for one request, for whoever did it, for a day."""

    __tablename__ = "subject_file"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    request_id: Mapped[UUID] = mapped_column(ForeignKey("app.subject_request.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    expires_at: Mapped[datetime]
    file_name: Mapped[str]
    file_key: Mapped[bytes]
    file_size: Mapped[int]
