"""A small client for load: addresses on standard input, a summary as JSON on standard output.

A process of its own, so that its CPU is not counted:
`python -m tests.perf.load PORT CONNECTIONS [COOKIE [PER_SECOND]]`. With a rate each request has its
time, and what it waited is counted from then, also when no connection was free.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    bytes_in: int = 0
    times_ms: list[float] = field(default_factory=list)

    def summary(self, wall_s: float) -> dict[str, object]:
        times = sorted(self.times_ms)
        return {
            "requests": len(times),
            "statuses": {str(code): n for code, n in sorted(self.statuses.items())},
            "kb_mean": round(self.bytes_in / max(1, len(times)) / 1024, 2),
            "per_s": round(len(times) / wall_s),
            "p50_ms": round(times[len(times) // 2], 2),
            "p95_ms": round(times[int(len(times) * 0.95)], 2),
        }


@dataclass
class Pace:
    """When the next request is due: at once, or so many a second."""

    per_s: float = 0
    due: float = field(default_factory=time.perf_counter)

    async def next(self) -> float:
        if not self.per_s:
            return time.perf_counter()
        due = self.due
        self.due += 1 / self.per_s
        await asyncio.sleep(due - time.perf_counter())
        return due


async def connection(port: int, waiting: list[str], tally: Tally, cookie: str, pace: Pace) -> None:
    """One browser connection, kept alive: the next address as soon as the last is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while waiting:
        path = waiting.pop()
        began = await pace.next()
        asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n"
        writer.write(asked.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        body = await body_of(reader, head.lower())
        tally.times_ms.append((time.perf_counter() - began) * 1000)
        tally.statuses[int(head[9:12])] += 1
        tally.bytes_in += body
    writer.close()


async def body_of(reader: asyncio.StreamReader, head: bytes) -> int:
    """Length of the body, read to its end."""
    at = head.find(b"content-length:")
    if at >= 0:
        length = int(head[at + 15 : head.index(b"\r\n", at)])
        await reader.readexactly(length)
        return length
    total = 0
    while b"transfer-encoding: chunked" in head:
        size = int(await reader.readuntil(b"\r\n"), 16)
        await reader.readexactly(size + 2)
        total += size
        if size == 0:
            break
    return total


async def main(port: int, connections: int, paths: list[str], cookie: str, per_s: float) -> None:
    tally, pace = Tally(), Pace(per_s)
    waiting = paths[::-1]
    began = time.perf_counter()
    each = (connection(port, waiting, tally, cookie, pace) for _ in range(connections))
    await asyncio.gather(*each)
    print(json.dumps(tally.summary(time.perf_counter() - began)))


if __name__ == "__main__":
    cookie = sys.argv[3] if len(sys.argv) > 3 else "none=1"
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.stdin.read().split(), cookie, rate))
