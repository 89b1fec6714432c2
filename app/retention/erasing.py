"""Erasing what an auditor has approved: rows, keys, and a list for the day of a restore.

One transaction a child, meeting, work of a place, or batch of other records, so that a run that
was broken off goes on where it stopped, and one that fails keeps no other from going. One process
at a time.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock, disk, log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import BusyError, InvalidError
from app.core.settings import Settings
from app.retention import queries, removing, replaying, rules, service
from app.retention.erased_list import ErasedList
from app.retention.models import Run
from app.retention.replaying import Part, Replayed, batches
from app.retention.rules import State
from app.vault.jobs import shred
from app.vault.keys import Vault

JOB = job_actor("retention:erase")
SWEEP = job_actor("retention:sweep")
ERASING = "retention:erasing"
WAIT_S = 60.0


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
    """Erase every run that was approved; how many rows of each kind that were.

    Nothing while another process erases, or while nobody could ask for a hold.
    """
    if disk.room(settings.data_dir).free < settings.read_only_mb * disk.MB:
        log.info("erasure.waits")
        return Counter()
    with db.alone(JOB.db_role, ERASING) as alone:
        return _approved(db, settings) if alone else Counter()


def replay(db: Database, settings: Settings) -> int:
    """For a restore: how many records were erased again. All of them, or it is refused."""
    done = again(db, settings)
    if done.list_is_lost:
        raise InvalidError(rules.LOST.format(path=settings.erased_list))
    refuse_stayed(done)
    return done.erased


def at_start(db: Database, settings: Settings) -> list[str]:
    """Before anybody is served: the same, and what to tell whoever starts the service.

    A list that is lost stops nobody's work, since most starts follow no restore.
    """
    done = again(db, settings)
    refuse_stayed(done)
    return told(done, settings)


def told(done: Replayed, settings: Settings) -> list[str]:
    """What somebody has to look after."""
    lost = [rules.LOST.format(path=settings.erased_list)] if done.list_is_lost else []
    held = [rules.HELD.format(n=done.held)] if done.held else []
    unsure = [rules.UNSURE.format(n=done.unsure)] if done.unsure else []
    return lost + held + unsure


def again(db: Database, settings: Settings) -> Replayed:
    """Erase again what had been erased, in a database that was restored from before."""
    with _only(db):
        try:
            listed = ErasedList(settings.erased_list)
        except OSError as error:
            log.error("erasure.list", error=error)
            return Replayed(list_is_lost=True)
        done = replaying.replay(db, listed)
        if done.erased:
            shred(db, Vault.of(settings))
    return done


def refuse_stayed(done: Replayed) -> None:
    """Nobody is served what had been erased."""
    if done.failed:
        raise InvalidError(rules.STAYED.format(n=done.failed))


@contextmanager
def _only(db: Database) -> Iterator[None]:
    with db.alone(JOB.db_role, ERASING, wait_s=WAIT_S) as alone:
        if not alone:
            raise BusyError(rules.UNDER_WAY)
        yield


@dataclass
class Turn:
    """One try at a run: each part on its own; what fails is counted, told, and tried again."""

    db: Database
    run: Run
    listed: ErasedList
    done: Counter[str] = field(default_factory=Counter)
    failed: int = 0

    def take(self, parts: Iterable[Part]) -> None:
        for part in parts:
            try:
                self.done += self._taken(part)
            except Exception as error:
                log.error("erasure.failed", ref=self.run.ref, error=error)
                self.failed += 1

    def _taken(self, part: Part) -> Counter[str]:
        """Listed as begun before it is committed, and as erased after: never what was not."""
        with self.db.begin(JOB) as session:
            gone = part(session)
            self.listed.begin(gone.marks)
        self.listed.end(gone.marks)
        return gone.counts


def _approved(db: Database, settings: Settings) -> Counter[str]:
    with db.read(JOB) as session:
        waiting = [run.id for run in queries.runs(session, State.APPROVED)]
    done: Counter[str] = Counter()
    if not waiting:
        return done
    listed = ErasedList(settings.erased_list)
    _look_up(db, listed)
    for run_id in waiting:
        done += _erase(db, listed, run_id)
    shred(db, Vault.of(settings))
    with db.begin(JOB) as session:
        service.count(session, clock.today())
    return done


def _look_up(db: Database, listed: ErasedList) -> None:
    """What a process began that ended before it could say more: there still, or erased."""
    if not listed.begun:
        return
    with db.read(JOB) as session:
        there = {rules.mark(key) for key in queries.every_child(session)}
        for one in queries.every_record(session):
            there |= rules.marks_of(one.kind, one.key, one.since)
    still, gone = listed.begun & there, listed.begun - there
    listed.keep(still)
    listed.end(gone)


def _erase(db: Database, listed: ErasedList, run_id: UUID) -> Counter[str]:
    """Kind by kind, since a place is free only when what happened there is gone."""
    with db.read(JOB) as session:
        run = queries.run_by_id(session, run_id)
        due = queries.children(session, run) if run is not None else []
    if run is None:
        return Counter()
    turn = Turn(db, run, listed)
    turn.take([partial(removing.links, run_id=run_id)])
    turn.take(partial(removing.child, child_id=child_id, run_id=run_id) for child_id in due)
    for kind in filter(run.counts.get, (*rules.WORK, *rules.BATCHED)):
        with db.read(JOB) as session:
            found = queries.records(session, run_id, kind)
        turn.take(partial(removing.records, some=some, run_id=run_id) for some in batches(found))
    if run.counts.get("audit"):
        turn.take([partial(removing.events, run_id=run_id)])
    with db.begin(JOB) as session:
        _settle(session, run_id, turn.failed)
    return turn.done


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
