"""Runs and clusters on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from app.clusters import rules, telling
from app.clusters.evidence import Evidence
from app.clusters.models import ClusterRun, Row
from app.clusters.rules import Settings, Source
from app.core.types import Day, StrictModel


def _between(low: float, high: float, words: str) -> AfterValidator:
    """Bounds in the words of the form; the database never sees a number outside them."""

    def check(value: float | None) -> float | None:
        if value is not None and not low <= value <= high:
            raise ValueError(words)
        return value

    return AfterValidator(check)


def _no_limit(value: object) -> object:
    return None if value == "none" or value == "" else value  # noqa: PLR1714 - no hash


EpsM = Annotated[float, _between(50, 2000, "Enter a distance from 50 to 2,000 metres.")]
EpsDays = Annotated[
    int | None,
    _between(1, 365, "Enter 1 to 365 days, or none for any time."),
    BeforeValidator(_no_limit),
]
MinPoints = Annotated[int, _between(3, 50, "Enter a minimum of 3 to 50 incidents.")]
Replicates = Annotated[int, AfterValidator(rules.replicates)]
Seed = Annotated[int, _between(0, 2**63 - 1, "Enter a seed of 0 or more.")]


class RunIn(StrictModel):
    """What a run is asked for. `from` and `to` are both included."""

    source: Literal["police", "partnership", "all"] = "all"
    first_on: Annotated[Day | None, Field(alias="from")] = None
    last_on: Annotated[Day | None, Field(alias="to")] = None
    eps_m: EpsM = 250.0
    eps_days: EpsDays = 28
    min_points: MinPoints = 5
    replicates: Replicates = 999
    seed: Seed | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_on and self.last_on and self.first_on > self.last_on:
            raise ValueError("The end is before the start.")
        return self

    def settings(
        self,
        source: Source,
        loaded: tuple[date, date] | None,
        partners: tuple[str, ...],
        today: date,
    ) -> Settings:
        first_on, last_on = rules.window(
            source, self.first_on, self.last_on, today=today, loaded=loaded
        )
        return Settings(
            source=source,
            eps_m=self.eps_m,
            eps_days=self.eps_days,
            min_points=self.min_points,
            replicates=self.replicates,
            first_on=first_on,
            last_on=max(first_on, last_on),
            asked_dates=self.first_on is not None or self.last_on is not None,
            partners=partners,
            seed=self.seed,
        )


class RunOut(BaseModel):
    """State of a run. `warning` and `failure` are sentences."""

    id: UUID
    source: str
    state: str
    params: dict[str, Any]
    params_hash: str
    seed: int | None
    code_version: str
    first_on: date = Field(serialization_alias="from")
    last_on: date = Field(serialization_alias="to")
    snapshot_hash: str | None
    coverage: dict[str, Any] | None
    largest_share: float | None
    n_events: int | None
    n_clusters: int | None
    n_cross_borough: int | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    warning: str | None
    failure: str | None
    window: str
    href: str

    @classmethod
    def of(cls, run: ClusterRun) -> Self:
        own = {name: getattr(run, name) for name in AS_STORED}
        return cls(
            **own,
            largest_share=None if run.largest_share is None else float(run.largest_share),
            warning=(run.coverage or {}).get("warning"),
            window=rules.period_in_words(run.first_on, run.last_on),
            href=f"/api/v1/clusters/runs/{run.id}",
        )


AS_STORED = (
    "id", "source", "state", "params", "params_hash", "seed", "code_version", "first_on",
    "last_on", "snapshot_hash", "coverage", "n_events", "n_clusters", "n_cross_borough",
    "requested_at", "started_at", "finished_at", "failure",
)  # fmt: skip


class RunsOut(BaseModel):
    """Runs that were started: one, or one for each source."""

    runs: Sequence[RunOut]


class ClusterOut(BaseModel):
    """A cluster for analysts and leads, as `clusters run --json` prints it too.

    `bbox` is EPSG:27700. The p values and `cbc` are null: not yet tested for chance.
    """

    id: str
    lineage: str
    name: str
    source: str
    run: UUID
    n: int
    n_core: int
    places: int
    boroughs: dict[str, int]
    cross_borough: bool
    r1_span: bool
    r2_straddle: bool
    r3_flow: bool | None
    r4_link: bool | None
    cbc: bool | None
    reportable: bool
    active: bool
    reason: str
    reasons: Sequence[str]
    why_not: str | None
    p_emerging: float | None
    p_persistent: float | None
    significance: str
    stability: int | None
    first_on: date = Field(serialization_alias="from")
    last_on: date = Field(serialization_alias="to")
    bbox: Sequence[float]
    state: str
    lead_agency: str | None
    watch_until: date | None
    place: str | None
    evidence: dict[str, Any]

    @classmethod
    def of(cls, row: Row, params: Mapping[str, Any]) -> Self:
        own = {name: getattr(row, name) for name in IN_ROW}
        reasons = rules.reasons(
            r1_span=row.r1_span, r2_straddle=row.r2_straddle, why_not=row.why_not, params=params
        )
        return cls(
            **own,
            id=row.content_id,
            run=row.run_id,
            places=row.n_places,
            place=row.place_ref,
            reason=reasons[-1],
            reasons=reasons,
            significance=_how_sure(row, exact=True),
        )


IN_ROW = (
    "lineage", "name", "source", "n", "n_core", "boroughs", "cross_borough", "r1_span",
    "r2_straddle", "r3_flow", "r4_link", "cbc", "reportable", "active", "why_not", "p_emerging",
    "p_persistent", "stability", "first_on", "last_on", "bbox", "state", "lead_agency",
    "watch_until", "evidence",
)  # fmt: skip


class OwnSideOut(BaseModel):
    """A cluster for a practitioner: the own boroughs, of the rest only that there is one."""

    id: str
    lineage: str
    name: str
    source: str
    run: UUID
    boroughs: dict[str, int]
    also_across_the_boundary: bool
    significance: str
    state: str
    lead_agency: str | None
    watch_until: date | None
    first_on: date = Field(serialization_alias="from")
    last_on: date = Field(serialization_alias="to")

    @classmethod
    def of(cls, row: Row, boroughs: Sequence[str]) -> Self:
        own = rules.own_side(row.boroughs, boroughs)
        return cls(
            id=row.content_id,
            lineage=row.lineage,
            name=row.name,
            source=row.source,
            run=row.run_id,
            boroughs=own,
            also_across_the_boundary=len(own) < len(row.boroughs),
            state=row.state,
            lead_agency=row.lead_agency,
            watch_until=row.watch_until,
            significance=_how_sure(row, exact=False),
            first_on=row.first_on,
            last_on=row.last_on,
        )


def _how_sure(row: Row, *, exact: bool) -> str:
    """In the sentences of the page."""
    return " ".join(telling.verdict(row, Evidence.of(row.evidence), exact=exact).sentences)
