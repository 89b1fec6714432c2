"""Every route of the application, for tests that hold for all: new ones join by themselves."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from fastapi.routing import APIRoute

from app.accounts.deps import ELSEWHERE, SIGNED_IN, May
from app.accounts.emergency_routes import MayInEmergency
from app.accounts.identity import identify
from app.accounts.permissions import PERMISSIONS, ROLES
from app.core.actor import NOBODY, Actor
from app.core.errors import ForbiddenError
from app.core.pages import SESSION_COOKIE, entry_fields, form_fields
from app.imports.deps import from_form
from app.intake.deps import sent_fields
from app.main import ROUTERS
from tests import loops
from tests.people import browser, sign_in_as

LEAD = "cs_lead"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
KNOWN = {"layer": "areas", "z": "12", "x": "2046", "y": "1363", "ref": "PL-000-0000"}


@dataclass(frozen=True)
class Route:
    """One method of one address, and what the permission file says of it."""

    method: str
    path: str
    permission: str
    found: APIRoute

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def changes(self) -> bool:
        return self.method in UNSAFE

    @property
    def is_api(self) -> bool:
        return self.path.startswith(("/api/", "/tiles/", "/basemap/"))

    @property
    def is_form(self) -> bool:
        return any(call in (form_fields, from_form) for call in calls(self.found.dependant))

    @property
    def is_door(self) -> bool:
        """A form of sign-in itself, where no session is acted upon yet."""
        return any(call is entry_fields for call in calls(self.found.dependant))

    @property
    def is_public_form(self) -> bool:
        """A page of the public form: with the token of that form, where one is open."""
        return any(call is sent_fields for call in calls(self.found.dependant))

    @property
    def may(self) -> May | None:
        return next((c for c in calls(self.found.dependant) if isinstance(c, May)), None)

    @property
    def models(self) -> list[type]:
        """What a JSON body is read into."""
        return [param.field_info.annotation for param in self.found.dependant.body_params]

    def address(self, **values: str) -> str:
        """With something of the right form where the address has a name."""
        given = {p.name: _made_up(p.name, p.field_info.annotation) for p in self._path_params()}
        return self.path.format_map(given | {k: v for k, v in values.items() if k in given})

    def role(self) -> str:
        """One that may: the lead where possible."""
        roles = sorted(ROLES.keys() - {"public"}, key=lambda name: name != LEAD)
        return next((name for name in roles if self.opens_for(name)), LEAD)

    def opens_for(self, role: str) -> bool:
        if self.may is None or self.permission == SIGNED_IN:
            return True
        try:
            rule = self.may.rule_for(Actor(id=NOBODY, role=role, label=""))
        except ForbiddenError:
            return False
        if isinstance(self.may, MayInEmergency) and role not in PERMISSIONS.emergency["roles"]:
            return False
        return rule.scope not in ELSEWHERE or self.may.elsewhere

    def _path_params(self) -> Iterator:
        yield from self.found.dependant.path_params
        for dependant in self.found.dependant.dependencies:
            yield from dependant.path_params


def calls(dependant) -> Iterator[Callable]:
    """What a route depends on, and what that depends on."""
    for each in dependant.dependencies:
        yield each.call
        yield from calls(each)


def _made_up(name: str, kind: object) -> str:
    if kind is UUID:
        return str(UUID(int=7))
    return KNOWN.get(name, "1" if kind is int else "x")


ROUTES = [
    Route(method, route.path, PERMISSIONS.routes[f"{method} {route.path}"], route)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
CHANGES = [route for route in ROUTES if route.changes]
READS = [route for route in ROUTES if route.method == "GET"]


class Clients:
    """One browser of each role, signed in anew where a route ended its session."""

    def __init__(self, db, settings, **options) -> None:
        self.db, self.settings, self.options = db, settings, options
        self.made = {"nobody": browser(db, settings, **options)}

    def __getitem__(self, role: str):
        client = self.made.get(role)
        if client is None:
            client = self.made[role] = browser(self.db, self.settings, **self.options)
        elif role == "nobody":
            client.cookies.clear()
            return client
        cookie = client.cookies.get(SESSION_COOKIE)
        if cookie is None or identify(self.db, cookie) is None:
            client.cookies.clear()
            person = sign_in_as(self.db, role, agency="AFC")
            client.cookies.set(SESSION_COOKIE, person.cookie)
        return client

    def cookie(self, role: str) -> str:
        return self[role].cookies[SESSION_COOKIE]


def ask(app, route: Route, cookie: str, *, headers=(), receive=None) -> tuple[int, list, bytes]:
    """Straight through the application, for bodies that a client would not send."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": route.method,
        "scheme": "https",
        "path": route.address(),
        "raw_path": route.address().encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"cookie", f"{SESSION_COOKIE}={cookie}".encode()),
            *headers,
        ],
        "client": ("203.0.113.7", 50000),
        "server": ("testserver", 443),
    }
    sent: list = []

    async def never():
        await asyncio.sleep(3600)

    async def send(message):
        sent.append(message)

    loops.run(app(scope, receive or never, send))
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], sent[0]["headers"], body
