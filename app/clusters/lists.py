"""Lists of clusters: filters of the address, pages of rows, what is new and what is gone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from pydantic import Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.types import StrictModel

PAGE_SIZE = 25
GONE = 50
BASE = (Path(__file__).parent / "listed.sql").read_text()
ROWS = text(
    BASE
    + """
    select content_id, lineage, name, source, run_id, n, borough_counts as boroughs, first_on,
           last_on, reportable, active, why_not, p_emerging, state, watch_until, lead_agency,
           cross_borough, significance, n_before, change
    from wanted
    where not may_be_chance or cast(:show as text) <> 'sure'
    order by may_be_chance, significance = 'not tested', rank_weight desc nulls last, n desc,
             content_id, run_id
    limit :page_size offset :first
    """
)
COUNTS = text(
    BASE
    + """
    select count(*) filter (where not may_be_chance or cast(:show as text) <> 'sure') as shown,
           count(*) filter (where may_be_chance) as chance
    from wanted
    """
)
GONE_SINCE = text("""
    with run as (
        select run.id, before.id as before_id, before.finished_at
        from app.cluster_run as run
        cross join lateral (
            select id, finished_at from app.cluster_run as earlier
            where earlier.series = run.series and earlier.state = 'DONE'
              and (earlier.finished_at, earlier.id) < (run.finished_at, run.id)
            order by earlier.finished_at desc, earlier.id desc limit 1
        ) as before
        where run.id = any (cast(:runs as uuid[]))
    )
    select rtrim(was.content_id::text) as content_id, lineage.ref as lineage, was.name,
           was.first_on, was.last_on, run.finished_at, joined.ref as into
    from run
    join app.cluster as was on was.run_id = run.before_id
    join app.cluster_lineage as lineage on lineage.id = was.lineage_id
    left join app.cluster_lineage as joined on joined.id = lineage.merged_into_id
    where was.reportable and not exists (
        select from app.cluster as now_is
        where now_is.run_id = run.id and now_is.lineage_id = was.lineage_id)
    order by was.n_incidents desc, was.content_id limit :most
""")


class Filters(StrictModel):
    """Of the address; what is left out asks for everything, and for nothing that may be chance."""

    show: Literal["sure", "chance", "all"] = "sure"
    run: Annotated[UUID | None, Field(strict=False)] = None
    source: Literal["partnership", "police"] | None = None
    borough: str | None = None
    change: Literal["new", "changed", "same", "moved"] | None = None
    decided: Literal["CANDIDATE", "REVIEWED", "ADOPTED", "WATCH", "DISMISSED"] | None = None

    since: Literal["visit"] | None = None

    def given(self) -> bool:
        return bool(self.source or self.borough or self.change or self.decided or self.since)


class Listed(NamedTuple):
    """A row of the list. `n` is of the reader's side where only that may be told."""

    content_id: str
    lineage: str
    name: str
    source: str
    run_id: UUID
    n: int
    boroughs: Mapping[str, int]
    first_on: date
    last_on: date
    reportable: bool
    active: bool
    why_not: str | None
    p_emerging: float | None
    state: str
    watch_until: date | None
    lead_agency: str | None
    cross_borough: bool
    significance: str
    n_before: int | None
    change: str | None


class Gone(NamedTuple):
    """A pattern of the run before that this run did not find."""

    content_id: str
    lineage: str
    name: str
    first_on: date
    last_on: date
    run_before: Any
    into: str | None


class Counts(NamedTuple):
    """How many the filters leave, and how many of all may be chance."""

    shown: int
    chance: int


def rows(
    session: Session,
    runs: Sequence[UUID],
    filters: Filters,
    own: Sequence[str] | None,
    number: int = 1,
    since: datetime | None = None,
) -> tuple[list[Listed], Counts]:
    """One page, the surest and heaviest first. Changes are since the run before, or `since`."""
    given = _given(runs, filters, own, since)
    counts = Counts._make(session.execute(COUNTS, given).one())
    page = {"page_size": PAGE_SIZE, "first": (number - 1) * PAGE_SIZE}
    return [Listed._make(row) for row in session.execute(ROWS, given | page)], counts


def moved(session: Session, runs: Sequence[UUID], since: datetime) -> int:
    """How many are new or changed since a moment, in a list that tells exact numbers."""
    given = _given(runs, Filters(since="visit"), None, since)
    return Counts._make(session.execute(COUNTS, given).one()).shown


def gone(session: Session, runs: Sequence[UUID]) -> list[Gone]:
    """Reported patterns that the runs before found and these did not."""
    found = session.execute(GONE_SINCE, {"runs": list(runs), "most": GONE})
    return [Gone._make(row) for row in found]


def _given(
    runs: Sequence[UUID], filters: Filters, own: Sequence[str] | None, since: datetime | None
) -> dict[str, Any]:
    return {
        "since": since if filters.since else None,
        "runs": list(runs),
        "own": None if own is None else list(own),
        "show": filters.show,
        "borough": filters.borough,
        "change": filters.change or ("moved" if filters.since else None),
        "decided": filters.decided,
    }
