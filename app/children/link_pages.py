"""Links of a child by form: made, corrected, taken back; and who is linked to one place."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.children import queries, service, why
from app.children.models import Child
from app.children.pages import children_pages, words
from app.children.schemas import CorrectionIn, RecordIn, WhyIn
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.core.ids import read_reference
from app.places import queries as places

link_pages = APIRouter(prefix="/children", include_in_schema=False)

There = Annotated[Actor, Depends(May("child_place_link.read"))]
Linker = Annotated[Actor, Depends(May("child_place_link.create"))]
Corrector = Annotated[Actor, Depends(May("child_place_link.update"))]
Withdrawer = Annotated[Actor, Depends(May("child_place_link.delete"))]


@link_pages.get("/at/{place}")
def at_place(place: str, request: Request, db: Db, actor: There) -> Response:
    """References linked to one place, while a reason for them holds."""
    ref = read_reference(place, "PL") or place
    purpose = why.held(request, why.AT + ref)
    if purpose is None:
        return _ask_at(request, db, actor, ref)
    with db.begin(why.for_list(actor, purpose)) as session:
        there = places.find(session, ref)
        found = queries.at_place(session, there)
        service.note_place(session, there, found)
        return html.render(
            request,
            "children/at.html",
            page_title="Children linked to this place",
            place=there,
            found=found,
            **words(session),
        )


@link_pages.post("/at/{place}")
def ask_at(place: str, request: Request, db: Db, actor: There, sent: html.Form) -> Response:
    ref = read_reference(place, "PL") or place
    if errors := why.problems(actor, sent):
        return _ask_at(request, db, actor, ref, values=sent, errors=errors)
    with db.begin(why.for_list(actor, sent["purpose"])) as session:
        places.find(session, ref)
        why.hold(session, request, why.AT + ref, sent)
    return html.see(f"/children/at/{ref}")


@link_pages.get("/{ref}/links/new")
def new(ref: str, request: Request, db: Db, actor: Linker) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        service.note_links_read(session, child)
        return _form(request, session, child, {}, {})


@link_pages.post("/{ref}/links/new")
def send_new(ref: str, request: Request, db: Db, actor: Linker, sent: html.Form) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    wanted, errors = html.parse(RecordIn, sent)
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        if wanted is not None:
            try:
                service.link_record(session, actor, child, wanted)
                return html.see(f"/children/{child.ref}")
            except InvalidError as invalid:
                errors = invalid.fields
        service.note_links_read(session, child)
        return _form(request, session, child, sent, errors)


@link_pages.get("/{ref}/links/{link}")
def edit(ref: str, link: UUID, request: Request, db: Db, actor: Corrector) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        found = queries.link(session, child, link)
        service.note_links_read(session, child)
        names = ("version", "role", "from_on", "to_on", "confidence", "source_agency", "basis")
        values = {name: getattr(found, name) for name in names}
        return _form(request, session, child, values, {}, link=link)


@link_pages.post("/{ref}/links/{link}")
def send_edit(
    ref: str, link: UUID, request: Request, db: Db, actor: Corrector, sent: html.Form
) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    wanted, errors = html.parse(CorrectionIn, sent)
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        found = queries.link(session, child, link)
        if wanted is not None:
            try:
                service.correct(session, child, found, wanted)
                return html.see(f"/children/{child.ref}")
            except InvalidError as invalid:
                errors = invalid.fields
        service.note_links_read(session, child)
        return _form(request, session, child, sent, errors, link=link)


@link_pages.get("/{ref}/links/{link}/withdraw")
def ask_withdraw(ref: str, link: str, request: Request, db: Db, actor: Withdrawer) -> Response:
    """`link` is the key of a link to a place, or the reference of an incident."""
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        _target(session, child, link)
        service.note_links_read(session, child)
        return _withdraw_form(request, child, link, {}, {})


@link_pages.post("/{ref}/links/{link}/withdraw")
def send_withdraw(
    ref: str, link: str, request: Request, db: Db, actor: Withdrawer, sent: html.Form
) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    wanted, errors = html.parse(WhyIn, sent)
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        if wanted is not None:
            try:
                place_link, incident = _target(session, child, link)
                service.withdraw(session, child, wanted.why, link=place_link, incident=incident)
                return html.see(f"/children/{child.ref}")
            except InvalidError as invalid:
                errors = invalid.fields
        service.note_links_read(session, child)
        return _withdraw_form(request, child, link, sent, errors)


def _target(session: Session, child: Child, link: str) -> tuple[UUID | None, UUID | None]:
    """(link to a place, incident): one of both."""
    incident = queries.incident_id(session, link)
    if incident is not None:
        if all(found.id != incident for found in queries.incident_links(session, child)):
            raise NotFoundError(queries.NO_LINK)
        return None, incident
    try:
        return queries.link(session, child, UUID(link)).id, None
    except ValueError:
        raise NotFoundError(queries.NO_LINK) from None


def _ask_at(request: Request, db: Db, actor: Actor, ref: str, **said: Any) -> Response:  # noqa: ANN401 - what was typed and what is wrong
    with db.read(actor) as session:
        place = places.find(session, ref)
    return why.ask(request, db, actor, about="place", place=place, **said)


def _form(
    request: Request,
    session: Session,
    child: Child,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    link: UUID | None = None,
) -> Response:
    return html.render(
        request,
        "children/link.html",
        page_title="Link to a place or incident" if link is None else "Correct this link",
        child=child,
        link=link,
        values=values,
        errors=errors,
        **words(session),
    )


def _withdraw_form(
    request: Request, child: Child, link: str, values: Mapping[str, Any], errors: Mapping[str, str]
) -> Response:
    return html.render(
        request,
        "children/withdraw.html",
        page_title="Take this link back?",
        child=child,
        link=link,
        values=values,
        errors=errors,
    )


# Both kinds of pages of this slice, for the application.
pages = (link_pages, children_pages)
