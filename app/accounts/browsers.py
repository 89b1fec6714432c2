"""Browsers that a person signed in with before, so that a letter tells of one that is new."""

import hmac
from hashlib import sha256
from uuid import UUID

from fastapi import Request, Response

COOKIE = "__Host-browser"
KEPT_S = 180 * 24 * 3600
MOST = 8  # people who share a browser


def is_new(request: Request, user_id: UUID) -> bool:
    return _mark(request, user_id) not in _marks(request)


def remember(request: Request, answer: Response, user_id: UUID) -> Response:
    """The mark says nothing to whoever reads it and proves nothing: it only spares a letter."""
    mine = _mark(request, user_id)
    marks = [mine, *(mark for mark in _marks(request) if mark != mine)][:MOST]
    answer.set_cookie(
        COOKIE,
        ".".join(marks),
        max_age=KEPT_S,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",  # a sign-on ends with a step from another site
    )
    return answer


def _marks(request: Request) -> list[str]:
    return request.cookies.get(COOKIE, "").split(".")[:MOST]


def _mark(request: Request, user_id: UUID) -> str:
    key: bytes = request.app.state.settings.key_for("known browsers")
    return hmac.new(key, user_id.bytes, sha256).hexdigest()[:32]
