"""Looking a route up by its first words finds what trying one after the other finds."""

from itertools import product

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Mount

from app.core.addresses import Addresses
from app.core.assets import Assets
from app.main import ROUTERS, STATIC
from app.maps.routes import TileRoute
from tests import loops
from tests.routes import ROUTES

NONSENSE = [
    *(
        "",
        "/",
        "//",
        "///",
        "*",
        "/x",
        "/x/y/z/a/b",
        "/.",
        "/%",
        "/{ref}",
        "/Places",
        "/é",
        "/ places",
    ),
    *("//places", "/places//", "/places/x//plan", "/places/é", "/x/places", "/api", "/api/v1"),
    *("/api/v2/places", "/api/v1/places/x", "/static", "/static/css/app.css", "/staticx"),
    *("/report\n", "/places/x\n", "/map\n\n", "/api/v1/places\n", "/pla\nces"),
]
SPOILT = {f"{path}{end}" for path in NONSENSE for end in ("", "/", "x")}
KNOWN = {route.address() for route in ROUTES}
ASKED = [
    *product(("GET", "POST"), sorted(KNOWN)),
    *product(("GET", "HEAD", "DELETE"), sorted(SPOILT)),
    *product(["GET"], sorted(f"{path}/" for path in KNOWN)),
]


@pytest.fixture(scope="module")
def whole():
    app = FastAPI(openapi_url=None)
    app.mount("/static", Assets(directory=STATIC))
    for router in ROUTERS:
        app.include_router(router)
    return app


@pytest.fixture
def met(monkeypatch):
    """What was chosen, which is not run."""
    chosen = []

    async def handle(self, scope, receive, send):
        assert scope["route"] is self
        chosen.append((self.path, sorted(self.methods), scope["path_params"]))

    async def mounted(self, scope, receive, send):
        chosen.append((self.path, scope["path"], scope["root_path"]))

    monkeypatch.setattr(APIRoute, "handle", handle)
    monkeypatch.setattr(TileRoute, "handle", handle)
    monkeypatch.setattr(Mount, "handle", mounted)
    return chosen


async def outcome(walk, app, method, path, met):
    scope = {
        "type": "http", "method": method, "path": path, "root_path": "", "query_string": b"",
        "headers": [], "scheme": "https", "server": ("testserver", 443), "app": app,
    }  # fmt: skip
    sent = []

    async def send(message):
        sent.append(message)

    met.clear()
    try:
        await walk(scope, None, send)
    except HTTPException as refused:
        return refused.status_code, refused.headers
    return list(met), sent


def test_every_address_and_nonsense_meets_what_the_walk_through_all_meets(whole, met):
    found = Addresses(whole.router)

    async def compared():
        for method, path in ASKED:
            walked = await outcome(whole.router.app, whole, method, path, met)
            assert await outcome(found, whole, method, path, met) == walked, (method, path)
            yield str(walked)

    async def all_of():
        return {walked async for walked in compared()}

    outcomes = loops.run(all_of())
    # All of these were among them: a route each, refused, sent on, absent.
    assert len(outcomes) > len({route.path for route in ROUTES})
    assert "(404, None)" in outcomes
    assert any("307" in each for each in outcomes)


def test_few_routes_are_left_to_try(whole):
    found = Addresses(whole.router)

    left = sorted(len(found.of(route.address()).routes) for route in ROUTES)

    assert left[len(left) // 2] <= 40
    assert left[-1] <= 100
    assert len(found.of("/nonsense").routes) <= 5
