"""Incidents: list, record, link; pages and GeoJSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, for_record
from app.children.schemas import why
from app.core import pages as html
from app.core.actor import Actor
from app.core.ids import read_reference
from app.core.openapi import FEATURES, GeoJson, answers
from app.core.paging import linked
from app.core.problems import documented
from app.incidents import queries, service
from app.incidents.queries import Filters
from app.incidents.schemas import ChildLinkIn, IncidentIn, IncidentOut
from app.places import queries as places
from app.places.rules import Purpose
from app.places.schemas import Box, Period, box_of, period_of
from app.reference import queries as reference

pages = APIRouter(prefix="/incidents", include_in_schema=False)
api = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

Reader = Annotated[Actor, Depends(May("incident.read"))]
Recorder = Annotated[Actor, Depends(May("incident.create"))]
Linker = Annotated[Actor, Depends(May("child_place_link.create"))]
Limit = Annotated[int, Query(ge=1, le=10_000)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


def partners_of(request: Request) -> tuple[str, ...]:
    return places.partner_codes(request.app.state.settings.partnership)


Partners = Annotated[tuple[str, ...], Depends(partners_of)]


Said = Annotated[str | None, Header(json_schema_extra={"enum": list(Purpose)})]


def purpose_of(x_purpose: Said = None) -> Purpose:
    """The header X-Purpose: why somebody needs a child's reference."""
    return why(x_purpose)


Why = Annotated[Purpose, Depends(purpose_of)]


def filters_of(
    period: Annotated[Period, Depends(period_of)],
    box: Annotated[Box | None, Depends(box_of)],
    harm: str | None = None,
    source: str | None = None,
    place: str | None = None,
    borough: str | None = None,
) -> Filters:
    return Filters(harm or None, source or None, place or None, borough or None, box, period)


Asked = Annotated[Filters, Depends(filters_of)]


@api.get("", response_class=GeoJson, responses=answers(GeoJson, FEATURES) | documented(422))
def collection(db: Db, actor: Reader, asked: Asked, limit: Limit = 1000) -> Response:
    """Incidents as a GeoJSON FeatureCollection, newest first."""
    with db.read(actor) as session:
        body = queries.features(session, asked, limit=limit)
    return GeoJson(body)


@api.post("", status_code=201, responses=documented(403, 422))
def record(wanted: IncidentIn, db: Db, actor: Recorder, partners: Partners) -> IncidentOut:
    """Record an incident."""
    with db.begin(actor) as session:
        draft = service.draft(session, wanted, partners)
        return queries.shown(session, service.record(session, actor, wanted, draft))


@api.get("/{ref}", responses=documented(404))
def one(ref: str, db: Db, actor: Reader) -> IncidentOut:
    """One incident."""
    with db.read(actor) as session:
        return queries.shown(session, queries.find(session, ref))


@api.post("/{ref}/children", status_code=201, responses=documented(404, 409, 422))
def link_child(ref: str, wanted: ChildLinkIn, db: Db, actor: Linker, purpose: Why) -> IncidentOut:
    """Say what an incident was to a child."""
    child = read_reference(wanted.child, "CH") or wanted.child
    with db.begin(for_record(actor, child, purpose)) as session:
        return queries.shown(session, service.link_child(session, actor, ref, wanted))


@pages.get("")
def listing(
    request: Request, db: Db, actor: Reader, asked: Asked, number: PageNumber = 1
) -> Response:
    with db.read(actor) as session:
        page = queries.listed(session, asked, number=number)
        return html.render(
            request,
            "incidents/list.html",
            page_title="Incidents",
            page=linked(page, request.url, queries.PAGE_SIZE),
            filters=dict(request.query_params),
            **choices(session),
        )


@pages.get("/new")
def new(request: Request, db: Db, actor: Recorder, place: str | None = None) -> Response:
    with db.read(actor) as session:
        return _form(request, session, {"place": place} if place else {}, {})


@pages.post("/new")
def send_new(
    request: Request,
    db: Db,
    actor: Recorder,
    sent: html.Form,
    partners: Partners,
    place: str | None = None,
) -> Response:
    """`place` stands in the address that the form was opened at; the form holds it as well."""
    wanted, errors = html.parse(IncidentIn, sent)
    with db.begin(actor) as session:
        if wanted is not None:
            draft = service.draft(session, wanted, partners)
            errors = draft.errors
            if not errors:
                service.record(session, actor, wanted, draft)
                return html.see("/incidents")
        return _form(request, session, sent, errors)


def choices(session: Session) -> dict[str, Any]:
    """What the lists of a form or filter offer: pairs of code and words, boroughs by code."""
    named = ("time_precision", "confidence", "discovered_by", "child_count_band", "agency")
    precisions, confidences, discovered, counts, agencies = (
        reference.codes(session, name) for name in named
    )
    seen = queries.sources(session)
    return {
        "harms": list(queries.harms(session).items()),
        "sources": [agency for agency in agencies if agency.code in seen],
        "boroughs": places.boroughs(session),
        "precisions": precisions,
        "confidences": confidences,
        "discovered": discovered,
        "child_counts": counts,
        "agencies": agencies,
    }


def _form(
    request: Request, session: Session, answers: dict[str, Any], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "incidents/new.html",
        status=422 if errors else 200,
        page_title="Record an incident",
        values=answers,
        errors=errors,
        **choices(session),
    )
