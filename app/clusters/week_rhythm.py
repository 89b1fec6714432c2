"""Hours of the week of what partners recorded in a window, and its share after dark; not stored."""

import hashlib
from datetime import date
from typing import Any

import numpy as np

from app.audit import service as audit
from app.clusters import rules
from app.clusters.rules import Settings, Source
from app.clusters.schemas import RunIn
from app.clusters.service import JOB, Progress
from app.clusters.study import epoch_day
from app.core import clock
from app.core.bulk import Array
from app.core.db import Database
from app.core.errors import InvalidError
from geo import rhythms
from geo.crs import to_wgs84
from geo.lineage import params_hash

NO_TIMES = "Published police data have months, not times of day. Choose partnership."

TIMES = b"""
    -- A home stands at its snap point; what is online has no place, so it is never after dark.
    select extract(epoch from occurred_from)::int8, extract(epoch from occurred_to)::int8,
           time_precision, ST_X(at.geom), ST_Y(at.geom)
    from app.incident
    left join app.place on place.id = incident.place_id
    left join app.place_exact as exact on exact.place_id = incident.place_id
    cross join lateral (
        select ST_Centroid(coalesce(incident.geom, place.geom, exact.snap_geom)) as geom
    ) as at
    where incident.state <> 'WITHDRAWN' and incident.deleted_at is null
      and ((occurred_from + (occurred_to - occurred_from) / 2) at time zone 'Europe/London')::date
          between %(first_on)s and %(last_on)s
    order by incident.id
"""

Figures = dict[str, Any]  # as JSON


def asked(db: Database, wanted: RunIn, partners: tuple[str, ...]) -> Settings:
    """Of partnership records alone: police data know no hours. Leaves a trace."""
    if wanted.source == "police":
        raise InvalidError(NO_TIMES, {"source": NO_TIMES})
    found = wanted.settings(Source.PARTNERSHIP, None, partners, clock.today())
    with db.begin(JOB) as session:
        audit.record(session, "rhythm.run", "rhythm", None, source=found.source)
    return found


def run(db: Database, settings: Settings, tell: Progress) -> Figures:
    """Counts of 168 hours, Monday first; peaks against an even week; the share after dark."""
    tell(0, 3, "Reading incidents")
    with db.cursor(JOB) as cursor:
        given = {"first_on": settings.first_on, "last_on": settings.last_on}
        found = cursor.execute(TIMES, given).fetchall()
    begin, end = (np.array([row[i] for row in found], dtype=np.int64) for i in (0, 1))
    precision = np.array([row[2] for row in found], dtype=str)
    xy_m = np.array([row[3:] for row in found], dtype=np.float64).reshape(-1, 2)
    key = _key(settings, begin, end, precision, xy_m)
    tell(1, 3, f"Comparing hours of {len(found)} incidents")
    hours = rhythms.rhythm(begin, end, precision=precision)
    week = rhythms.wheel(hours, key=key, replicates=max(settings.replicates, 1))
    tell(2, 3, "Comparing nights")
    dark = _after_dark(settings, begin, end, xy_m, precision, key)
    tell(3, 3, "Done")
    return {
        "source": str(settings.source),
        "from": settings.first_on.isoformat(),
        "to": settings.last_on.isoformat(),
        "replicates": settings.replicates,
        "incidents": len(found),
        "timed": len(found) - week.untimed,
        "untimed": week.untimed,
        "hours": week.counts.ravel().round(6).tolist(),
        "status": week.status,
        "reason": week.reason or None,
        "compared": week.compared,
        "peaks": list(week.peaks) if settings.replicates else [],  # nothing was drawn to say so
        "after_dark": dark,
    }


def in_words(figures: Figures) -> list[str]:
    """What a terminal shows."""
    period = rules.period_in_words(*map(date.fromisoformat, (figures["from"], figures["to"])))
    counted = f"{figures['timed']} incidents with a time of day, {figures['untimed']} without"
    lines = [f"{figures['source']}, {period}: {counted}."]
    if figures["reason"]:
        lines.append(figures["reason"])
    lines += [f"More than in an even week: {peak}." for peak in figures["peaks"]]
    dark = figures["after_dark"]
    if dark["n"]:
        lines.append(
            f"After dark: {dark['k']} of {dark['n']} "
            f"(95% range {dark['low']:.0%} to {dark['high']:.0%}); {dark['unknown']} not known."
        )
    return [*lines, *filter(None, [dark["words"]])]


def _after_dark(
    settings: Settings, begin: Array, end: Array, xy_m: Array, precision: Array, key: str
) -> Figures:
    lonlat = np.full_like(xy_m, np.nan)
    placed = np.isfinite(xy_m).all(axis=1)
    lonlat[placed] = to_wgs84(xy_m[placed])
    where = (begin, end, lonlat[:, 0], lonlat[:, 1])
    share = rhythms.dark_share(rhythms.after_dark(*where, precision=precision))
    figures: Figures = {
        "k": share.k,
        "n": share.n,
        "unknown": share.unknown,
        "low": round(share.low, 6),
        "high": round(share.high, 6),
        "expected": None,
        "p": None,
        "words": "",
    }
    if settings.replicates and share.n:
        window = (epoch_day(settings.first_on), epoch_day(settings.last_on) + 1)
        tested = rhythms.darker_than_hours(
            *where, window, key=key, precision=precision, replicates=settings.replicates
        )
        figures |= {"expected": round(tested.expected, 3), "p": tested.p, "words": tested.words}
    return figures


def _key(settings: Settings, *columns: Array) -> str:
    digest = hashlib.sha256()
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    asked_for = {"set": "rhythm-1", "from": str(settings.first_on), "to": str(settings.last_on)}
    seed = () if settings.seed is None else (str(settings.seed),)
    return "|".join((digest.hexdigest(), params_hash(asked_for), *seed))
