"""Ask for a run, and carry it out: read, compute without a transaction, store all or nothing."""

from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.clusters import names, partnership, police, queries, results, rules, squares, weighing
from app.clusters.models import ClusterRun
from app.clusters.results import Finished, Found
from app.clusters.rules import Settings, Source, State
from app.clusters.schemas import RunIn
from app.clusters.study import Study, epoch_day
from app.clusters.weighing import Weighed
from app.core import clock
from app.core.actor import Actor, job_actor
from app.core.bulk import Cursor
from app.core.db import Database
from app.core.errors import PASSING, InvalidError
from app.core.ids import new_id
from app.core.jobs import enqueue
from app.reference import queries as reference
from geo import crossborough
from geo.boundaries import Lads
from geo.crossborough import HotSpot, Level1, Memory, labelled_again
from geo.errors import GeoInputError

TASK = "clusters:recompute"
JOB = job_actor(TASK)
SERIES = 4  # of which a worker remembers what it found

Progress = Callable[[int, int, str], None]
Computed = tuple[Level1, Sequence[Weighed]]


def ask(session: Session, actor: Actor, wanted: RunIn, partners: Sequence[str]) -> list[ClusterRun]:
    """One run for each source; `all` leaves police out where none is loaded."""
    loaded = queries.loaded_window(session)
    if wanted.source == "police" and loaded is None:
        raise InvalidError(rules.NO_POLICE_DATA, {"source": rules.NO_POLICE_DATA})
    sources = list(Source) if wanted.source == "all" else [Source(wanted.source)]
    runs = [
        _run(actor, wanted.settings(source, loaded, tuple(partners), clock.today()))
        for source in sources
        if source is not Source.POLICE or loaded is not None
    ]
    session.add_all(runs)
    session.flush()
    for run in runs:
        audit.record(session, "cluster.run", "cluster_run", str(run.id), source=run.source)
    return runs


def ask_in_background(
    session: Session, actor: Actor, wanted: RunIn, partners: Sequence[str]
) -> list[ClusterRun]:
    """The same, left to the worker. One at a time: they share lineages."""
    runs = ask(session, actor, wanted, partners)
    for run in runs:
        enqueue(session, TASK, lock="clusters", run_id=str(run.id))
    return runs


def recompute(
    db: Database,
    run_id: UUID,
    progress: Progress | None = None,
    known: dict[str, Memory] | None = None,
) -> None:
    """Carry a run out. A second call does nothing; one cut short starts again.

    `known` holds the clusters of the last runs by their settings: only what changed since is
    searched again.
    """
    tell = progress or (lambda _done, _total, _words: None)
    settings = _begun(db, run_id)
    if settings is None:
        return
    try:
        tell(0, 4, "Reading incidents")
        study, lads = read(db, settings)
        tell(1, 4, f"Clustering {study.coverage['events']} incidents")
        level1 = _computed(study, lads, settings, known)
        tell(2, 4, f"Testing {len(level1.hot_spots)} clusters against chance")
        weighed = weighing.weigh(study, level1, settings, lads)
        tell(3, 4, f"Storing {len(level1.hot_spots)} clusters")
        _stored(db, run_id, settings, (study, lads), (level1, weighed))
    except PASSING:
        raise  # the queue tries again
    except GeoInputError as refused:
        _failed(db, run_id, str(refused))
    except Exception as error:
        _failed(db, run_id, f"The calculation stopped: {type(error).__name__}. Nothing was stored.")
        raise
    tell(4, 4, "Done")


def _run(actor: Actor, settings: Settings) -> ClusterRun:
    return ClusterRun(
        id=new_id(),
        source=settings.source,
        state=State.QUEUED,
        params=settings.stored(),
        params_hash=settings.hash(),
        series=settings.series(),
        seed=settings.seed,
        code_version=code_version(),
        data_window=Range(settings.first_on, settings.last_on, bounds="[]"),
        requested_by=actor.id,
        requested_at=clock.now(),
    )


def code_version() -> str:
    """Of this program and of the library whose arithmetic the numbers rest on."""
    try:
        own = version("contextmap")
    except PackageNotFoundError:
        own = "source"
    return f"contextmap {own}, numpy {np.__version__}"


def _begun(db: Database, run_id: UUID) -> Settings | None:
    """Settings of a run that still has to be done."""
    with db.begin(JOB) as session:
        run = queries.lock_run(session, run_id)
        if run.state in {State.DONE, State.FAILED}:
            return None
        run.state = State.RUNNING
        run.started_at = clock.now()
        return run.settings()


def read(db: Database, settings: Settings) -> tuple[Study, Lads]:
    """What a run works on, as the job's role sees it: both sides of every border."""
    with db.read(JOB) as session:
        lads = reference.lads(session)
    source = police if settings.source is Source.POLICE else partnership
    with db.cursor(JOB) as cursor:
        return source.read(cursor, settings, lads), lads


def _computed(
    study: Study, lads: Lads, settings: Settings, known: dict[str, Memory] | None
) -> Level1:
    labels, key = None, settings.hash()
    if known is not None and settings.eps_days is not None:
        before = known.pop(key, {})
        if len(known) >= SERIES:
            known.clear()
        again = labelled_again(study.events, settings.geo(), study.neighbours, before)
        known[key], labels = again.memory, again.labels
    return crossborough.run(
        study.events,
        lads,
        settings.geo(),
        snapshot_day=epoch_day(settings.last_on),
        neighbours=study.neighbours,
        partners=frozenset(settings.partners),
        labels=labels,
    )


def _stored(
    db: Database, run_id: UUID, settings: Settings, of: tuple[Study, Lads], computed: Computed
) -> None:
    (study, lads), level1 = of, computed[0]
    with db.cursor(JOB) as cursor:
        results.one_at_a_time(cursor)
        if results.overtaken(cursor, run_id):
            results.finish(cursor, run_id, {"state": State.FAILED, "failure": rules.OVERTAKEN})
            return
        found = _named(cursor, study, computed, settings)
        finished = Finished(
            run_id, settings.source, settings.series(), settings.last_on, study, found
        )
        results.store(cursor, finished)
        results.finish(cursor, run_id, _figures(study, level1, found))
        squares.store(cursor, run_id, study, lads, settings.partners)


def _figures(study: Study, level1: Level1, found: Sequence[Found]) -> dict[str, Any]:
    coverage = study.coverage | {"warning": rules.percolation(level1.largest_share)}
    return {
        "state": State.DONE,
        "snapshot_hash": study.snapshot_hash,
        "coverage": orjson.dumps(coverage).decode(),
        "largest_share": round(level1.largest_share, 4),
        "n_events": study.coverage["events"],
        "n_clusters": len(found),
        "n_cross_borough": sum(each.spot.cross_borough for each in found),
        "n_cbc": sum(bool(each.weighed.cbc) for each in found),
    }


def _named(cursor: Cursor, study: Study, computed: Computed, settings: Settings) -> list[Found]:
    """Ids from the core, names from what is near its heaviest site."""
    spots = computed[0].hot_spots
    anchors = np.array([_anchor(spot, study) for spot in spots], dtype=np.int64)
    called = names.near(cursor, settings.source, study, anchors)
    found = [
        Found(
            new_id(),
            content,
            name,
            spot,
            weighed,
            frozenset(study.site_ids(spot.members)),
        )
        for spot, name, weighed, content in zip(
            spots,
            called,
            computed[1],
            weighing.content_ids(study, spots, settings),
            strict=True,
        )
    ]
    return sorted(found, key=lambda each: (-each.spot.n, each.content_id))


def _anchor(spot: HotSpot, study: Study) -> int:
    """The row at the core with the most incidents; ties by the order of sites."""
    rows = spot.members[spot.core]
    weight, order = study.events.weight[rows], study.events.order[rows]
    return int(rows[np.lexsort((order, -weight))[0]])


def _failed(db: Database, run_id: UUID, words: str) -> None:
    with db.cursor(JOB) as cursor:
        results.finish(cursor, run_id, {"state": State.FAILED, "failure": words})
