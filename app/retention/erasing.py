"""Erasing what an auditor has approved: rows, keys, and a list for the day of a restore.

One transaction a child, so that a run that was broken off goes on where it stopped.
"""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.settings import Settings
from app.retention import queries, rules, service
from app.retention.models import Run
from app.retention.rules import State
from app.vault.jobs import shred
from app.vault.keys import Vault

JOB = job_actor("retention:erase")
AGAIN = job_actor("retention:replay")
ON_HOLD = text("select app.on_hold(:child)")
ERASE_CHILD = text("select app.erase_child(:child, :run)")
ERASE_LINKS = text("select app.erase_links(:run)")


def look(db: Database, as_of: date) -> dict[str, int]:
    """What is due, kept nowhere."""
    with db.read(JOB) as session:
        return service.counted(queries.due(session, as_of))


def daily(db: Database, as_of: date) -> Run | None:
    with db.begin(JOB) as session:
        return service.plan(session, JOB, as_of)


def approved(db: Database, settings: Settings) -> Counter[str]:
    """Erase every run that was approved; how many rows of each kind that were."""
    with db.read(JOB) as session:
        waiting = [run.id for run in queries.runs(session, State.APPROVED)]
    done: Counter[str] = Counter()
    for run_id in waiting:
        done += _erase(db, settings, run_id)
    if waiting:
        shred(db, Vault.of(settings))
    return done


def replay(db: Database, settings: Settings) -> int:
    """Erase again what had been erased, in a database that was restored from before."""
    known = _listed(settings.erased_list)
    if not known:
        return 0
    with db.read(AGAIN) as session:
        back = [key for key in queries.every_child(session) if rules.mark(key) in known]
    for child_id in back:
        with db.begin(AGAIN) as session:
            session.execute(ERASE_CHILD, {"child": child_id, "run": None})
            audit.record(session, "erasure", "child", None, again=True)
    if back:
        shred(db, Vault.of(settings))
    return len(back)


def _erase(db: Database, settings: Settings, run_id: UUID) -> Counter[str]:
    done: Counter[str] = Counter()
    with db.begin(JOB) as session:
        done += _counts(session.scalar(ERASE_LINKS, {"run": run_id}))
        audit.record(session, "erasure", "child_place_link", None, rows=done.total())
    with db.read(JOB) as session:
        run = queries.run_by_id(session, run_id)
        due = queries.children(session, run) if run is not None else []
    for child_id in due:
        with _noting(settings.erased_list) as note, db.begin(JOB) as session:
            done += _erase_child(session, note, child_id, run_id)
    with db.begin(JOB) as session:
        run = queries.run_by_id(session, run_id)
        if run is not None:
            run.state, run.done_at, run.erased = State.DONE, clock.now(), dict(done)
            queries.forget(session, run)
    return done


def _erase_child(session: Session, note: Any, child_id: UUID, run_id: UUID) -> Counter[str]:  # noqa: ANN401 - a function
    """Listed first: a restore between the two erases what was approved in any case."""
    if session.scalar(ON_HOLD, {"child": child_id}):
        return Counter()
    note(rules.mark(child_id))
    erased = _counts(session.scalar(ERASE_CHILD, {"child": child_id, "run": run_id}))
    audit.record(session, "erasure", "child", None, rows=erased.total())
    return erased


def _counts(answer: Any) -> Counter[str]:  # noqa: ANN401 - JSON of the function
    return Counter({kind: n for kind, n in (answer or {}).items() if n})


@contextmanager
def _noting(path: Path) -> Iterator[Any]:
    """Lines that are on the disk when the call returns."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(line: str) -> None:
        os.write(handle, f"{line}\n".encode())
        os.fsync(handle)

    try:
        yield note
    finally:
        os.close(handle)


def _listed(path: Path) -> set[str]:
    return set(path.read_text().split()) if path.exists() else set()
