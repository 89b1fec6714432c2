"""What the worker does for the audit beside its queue: seal, anchor, verify."""

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta

from app.audit import seals, verification
from app.core import clock, log
from app.core.db import Database
from app.core.settings import Settings

EVERY_S = 2  # an event is sealed within five seconds, on a busy machine too
LATE_S = 60
ANCHOR_EVERY = timedelta(hours=1)
VERIFY_AT = time(2, 0)  # in London


class Keeper:
    """Seals every few seconds, anchors each hour and at both ends, verifies at two and when asked.

    Sealing and verifying go on beside each other: a verification takes seconds, a seal must not.
    A turn that fails is told and tried again, whatever it failed with: sealing must outlive it.
    """

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings
        self.anchor_due = clock.now()
        self.verify_due = next_verification(clock.now())

    async def run(self) -> None:
        """Until cancelled; a turn that has begun is finished."""
        await asyncio.gather(_again_and_again(self.turn), _again_and_again(self.check))

    def turn(self) -> None:
        try:
            self.seal()
            if clock.now() >= self.anchor_due:
                self.anchor()
        except Exception as error:
            log.error("audit.not-sealed", error=error)

    def check(self) -> None:
        """Verify when it is due, or when an auditor asked since the last time."""
        try:
            if clock.now() >= self.verify_due or verification.asked(self.db):
                self.verify()
        except Exception as error:
            log.error("audit.not-verified", error=error)

    def finish(self) -> None:
        """The last seal and anchor of this worker."""
        try:
            self.seal()
            self.anchor()
        except Exception as error:
            log.error("audit.not-sealed", error=error)

    def seal(self) -> None:
        done = seals.seal(self.db)
        if done.events:
            log.info("audit.sealed", rows=done.events, ms=round(done.lag_s * 1000))
        if done.lag_s > LATE_S:
            log.error("audit.sealed-late", ms=round(done.lag_s * 1000))

    def anchor(self) -> None:
        out = self.settings.anchor_file
        if out is not None and verification.anchor(self.db, self.settings, out) is not None:
            self.anchor_due = clock.now() + ANCHOR_EVERY

    def verify(self) -> None:
        out = self.settings.anchor_file
        known = out if out is not None and out.exists() else None
        verdict = verification.verify_with(self.db, self.settings, anchor_file=known)
        self.verify_due = next_verification(clock.now())
        if not verdict.holds:
            log.error("audit.verification-failed", rows=verdict.found)


async def _again_and_again(turn: Callable[[], None]) -> None:
    while True:
        await asyncio.shield(asyncio.to_thread(turn))
        await asyncio.sleep(EVERY_S)


def next_verification(now: datetime) -> datetime:
    """The next time that it is two at night in London."""
    here = now.astimezone(clock.LONDON)
    due = datetime.combine(here.date(), VERIFY_AT, clock.LONDON)
    return (
        due
        if due > here
        else datetime.combine(here.date() + timedelta(days=1), VERIFY_AT, clock.LONDON)
    )
