"""Comments: written once, and taken back by whoever wrote them or by a lead."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.places.models import Part


class Comment(Part, Model):
    """About one record; which place that is, its boroughs and its tier follow by trigger."""

    __tablename__ = "context_comment"
    __table_args__ = ({"schema": "app"},)

    place_id: Mapped[UUID] = mapped_column(server_default=FetchedValue())
    assessment_id: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    review_id: Mapped[UUID | None]
    agency_code: Mapped[str]
    body: Mapped[str | None]  # its words go when it is taken back
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
