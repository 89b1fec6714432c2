"""Pure ASGI middleware: request id, body cap, same-origin check, and headers on every answer."""

import asyncio
import time
from urllib.parse import urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException

from app.core import lanes, log, metrics, problems
from app.core.asgi import App, Message, Receive, Scope, Send
from app.core.bodies import BodyRefusedError, check_json
from app.core.ids import random_id

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "report-uri /csp-report"
)
HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # Two years. Browsers take it over TLS only, so that a copy on one's own machine keeps working.
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
]
NO_LOCATION = (b"permissions-policy", b"geolocation=()")
# The map of the public form asks where somebody is, when they press the button for it.
OWN_LOCATION = (b"permissions-policy", b"geolocation=(self)")
NO_STORE = (b"cache-control", b"no-store, private")
BODY_LIMIT = 1_000_000
PUBLIC_LIMIT = 64_000
PUBLIC = ("/sign-in", "/report", "/csp-report", "/api/v1/reports")
# Where a file comes in: its size is a setting, and what a form has beside it is little.
FILES = frozenset({("POST", "/imports/new"), ("POST", "/api/v1/imports")})
FORM_BYTES = 64_000
QUERY_LIMIT = 4_000
READ_TIMEOUT_S = 10
WHOLE_PUBLIC_S, WHOLE_S = 60, 600  # of a body, however often a little of it comes
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class SecurityMiddleware:
    """Wraps the whole application, so that errors and redirects carry the headers too."""

    def __init__(self, app: App, upload_bytes: int = 10_000_000) -> None:
        self.app = app
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = random_id().hex[:12]
        finish = _with_headers(scope, send)
        headers = dict(scope["headers"])
        limit = self._limit(scope)
        refusal = _refusal(scope, headers, limit)
        if refusal is not None:
            await _refuse(scope, receive, finish, *refusal)
            return
        try:
            body = _capped(receive, limit, has_body=scope["method"] in UNSAFE)
            if b"json" in headers.get(b"content-type", b""):
                body = await _checked(body)
            await self.app(scope, body, finish)
        except Exception as error:
            if not scope.get("answered"):
                await _refuse(scope, receive, finish, *_unanswered(scope, error))

    def _limit(self, scope: Scope) -> int:
        path = scope["path"]
        if any(_under(path, open_to_all) for open_to_all in PUBLIC):
            return PUBLIC_LIMIT
        if (scope["method"], path) in FILES:
            return self.upload_bytes + FORM_BYTES
        return BODY_LIMIT


class BodyTooLargeError(HTTPException):
    """The body went past the cap while it was read."""

    def __init__(self) -> None:
        super().__init__(413)


class BodyTooSlowError(HTTPException):
    """Ten seconds passed without the rest of it."""

    def __init__(self) -> None:
        super().__init__(408)


class BodyCutShortError(HTTPException):
    """Whoever sent it went away in the middle: nobody reads the answer, and nothing failed."""

    def __init__(self) -> None:
        super().__init__(400)


def _unanswered(scope: Scope, error: Exception) -> tuple[str, str]:
    """What went wrong before the application had an answer."""
    if isinstance(error, BodyRefusedError):
        return "invalid", str(error)
    if isinstance(error, BodyTooLargeError):
        return "too-large", "This is larger than the service takes."
    if isinstance(error, BodyTooSlowError):
        return "too-slow", "The body did not arrive within ten seconds."
    if isinstance(error, BodyCutShortError):
        return "invalid", "The body ended before it was whole."
    log.error("unanswered", request_id=scope["request_id"], error=error)
    return "error", "Something went wrong."


def _under(path: str, start: str) -> bool:
    return path == start or path.startswith(f"{start}/")


async def _checked(read: Receive) -> Receive:
    """The whole of a JSON body, looked at once before the route reads it."""
    parts = []
    more = True
    while more:
        message = await read()
        if message["type"] != "http.request":
            return read
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    check_json(body)
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await read()

    return replay


def _refusal(scope: Scope, headers: dict[bytes, bytes], limit: int) -> tuple[str, str] | None:
    method, path = scope["method"], scope["path"]
    if len(scope["query_string"]) > QUERY_LIMIT:
        return "invalid", "This address is too long."
    if "\0" in path or b"%00" in scope["query_string"]:
        return "invalid", "This address holds a character that cannot be used."
    if method in UNSAFE and not _same_origin(headers):
        return "forbidden", "This request came from another site. Open the page here first."
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        return "too-large", "This is larger than the service takes."
    return None


def _same_origin(headers: dict[bytes, bytes]) -> bool:
    """Browsers say where a request starts; programs say nothing and carry no cookie.

    Our own pages send `Origin: null`, because they ask for no referrer: Sec-Fetch-Site decides.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in {b"same-origin", b"none"}
    origin = headers.get(b"origin")
    if origin is None:
        return True
    return urlsplit(origin.decode("latin-1")).netloc == headers.get(b"host", b"").decode("latin-1")


def _capped(receive: Receive, limit: int, *, has_body: bool) -> Receive:
    """Counts a body that came without a length; one that trickles in ends, too."""
    seen = 0
    done = False
    until = time.monotonic() + (WHOLE_PUBLIC_S if limit == PUBLIC_LIMIT else WHOLE_S)

    async def read() -> Message:
        nonlocal seen, done
        try:
            left_s = min(READ_TIMEOUT_S, until - time.monotonic())
            message = await asyncio.wait_for(receive(), None if done else left_s)
        except TimeoutError:
            raise BodyTooSlowError from None
        if has_body and not done and message["type"] == "http.disconnect":
            raise BodyCutShortError
        done = done or not message.get("more_body", False)
        seen += len(message.get("body", b""))
        if seen > limit:
            raise BodyTooLargeError
        return message

    return read


def _with_headers(scope: Scope, send: Send) -> Send:
    """Adds the header set, and one log line per page or API answer (never for tiles).

    Of the public form, a count.
    """
    began = time.monotonic()

    async def finish(message: Message) -> None:
        if message["type"] == "http.response.start":
            told = [(name, _here(scope, name, value)) for name, value in message["headers"]]
            own = {name for name, _ in told}
            here = OWN_LOCATION if _under(scope["path"], "/report") else NO_LOCATION
            extra = [pair for pair in [*HEADERS, here, NO_STORE] if pair[0] not in own]
            message["headers"] = [*told, *extra]
            scope["answered"] = True
            _tell(scope, message["status"], time.monotonic() - began)
        await send(message)

    return finish


def _here(scope: Scope, name: bytes, value: bytes) -> bytes:
    """Where the router adds a slash it repeats the host that was asked for: anybody's."""
    asked = dict(scope["headers"]).get(b"host", b"")
    whole = b"%s://%s/" % (scope["scheme"].encode(), asked)
    if name != b"location" or not asked or not value.startswith(whole):
        return value
    return b"/" + value.removeprefix(whole).lstrip(b"/\\")


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", None)
    if lanes.is_public(scope["path"], scope["method"]):
        log.public.add(route or "", status)
        metrics.public.add(scope["method"], status, seconds)
        return
    role = getattr(scope.get("state", {}).get("actor"), "role", None)
    metrics.answered(scope["path"], route, scope["method"], status, seconds)
    if role is not None:
        metrics.by_role(role, status)
    if scope["path"].startswith(("/tiles/", "/basemap/", "/static/")):
        return
    log.info(
        "answered",
        request_id=scope["request_id"],
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        role=role,
    )


async def _refuse(scope: Scope, receive: Receive, send: Send, code: str, detail: str) -> None:
    """The same problem, or page, that a route would have answered with."""
    response = problems.answer(Request(scope), problems.CODES[code], detail)
    await response(scope, receive, send)
