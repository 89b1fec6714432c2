"""Tables of reports. The words are in `ReportOriginal`, sealed, and for the lead alone."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from geoalchemy2.shape import to_shape
from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import BNG, Model
from app.core.ids import new_id
from app.places.models import Record


class Report(Record, Model):
    """What somebody told us, without its words. Boroughs come from the pin by trigger."""

    __tablename__ = "report"
    __table_args__ = ({"schema": "app"},)

    channel: Mapped[str]
    reporter_kind: Mapped[str]
    danger_answer: Mapped[str]
    where_kind: Mapped[str]
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("POINT", srid=BNG, spatial_index=False)
    )
    pin_accuracy_m: Mapped[int | None]
    out_of_area_lad: Mapped[str | None]
    platform_code: Mapped[str | None]
    mode_code: Mapped[str | None]
    audience: Mapped[str | None]
    what_ticks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    how_known: Mapped[str | None]
    child_count_band: Mapped[str]
    when_kind: Mapped[str]
    day_parts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    quarantine: Mapped[list[str]] = mapped_column(ARRAY(Text))
    redaction: Mapped[str]
    redacted: Mapped[bytes | None]
    harm_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    discovered_by: Mapped[str | None]
    tone: Mapped[str | None]
    outcome_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason_code: Mapped[str | None]
    routed_police: Mapped[bool]
    decided_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]  # its words and pin: it stays as one to count
    state: Mapped[str]
    # "sent": what the reporter ticked, where triage changed it.
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    @property
    def pin(self) -> tuple[float, float] | None:
        """Easting and northing in metres, where the reporter pointed."""
        if self.geom is None:
            return None
        ((east, north),) = to_shape(self.geom).coords
        return east, north


class Detail:
    """What hangs on a report carries its scope, by trigger."""

    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=FetchedValue())
    tier: Mapped[str] = mapped_column(server_default=FetchedValue())


class ReportOriginal(Detail, Model):
    """The words as sent (`sealing.opened`, use "words") and what screening found in them.

    `working` is what the lead has filled in so far (use "working").
    """

    __tablename__ = "report_original"
    __table_args__ = ({"schema": "app"},)

    report_id: Mapped[UUID] = mapped_column(ForeignKey("app.report.id"), primary_key=True)
    sealed: Mapped[bytes]
    mailbox_key: Mapped[bytes]
    pii_flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    spam_score: Mapped[float]
    match_hash: Mapped[bytes | None]
    suggestion: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    assigned_to: Mapped[UUID | None]
    duplicate_of_id: Mapped[UUID | None]
    screened_at: Mapped[datetime | None]
    working: Mapped[bytes | None]


class ReportContact(Detail, Model):
    """How to reach the reporter (use "contact"); read with a purpose."""

    __tablename__ = "report_contact"
    __table_args__ = ({"schema": "app"},)

    report_id: Mapped[UUID] = mapped_column(ForeignKey("app.report.id"), primary_key=True)
    sealed: Mapped[bytes]
    expires_on: Mapped[date | None]


class ReportMessage(Detail, Model):
    """One message of the mailbox, sealed twice: for the team and for who has the receipt."""

    __tablename__ = "report_message"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("app.report.id"))
    direction: Mapped[str]
    template_code: Mapped[str | None]
    sealed: Mapped[bytes]
    sealed_for_reporter: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    by: Mapped[UUID | None]
    read_at: Mapped[datetime | None]


class ReportOutcome(Detail, Model):
    """What was decided; several may hold. `undone_at` when it was taken back."""

    __tablename__ = "report_outcome"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("app.report.id"))
    code: Mapped[str]
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.place.id"))
    other_report_id: Mapped[UUID | None]
    reason_code: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    undone_at: Mapped[datetime | None]


class ReportStateChange(Detail, Model):
    """Written by trigger; the reason is the setting cs.reason of the transaction."""

    __tablename__ = "report_state_change"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("app.report.id"))
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    by: Mapped[UUID]
    reason: Mapped[str | None]
