"""Tables of releases. What may be written when is a matter of the database's guards."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id
from app.releases.rules import State


class Signed:
    """What a lead and an auditor sign, and what every record of ours has."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    lead_by: Mapped[UUID | None]
    lead_at: Mapped[datetime | None]
    auditor_by: Mapped[UUID | None]
    auditor_at: Mapped[datetime | None]


class Release(Signed, Model):
    """Numbers of one period, as they are shown."""

    __tablename__ = "release"
    __table_args__ = ({"schema": "app"},)

    code: Mapped[str]
    lattice_version: Mapped[int] = mapped_column(default=1)
    period_kind: Mapped[str]
    period: Mapped[str]
    window_from: Mapped[datetime]
    window_to: Mapped[datetime]
    cut_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=State.DRAFT)
    built_at: Mapped[datetime | None]
    problem: Mapped[str | None]  # why it is a draft still, in words
    named: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sha256: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.release.id"))


class ReleaseCell(Model):
    """What is shown of one count. The count itself is stored nowhere."""

    __tablename__ = "release_cell"
    __table_args__ = ({"schema": "app"},)

    release_id: Mapped[UUID] = mapped_column(ForeignKey("app.release.id"), primary_key=True)
    table_code: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    geo_kind: Mapped[str] = mapped_column(primary_key=True)
    geo_code: Mapped[str] = mapped_column(primary_key=True)
    dim_1: Mapped[str] = mapped_column(primary_key=True)
    dim_2: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[str]
    low: Mapped[int]
    high: Mapped[int | None]
    rule: Mapped[str]
