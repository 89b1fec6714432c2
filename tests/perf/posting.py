"""Load at a fixed rate: requests on standard input as JSON lines, a summary on standard output.

`python -m tests.perf.posting PORT RATE SECONDS`. Each goes out at its own moment whether the one
before is answered or not, and is timed from that moment: a server that stalls looks as slow as it
is. RATE 0: 200 connections, each as fast as it is answered, until the time is over.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from itertools import cycle
from typing import Any

from tests.perf.load import Tally, body_of

CONNECTIONS = 200
Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def written(asked: dict[str, Any]) -> bytes:
    body = asked.get("body", "").encode()
    lines = [f"{asked['method']} {asked['path']} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in asked["headers"].items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Pool:
    """Connections that are kept, as many as are needed at once."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: list[Wire] = []

    async def ask(self, request: bytes, tally: Tally, due_s: float) -> None:
        status, size = 0, 0
        while self.free and not status:  # one that was kept may have been closed meanwhile
            status, size = await self._tried(self.free.pop(), request)
        if not status:
            with suppress(OSError):
                wire = await asyncio.open_connection("127.0.0.1", self.port)
                status, size = await self._tried(wire, request)
        tally.times_ms.append((time.perf_counter() - due_s) * 1000)
        tally.statuses[status] += 1
        tally.bytes_in += size

    async def _tried(self, wire: Wire, request: bytes) -> tuple[int, int]:
        try:
            told = await answered(wire, request)
        except (OSError, asyncio.IncompleteReadError):
            wire[1].close()
            return 0, 0
        self.free.append(wire)
        return told


async def answered(wire: Wire, request: bytes) -> tuple[int, int]:
    reader, writer = wire
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head[9:12]), await body_of(reader, head.lower())


async def at_rate(pool: Pool, requests: list[bytes], rate: float, tally: Tally) -> None:
    began, tasks = time.perf_counter() + 0.2, []
    for n, request in enumerate(requests):
        due_s = began + n / rate
        await asyncio.sleep(max(0, due_s - time.perf_counter()))
        tasks.append(asyncio.create_task(pool.ask(request, tally, due_s)))
    await asyncio.gather(*tasks)


async def as_fast_as_it_goes(
    pool: Pool, requests: list[bytes], seconds: float, tally: Tally
) -> None:
    waiting, until = cycle(requests), time.perf_counter() + seconds

    async def one() -> None:
        while time.perf_counter() < until:
            await pool.ask(next(waiting), tally, time.perf_counter())

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


async def main(port: int, rate: float, seconds: float, requests: list[bytes]) -> None:
    tally, pool = Tally(), Pool(port)
    began = time.perf_counter()
    if rate:
        await at_rate(pool, requests, rate, tally)
    else:
        await as_fast_as_it_goes(pool, requests, seconds, tally)
    wall_s = time.perf_counter() - began
    for _, writer in pool.free:
        with suppress(OSError):
            writer.close()
    print(json.dumps(tally.summary(wall_s)))


if __name__ == "__main__":
    asked = [written(json.loads(line)) for line in sys.stdin]
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), asked))
