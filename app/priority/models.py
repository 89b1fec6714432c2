"""The table of priorities: one row for each place and night."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Model


class PlacePriority(Model):
    """What the night worked out, and another band where a lead set one."""

    __tablename__ = "place_priority"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"), primary_key=True)
    run_on: Mapped[date] = mapped_column(primary_key=True)
    p: Mapped[Decimal]
    p_without_proactive: Mapped[Decimal]
    band: Mapped[str]
    confidence: Mapped[str]
    voice_items: Mapped[int]
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    weights_version: Mapped[str]
    band_override: Mapped[str | None]
    override_reason: Mapped[str | None]
    override_expires_on: Mapped[date | None]
    override_by: Mapped[UUID | None]
    override_role: Mapped[str | None]
    is_synthetic: Mapped[bool] = mapped_column(default=False)
