"""Tables of outcomes. Which place it is, its boroughs and tier follow by trigger."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.places.models import Part, Record


class Observation(Part, Model):
    """One measure on one day."""

    __tablename__ = "measure_observation"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    measure_id: Mapped[UUID] = mapped_column(ForeignKey("app.plan_measure.id"))
    on_date: Mapped[date]
    value: Mapped[Decimal]
    n: Mapped[int | None]
    method_id: Mapped[UUID | None]
    note: Mapped[str | None]


class WddResult(Part, Model):
    """Weighted displacement difference of one measure, as its frozen design says."""

    __tablename__ = "wdd_result"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    measure_id: Mapped[UUID] = mapped_column(ForeignKey("app.plan_measure.id"))
    design_hash: Mapped[str]
    run_at: Mapped[datetime]
    t0: Mapped[int | None]
    t1: Mapped[int | None]
    c0: Mapped[int | None]
    c1: Mapped[int | None]
    d0: Mapped[int | None]
    d1: Mapped[int | None]
    cd0: Mapped[int | None]
    cd1: Mapped[int | None]
    u: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    phi: Mapped[float | None]
    est: Mapped[float | None]
    se: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    sdc: Mapped[float | None]
    verdict: Mapped[str]
    verdict_without_proactive: Mapped[str | None]
    displacement_est: Mapped[float | None]
    reason: Mapped[str | None]
    code_version: Mapped[str]


class Review(Record, Model):
    """What changed after 3, 6 or 12 months, and what is decided; a second person agrees."""

    __tablename__ = "outcome_review"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("app.context_plan.id"))
    assessment_id: Mapped[UUID | None]  # the methods run again
    round: Mapped[str]
    due_on: Mapped[date | None]
    held_on: Mapped[date | None]
    voice_method_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), default=list)
    no_voice_reason: Mapped[str | None]
    wdd_result_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.wdd_result.id"))
    decision: Mapped[str | None]
    displacement: Mapped[str] = mapped_column(default="NOT_CHECKED")
    displacement_text: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    second_by: Mapped[UUID | None]
    second_at: Mapped[datetime | None]
    controller: Mapped[str] = mapped_column(server_default=FetchedValue())
    regime: Mapped[str] = mapped_column(server_default=FetchedValue())
