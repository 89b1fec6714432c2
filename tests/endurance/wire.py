"""One user's connection to the service, and how every request was answered."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import Any, NamedTuple
from urllib.parse import urlencode

NO_ANSWER = 0  # refused, reset, or nothing within the time
TIMEOUT_S = 30
REF = re.compile(r"\b[A-Z]{2}-[0-9A-Z]{2,}(-[0-9A-Z]+)*\b")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TILE = re.compile(r"/\d+/\d+/\d+\.pbf")


class Answer(NamedTuple):
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Tally:
    """Answers by mix, and each that must be explained: a refusal of the server, or none at all."""

    refused: Counter[str] = field(default_factory=Counter)
    by_mix: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[tuple[float, float, str, str, int]] = field(default_factory=list)
    ok_began_s: dict[str, float] = field(default_factory=dict)  # of the last good answer, by mix
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, mix: str, said: str, status: int, began_s: float) -> None:
        with self._lock:
            self.by_mix[mix, status] += 1
            if status == NO_ANSWER or status >= 500:
                self.wrong.append((began_s, time.monotonic(), mix, said, status))
            elif status >= 400:
                self.refused[f"{mix}: {said} {status}"] += 1
            else:
                self.ok_began_s[mix] = max(began_s, self.ok_began_s.get(mix, 0))

    def clear(self) -> None:
        with self._lock:
            self.refused.clear()
            self.by_mix.clear()
            self.wrong.clear()
            self.ok_began_s.clear()

    def outside(self, outages: Sequence[tuple[float, float]]) -> Counter[str]:
        """Those that did not meet any of these spans of time."""
        found: Counter[str] = Counter()
        for began_s, ended_s, mix, said, status in self.wrong:
            if not any(began_s <= end and ended_s >= begin for begin, end in outages):
                found[f"{mix}: {said} {status}"] += 1
        return found

    def requests(self) -> dict[str, int]:
        found: Counter[str] = Counter()
        for (mix, _), n in self.by_mix.items():
            found[mix] += n
        return dict(sorted(found.items()))

    def statuses(self) -> dict[str, int]:
        found: Counter[int] = Counter()
        for (_, status), n in self.by_mix.items():
            found[status] += n
        return {str(status): n for status, n in sorted(found.items())}


def route_of(path: str) -> str:
    """The address without what names a record."""
    bare = path.partition("?")[0]
    return TILE.sub("/{z}/{x}/{y}.pbf", UUID.sub("{key}", REF.sub("{ref}", bare)))


@dataclass
class Wire:
    """Kept alive, with the cookies of one browser; opened again when it broke."""

    port: int
    mix: str
    tally: Tally
    address: str = "198.18.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    _connection: HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Never raises: an answer that did not come has the status 0."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["X-Forwarded-For"] = self.address
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        began_s = time.monotonic()
        answer = self._asked(method, path, body, sent)
        self.tally.add(self.mix, f"{method} {route_of(path)}", answer.status, began_s)
        return answer

    def page(self, path: str) -> Answer:
        return self.ask("GET", path, Accept="text/html")

    def data(self, path: str) -> Answer:
        return self.ask("GET", path, Accept="application/json")

    def send(self, path: str, given: Any, method: str = "POST", **headers: str) -> Answer:
        body = json.dumps(given).encode()
        return self.ask(method, path, body, Content_Type="application/json", **headers)

    def form(self, path: str, **answers: str) -> Answer:
        body = urlencode({"csrf": self.csrf} | answers).encode()
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, body, Content_Type=kind, Accept="text/html")

    def close(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            self._connection.request(method, path, body, headers)
            told = self._connection.getresponse()
            answer = Answer(told.status, told.headers, told.read())
        except (OSError, HTTPException):
            self.close()
            return Answer(NO_ANSWER, HTTPMessage(), b"")
        self._keep_cookies(answer.headers)
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def _keep_cookies(self, headers: HTTPMessage) -> None:
        for line in headers.get_all("set-cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            if value.strip('"'):
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
