"""The table of saved views."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id


class MapView(Model):
    """Filters of the map under a name; `shared_role` also shows it to others of that role."""

    __tablename__ = "map_view"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_by: Mapped[UUID]
    borough_codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    name: Mapped[str]
    query: Mapped[str]
    shared_role: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    deleted_at: Mapped[datetime | None]
