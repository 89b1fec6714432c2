"""Reports sent over the wire; what was acknowledged is kept, to be looked for."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from uuid import UUID, uuid5

from app.reports.receipts import folded

NAMES = UUID("00000000-0000-4000-8000-00000000d351")
PARK = {
    "danger_answer": "NO",
    "where_kind": "PLACE",
    "longitude": -0.3011,
    "latitude": 51.4113,
    "what_harms": ["DRUGS", "UNSAFE"],
    "when_kind": "OFTEN",
}


def key_of(name: str) -> str:
    return str(uuid5(NAMES, name))


def address_of(n: int) -> str:
    """One of a hundred thousand, of the networks set aside for benchmarks."""
    return f"198.{18 + n // 65536 % 2}.{n // 256 % 256}.{n % 256}"


def body_of(name: str) -> bytes:
    words = f"Synthetic: what was noticed, number {name}. " * 5
    return json.dumps(PARK | {"notice_text": words}).encode()


@dataclass
class Wire:
    """One connection, opened again when it broke."""

    port: int
    timeout_s: float = 15
    _connection: HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Raises OSError or HTTPException when no answer came."""
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_s)
        try:
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException):
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None


@dataclass
class Sent:
    """What is known outside of the service."""

    receipts: dict[str, str] = field(default_factory=dict)  # by key, folded
    began_s: dict[str, float] = field(default_factory=dict)  # of the try that was acknowledged
    tries: int = 0
    odd: list[str] = field(default_factory=list)  # answers that must not be
    statuses: dict[int, int] = field(default_factory=dict)

    def acknowledged_since(self, moment_s: float) -> bool:
        return any(began >= moment_s for began in tuple(self.began_s.values()))


class Senders:
    """Threads that send one report after another, each until it is acknowledged."""

    def __init__(self, port: int, sent: Sent, *, threads: int = 4, again_each: int = 20) -> None:
        self.port, self.sent, self.again_each = port, sent, again_each
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self._next = len(sent.receipts)
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Senders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(timeout=90)

    def wait_until(self, enough: Callable[[], bool], *, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while not enough():
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def _work(self) -> None:
        wire = Wire(self.port)
        while not self.stop.is_set():
            with self._lock:
                n = self._next
                self._next += 1
            self._until_acknowledged(wire, n)
        wire.close()

    def _until_acknowledged(self, wire: Wire, n: int) -> None:
        """Also after the end was called: what was begun is finished."""
        name, until = f"report {n}", time.monotonic() + 60
        while time.monotonic() < until:
            began = time.monotonic()
            status, answer = self._try(wire, name, n)
            if status in {200, 201}:
                self._keep(name, answer, began)
                if n % self.again_each == 0:
                    status, answer = self._try(wire, name, n)
                    if status in {200, 201}:
                        self._keep(name, answer, began)
                return
            if status not in {0, 503}:
                self.sent.odd.append(f"{status} {answer[:200]!r}")
            time.sleep(0.05)
        self.sent.odd.append(f"{name} was never acknowledged")

    def _try(self, wire: Wire, name: str, n: int) -> tuple[int, bytes]:
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key_of(name),
            "X-Forwarded-For": address_of(n),
        }
        self.sent.tries += 1
        try:
            status, answer = wire.post("/api/v1/reports", body_of(name), headers)
        except (OSError, HTTPException):
            status, answer = 0, b""
        with self._lock:
            self.sent.statuses[status] = self.sent.statuses.get(status, 0) + 1
        return status, answer

    def _keep(self, name: str, answer: bytes, began_s: float) -> None:
        receipt = folded(json.loads(answer)["receipt"])
        before = self.sent.receipts.setdefault(name, receipt)
        self.sent.began_s.setdefault(name, began_s)
        if before != receipt:
            self.sent.odd.append(f"{name} has two receipts")
