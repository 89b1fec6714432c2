"""Each process looks at itself every few seconds: what it uses, for whoever asks for figures."""

import asyncio
from collections.abc import Callable, Mapping

from app.core import metrics

EVERY_S = 10


async def watch(kind: str, pools: Callable[[], Mapping[str, tuple[int, int]]]) -> None:
    """Until cancelled."""
    while True:
        metrics.look_at_process(kind, pools())
        metrics.public.tell_if_due()
        await asyncio.sleep(EVERY_S)
