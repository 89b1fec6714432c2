"""The web application: middleware, problems, routers. Wiring only."""

import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI, Request, Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import ASGIApp, Scope

from app.accounts.demo import DEMO_LEAD
from app.children import routes as children
from app.clusters import routes as clusters
from app.core import log, problems
from app.core.db import Database
from app.core.security import SecurityMiddleware
from app.core.settings import Settings, load_settings
from app.imports import routes as imports
from app.incidents import routes as incidents
from app.maps import routes as maps
from app.places import routes as places
from app.site import routes as site

ROUTERS: list[APIRouter] = [
    maps.tiles,  # first: asked for most, and each router before one costs it time
    site.pages,
    site.api,
    maps.pages,
    maps.streets,
    imports.pages,
    places.pages,
    places.api,
    incidents.pages,
    incidents.api,
    children.api,
    clusters.pages,
    clusters.api,
]

NAV = ("map", "places", "incidents", "clusters", "imports", "about-the-data")
STATIC = Path(__file__).resolve().parents[1] / "frontend" / "static"


class Assets(StaticFiles):
    """Vendored files carry their version in the path; our own are asked for again by ETag."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        lasting = "/vendor/" in str(full_path)
        response.headers["cache-control"] = (
            "public, max-age=31536000, immutable" if lasting else "no-cache"
        )
        return response


class Contextmap(FastAPI):
    """Puts the security middleware outside the handler of unexpected errors, too."""

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityMiddleware(super().build_middleware_stack())


def create_app(db: Database, settings: Settings) -> FastAPI:
    """The application over one database; nothing here reads the environment."""
    app = Contextmap(
        title="Contextmap",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.db = db
    app.state.settings = settings
    app.state.csrf = _csrf(settings)
    app.state.page_context = _page_context
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", Assets(directory=STATIC), name="static")
    return app


def app_from_env() -> FastAPI:
    """What the web server calls, once a process."""
    log.setup()
    settings = load_settings()
    return create_app(Database(settings, settings.claims_key(), settings.pool_size), settings)


def _page_context(request: Request) -> dict[str, Any]:
    section = request.url.path.strip("/").split("/")[0]
    return {
        "actor": DEMO_LEAD,
        "demo": request.app.state.settings.demo,
        "nav": section if section in NAV else "",
        "csrf": request.app.state.csrf,
    }


def _csrf(settings: Settings) -> str:
    return hmac.new(settings.claims_key(), b"csrf", hashlib.sha256).hexdigest()


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Never more threads than connections, or a thread waits for a connection for ever."""
    threads = app.state.settings.web_threads
    anyio.to_thread.current_default_thread_limiter().total_tokens = threads
    yield
    app.state.db.dispose()
