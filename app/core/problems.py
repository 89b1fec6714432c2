"""The only map from errors to HTTP: RFC 9457 problems, or a page for browsers."""

import errno
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.core import closed, errors, lanes, log, metrics, pages, types
from app.core.asgi import Receive, Scope, Send
from app.core.json import json_bytes

MEDIA_TYPE = "application/problem+json"
# A browser is taken there and back to the page that was asked for.
SIGN_IN_PAGES = {
    errors.SignInNeededError: "/sign-in",
    errors.StepUpNeededError: "/account/confirm",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One code of /problems/<code>."""

    code: str
    status: int
    title: str


KINDS: dict[type[errors.AppError], Kind] = {
    errors.SignInNeededError: Kind("sign-in-needed", 401, "Sign in first"),
    errors.StepUpNeededError: Kind("step-up-needed", 401, "Confirm that it is you"),
    errors.ForbiddenError: Kind("forbidden", 403, "Your role does not allow this"),
    errors.NotFoundError: Kind("not-found", 404, "Not found"),
    errors.GoneError: Kind("gone", 410, "This is not kept any more"),
    errors.RuleBrokenError: Kind("rule-broken", 409, "A rule refuses this"),
    errors.StaleError: Kind("stale", 409, "Somebody changed this first"),
    errors.ConflictError: Kind("conflict", 409, "This conflicts with what is there"),
    errors.TooLargeError: Kind("too-large", 413, "Too large"),
    errors.InvalidError: Kind("invalid", 422, "Some answers cannot be used"),
    errors.TooManyError: Kind("too-many", 429, "Too many requests"),
    errors.BusyError: Kind("busy", 503, "The service is busy"),
    errors.ReadOnlyError: Kind("read-only", 503, "This cannot be changed now"),
    errors.AuditFailedError: Kind("audit-failed", 503, "This cannot be shown now"),
}
METHOD = Kind("method-not-allowed", 405, "This address does not do that")
SLOW = Kind("too-slow", 408, "This took too long to arrive")
ERROR = Kind("error", 500, "Something went wrong")
BY_STATUS = {kind.status: kind for kind in (*reversed(KINDS.values()), METHOD, SLOW, ERROR)}
# The framework's word for a body that it could not read; ours is one word for all that is wrong.
BY_STATUS[400] = KINDS[errors.InvalidError]
CODES = {kind.code: kind for kind in (*KINDS.values(), METHOD, SLOW, ERROR)}

MORE = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "5"},
    503: {"Retry-After": "5"},
}

WORDS = {
    404: "Page not found. Check the address.",
    405: "This address does not do that.",
    408: "The body did not arrive within ten seconds.",
    410: "This is not kept any more.",
    413: "This is larger than the service takes.",
    422: "The body cannot be read.",
}
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_ROOM = "There is no room left on the disk of this service. Nothing was saved."
PARTS = frozenset({"body", "query", "path", "header"})
PHRASES = {
    "missing": "This is needed.",
    "extra_forbidden": "One of the fields is not known.",
    "string_too_long": "This is too long.",
    "string_too_short": "This is too short.",
    "finite_number": "Enter a number.",
    "json_invalid": "The body is not valid JSON.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems a route can answer."""
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": BY_STATUS[status].title, "content": {MEDIA_TYPE: shape}}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    app.add_exception_handler(errors.AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(IntegrityError, _conflict)
    app.add_exception_handler(DataError, _not_a_text)
    app.add_exception_handler(psycopg.errors.QueryCanceled, _busy)
    app.add_exception_handler(psycopg.errors.InsufficientPrivilege, _not_yours)
    app.add_exception_handler(ProgrammingError, _not_yours)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def answer(
    request: Request, kind: Kind, detail: str, fields: dict[str, str] | None = None
) -> Response:
    """JSON for programs, a page for browsers. Nothing of the input is echoed."""
    path = request.url.path
    if closed.is_form(path) and pages.wants_html(request):
        return closed.told(request, kind.code)
    if kind.status >= 500 and lanes.is_public(path, request.method):
        detail = closed.not_working(request.app.state.partnership)
    if pages.wants_html(request):
        page = pages.render(
            request,
            "error.html",
            status=kind.status,
            page_title=kind.title,
            title=kind.title,
            detail=detail,
            fields=fields or {},
            protected=_protected(request),
        )
        page.headers.update(MORE.get(kind.status, {}))
        return page
    body: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": path,
        "request_id": request.scope.get("request_id"),
    }
    if fields is not None:
        body["errors"] = [{"field": name, "message": words} for name, words in fields.items()]
    headers = MORE.get(kind.status)
    return Response(json_bytes(body), kind.status, headers, media_type=MEDIA_TYPE)


def _protected(request: Request) -> bool:
    """What a browser with a session is told is marked, also where no route asked who it is."""
    known = getattr(request.state, "actor", None) is not None
    return known or pages.SESSION_COOKIE in request.cookies


async def full(scope: Scope, receive: Receive, send: Send) -> None:
    """No place in the lane of this request (`core.lanes`)."""
    if lanes.is_public(scope["path"], scope["method"]):
        await closed.full(scope, receive, send)
        return
    words = "Very much is asked of the service just now. Please try again."
    await answer(Request(scope), KINDS[errors.BusyError], words)(scope, receive, send)


def _app_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, errors.AppError):
        raise TypeError("registered for AppError only")
    elsewhere = SIGN_IN_PAGES.get(type(error))
    if elsewhere and pages.wants_html(request):
        return pages.see(f"{elsewhere}?next={quote(_asked(request))}")
    if isinstance(error, errors.AuditFailedError):
        metrics.AUDIT_FAILED.inc()
        request.app.state.audit_failures += 1
        log.error("audit.failed", request_id=request.scope.get("request_id"), error=error)
    if isinstance(error, errors.ForbiddenError | errors.NotFoundError):
        try:
            request.app.state.refused(request, KINDS[type(error)].status)
        except errors.PASSING as untold:  # nobody is refused without a trace of it either
            error = untold
    fields = error.fields if isinstance(error, errors.InvalidError) else None
    response = answer(request, KINDS[type(error)], error.detail, fields)
    if isinstance(error, errors.TooManyError) and error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _asked(request: Request) -> str:
    """The page to come back to, filters and all; what a form would have sent is not repeated."""
    path = request.url.path
    if request.method == "GET":
        return f"{path}?{request.url.query}" if request.url.query else path
    scope = {**request.scope, "method": "GET"}
    shown = any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    return path if shown else "/"


def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise TypeError("registered for RequestValidationError only")
    fields = {_field(found): _words(found) for found in error.errors()}
    return answer(request, KINDS[errors.InvalidError], "Change the fields named below.", fields)


def _conflict(request: Request, _error: Exception) -> Response:
    """Generic words: a unique or foreign key would tell that a hidden row exists."""
    return answer(
        request,
        KINDS[errors.ConflictError],
        "This was refused by a check of the database. Nothing was saved.",
    )


def _busy(request: Request, _error: Exception) -> Response:
    detail = "The database did not answer in time. Please try again."
    return answer(request, KINDS[errors.BusyError], detail)


def _no_room(request: Request, error: Exception) -> Response:
    """A file that could not be kept; whatever else a system call refuses is unexpected."""
    if not isinstance(error, OSError) or error.errno not in FULL:
        raise error
    return answer(request, KINDS[errors.BusyError], NO_ROOM)


def _not_yours(request: Request, error: Exception) -> Response:
    """A policy refused what the code let through: the last word is the database's."""
    cause = getattr(error, "orig", error)
    if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return _unexpected(request, error)
    request.app.state.refused(request, 403)
    return answer(
        request,
        KINDS[errors.ForbiddenError],
        "This is outside of what your account may change. Nothing was saved.",
    )


def _not_a_text(request: Request, error: Exception) -> Response:
    """A NUL that no field refused by its name: the database takes none in any text."""
    if "NUL (0x00)" not in str(getattr(error, "orig", error)):
        return _unexpected(request, error)
    return answer(request, KINDS[errors.InvalidError], types.UNSHOWN)


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise TypeError("registered for HTTPException only")
    kind = BY_STATUS.get(error.status_code, ERROR)
    response = answer(request, kind, WORDS.get(kind.status, kind.title))
    if error.headers and kind is METHOD:
        response.headers["Allow"] = _methods(request, error.headers.get("Allow", ""))
    return response


def _methods(request: Request, of_one_route: str) -> str:
    """All that this address does: each route of it knows its own only."""
    path = getattr(request.scope.get("route"), "path", None)
    known: frozenset[str] = request.app.state.methods.get(path, frozenset())
    return ", ".join(sorted(known)) or of_one_route


def _unexpected(request: Request, error: Exception) -> Response:
    """The log has the class and the id; the message of a foreign exception may hold a name."""
    log.error("unexpected", request_id=request.scope.get("request_id"), error=error)
    request_id = request.scope.get("request_id")
    return answer(request, ERROR, f"Nothing was saved. Reference {request_id}.")


def _field(found: dict[str, Any]) -> str:
    """Where it is wrong; the name of a field that is not ours is input, and not repeated."""
    place = found["loc"][:-1] if found["type"] == "extra_forbidden" else found["loc"]
    return ".".join(str(part) for part in place if part not in PARTS) or "body"


def _words(found: dict[str, Any]) -> str:
    if found["type"] == "value_error":
        return str(found["ctx"]["error"])  # our own sentences, raised by our validators
    return PHRASES.get(found["type"], "This cannot be used here.")
