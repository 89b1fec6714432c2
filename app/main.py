"""The web application: middleware, problems, routers. Wiring only."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from app.accounts.account_routes import account_pages
from app.accounts.catalogue import refuse_unsafe
from app.accounts.confirm_routes import confirm_pages
from app.accounts.deps import taking_nobody
from app.accounts.emergency_routes import emergency_pages
from app.accounts.passkey_routes import passkey_pages
from app.accounts.permissions import PERMISSIONS
from app.accounts.refusals import record_refusal
from app.accounts.routing import check_routes, methods
from app.accounts.secrets import factors_of
from app.accounts.setup_routes import setup_pages
from app.accounts.sign_in_routes import sign_in_pages
from app.accounts.sign_on_routes import sign_on_pages
from app.admin import routes as admin
from app.admin.grant_routes import grant_pages
from app.admin.token_routes import token_pages
from app.admin.user_routes import user_pages
from app.children import routes as children
from app.children.link_pages import pages as children_pages
from app.clusters.page_routes import CLUSTERS
from app.core import log, openapi, problems
from app.core.addresses import Addresses
from app.core.assets import Assets
from app.core.dates import OneAddressMiddleware
from app.core.db import Database
from app.core.lanes import LanesMiddleware, threads_for
from app.core.mail import Mailer, mailer_of
from app.core.partnership import partnership
from app.core.security import SecurityMiddleware
from app.core.settings import Settings, load_settings
from app.core.watching import watch
from app.demo import accounts as demo
from app.exports.asking_routes import asking
from app.exports.routes import pages as exports
from app.exports.waiting_routes import waiting
from app.imports import routes as imports
from app.imports.api_routes import api as imports_api
from app.imports.finish_routes import finish_pages
from app.imports.mapping_routes import mapping_pages
from app.imports.step_routes import step_pages
from app.incidents import routes as incidents
from app.incidents.change_routes import PAGES as INCIDENT_PAGES
from app.intake import api_routes as intake_api
from app.intake.limits import Limits
from app.intake.partner_routes import partner_pages
from app.intake.routes import pages as intake
from app.intake.status_routes import status_pages
from app.intake.where_routes import where_pages
from app.intelligence import api_routes as intelligence_api
from app.intelligence import routes as intelligence
from app.intelligence.draft_routes import writing
from app.intelligence.qa_routes import checking_pages
from app.maps import routes as maps
from app.maps.api_routes import api as map_api
from app.maps.kept import Tiles
from app.maps.period_routes import map_periods
from app.maps.place_routes import PICTURES
from app.maps.saved_routes import map_views
from app.ogc.routes import pages as ogc_pages
from app.oversight import routes as oversight
from app.places.routers import PLACES
from app.priority.routes import pages as priority
from app.reports import routes as reports
from app.reports.mine_routes import mine_pages
from app.reports.reply_routes import replying
from app.reports.sealing import Keys
from app.retention.routes import retention_pages
from app.search.routes import pages as search
from app.site import routes as site
from app.site.degraded import DegradedMiddleware
from app.site.figures import Minute
from app.site.frame import page_context
from app.site.health_routes import monitors
from app.site.presence import look_around
from app.site.readiness import Protections
from app.site.routers import CONTEXT_WORK
from app.site.service_routes import service_pages
from app.timeline import routes as timeline
from app.timeline.split_routes import splitting
from app.vault.request_routes import vault_pages

ROUTERS: list[APIRouter] = [
    maps.tiles,  # first: asked for most, and each router before one costs it time
    monitors,
    service_pages,
    site.pages,
    site.api,
    maps.pages,
    maps.streets,
    map_api,
    *PICTURES,
    map_periods,
    map_views,
    imports.pages,
    imports_api,
    mapping_pages,
    step_pages,
    finish_pages,  # after those: its addresses take every reference
    *PLACES,
    *CONTEXT_WORK,
    search,
    splitting,
    timeline.pages,
    priority,
    timeline.api,
    mine_pages,
    partner_pages,
    reports.pages,  # after those: its addresses take every reference
    replying,
    ogc_pages,
    incidents.pages,
    *INCIDENT_PAGES,
    incidents.api,
    writing,
    checking_pages,
    intelligence.pages,
    intelligence_api.api,
    children.api,
    *vault_pages,
    *children_pages,  # after those: its addresses take every reference
    *CLUSTERS,
    asking,
    waiting,
    exports,  # after those: its addresses take every reference
    intake_api.api,
    sign_in_pages,
    setup_pages,
    account_pages,
    confirm_pages,
    emergency_pages,
    sign_on_pages,
    passkey_pages,
    oversight.pages,
    admin.pages,
    token_pages,
    user_pages,
    grant_pages,
    retention_pages,
    where_pages,
    status_pages,
    intake,  # last of the form: its addresses take every name of a step
]

STATIC = Path(__file__).resolve().parents[1] / "frontend" / "static"


class Contextmap(FastAPI):
    """Puts the security middleware outside the handler of unexpected errors, too."""

    def build_middleware_stack(self) -> ASGIApp:
        self.router.middleware_stack = Addresses(self.router)
        inner = super().build_middleware_stack()
        lanes = LanesMiddleware(
            OneAddressMiddleware(maps.TilesFirst(inner, self)), self.state.settings, problems.full
        )
        shielded = DegradedMiddleware(lanes, self.state.settings)
        return SecurityMiddleware(shielded, self.state.settings.upload_bytes)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            public = {route for route, may in PERMISSIONS.routes.items() if may == "public"}
            also = [path for r in ROUTERS for route in r.routes for path in taking_nobody(route)]
            self.openapi_schema = openapi.completed(super().openapi(), public, also)
        return self.openapi_schema


def create_app(db: Database, settings: Settings, mailer: Mailer | None = None) -> FastAPI:
    """The application over one database; nothing here reads the environment."""
    app = Contextmap(
        title="Contextmap",
        openapi_url=None,  # site.pages serves it to whoever is signed in
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.db = db
    app.state.settings = settings
    app.state.mailer = mailer or mailer_of(settings)
    app.state.factors = factors_of(settings)
    app.state.csrf_key = settings.key_for("csrf")
    app.state.keys = Keys.of(settings)
    app.state.partnership = partnership(settings.partnership)
    app.state.limits = Limits.of(settings, app.state.partnership.contact_email)
    app.state.audit_failures = 0
    app.state.worker_is_away = app.state.looks_around = False
    app.state.database_room = None
    app.state.protections, app.state.figures = Protections(), Minute()
    app.state.refused = record_refusal
    app.state.page_context = page_context
    app.state.methods = methods()
    app.state.tiles = Tiles(settings.tiles_kept_mb * 2**20)
    check_routes(ROUTERS)
    problems.install(app)
    # Before the routers: each costs whatever comes after it time, and a page asks for many files.
    app.mount("/static", Assets(directory=STATIC), name="static")
    for router in ROUTERS:
        app.include_router(router)
    return app


def app_from_env() -> FastAPI:
    """What the web server calls, once a process."""
    log.setup()
    settings = load_settings()
    pools = (settings.pool_size, settings.public_pool_size)
    elsewhere = settings.pooler(), settings.replica()
    app = create_app(Database(settings, settings.claims_key(), *pools, *elsewhere), settings)
    app.state.looks_around = True
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Never more threads than connections, or one waits for ever; see `core.lanes`."""
    threads = threads_for(app.state.settings)
    anyio.to_thread.current_default_thread_limiter().total_tokens = threads
    if (replica := app.state.db.replica) is not None:
        await run_in_threadpool(replica.look)
        threading.Thread(target=replica.watch, name="replica", daemon=True).start()
    for login in ("cs_app", "cs_public"):
        await run_in_threadpool(refuse_unsafe, app.state.db, login)
    await run_in_threadpool(demo.close_outside, app.state.db, app.state.settings)
    watching = asyncio.create_task(watch("web", app.state.db.pools))
    looking = asyncio.create_task(look_around(app)) if app.state.looks_around else None
    yield
    watching.cancel()
    if looking is not None:
        looking.cancel()
    log.public.tell()
    app.state.db.dispose()
