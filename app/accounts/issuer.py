"""The issuer of single sign-on, over the network. The only HTTP client of the service."""

import json
import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import urlsplit

import httpx

METADATA = "/.well-known/openid-configuration"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
KEPT_S, PAUSE_S = 3600, 10
TIMEOUT_S, WAIT_S, AT_ONCE = 5.0, 1.0, 3
LARGEST_ANSWER = 256_000


class Why(StrEnum):
    """What went wrong, for the audit; people read one sentence for all of them."""

    STATE = "state"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    METADATA = "metadata"
    CODE = "code"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    ACCOUNT = "account"
    FACTOR = "factor"


class SignOnRefusedError(Exception):
    """It was not proven who this is. Holds a code of ours, and nothing of a token."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Issuer:
    """Asked by all threads of a process: a few at a time, and not at all while it is silent.

    So people without an account cannot keep every thread waiting for another server.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._http = httpx.Client(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._few = BoundedSemaphore(AT_ONCE)
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._silent_until = 0.0

    def metadata(self) -> Mapping[str, Any]:
        found = self.kept(self.name.rstrip("/") + METADATA, KEPT_S)
        if found.get("issuer") != self.name:
            raise SignOnRefusedError(Why.METADATA)
        return found

    def endpoint(self, name: str) -> str:
        found = self.metadata().get(name)
        if not isinstance(found, str):
            raise SignOnRefusedError(Why.METADATA)
        return found

    def kept(self, url: str, longest_s: float) -> Mapping[str, Any]:
        """What it publishes, asked for again after `longest_s`."""
        asked_at, found = self._kept.get(url, (0.0, {}))
        if not found or time.monotonic() - asked_at > longest_s:
            found = self.ask("GET", url, Why.METADATA)
            self._kept[url] = (time.monotonic(), found)
        return found

    def ask(self, method: str, url: str, why: Why, **sent: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as httpx
        """One JSON object; refused as `why` when something else comes."""
        if not trusted(url) or time.monotonic() < self._silent_until:
            raise SignOnRefusedError(Why.UNREACHABLE)
        if not self._few.acquire(timeout=WAIT_S):
            raise SignOnRefusedError(Why.UNREACHABLE)
        try:
            with self._http.stream(method, url, **sent) as answer:
                body = _limited(answer.iter_bytes())
        except (httpx.HTTPError, httpx.InvalidURL):
            self._silent_until = time.monotonic() + PAUSE_S
            raise SignOnRefusedError(Why.UNREACHABLE) from None
        finally:
            self._few.release()
        return _object(body if answer.status_code == httpx.codes.OK else b"", why)


def trusted(url: str) -> bool:
    """Over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _limited(pieces: Iterable[bytes]) -> bytes:
    began, body = time.monotonic(), b""
    for piece in pieces:
        body += piece
        if len(body) > LARGEST_ANSWER or time.monotonic() - began > TIMEOUT_S:
            raise SignOnRefusedError(Why.UNREACHABLE)
    return body


def _object(body: bytes, why: Why) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SignOnRefusedError(why)
    return found
