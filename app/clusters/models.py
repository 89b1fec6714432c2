"""A run of the cluster analysis. Its clusters and members are written set-wise by the job."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.clusters.rules import State
from app.core.db import Model
from app.core.ids import new_id


class ClusterRun(Model):
    """Asked for, then done or failed. Parameters, seed, window and code stay with the result."""

    __tablename__ = "cluster_run"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    source: Mapped[str]
    state: Mapped[str] = mapped_column(default=State.QUEUED)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    params_hash: Mapped[str]
    series: Mapped[str]
    seed: Mapped[int | None]
    code_version: Mapped[str]
    data_window: Mapped[Range[date]] = mapped_column(DATERANGE)
    snapshot_hash: Mapped[str | None]
    coverage: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    largest_share: Mapped[Decimal | None]
    n_events: Mapped[int | None]
    n_clusters: Mapped[int | None]
    n_cross_borough: Mapped[int | None]
    requested_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    requested_by: Mapped[UUID]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None]

    @property
    def first_on(self) -> date:
        return bound(self.data_window.lower)

    @property
    def last_on(self) -> date:
        return date.fromordinal(bound(self.data_window.upper).toordinal() - 1)


def bound(day: date | None) -> date:
    """Windows always have both ends."""
    if day is None:
        raise ValueError("a window without an end")
    return day
