"""Tables of places. The columns every record carries are here, since all slices above use them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import BNG, Model
from app.core.ids import new_id
from app.places.rules import State


class Record:
    """Common columns (domain.md 3). Boroughs come from the geometry by trigger."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    agency_code: Mapped[str]
    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    tier: Mapped[str]
    purpose_code: Mapped[str]
    retain_until: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_synthetic: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None]


class Part:
    """What hangs on a place, or on a record of one: its scope follows by trigger."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=FetchedValue())
    tier: Mapped[str] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)
    is_synthetic: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None]


class StateChange:
    """Written by trigger; the reason is the setting cs.reason of the transaction."""

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[UUID]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    by: Mapped[UUID]
    reason: Mapped[str | None]


class Place(Record, Model):
    """A context of concern. `geom` is None for online and residential places."""

    __tablename__ = "place"
    __table_args__ = ({"schema": "app"},)
    # Whoever proposes may not read it: the database is not asked for what it filled in.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's own

    type_code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    sensitivity: Mapped[str]
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("GEOMETRY", srid=BNG, spatial_index=False)
    )
    geom_kind: Mapped[str]
    precision_m: Mapped[int | None]
    parent_place_id: Mapped[UUID | None]
    week_grid: Mapped[str | None] = mapped_column(BIT(168))
    after_dark_concern: Mapped[bool | None]
    harm_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    strengths: Mapped[str | None]
    safe_features: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    managed_by_agency: Mapped[str | None]
    manager_contact: Mapped[str | None]
    public_access: Mapped[str | None]
    may_name: Mapped[bool] = mapped_column(default=False)
    may_name_reason: Mapped[str | None]
    level: Mapped[str] = mapped_column(default="CL0")
    state: Mapped[str] = mapped_column(default=State.PROPOSED)
    close_code: Mapped[str | None]
    lead_agency: Mapped[str | None]
    lead_user_id: Mapped[UUID | None]
    boundary_note: Mapped[str | None]
    urgent_since: Mapped[datetime | None]
    urgent_reason: Mapped[str | None]
    label_expires_on: Mapped[date]
    label_renewed_at: Mapped[datetime | None]
    dormant_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    merged_into_id: Mapped[UUID | None]
    controller: Mapped[str] = mapped_column(server_default=FetchedValue())
    regime: Mapped[str] = mapped_column(server_default=FetchedValue())
    review_due: Mapped[date | None]
    hold_id: Mapped[UUID | None]
    next_review_on: Mapped[date | None]
    last_information_at: Mapped[datetime | None]
    route_mode: Mapped[str | None]
    route_line: Mapped[str | None]
    route_from: Mapped[str | None]
    route_to: Mapped[str | None]


class PlaceExact(Model):
    """The exact point of a residential place; its own table, policy, purpose and audit."""

    __tablename__ = "place_exact"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"), primary_key=True)
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=BNG, spatial_index=False))
    address: Mapped[str | None]
    victim_warning: Mapped[bool] = mapped_column(default=False)


class OnlineSpace(Model):
    """Address of an online place, defanged."""

    __tablename__ = "online_space"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"), primary_key=True)
    platform_code: Mapped[str]
    host: Mapped[str]
    handle_norm: Mapped[str | None]
    url_defanged: Mapped[str]
    audience: Mapped[str] = mapped_column(default="UNKNOWN")
    first_seen_on: Mapped[date | None]
    last_seen_on: Mapped[date | None]
    takedown_state: Mapped[str] = mapped_column(default="NONE")
    takedown_requested_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class Objection(Model):
    """Somebody asks for a label to be looked at again; scope comes from the place by trigger."""

    __tablename__ = "objection"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    agency_code: Mapped[str]
    raised_by: Mapped[str]
    body: Mapped[str]
    state: Mapped[str] = mapped_column(default="RECEIVED")
    decision: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    is_synthetic: Mapped[bool] = mapped_column(default=False)
