"""Which jobs wait while the disk is nearly full: all that fill it, and that nobody is in need of.

A job that waits is not touched. The worker asks for those of the other queues meanwhile, and there
is a queue for each task.
"""

import asyncio
from collections.abc import Sequence

from app.core import disk, log
from app.core.db import Database
from app.core.settings import Settings
from app.site import degraded, rooms

EVERY_S = 5
NONE = "none"  # no task is named so
# Reports are screened, what is over goes, and rights end: all of it writes little, or makes room.
GO_ON = frozenset(
    {
        *("reports:screen", "reports:sweep", "reports:tidy", "reports:close"),
        *("retention:plan", "retention:erase", "retention:sweep"),
        *("exports:tidy", "imports:tidy", "releases:tidy", "subjects:tidy", "site:tidy"),
        *("accounts:tidy", "accounts:endings", "places:labels"),
        *("vault:hourly", "vault:shred", "vault:decoy"),
        "default",  # where reports come in
    }
)


class Pausing:
    """Names of queues in one list, which the worker reads each time that it asks for a job."""

    def __init__(self, db: Database, settings: Settings, every: Sequence[str]) -> None:
        self.db, self.settings, self.every = db, settings, list(every)
        self.queues = list(every)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        try:
            wanted = self._wanted(rooms.least(self.db, self.settings).free)
        except OSError as error:
            log.error("disk.not-looked-at", error=error)
            return
        if wanted != self.queues:
            event = "jobs.paused" if len(wanted) < len(self.queues) else "jobs.go-on"
            log.info(event, rows=len(self.every) - len(wanted))
            self.queues[:] = wanted

    def _wanted(self, free: int) -> list[str]:
        if free < degraded.FLOOR_MB * disk.MB:
            return [NONE]
        if degraded.is_read_only(self.settings, free):
            return [name for name in self.every if name in GO_ON]
        return self.every
