"""Incidents: list, record, link; pages and GeoJSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, for_record
from app.children.schemas import why
from app.core import pages as html
from app.core.actor import Actor
from app.core.ids import read_reference
from app.core.paging import linked
from app.core.problems import documented
from app.incidents import changes, corrections, forms, history, queries, service, view
from app.incidents.deps import Asked, Partners
from app.incidents.schemas import (
    ChildLinkIn,
    IncidentChange,
    IncidentIn,
    IncidentOut,
    MoveIn,
    RestoreIn,
    VersionOut,
)
from app.places import queries as places
from app.places.rules import Purpose
from app.reference import queries as reference

pages = APIRouter(prefix="/incidents", include_in_schema=False)
api = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

Reader = Annotated[Actor, Depends(May("incident.read"))]
Recorder = Annotated[Actor, Depends(May("incident.create"))]
Editor = Annotated[Actor, Depends(May("incident.update"))]
Decider = Annotated[Actor, Depends(May("incident.approve"))]
Linker = Annotated[Actor, Depends(May("child_place_link.create"))]
Limit = Annotated[int, Query(ge=1, le=10_000)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


Said = Annotated[str | None, Header(json_schema_extra={"enum": list(Purpose)})]


def purpose_of(x_purpose: Said = None) -> Purpose:
    """The header X-Purpose: why somebody needs a child's reference."""
    return why(x_purpose)


Why = Annotated[Purpose, Depends(purpose_of)]


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


@api.patch("/{ref}", responses=documented(403, 404, 409, 422))
def correct(
    ref: str, wanted: IncidentChange, db: Db, actor: Editor, partners: Partners
) -> IncidentOut:
    """Correct an incident; `version` is the one that was looked at. Earlier versions are kept."""
    with db.begin(actor) as session:
        incident = changes.open_to_change(session, actor, ref)
        made = corrections.correct(session, incident, wanted, partners)
        return queries.shown(session, changes.revise(session, actor, incident, wanted, made))


@api.get("/{ref}/versions", responses=documented(404))
def versions(ref: str, db: Db, actor: Reader) -> list[VersionOut]:
    """Every version, newest first."""
    with db.read(actor) as session:
        return history.told(session, queries.find(session, ref))


@api.post("/{ref}/restore", responses=documented(403, 404, 409, 422))
def restore(ref: str, wanted: RestoreIn, db: Db, actor: Editor) -> IncidentOut:
    """Make an earlier version the newest one."""
    with db.begin(actor) as session:
        incident = changes.open_to_change(session, actor, ref)
        return queries.shown(session, changes.restore(session, actor, incident, wanted))


@api.post("/{ref}/state", responses=documented(404, 409, 422))
def decide(ref: str, wanted: MoveIn, db: Db, actor: Decider) -> IncidentOut:
    """Confirm or withdraw an incident."""
    with db.begin(actor) as session:
        return queries.shown(session, changes.move(session, actor, ref, wanted))


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
    wanted, errors = forms.new(sent)
    with db.begin(actor) as session:
        if wanted is not None:
            draft = service.draft(session, wanted, partners)
            errors = draft.errors
            if not errors:
                incident = service.record(session, actor, wanted, draft)
                return html.see(f"/incidents/{incident.ref}")
        return _form(request, session, sent, errors)


def choices(session: Session) -> dict[str, Any]:
    """What the lists of a form or filter offer: pairs of code and words, boroughs by code."""
    named = ("time_precision", "confidence", "discovered_by", "child_count_band", "agency")
    precisions, confidences, discovered, counts, agencies = (
        reference.codes(session, name) for name in named
    )
    outcomes = reference.codes(session, "outcome_band")
    seen = queries.sources(session)
    return {
        "harms": list(queries.harms(session).items()),
        "sources": [agency for agency in agencies if agency.code in seen],
        "boroughs": places.boroughs(session),
        "precisions": precisions,
        "confidences": confidences,
        "discovered": discovered,
        "child_counts": counts,
        "outcomes": outcomes,
        "states": list(view.STATES.items()),
        "agencies": agencies,
    }


def _form(
    request: Request, session: Session, answers: dict[str, Any], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "incidents/new.html",
        page_title="Record an incident",
        values=answers,
        errors=errors,
        **choices(session),
    )
