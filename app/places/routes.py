"""Places of concern: list, show, propose, change; pages and GeoJSON."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator, WithJsonSchema
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, for_record
from app.core import pages as html
from app.core.actor import Actor
from app.core.ids import read_reference
from app.core.paging import linked
from app.core.problems import documented
from app.places import life_queries, queries, service, shown, view
from app.places.audiences import AnyPlace, PlaceStaff
from app.places.models import Place
from app.places.queries import Filters
from app.places.rules import State
from app.places.schemas import (
    Box,
    ExactIn,
    ExactOut,
    Period,
    PlaceChange,
    PlaceIn,
    box_of,
    period_of,
)
from app.reference import queries as reference

pages = APIRouter(prefix="/places", include_in_schema=False)
api = APIRouter(prefix="/api/v1/places", tags=["places"])

Reader = Annotated[Actor, Depends(May("place.read"))]
Proposer = Annotated[Actor, Depends(May("place.create"))]
Editor = Annotated[Actor, Depends(May("place.update"))]
Addressee = Annotated[Actor, Depends(May("place_exact_residential.read"))]
Limit = Annotated[int, Query(ge=1, le=1000)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


REF = r"^(PL-[0-9A-Z]{3}-[0-9A-Z]{4})?$"
# A form leaves empty answers out.
EMPTIED = {"name": "", "description": None, "precision_m": None}


def partners_of(request: Request) -> tuple[str, ...]:
    return queries.partner_codes(request.app.state.settings.partnership)


Partners = Annotated[tuple[str, ...], Depends(partners_of)]


def _or_none(value: Any) -> Any:  # noqa: ANN401 - whatever was asked
    """A filter form sends what was left open as an empty text."""
    return value or None


StateAsked = Annotated[
    State | None,
    BeforeValidator(_or_none),
    WithJsonSchema({"type": "string", "enum": ["", *State]}),
]


def filters_of(
    period: Annotated[Period, Depends(period_of)],
    box: Annotated[Box | None, Depends(box_of)],
    type: str | None = None,  # noqa: A002 - the name in the address
    state: StateAsked = None,
    borough: str | None = None,
    q: Annotated[str | None, Query(max_length=80)] = None,
) -> Filters:
    return Filters(type or None, state, borough or None, q or None, box, period)


Asked = Annotated[Filters, Depends(filters_of)]


def waiting_of(
    asked: Asked,
    ending: Literal["yes", ""] = "",
    urgent: Literal["yes", ""] = "",
    review: Literal["due", ""] = "",
) -> Filters:
    """The same, or only what a work list leads to."""
    return replace(asked, ending=bool(ending), urgent=bool(urgent), review=bool(review))


Waiting = Annotated[Filters, Depends(waiting_of)]


@api.post("", status_code=201, responses=documented(403, 422))
def propose(wanted: PlaceIn, db: Db, actor: Proposer, partners: Partners) -> AnyPlace:
    """Propose a place of concern."""
    with db.begin(for_record(actor, "", wanted.purpose)) as session:
        draft = service.draft(session, wanted, partners)
        return view.shown(session, actor, service.propose(session, actor, wanted, draft))


@api.get("/{ref}", responses=documented(404))
def one(ref: str, db: Db, actor: Reader) -> AnyPlace:
    """One place."""
    with db.read(actor) as session:
        return view.shown(session, actor, queries.find(session, ref))


@api.patch("/{ref}", responses=documented(404, 409, 422))
def revise(ref: str, wanted: PlaceChange, db: Db, actor: Editor, partners: Partners) -> AnyPlace:
    """Change a place; `version` is the one that was looked at."""
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        draft = service.redraft(session, actor, place, wanted, partners)
        return view.shown(session, actor, service.revise(session, actor, place, wanted, draft))


@api.post("/{ref}/exact", responses=documented(404, 422))
def exact(ref: str, why: ExactIn, db: Db, actor: Addressee) -> ExactOut:
    """The exact point of a residential place; the read is audited with its purpose."""
    with db.begin(for_record(actor, read_reference(ref, "PL") or ref, why.purpose)) as session:
        return ExactOut.of(ref, service.exact_point(session, ref))


@pages.get("")
def listing(
    request: Request,
    db: Db,
    actor: Reader,
    asked: Waiting,
    number: PageNumber = 1,
    proposed: Annotated[str, Query(pattern=REF)] = "",
) -> Response:
    asked = replace(asked, in_full=shown.in_full(actor))
    with db.read(actor) as session:
        return html.render(
            request,
            "places/list.html",
            page_title="Places of concern",
            page=linked(
                queries.listed(session, asked, number=number), request.url, queries.PAGE_SIZE
            ),
            filters=dict(request.query_params),
            proposed=proposed,
            stages=None if asked.in_full else shown.STAGES,
            **choices(session) | ({} if asked.in_full else {"states": shown.CHOICES}),
        )


def _after(actor: Actor, ref: str) -> str:
    """Where to go: to the place, or to the list for those who cannot see it yet."""
    return f"/places/{ref}" if service.reads_back(actor) else f"/places?proposed={ref}"


def _asks(actor: Actor) -> dict[str, Any]:
    return {"in_full": service.reads_back(actor)}


@pages.get("/new")
def new(request: Request, db: Db, actor: Proposer) -> Response:
    with db.read(actor) as session:
        return _form(request, session, "places/new.html", {}, {}, **_asks(actor))


@pages.post("/new")
def send_new(
    request: Request, db: Db, actor: Proposer, sent: html.Form, partners: Partners
) -> Response:
    said = {name: value for name, value in sent.items() if name != "another"}
    wanted, errors = html.parse(PlaceIn, view.ticked(said))
    purpose = None if wanted is None else wanted.purpose
    with db.begin(for_record(actor, "", purpose)) as session:
        if wanted is not None:
            draft = service.draft(session, wanted, partners)
            errors = draft.errors
            alike = [] if errors or "another" in sent else service.alike(session, draft)
            if not errors and not alike:
                place = service.propose(session, actor, wanted, draft)
                return html.see(_after(actor, place.ref))
            if not errors:
                errors = {"another": "Is it one of these?"}
                return _form(
                    request, session, "places/new.html", sent, errors, alike=alike, **_asks(actor)
                )
        return _form(request, session, "places/new.html", sent, errors, **_asks(actor))


@pages.get("/{ref}")
def show(
    ref: str,
    request: Request,
    db: Db,
    actor: Reader,
    old: Literal["yes"] | None = None,
    joined: Annotated[Literal["all"] | None, Query(alias="print")] = None,
) -> Response:
    """A merged place leads to the one it is part of now, for whoever may see both."""
    with db.read(actor) as session:
        place = queries.find(session, ref)
        into = None if old else life_queries.merged_into(session, place)
        if into is not None and actor.view == "full":
            return html.see(f"/places/{into.ref}")
        if joined and actor.view == "full":
            return html.see(f"/places/{place.ref}/print")  # with what other slices know of it
        shape = "places/shape.html"
        template = "places/show.html" if actor.view == "full" else shape
        return html.render(
            request, template, page_title=place.name, **shown_page(session, actor, place)
        )


def shown_page(session: Session, actor: Actor, place: Place) -> dict[str, Any]:
    """What the page of a place shows to whoever asks."""
    made = view.shown(session, actor, place)
    whole = isinstance(made, PlaceStaff)
    return {
        "place": made,
        "printing": False,
        "own": actor.works_in(borough["code"] for borough in made.boroughs),
        "page": view.page(session, place) if whole else None,
        "guardians": view.guardians(session, place),
        "children": queries.children_at(session, place.ref),
        **choices(session),
    }


@pages.get("/{ref}/edit")
def edit(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        place = queries.find(session, ref)
        return _form(request, session, "places/edit.html", _answers(place), {}, place=place)


@pages.post("/{ref}/edit")
def send_edit(
    ref: str, request: Request, db: Db, actor: Editor, sent: html.Form, partners: Partners
) -> Response:
    wanted, errors = html.parse(PlaceChange, EMPTIED | view.ticked(sent))
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        if wanted is not None:
            draft = service.redraft(session, actor, place, wanted, partners)
            errors = draft.errors
            if not errors:
                service.revise(session, actor, place, wanted, draft)
                return html.see(_after(actor, place.ref))
        return _form(request, session, "places/edit.html", sent, errors, place=place)


def choices(session: Session) -> dict[str, Any]:
    """What the lists of a form or filter offer: pairs of code and words, boroughs by code."""
    named = ("place_state", "purpose", "platform")
    states, purposes, platforms = (reference.codes(session, name) for name in named)
    return {
        "harms": [(harm.code, harm.label) for harm in reference.harms(session)],
        "types": [(found.code, found.label) for found in queries.place_types(session)],
        "states": states,
        "boroughs": queries.boroughs(session),
        "purposes": purposes,
        "platforms": platforms,
    }


def _form(
    request: Request,
    session: Session,
    template: str,
    answers: dict[str, Any],
    errors: dict[str, str],
    **context: Any,  # noqa: ANN401 - the place of an edit
) -> Response:
    return html.render(
        request,
        template,
        alike=context.pop("alike", []),
        page_title=f"Change {context['place'].name}" if "place" in context else "Propose a place",
        values=answers,
        errors=errors,
        **choices(session),
        **context,
    )


def _answers(place: Place) -> dict[str, Any]:
    """What the form shows before anybody typed. Where it is stays unless said anew."""
    kept = ("version", "type_code", "name", "description", "precision_m")
    said = {name: getattr(place, name) for name in kept}
    return said | {f"{view.HARM}{code}": "yes" for code in place.harm_codes}
