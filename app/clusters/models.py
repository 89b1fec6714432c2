"""A run of the cluster analysis, and its clusters as rows: the job writes them set-wise."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import FetchedValue

from app.clusters.rules import Settings, Source, State
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
    seed: Mapped[int | None] = mapped_column(BigInteger)
    code_version: Mapped[str]
    data_window: Mapped[Range[date]] = mapped_column(DATERANGE)
    snapshot_hash: Mapped[str | None]
    coverage: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    largest_share: Mapped[Decimal | None]
    n_events: Mapped[int | None]
    n_clusters: Mapped[int | None]
    n_cross_borough: Mapped[int | None]
    n_cbc: Mapped[int | None]
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

    def settings(self) -> Settings:
        """What it was asked for, as it was then."""
        return Settings(
            source=Source(self.source),
            eps_m=self.params["eps_m"],
            eps_days=self.params["eps_days"],
            min_points=self.params["min_points"],
            replicates=self.params["replicates"],
            first_on=self.first_on,
            last_on=self.last_on,
            asked_dates=self.series != self.params_hash,
            partners=tuple(self.params["partners"]),
            seed=self.seed,
        )


class Row(NamedTuple):
    """A cluster with its run and its lineage. `bbox` in EPSG:27700, `hull` as GeoJSON."""

    content_id: str
    lineage: str
    lineage_since: date
    name: str
    source: str
    run_id: UUID
    n: int
    n_core: int
    n_places: int
    first_on: date
    last_on: date
    boroughs: dict[str, int]
    cross_borough: bool
    r1_span: bool
    r2_straddle: bool
    r3_flow: bool | None
    r4_link: bool | None
    cbc: bool | None
    reportable: bool
    active: bool
    why_not: str | None
    p_emerging: float | None
    p_persistent: float | None
    stability: int | None
    state: str
    rank_weight: float | None
    evidence: dict[str, Any]
    bbox: list[float]
    hull: str
    id: UUID
    lineage_id: UUID
    lead_agency: str | None
    watch_until: date | None
    place_ref: str | None


def bound(day: date | None) -> date:
    """Windows always have both ends."""
    if day is None:
        raise ValueError("a window without an end")
    return day


class ClusterDecision(Model):
    """What a lead decided about a lineage; kept when it is taken back."""

    __tablename__ = "cluster_decision"
    __table_args__ = ({"schema": "app"},)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    lineage_id: Mapped[UUID]
    number: Mapped[int]
    kind: Mapped[str]
    content_id: Mapped[str]
    run_id: Mapped[UUID]
    reason: Mapped[str | None]
    name: Mapped[str | None]
    lead_agency: Mapped[str | None]
    watch_until: Mapped[date | None]
    place_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_by: Mapped[UUID]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
