"""A reference, a home borough and an age band. Nothing else about a child is stored, ever."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.children.rules import Confidence
from app.core.db import Model
from app.core.ids import new_id, random_id
from app.places.models import Record


class Child(Record, Model):
    """The reference is random and so is the key: neither tells when it was made."""

    __tablename__ = "child"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    home_lad_code: Mapped[str]
    age_band: Mapped[str]
    age_band_as_of: Mapped[date]
    state: Mapped[str] = mapped_column(default="OPEN")


class ChildHome(Model):
    """Where home was over time, for the home borough at the date of an incident."""

    __tablename__ = "child_home"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("app.child.id"))
    lad_code: Mapped[str]
    from_on: Mapped[date]
    to_on: Mapped[date | None]


class ChildPlaceLink(Model):
    """What happened to a child at a place."""

    __tablename__ = "child_place_link"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    child_id: Mapped[UUID] = mapped_column(ForeignKey("app.child.id"))
    place_id: Mapped[UUID] = mapped_column(ForeignKey("app.place.id"))
    role: Mapped[str]
    from_on: Mapped[date]
    to_on: Mapped[date | None]
    confidence: Mapped[str] = mapped_column(default=Confidence.REPORTED)
    source_agency: Mapped[str]
    basis: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    is_synthetic: Mapped[bool] = mapped_column(default=False)
