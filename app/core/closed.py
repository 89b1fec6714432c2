"""What the public is told when the form cannot answer: by a page that needs nothing else.

No history entry of the form may be a POST, so a browser that sent one is taken to a page of its own
(`PROBLEM`). Whoever asks for that without the cookie of the form, after Exit for one, is taken out;
who had none yet gets one that opens nothing.
"""

from functools import lru_cache

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.core import pages
from app.core.asgi import Receive, Scope, Send
from app.core.json import json_bytes
from app.core.lanes import EXIT, FORM
from app.core.partnership import Partnership

PROBLEM = "/report/problem/"
FORM_COOKIE = "__Host-report"  # browsers take it over TLS, and on their own machine without
OPENS_NOTHING = "none"
WAIT_S = 10
NOT_WORKING = "This service is not working"
# By code: status, title, words. The danger line and the e-mail address stand on each page.
WORDS = {
    "busy": (503, NOT_WORKING, ""),
    "error": (500, NOT_WORKING, ""),
    "too-many": (
        429,
        "Too many reports came from this connection",
        "Try again in an hour, or e-mail us.",
    ),
    "too-many-codes": (429, "Too many codes were tried", "Try again in an hour."),
    "too-large": (413, "That is too long to send", "Go back and shorten it."),
    "too-slow": (408, "That took too long to arrive", "Go back and send it again."),
    "forbidden": (403, "This page was open too long", "Go back and try again."),
    "not-found": (404, "Page not found", "Check the address."),
    "method-not-allowed": (405, "This page does not do that", ""),
    "invalid": (422, "That cannot be used", "Go back and try again."),
}


def is_form(path: str) -> bool:
    return any(path == form or path.startswith(f"{form}/") for form in FORM)


def told(request: Request, code: str) -> Response:
    """A problem of the form, to a browser. Exit always leads out."""
    if request.url.path == EXIT:
        return out(request.app.state.partnership)
    known = code if code in WORDS else "invalid"
    if known == "too-many" and request.url.path.startswith("/report/status"):
        known = "too-many-codes"
    if request.method == "POST":
        answer = pages.see(PROBLEM + known)
        if not has_cookie(request):
            answer.set_cookie(
                FORM_COOKIE, OPENS_NOTHING, secure=True, httponly=True, samesite="strict"
            )
        return answer
    return problem(request.app.state.partnership, known)


def problem(partnership: Partnership, code: str, *, back: bool = False) -> Response:
    """The page itself; `back` where an open form waits."""
    status, _, _ = WORDS[code]
    page = _page(partnership, code, back)
    return Response(page, status, _waiting(status), media_type="text/html; charset=utf-8")


def not_working(partnership: Partnership) -> str:
    """In one sentence, for programs."""
    return f"{NOT_WORKING}. If a child is in danger call 999. E-mail {partnership.contact_email}."


def has_cookie(request: Request) -> bool:
    return FORM_COOKIE in request.cookies


def is_begun(request: Request) -> bool:
    """A form may be open: there is something to go back to."""
    return request.cookies.get(FORM_COOKIE) not in {None, OPENS_NOTHING}


def out(partnership: Partnership) -> Response:
    """Away from here; what was typed ends by itself when the server is not asked."""
    response = RedirectResponse(partnership.exit_site, status_code=303)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    response.delete_cookie(FORM_COOKIE, secure=True, httponly=True, samesite="strict")
    return response


async def full(scope: Scope, receive: Receive, send: Send) -> None:
    """No place in the lane of the public: said at once, from memory."""
    request = Request(scope)
    partnership = request.app.state.partnership
    if not is_form(request.url.path):
        response = _program(partnership)
    elif request.url.path != "/report" and not has_cookie(request):
        response = out(partnership)
    else:
        response = told(request, "busy")
    await response(scope, receive, send)


def _program(partnership: Partnership) -> Response:
    body = {"type": "/problems/busy", "title": "The service is busy", "status": 503}
    return Response(
        json_bytes(body | {"detail": not_working(partnership)}),
        503,
        _waiting(503),
        media_type="application/problem+json",
    )


def _waiting(status: int) -> dict[str, str]:
    return {"Retry-After": str({429: 3600, 503: WAIT_S}[status])} if status in {429, 503} else {}


@lru_cache(maxsize=64)
def _page(partnership: Partnership, code: str, back: bool) -> bytes:
    _, title, words = WORDS[code]
    to = "/report/status" if code == "too-many-codes" else "/report/check"
    shown = {"page_title": title, "words": words, "partnership": partnership}
    shown["to"] = to if back else ""
    return pages.rendered("report/problem.html", demo=False, **shown).encode()
