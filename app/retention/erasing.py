"""Erasing what an auditor has approved: rows, keys, and a list for the day of a restore.

One transaction a child, meeting, work of a place, or batch of other records, so that a run that
was broken off goes on where it stopped, and one that fails keeps no other from going.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock, log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.settings import Settings
from app.retention import queries, rules, service
from app.retention.models import Run
from app.retention.queries import Record
from app.retention.rules import State
from app.vault.jobs import shred
from app.vault.keys import Vault

Part = Callable[[Session], Counter[str]]

JOB = job_actor("retention:erase")
AGAIN = job_actor("retention:replay")
ON_HOLD = text("select app.on_hold(:child)")
ERASE_CHILD = text("select app.erase_child(:child, :run)")
ERASE_WORK = text("select app.erase_context_work(:kind, :key, :run)")
ERASE_LINKS = text("select app.erase_links(:run)")
ERASE_RECORDS = text("select app.erase_records(:kind, :keys, :run)")
ERASE_AUDIT = text("select app.erase_audit(:run)")
SWEEP = job_actor("retention:sweep")


def look(db: Database, as_of: date) -> dict[str, int]:
    """What is due, kept nowhere."""
    with db.read(JOB) as session:
        return service.look(session, as_of)[1]


def report(db: Database, as_of: date) -> list[rules.Line]:
    """The same by rule and regime, with what is held and when the next are due."""
    with db.read(JOB) as session:
        return queries.report(session, as_of)


def sweep(db: Database, at: datetime, *, really: bool = True) -> dict[str, int]:
    """What nobody need approve: sessions, invitations, finished work and the like."""
    if not really:
        with db.read(SWEEP) as session:
            return queries.swept(session, at, really=False)
    with db.begin(SWEEP) as session:
        gone = {rule: n for rule, n in queries.swept(session, at, really=True).items() if n}
        if gone:
            audit.record(session, "erasure", "swept", None, rows=sum(gone.values()), of=gone)
        return gone


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
    return len(back) + _records_again(db, known)


def _records_again(db: Database, known: set[str]) -> int:
    with db.read(AGAIN) as session:
        back = [one for one in queries.every_record(session) if _mark_of(one) in known]
    for kind in (*rules.WORK, *rules.BATCHED):
        these = [one for one in back if one.kind == kind]
        for some in _batches(these, 1 if kind in rules.WORK else rules.BATCH):
            with db.begin(AGAIN) as session:
                _gone(session, some, None)
                audit.record(session, "erasure", kind, None, rows=len(some), again=True)
    return len(back)


def _erase(db: Database, settings: Settings, run_id: UUID) -> Counter[str]:
    """Each part on its own: what fails is counted, told, and tried again with the next turn.

    Kind by kind, since a place is free only when what happened there is gone.
    """
    with db.read(JOB) as session:
        run = queries.run_by_id(session, run_id)
        due = queries.children(session, run) if run is not None else []
    if run is None:
        return Counter()
    done, failed = _done(
        db, run, [_links(run_id), *(_child(settings, child_id, run_id) for child_id in due)]
    )
    for kind in filter(run.counts.get, (*rules.WORK, *rules.BATCHED)):
        with db.read(JOB) as session:
            found = queries.records(session, run_id, kind)
        some = _batches(found, 1 if kind in rules.WORK else rules.BATCH)
        more, broken = _done(db, run, [_records(settings, part, run_id) for part in some])
        done, failed = done + more, failed + broken
    if run.counts.get("audit"):
        more, broken = _done(db, run, [partial(_audit, run_id)])
        done, failed = done + more, failed + broken
    with db.begin(JOB) as session:
        _settle(session, run_id, failed)
    return done


def _done(db: Database, run: Run, parts: Iterable[Part]) -> tuple[Counter[str], int]:
    done: Counter[str] = Counter()
    failed = 0
    for part in parts:
        try:
            with db.begin(JOB) as session:
                done += part(session)
        except Exception as error:
            log.error("erasure.failed", ref=run.ref, error=error)
            failed += 1
    return done, failed


def _batches(found: list[Record], size: int) -> list[list[Record]]:
    return [found[begin : begin + size] for begin in range(0, len(found), size)]


def _settle(session: Session, run_id: UUID, failed: int) -> None:
    """The run is done when nothing of it is left; what failed is told when the number changes."""
    run = queries.lock(session, run_id)
    run.erased = queries.erased(session, run)
    if failed != run.failed:
        outcome = "failed" if failed else "done"
        audit.record(
            session, "retention.erase", "retention_run", run.ref, outcome=outcome, rows=failed
        )
    run.failed = failed
    if not failed:
        run.state, run.done_at = State.DONE, clock.now()
        queries.forget(session, run)


def _links(run_id: UUID) -> Part:
    def erase(session: Session) -> Counter[str]:
        erased = _counts(session.scalar(ERASE_LINKS, {"run": run_id}))
        audit.record(session, "erasure", "child_place_link", None, rows=erased.total())
        return erased

    return erase


def _child(settings: Settings, child_id: UUID, run_id: UUID) -> Part:
    """Listed first: a restore between the two erases what was approved in any case."""

    def erase(session: Session) -> Counter[str]:
        if session.scalar(ON_HOLD, {"child": child_id}):
            return Counter()
        _note(settings.erased_list, rules.mark(child_id))
        erased = _counts(session.scalar(ERASE_CHILD, {"child": child_id, "run": run_id}))
        audit.record(session, "erasure", "child", None, rows=erased.total())
        return erased

    return erase


def _records(settings: Settings, some: list[Record], run_id: UUID) -> Part:
    """Listed first, like a child."""

    def erase(session: Session) -> Counter[str]:
        kind = some[0].kind
        if kind in rules.WORK and some[0] not in queries.record_of(session, some[0]):
            return Counter()
        _note(settings.erased_list, *map(_mark_of, some))
        erased = _gone(session, some, run_id)
        audit.record(session, "erasure", kind, None, rows=erased.total())
        return erased

    return erase


def _gone(session: Session, some: list[Record], run_id: UUID | None) -> Counter[str]:
    """Of one kind: work and meetings each at once, whatever hangs on them."""
    kind = some[0].kind
    if kind in rules.WORK:
        given = {"kind": kind, "key": some[0].key, "run": run_id}
        return _counts(session.scalar(ERASE_WORK, given))
    keys = [one.key for one in some]
    return _counts(session.scalar(ERASE_RECORDS, {"kind": kind, "keys": keys, "run": run_id}))


def _audit(run_id: UUID, session: Session) -> Counter[str]:
    return _counts(session.scalar(ERASE_AUDIT, {"run": run_id}))


def _mark_of(one: Record) -> str:
    return rules.mark_of(one.kind, one.key, one.since)


def _counts(answer: Any) -> Counter[str]:  # noqa: ANN401 - JSON of the function
    return Counter({kind: n for kind, n in (answer or {}).items() if n})


def _note(path: Path, *marks: str) -> None:
    """Lines that are on the disk when this returns; what is tried again has its own already."""
    known = _listed(path)
    new = [mark for mark in marks if mark not in known]
    if not new:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, "".join(f"{mark}\n" for mark in new).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _listed(path: Path) -> set[str]:
    return set(path.read_text().split()) if path.exists() else set()
