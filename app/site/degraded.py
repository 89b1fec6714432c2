"""What still works when the disk is nearly full, and what is said on every page meanwhile.

Changes of staff are refused before anything is written, so that nothing is ever half of a change;
reading goes on, with its traces, and so does signing in, taking away rights, and telling of a
concern. The form takes reports until so little is left that the database itself would stop, and
reading with it. All of it ends by itself when there is room again: each request looks.
"""

from typing import Any

from fastapi import FastAPI, Request
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts.permissions import PERMISSIONS
from app.core import disk, lanes, problems
from app.core.errors import BusyError, ReadOnlyError
from app.core.settings import Settings
from app.site import rooms

FLOOR_MB = 64  # of WAL and temporary files: below it PostgreSQL may end in the middle of its work
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
READING = frozenset({"read", "count", "reveal", "download", "verify", "revoke"})
# What is due is erased meanwhile, too: whoever must stop that can.
GOES_ON = frozenset(
    {
        *("report.create", "report.send", "public", "signed_in"),
        *("retention_hold.request", "retention_hold.approve"),
    }
)
ALSO = ("/account/", "/emergency")  # own sign-in; a child in danger
NOT_NOW = (
    "Contextmap can be read but not changed until there is room on its disk again. "
    "Nothing of this was saved; go back to keep what you typed."
)
READ_ONLY = "Contextmap can be read but not changed until there is room on its disk again."
NO_CHANGES = (
    "Contextmap can be read but not changed until its main database answers again. "
    "What leaves a trace when it is read cannot be opened meanwhile."
)
LATE = (
    "Work in the background is late: new reports wait to be screened, and files and letters "
    "to be made. Nothing is lost."
)


class DegradedMiddleware:
    """Refuses what would write, while the disk is nearly full. Pure ASGI."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.changes = [
            (method, compile_path(path)[0], path, permission)
            for route, permission in PERMISSIONS.routes.items()
            for method, _, path in [route.partition(" ")]
            if method in UNSAFE
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in UNSAFE:
            kind, words = self._refusal(scope["app"], scope["method"], scope["path"])
            if kind is not None:
                await problems.answer(Request(scope), problems.KINDS[kind], words)(
                    scope, receive, send
                )
                return
        await self.app(scope, receive, send)

    def _refusal(self, app: FastAPI, method: str, path: str) -> tuple[type[Any] | None, str]:
        free = rooms.of(app).free
        if lanes.is_public(path, method):
            return (BusyError, "") if free < FLOOR_MB * disk.MB else (None, "")
        if not is_read_only(self.settings, free) or self._goes_on(method, path):
            return None, ""
        return ReadOnlyError, NOT_NOW

    def _goes_on(self, method: str, path: str) -> bool:
        """By the permission file; of an address that is not there the router speaks."""
        for of, pattern, template, permission in self.changes:
            if of == method and pattern.match(path):
                return goes_on(template, permission)
        return True


def goes_on(template: str, permission: str) -> bool:
    """Whether a route that takes a form may work while nothing is to be changed."""
    action = permission.partition(".")[2]
    return permission in GOES_ON or action in READING or template.startswith(ALSO)


def is_read_only(settings: Settings, free: int) -> bool:
    return free < settings.read_only_mb * disk.MB


def sentences(request: Request) -> list[str]:
    """For the top of every page of staff; usually none."""
    state = request.app.state
    found = []
    if is_read_only(state.settings, rooms.of(request.app).free):
        found.append(READ_ONLY)
    if state.db.replica is not None and not state.db.replica.primary_up:
        found.append(NO_CHANGES)
    if state.worker_is_away:
        found.append(LATE)
    return found
