"""Home, about the data, help, privacy and the like, boundaries for programs, what monitors ask."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.accounts import queries as accounts
from app.accounts.deps import Db, May, Somebody, can, session_of
from app.core import log
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.json import json_bytes
from app.core.openapi import FEATURES, GeoJson, answers
from app.core.problems import documented
from app.oversight.deps import sees_metadata
from app.places.schemas import Box, box_of
from app.reference import queries as reference
from app.site import coverage, queries, rooms, service, statement

pages = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1/areas", tags=["areas"])

Reader = Annotated[Actor, Depends(May("reference_data.read"))]
# Titles of the public name no staff service and no kind of harm.
TOPICS = {
    "reporter": "Help for people who report",
    "lead": "Help for the lead",
    "analyst": "Help for analysts",
    "subgroup": "Help for members of the subgroup",
    "meetings": "Help for meetings",
    "briefings": "Help for briefings",
    "keys": "Keys of the map",
    "words": "What the words mean",
}
Kind = Literal["borough", "district", "ward", "lsoa"]
Limit = Annotated[int, Query(ge=1, le=5000)]
WORLD = Box(-180, -90, 180, 90)


@pages.get("/")
def home(request: Request, db: Db, actor: Somebody) -> Response:
    with db.read(actor) as session:
        returns = actor.role in service.RETURNING
        visit = accounts.last_visit(session, session_of(request)) if returns else None
        room = rooms.of(request.app)
        return html.render(
            request,
            "home.html",
            page_title=service.TITLES.get(actor.role, "What waits for you"),
            totals=queries.totals(session) if can(actor, "place.read") else None,
            work=service.rows(session, actor, visit, room),
            last_report=service.last_report(session) if actor.role == "cs_lead" else "",
            later=service.LATER.get(actor.role, ""),
            seals=service.seals(session) if sees_metadata(actor) else None,
        )


@pages.get("/api/v1/openapi.json")
def openapi(request: Request, actor: Somebody) -> Response:
    """For programmers with an account; the addresses alone would tell a stranger a lot."""
    return Response(json_bytes(request.app.openapi()), media_type="application/json")


@pages.get("/about-the-data")
def about_the_data(request: Request, db: Db, actor: Reader) -> Response:
    with db.read(actor) as session:
        loaded = coverage.loaded(session)
    return html.render(
        request,
        "about-the-data.html",
        page_title="About the data",
        sources=queries.sources(request.app.state.partnership.open_data_of),
        loaded=loaded,
    )


@pages.get("/accessibility")
def accessibility(request: Request) -> Response:
    return html.render(
        request,
        "accessibility.html",
        page_title="Accessibility statement",
        service_name=request.app.state.partnership.public.service_name,
        tested_on=statement.TESTED_ON,
        tests=statement.TESTS,
    )


@pages.get("/help")
def helping(request: Request) -> Response:
    return html.render(request, "help/index.html", page_title="Help", topics=TOPICS.items())


@pages.get("/help/{topic}")
def helping_with(request: Request, topic: str) -> Response:
    """Of one kind of user, the keys of a map, or the words of the service; for everybody."""
    if topic not in TOPICS:
        raise NotFoundError("Page not found. Check the address.")
    return html.render(
        request,
        f"help/{topic}.html",
        page_title=TOPICS[topic],
        topics=TOPICS.items(),
        topic=topic,
    )


@pages.get("/privacy")
def privacy(request: Request) -> Response:
    return html.render(request, "privacy.html", page_title="Privacy")


@pages.post("/csp-report", status_code=204)
async def csp_report(request: Request) -> Response:
    """Counted, not kept: the address in a report can hold a reference."""
    log.info("csp.report")
    return Response(status_code=204)


@api.get("", response_class=GeoJson, responses=answers(GeoJson, FEATURES) | documented(422))
def collection(
    db: Db,
    actor: Reader,
    box: Annotated[Box | None, Depends(box_of)],
    kind: Kind = "borough",
    limit: Limit = 1000,
) -> Response:
    """Boundaries of a kind as a GeoJSON FeatureCollection, simplified for a map of a town."""
    with db.read(actor) as session:
        body = reference.areas_geojson(session, kind, box or WORLD, limit)
    return GeoJson(body)
