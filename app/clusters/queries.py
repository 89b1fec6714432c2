"""Reads of runs and clusters. Row-level security has already limited them to what is visible."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.clusters.models import ClusterRun, Row
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.places.schemas import Box

CLUSTERS = text((Path(__file__).parent / "clusters.sql").read_text())


class Asked(NamedTuple):
    """Which clusters; None asks for all. Days are London's, both included."""

    runs: Sequence[UUID] | None = None
    content_id: str | None = None
    lineage: str | None = None
    box: Box | None = None
    since: date | None = None
    until: date | None = None
    patterns_only: bool = False


def clusters(session: Session, asked: Asked, *, limit: int) -> list[Row]:
    """The largest of the asked runs first; of any run, the newest first."""
    box = asked.box or (None, None, None, None)
    given: dict[str, Any] = dict(zip(("west", "south", "east", "north"), box, strict=True))
    given |= asked._asdict() | {"limit": limit}
    given["runs"] = None if asked.runs is None else list(asked.runs)
    del given["box"]
    return [Row._make(row) for row in session.execute(CLUSTERS, given)]


def find(session: Session, key: str) -> Row:
    """By content id, or by the reference of its lineage: as of the newest run that has it."""
    lineage = read_reference(key, "CL")
    asked = Asked(lineage=lineage) if lineage else Asked(content_id=key.lower())
    found = clusters(session, asked, limit=1)
    if not found:
        raise NotFoundError("There is no such cluster.")
    return found[0]


def newest_runs(session: Session, source: str | None = None) -> list[UUID]:
    """The last finished run of each source."""
    return list(
        session.scalars(
            text("""
                select distinct on (source) id from app.cluster_run
                where state = 'DONE' and source = coalesce(cast(:source as text), source)
                order by source, finished_at desc, id
            """),
            {"source": source},
        )
    )


def standing_runs(session: Session, source: str | None = None) -> list[UUID]:
    """The same for the list that everybody reads: an experiment does not take its place.

    Runs without chosen dates and with the usual settings come first, the newest of them.
    """
    return list(
        session.scalars(
            text("""
                select distinct on (source) id from app.cluster_run
                where state = 'DONE' and source = coalesce(cast(:source as text), source)
                order by source, series <> params_hash,
                         (params->>'eps_m')::float8 is distinct from 250
                         or (params->>'eps_days')::int is distinct from 28
                         or (params->>'min_points')::int is distinct from 5,
                         finished_at desc, id
            """),
            {"source": source},
        )
    )


def runs(session: Session, limit: int = 20) -> list[ClusterRun]:
    """Newest first."""
    newest = select(ClusterRun).order_by(ClusterRun.requested_at.desc(), ClusterRun.id)
    return list(session.scalars(newest.limit(limit)))


def find_run(session: Session, run_id: UUID) -> ClusterRun:
    return _one(session.get(ClusterRun, run_id))


def lock_run(session: Session, run_id: UUID) -> ClusterRun:
    """Two workers with one run: the second waits here and then finds it done."""
    return _one(session.scalar(select(ClusterRun).where(ClusterRun.id == run_id).with_for_update()))


def _one(run: ClusterRun | None) -> ClusterRun:
    if run is None:
        raise NotFoundError("There is no such run.")
    return run


def borough_names(session: Session) -> Mapping[str, str]:
    """Name of each borough or district by GSS code."""
    found = session.execute(
        text("""
            select distinct on (code) code, name from reference.area
            where kind in ('borough', 'district') order by code, vintage desc, id desc
        """)
    )
    return {row.code: row.name for row in found}


def loaded_window(session: Session) -> tuple[date, date] | None:
    """First and last day of the months of which police events are loaded; None without any."""
    row = session.execute(
        text("""
            select (date '2000-01-01' + make_interval(months => first))::date,
                   (date '2000-01-01' + make_interval(months => last + 1))::date - 1
            from (select min(months[1]) >> 16 as first,
                         max(months[cardinality(months)]) >> 16 as last
                  from reference.place_point where n_events > 0) as loaded
            where first is not null
        """)
    ).one_or_none()
    return None if row is None else (row[0], row[1])
