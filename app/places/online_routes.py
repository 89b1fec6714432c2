"""Pages of online spaces: the list, a new one, what became of one, its address in full."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.paging import linked
from app.places import online, queries, service, shown, view
from app.places.models import OnlineSpace, Place
from app.places.online import Filters, SpaceChange
from app.places.routes import Partners, choices
from app.places.rules import OnlineAddress
from app.places.schemas import PlaceIn

spaces = APIRouter(prefix="/online", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("online_space.read"))]
Proposer = Annotated[Actor, Depends(May("online_space.create"))]
Editor = Annotated[Actor, Depends(May("online_space.update"))]
Revealer = Annotated[Actor, Depends(May("online_space.reveal"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
KNOWN = "This address is listed already as {}. Open that page instead."
NEEDED = {"platform_code": "Choose the platform.", "audience": "Choose who can see it."}


def asked_of(
    q: Annotated[str | None, Query(max_length=200)] = None,
    platform: str | None = None,
    audience: str | None = None,
    takedown: str | None = None,
    borough: str | None = None,
    sort: Annotated[str, Query(max_length=20)] = "name",
) -> Filters:
    """A filter form sends what was left open as an empty text."""
    return Filters(q or None, platform, audience, takedown, borough, sort)


Asked = Annotated[Filters, Depends(asked_of)]


@spaces.get("")
def listing(
    request: Request, db: Db, actor: Reader, asked: Asked, number: PageNumber = 1
) -> Response:
    whole = shown.in_full(actor)
    asked = replace(asked, in_full=whole)
    with db.read(actor) as session:
        page = linked(online.listed(session, asked, number=number), request.url, online.PAGE_SIZE)
        return html.render(
            request,
            "places/online.html",
            page_title="Online spaces",
            page=page,
            filters=dict(request.query_params),
            sorted_by=asked.sorted_by,
            stages=None if whole else shown.STAGES,
            **_words(session),
        )


@spaces.get("/new")
def new(request: Request, db: Db, actor: Proposer) -> Response:
    with db.read(actor) as session:
        return _form(request, session, {}, {})


@spaces.post("/new")
def send_new(
    request: Request, db: Db, actor: Proposer, sent: html.Form, partners: Partners
) -> Response:
    wanted, errors = html.parse(PlaceIn, view.ticked(sent))
    with db.begin(actor) as session:
        if wanted is not None:
            draft = service.draft(session, wanted, partners)
            if draft.type is not None:
                draft.refuse("type_code", None if draft.type.is_online else "Choose a type.")
            draft.refuse("platform_code", None if wanted.platform_code else NEEDED["platform_code"])
            if draft.online is not None:
                known = online.known_already(session, draft.online.url_defanged)
                draft.refuse("address", KNOWN.format(known) if known else None)
            errors = draft.errors
            if not errors:
                return html.see(f"/places/{service.propose(session, actor, wanted, draft).ref}")
        return _form(request, session, sent, errors)


def _form(
    request: Request, session: Session, values: dict[str, Any], errors: dict[str, str]
) -> Response:
    typed = values.get("address", "")
    return html.render(
        request,
        "places/online-new.html",
        page_title="Record an online space",
        # What was typed comes back as it is kept: a page never holds an address to click on.
        values=values | {"address": _defanged(typed)} if typed else values,
        errors=errors,
        **_words(session),
    )


def _defanged(typed: str) -> str:
    try:
        return OnlineAddress.read(typed).url_defanged
    except ValueError:
        return typed


@spaces.get("/{ref}/edit")
def edit(ref: str, request: Request, db: Db, actor: Editor) -> Response:
    with db.read(actor) as session:
        place = queries.find(session, ref)
        space = online.of(session, place)
        return _edited(request, session, place, _standing(place, space), {})


@spaces.post("/{ref}/edit")
def send_edit(ref: str, request: Request, db: Db, actor: Editor, sent: html.Form) -> Response:
    wanted, errors = html.parse(SpaceChange, sent)
    with db.begin(actor) as session:
        place = queries.lock(session, ref)
        online.of(session, place)
        if wanted is None:
            said = {name: NEEDED.get(name, words) for name, words in errors.items()}
            return _edited(request, session, place, sent, said)
        try:
            online.revise(session, actor, place, wanted)
        except InvalidError as wrong:
            return _edited(request, session, place, sent, wrong.fields)
        return html.see(f"/places/{place.ref}#online")


def _standing(place: Place, space: OnlineSpace) -> dict[str, Any]:
    requested, removed = space.takedown_requested_at, space.removed_at
    return {
        "version": place.version,
        "platform_code": space.platform_code,
        "audience": space.audience,
        "first_seen_on": space.first_seen_on,
        "last_seen_on": space.last_seen_on,
        "takedown_state": space.takedown_state,
        "requested_on": clock.london(requested).date() if requested else None,
        "removed_on": clock.london(removed).date() if removed else None,
    }


def _edited(
    request: Request,
    session: Session,
    place: Place,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    return html.render(
        request,
        "places/online-edit.html",
        page_title="What is known of this online space?",
        place=place,
        values=values,
        errors=errors,
        **_words(session),
    )


@spaces.post("/{ref}/reveal")
def reveal(ref: str, request: Request, db: Db, actor: Revealer, _sent: html.Form) -> Response:
    """Text to copy: never a link, a preview or a request."""
    with db.begin(actor) as session:
        place = queries.find(session, ref)
        return html.render(
            request,
            "places/online-address.html",
            page_title="The full address",
            place=place,
            address=online.reveal(session, ref),
        )


def _words(session: Session) -> dict[str, Any]:
    listed = choices(session)
    types = {kind.code for kind in queries.place_types(session) if kind.is_online}
    return listed | {
        "types": [(code, label) for code, label in listed["types"] if code in types],
        "audiences": list(online.AUDIENCES.items()),
        "takedowns": list(online.TAKEDOWN.items()),
    }
