"""Tables of what hangs on a place: other names, guardians, versions, links, merges."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id


class Detail:
    """What hangs on a place carries its scope, by trigger."""

    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=FetchedValue())
    tier: Mapped[str] = mapped_column(server_default=FetchedValue())


class Made:
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]


class PlaceAlias(Detail, Made, Model):
    """Another neutral name, for searching."""

    __tablename__ = "place_alias"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    name: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[UUID | None]


class GuardianSlot(Detail, Made, Model):
    """Who looks after children there, in which hours of the week; `week_grid` as in `weeks`."""

    __tablename__ = "guardian_slot"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    kind: Mapped[str]
    week_grid: Mapped[str] = mapped_column(BIT(168))
    guardian_agency: Mapped[str]
    trained: Mapped[bool | None]
    trusted: Mapped[str] = mapped_column(default="NOT_ASKED")
    valid_from_on: Mapped[date]
    valid_to_on: Mapped[date | None]
    note: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_by: Mapped[UUID]
    version: Mapped[int] = mapped_column(default=1)


class PlaceVersion(Detail, Model):
    """What a place was after a change. Written by trigger."""

    __tablename__ = "place_version"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    by: Mapped[UUID]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


class PlaceStateChange(Detail, Model):
    """Written by trigger; the reason is the setting cs.reason of the transaction."""

    __tablename__ = "place_state_change"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    by: Mapped[UUID]
    reason: Mapped[str | None]


class PlaceLink(Detail, Made, Model):
    """Two places that have to do with each other; only who may see both sees it."""

    __tablename__ = "place_link"
    __table_args__ = ({"schema": "app"},)

    from_place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    to_place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    relation: Mapped[str]
    since_on: Mapped[date | None]
    note: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[UUID | None]


class PlaceMerge(Detail, Model):
    """One place became part of another, or was split off. Written by functions only."""

    __tablename__ = "place_merge"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    from_place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    to_place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[UUID]
    reason: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
