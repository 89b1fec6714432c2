"""Published police events out of PostGIS: read, nothing else, as the job of clusters sees them."""

import hashlib
from collections.abc import Sequence
from datetime import date

from app.audit import service as audit
from app.clusters import police, queries
from app.clusters.rules import Settings, Source
from app.clusters.service import JOB
from app.core.db import Database
from app.core.errors import InvalidError
from app.reference import queries as reference
from app.scale.given import Given
from app.scale.rules import WHOLE, Asked

Period = tuple[date | None, date | None]
NO_EVENTS = "No police incidents are loaded. Import police street files first."
NOWHERE = "none"  # of an event that lies in no district that is loaded


def read(db: Database, asked: Asked, period: Period, partners: Sequence[str]) -> Given:
    """All of a period; ids of clusters are those of `clusters run --source police`.

    Asking leaves a trace; the reading itself happens in a transaction that cannot write.
    """
    with db.begin(JOB) as session:
        loaded = queries.loaded_window(session)
        if loaded is None:
            raise InvalidError(NO_EVENTS)
        lads = reference.lads(session)
        audit.record(session, "scale.run", "scale", None, source=str(Source.POLICE))
    settings = Settings(
        source=Source.POLICE,
        eps_m=float(asked.eps_m),
        eps_days=asked.eps_days,
        min_points=asked.min_points,
        replicates=asked.replicates,
        first_on=period[0] or loaded[0],
        last_on=period[1] or loaded[1],
        asked_dates=any(period),
        partners=tuple(partners),
        seed=asked.seed,
    )
    with db.cursor(JOB, keep=False) as cursor:
        cursor.execute("set transaction read only")
        study = police.read(cursor, settings, lads)
    events = study.events
    areas: tuple[str, ...] = (WHOLE,)
    area, named = events.lad * 0, study.snapshot_hash
    if asked.each:
        areas, area = (NOWHERE, *lads.codes), events.lad + 1
        named = hashlib.sha256(named.encode() + area.tobytes() + repr(areas).encode()).hexdigest()
    last_day = events.day if events.last_day is None else events.last_day
    return Given(
        events.site, events.xy_m, events.day, last_day, events.weight, area, areas, study.tokens,
        named, settings.hash(), study.coverage,
    )  # fmt: skip
