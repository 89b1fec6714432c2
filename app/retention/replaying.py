"""After a restore of an older database: what had been erased since is erased again.

What is held there stays, and is told; what fails keeps nothing else from going.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from app.core import log
from app.core.actor import job_actor
from app.core.db import Database
from app.retention import queries, removing, rules
from app.retention.erased_list import ErasedList
from app.retention.queries import Record
from app.retention.removing import Gone

Part = Callable[[Session], Gone]

JOB = job_actor("retention:replay")


@dataclass(slots=True)
class Replayed:
    """How many records were erased again, and why others of the list are there still.

    Held by a hold, or needed by something that was not erased. Failed: told in the log. Unsure:
    erasing them had begun, and nothing says that it ended; they are due as they were.
    """

    erased: int = 0
    held: int = 0
    failed: int = 0
    unsure: int = 0
    list_is_lost: bool = False


def replay(db: Database, listed: ErasedList) -> Replayed:
    done = Replayed()
    if not listed.done | listed.begun:
        with db.read(JOB) as session:
            done.list_is_lost = not listed.is_there and queries.has_erased(session)
        return done
    with db.read(JOB) as session:
        children = queries.every_child(session)
        records = queries.every_record(session)
    for child_id in children:
        mark = rules.mark(child_id)
        done.unsure += mark in listed.begun
        if mark in listed.done:
            _take(db, done, 1, partial(removing.child, child_id=child_id, run_id=None))
    known = listed.done | listed.begun
    # Each is named once: there may be a million.
    named = [(one, marks) for one in records if not known.isdisjoint(marks := _marks(one))]
    done.unsure += sum(not listed.begun.isdisjoint(marks) for _, marks in named)
    back = [one for one, marks in named if not listed.done.isdisjoint(marks)]
    for kind in (*rules.WORK, *rules.BATCHED):
        for some in batches([one for one in back if one.kind == kind]):
            _take_batch(db, done, some)
    return done


def batches(found: Sequence[Record]) -> list[list[Record]]:
    """Of one kind: as many as go in one transaction."""
    size = rules.BATCH if found and found[0].kind not in rules.WORK else 1
    return [list(found[begin : begin + size]) for begin in range(0, len(found), size)]


def _take_batch(db: Database, done: Replayed, some: list[Record]) -> None:
    """One that fails is taken apart: a single record keeps no other."""
    before = done.failed
    _take(db, done, len(some), partial(removing.records, some=some, run_id=None))
    if done.failed > before and len(some) > 1:
        done.failed = before
        for one in some:
            _take_batch(db, done, [one])


def _take(db: Database, done: Replayed, size: int, part: Part) -> None:
    try:
        with db.begin(JOB) as session:
            gone = len(part(session).marks)
    except Exception as error:
        log.error("erasure.failed", error=error)
        done.failed += size
    else:
        done.erased, done.held = done.erased + gone, done.held + size - gone


def _marks(one: Record) -> set[str]:
    return rules.marks_of(one.kind, one.key, one.since)
