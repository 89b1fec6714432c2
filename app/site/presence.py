"""What a web process looks at beside its requests: is a worker there, did the audit ever fail."""

import asyncio

from fastapi import FastAPI

from app.audit import service as audit
from app.core import log
from app.core.actor import job_actor
from app.core.db import Database
from app.core.errors import AuditFailedError, BusyError, ReadOnlyError
from app.site import figures, rooms

EVERY_S = 10
NOTE = job_actor("site:alerts")


async def look_around(app: FastAPI) -> None:
    """Until cancelled. Away means away twice: a worker that is started again is not missed."""
    missed = False
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            missed = await _look(app, missed=missed)
        except Exception as error:  # told, and the next look comes
            log.error("not-looked-around", error=error)


async def _look(app: FastAPI, *, missed: bool) -> bool:
    """Whether the worker is missed now."""
    db, settings = app.state.db, app.state.settings
    away = not await asyncio.to_thread(is_there, db)
    app.state.worker_is_away = away and missed
    app.state.database_room = await asyncio.to_thread(rooms.asked, db, settings)
    failures = app.state.audit_failures
    if failures and await asyncio.to_thread(note_failures, db, failures):
        app.state.audit_failures -= failures
    return away


def is_there(db: Database) -> bool:
    """A database without an answer says nothing of the worker."""
    try:
        with db.read(figures.LOOK) as session:
            return figures.workers(session).alive > 0
    except BusyError:
        return True


def note_failures(db: Database, failures: int) -> bool:
    """As soon as the audit can be written again, it says that it could not."""
    try:
        with db.begin(NOTE) as session:
            audit.record(session, "audit.failed", "alert", None, rows=failures)
    except (AuditFailedError, BusyError, ReadOnlyError):
        return False
    return True
