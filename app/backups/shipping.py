"""What the worker does for backups beside its queue: changes each two seconds, a copy each day."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from app.backups import queries, service, wal
from app.core import clock, log
from app.core.db import Database
from app.core.settings import Settings

EVERY_S = 2
NOTED_EVERY = timedelta(minutes=1)  # noting is a change itself, to be shipped again
AGAIN = timedelta(minutes=10)
NOT_HANDED_OVER = "PostgreSQL cannot hand its changes over: look at the disk of the data folder."


class Shipper:
    """Ships changes, and each day a copy of the whole, beside each other: a copy takes minutes.

    A turn that fails is told and tried again, whatever it failed with.
    """

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings
        self.note_due = self.base_due = clock.now()

    async def run(self) -> None:
        """Until cancelled; nothing to do where no archive is set."""
        if wal.is_wanted(self.settings):
            await asyncio.gather(_again_and_again(self.ship), _again_and_again(self.copy))

    def ship(self) -> None:
        began = clock.now()
        try:
            wal.ship(self.settings)
            if clock.now() >= self.note_due:
                with self.db.begin(service.JOB) as session:
                    problem = None if queries.hands_over(session) else NOT_HANDED_OVER
                    queries.note(session, "wal", began, problem=problem)
                self.note_due = clock.now() + NOTED_EVERY
        except Exception as error:
            self._failed("wal", began, error)

    def copy(self) -> None:
        began = clock.now()
        if began < self.base_due or not wal.is_base_due(self.settings, began):
            return
        try:
            made = wal.base(self.settings)
            with self.db.begin(service.JOB) as session:
                queries.note(session, "base", began, size_bytes=made.stat().st_size)
            wal.prune(made.parent, clock.now())
        except Exception as error:
            self.base_due = began + AGAIN
            self._failed("base", began, error)

    def _failed(self, kind: str, began: datetime, error: Exception) -> None:
        log.error(f"backup.{kind}", error=error)
        if kind == "wal" and clock.now() < self.note_due:
            return
        self.note_due = clock.now() + NOTED_EVERY
        try:
            with self.db.begin(service.JOB) as session:
                queries.note(session, kind, began, problem=service.words_of(error))
        except Exception as away:
            log.error("backup.unnoted", error=away)


async def _again_and_again(turn: Callable[[], None]) -> None:
    while True:
        await asyncio.shield(asyncio.to_thread(turn))
        await asyncio.sleep(EVERY_S)
