"""Incidents, the places they belong to, and the children they happened to (references only)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import UUID as KEY
from sqlalchemy import DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import BNG, Model
from app.incidents.rules import ChildCount, Confidence, DiscoveredBy, Outcome, State
from app.places.models import Record

# What it is compared with is bound as this type: another one is no range of the index, since the
# comparison of both depends on the time zone and may not be asked before the policies.
INSTANT = DateTime(timezone=True)


class Incident(Record, Model):
    """One counted harm in a period that may be vague; `geom` is None at a home."""

    __tablename__ = "incident"
    __table_args__ = ({"schema": "app"},)

    occurred_from: Mapped[datetime] = mapped_column(INSTANT)
    occurred_to: Mapped[datetime] = mapped_column(INSTANT)
    time_precision: Mapped[str]
    time_about: Mapped[bool] = mapped_column(default=False)
    place_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.place.id"))
    also_place_ids: Mapped[list[UUID]] = mapped_column(ARRAY(KEY), default=list)
    without_place_ids: Mapped[list[UUID]] = mapped_column(ARRAY(KEY), default=list)
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("POINT", srid=BNG, spatial_index=False)
    )
    uncertainty_m: Mapped[int | None]
    borough_code: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    harm_code: Mapped[str]
    other_harm_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    line_linked: Mapped[bool] = mapped_column(default=False)
    confidence: Mapped[str] = mapped_column(default=Confidence.REPORTED)
    discovered_by: Mapped[str] = mapped_column(default=DiscoveredBy.OTHER)
    source_agency: Mapped[str]
    child_count_band: Mapped[str] = mapped_column(default=ChildCount.NOT_KNOWN)
    outcome_band: Mapped[str] = mapped_column(default=Outcome.NOT_KNOWN)
    summary: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=State.RECORDED)


class IncidentVersion(Model):
    """Written by a trigger at each change: what the incident was from then on, and who says so."""

    __tablename__ = "incident_version"
    __table_args__ = ({"schema": "app"},)

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("app.incident.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]
    role: Mapped[str | None]
    agency_code: Mapped[str | None]
    reason: Mapped[str | None]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


class MissingEpisode(Model):
    """When a child was away, and whether somebody listened afterwards. Which child: not here."""

    __tablename__ = "missing_episode"
    __table_args__ = ({"schema": "app"},)

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("app.incident.id"), primary_key=True)
    agency_code: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str]
    missing_from_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    rhi_offered_at: Mapped[datetime | None]
    rhi_held_at: Mapped[datetime | None]
    rhi_declined: Mapped[bool | None]
    manager_decision_at: Mapped[datetime | None]
    location_captured: Mapped[bool] = mapped_column(default=False)
    repeat_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.incident.id"))


class IncidentPlace(Model):
    """Written by app.link_incidents only: chosen by a person, or inside the footprint."""

    __tablename__ = "incident_place"
    __table_args__ = ({"schema": "app"},)

    incident_id: Mapped[UUID] = mapped_column(ForeignKey("app.incident.id"), primary_key=True)
    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"), primary_key=True)
    how: Mapped[str]


class ChildIncidentLink(Model):
    """What an incident was to a child."""

    __tablename__ = "child_incident_link"
    __table_args__ = ({"schema": "app"},)

    child_id: Mapped[UUID] = mapped_column(ForeignKey("app.child.id"), primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(ForeignKey("app.incident.id"), primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    is_synthetic: Mapped[bool] = mapped_column(default=False)
