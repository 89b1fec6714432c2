"""Tables of intelligence. What hangs on an item takes its scope by trigger, and is not mapped."""

from datetime import date, datetime
from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import BNG, Model
from app.core.ids import new_id
from app.intelligence.rules import State
from app.places.models import Place, Record

SCHEMA = {"schema": "app"}
TEXTS = ARRAY(Text)


class IntelItem(Record, Model):
    """A sanitised item. The original stays in the police system, which a pointer names."""

    __tablename__ = "intel_item"
    __table_args__ = (SCHEMA,)

    review_due: Mapped[date | None]
    kind: Mapped[str]
    body: Mapped[str]
    scheme_version: Mapped[str]
    source_eval: Mapped[str]
    info_assess: Mapped[str]
    handling: Mapped[str]
    conditions: Mapped[str | None]
    action_codes: Mapped[list[str]] = mapped_column(TEXTS, default=list)
    discovered_by: Mapped[str]
    harm_codes: Mapped[list[str]] = mapped_column(TEXTS, default=list)
    where_kind: Mapped[str]
    geom: Mapped[WKBElement | None] = mapped_column(
        Geometry("GEOMETRY", srid=BNG, spatial_index=False)
    )
    accuracy: Mapped[str | None]
    chosen_boroughs: Mapped[list[str]] = mapped_column(TEXTS, default=list)
    platform_code: Mapped[str | None]
    url_defanged: Mapped[str | None]
    when_kind: Mapped[str]
    occurred_from: Mapped[datetime | None]
    occurred_to: Mapped[datetime | None]
    day_parts: Mapped[list[str]] = mapped_column(TEXTS, default=list)
    day_types: Mapped[list[str]] = mapped_column(TEXTS, default=list)
    valid_from_on: Mapped[date]
    valid_to_on: Mapped[date | None]
    expires_on: Mapped[date]
    identifies: Mapped[bool] = mapped_column(default=False)
    confirmed_by: Mapped[UUID | None]
    written_by: Mapped[UUID]
    qa_by: Mapped[UUID | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[UUID | None]
    supersedes_id: Mapped[UUID | None] = mapped_column(ForeignKey("app.intel_item.id"))
    state: Mapped[str] = mapped_column(default=State.SUBMITTED)
    shared: Mapped[bool] = mapped_column(server_default=FetchedValue())


class IntelPolice(Model):
    """What only analysts see: the pointer to the police system, notes of a check, MoPI group."""

    __tablename__ = "intel_item_police"
    __table_args__ = (SCHEMA,)

    intel_item_id: Mapped[UUID] = mapped_column(ForeignKey(IntelItem.id), primary_key=True)
    created_by: Mapped[UUID]
    provenance_id: Mapped[str | None]
    qa_note: Mapped[str | None]
    mopi_group: Mapped[int | None]


class IntelPlace(Model):
    """A place an item is about."""

    __tablename__ = "intel_item_place"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    intel_item_id: Mapped[UUID] = mapped_column(ForeignKey(IntelItem.id))
    place_id: Mapped[UUID] = mapped_column(ForeignKey(Place.id))
    created_by: Mapped[UUID]
    removed_at: Mapped[datetime | None]


class IntelChild(Model):
    """A child's reference, as it was entered; it goes when the reference is erased."""

    __tablename__ = "intel_child"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    intel_item_id: Mapped[UUID] = mapped_column(ForeignKey(IntelItem.id))
    child_ref: Mapped[str]
    created_by: Mapped[UUID]
    removed_at: Mapped[datetime | None]


class IntelRecipient(Model):
    """Who may see an item of code C, once the conditions are accepted."""

    __tablename__ = "intel_recipient"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    intel_item_id: Mapped[UUID] = mapped_column(ForeignKey(IntelItem.id))
    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    until_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    conditions_accepted_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class IntelDraft(Model):
    """Answers of an item that is being written, section by section."""

    __tablename__ = "intel_draft"
    __table_args__ = (SCHEMA,)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    answers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    saved: Mapped[list[str]] = mapped_column(TEXTS, default=list)
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey(IntelItem.id))
    corrects: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]
