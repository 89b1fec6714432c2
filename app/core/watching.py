"""Each process looks at itself every few seconds: what it uses, for whoever asks for figures."""

import asyncio
from collections.abc import Callable, Mapping

from app.core import log, metrics

EVERY_S = 10


async def watch(kind: str, pools: Callable[[], Mapping[str, tuple[int, int]]]) -> None:
    """Until cancelled."""
    while True:
        try:
            metrics.look_at_process(kind, pools())
            metrics.public.tell_if_due()
        except OSError as error:  # too many files are open, for one: told, and looked at again
            log.error("process.not-looked-at", error=error)
        await asyncio.sleep(EVERY_S)
