"""A batch of the wizard, its upload, what became of each row, and mappings kept for next time."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.core.db import Model
from app.core.ids import new_id

JSON = JSONB(none_as_null=True)


class Batch(Model):
    """STAGED, DRY_RUN, APPLIED, UNDONE; `work` is what the worker was asked for meanwhile."""

    __tablename__ = "import_batch"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    ref: Mapped[str]
    kind: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str]
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    tallies: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    by: Mapped[UUID]
    agency_code: Mapped[str | None]
    undo_until: Mapped[datetime | None]
    work: Mapped[str | None]
    asked_by: Mapped[UUID | None]
    run: Mapped[int] = mapped_column(default=0)
    n_rows: Mapped[int | None]
    problem: Mapped[str | None]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class Upload(Model):
    """The file of a batch, sealed on disk for a day; `found` and `preview` go with it."""

    __tablename__ = "import_file"
    __table_args__ = ({"schema": "app"},)

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    by: Mapped[UUID]
    stored_name: Mapped[str]
    key: Mapped[bytes]
    size_bytes: Mapped[int]
    choices: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    found: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    preview: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    uploaded_at: Mapped[datetime]


class Verdict(Model):
    """What the dry run made of one row, what a person decided, and what the import did."""

    __tablename__ = "import_row"
    __table_args__ = ({"schema": "app"},)

    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    by: Mapped[UUID]
    verdict: Mapped[str]
    problem: Mapped[str | None]
    how_to_fix: Mapped[str | None]
    record_id: Mapped[UUID | None]
    score: Mapped[Decimal | None]
    why: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    alike: Mapped[str | None]
    shown: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    decision: Mapped[str | None]
    done: Mapped[str | None]


class SavedMapping(Model):
    """Somebody's, and their agency's where it is shared."""

    __tablename__ = "import_mapping"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    created_by: Mapped[UUID]
    agency_code: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    shared: Mapped[bool] = mapped_column(default=False)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    deleted_at: Mapped[datetime | None]
