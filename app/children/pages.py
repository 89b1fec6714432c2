"""Pages of children's references: a reason first, then a list, one reference, its changes."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator
from sqlalchemy.orm import Session

from app.accounts import reasons
from app.accounts.deps import Db, May, can, for_record
from app.children import queries, rules, service, why
from app.children.models import Child
from app.children.routes import spelt
from app.children.schemas import ChildIn, HomeIn
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.ids import new_reference, read_reference
from app.core.paging import linked
from app.places import queries as places
from app.places.routes import Partners
from app.reference import queries as reference

children_pages = APIRouter(prefix="/children", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("child.read"))]
Opener = Annotated[Actor, Depends(May("child.create"))]
Editor = Annotated[Actor, Depends(May("child.update"))]
Remover = Annotated[Actor, Depends(May("child.delete"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
Choice = Annotated[str | None, Query(max_length=12), BeforeValidator(lambda said: said or None)]
STATES = (("OPEN", "Open"), ("CLOSED", "Closed"))


@children_pages.get("")
def listing(
    request: Request,
    db: Db,
    actor: Reader,
    borough: Choice = None,
    state: Choice = None,
    number: PageNumber = 1,
) -> Response:
    """The list while a reason for it holds; else the question why."""
    purpose = why.held(request, why.LIST)
    if purpose is None:
        return why.ask(request, db, actor, about="list")
    with db.begin(why.for_list(actor, purpose)) as session:
        page = queries.listed(session, borough=borough, state=state, number=number)
        service.note_list(session, page)
        return html.render(
            request,
            "children/list.html",
            page_title="Children",
            page=linked(page, request.url, queries.PAGE_SIZE),
            filters=dict(request.query_params),
            errors={},
            states=STATES,
            **words(session),
        )


@children_pages.post("")
def ask_list(request: Request, db: Db, actor: Reader, sent: html.Form) -> Response:
    """A reason for the list; or one reference that is looked for, never a name."""
    if "ref" in sent:
        ref = read_reference(sent["ref"], "CH")
        if ref is not None:
            return html.see(f"/children/{ref}")
        problem = "This is not a valid reference. Check each character."
        return why.ask(request, db, actor, about="list", values=sent, errors={"ref": problem})
    if errors := why.problems(actor, sent):
        return why.ask(request, db, actor, about="list", values=sent, errors=errors)
    with db.begin(why.for_list(actor, sent["purpose"])) as session:
        why.hold(session, request, why.LIST, sent)
    return html.see("/children")


@children_pages.get("/new")
def new(request: Request, db: Db, actor: Opener, partners: Partners) -> Response:
    with db.read(actor) as session:
        return _new_form(request, session, actor, partners, {}, {})


@children_pages.post("/new")
def send_new(
    request: Request, db: Db, actor: Opener, sent: html.Form, partners: Partners
) -> Response:
    """Mint a reference; the reason it was opened with holds for it."""
    errors = why.problems(actor, sent)
    purpose = {name: sent[name] for name in ("purpose", "note") if name in sent}
    facts = {name: value for name, value in sent.items() if name not in purpose}
    wanted, wrong = html.parse(ChildIn, facts)
    errors |= wrong
    ref = new_reference("CH")
    with db.begin(for_record(actor, ref, sent.get("purpose") if not errors else None)) as session:
        if wanted is not None and not errors:
            try:
                service.open_child(session, for_record(actor, ref, sent["purpose"]), ref, wanted)
            except InvalidError as invalid:
                errors = invalid.fields
            else:
                reasons.hold(session, reasons.session_of(request.state.identified), ref, sent)
                return html.see(f"/children/{ref}")
        return _new_form(request, session, actor, partners, sent, errors)


@children_pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """One reference while a reason for it holds; else the question why."""
    if spelt(ref) != ref:
        return html.see(f"/children/{spelt(ref)}")
    if not actor.purpose:
        return why.ask(request, db, actor, about="child", ref=ref)
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        links = queries.place_links(session, child)
        happened = queries.incident_links(session, child)
        service.note_read(session, child, rows=1 + len(links) + len(happened))
        return html.render(
            request,
            "children/show.html",
            page_title=f"Child {child.ref}",
            child=child,
            outgrown=rules.outgrown(child.age_band, child.age_band_as_of, clock.today()),
            homes=queries.homes(session, child),
            links=links,
            happened=happened,
            earlier=queries.earlier(session, child),
            may={
                "change": can(actor, "child.update"),
                "link": can(actor, "child_place_link.create") and _here(actor, child),
                "correct": can(actor, "child_place_link.update"),
                "identity": can(actor, "child_identity.request"),
            },
            **words(session),
        )


@children_pages.post("/{ref}")
def give_reason(ref: str, request: Request, db: Db, actor: Reader, sent: html.Form) -> Response:
    """The reason holds for this child and this session, for half an hour."""
    if errors := why.problems(actor, sent):
        return why.ask(request, db, actor, about="child", ref=ref, values=sent, errors=errors)
    known = spelt(ref)
    with db.begin(for_record(actor, known, sent["purpose"])) as session:
        why.hold(session, request, known, sent, known)
    return html.see(f"/children/{known}")


@children_pages.get("/{ref}/edit")
def edit(ref: str, request: Request, db: Db, actor: Editor, partners: Partners) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        service.note_read(session, child)
        values = {
            "version": child.version,
            "age_band": child.age_band,
            "age_band_as_of": child.age_band_as_of,
            "home_lad_code": child.home_lad_code,
        }
        return _edit_form(request, session, partners, child, values, {})


@children_pages.post("/{ref}/edit")
def send_edit(
    ref: str, request: Request, db: Db, actor: Editor, sent: html.Form, partners: Partners
) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    wanted, errors = html.parse(HomeIn, sent)
    with db.begin(actor) as session:
        child = queries.lock(session, ref)
        if wanted is not None:
            try:
                service.revise(session, actor, child, wanted, places.boroughs(session))
                return html.see(f"/children/{child.ref}")
            except InvalidError as invalid:
                errors = invalid.fields
        return _edit_form(request, session, partners, child, sent, errors)


@children_pages.post("/{ref}/state")
def set_state(ref: str, db: Db, actor: Editor, sent: html.Form) -> Response:
    """Work is over, or goes on."""
    if actor.purpose:
        state = "OPEN" if sent.get("state") == "OPEN" else "CLOSED"
        with db.begin(actor) as session:
            service.set_state(session, actor, queries.lock(session, ref), state)
    return html.see(f"/children/{ref}")


@children_pages.get("/{ref}/delete")
def ask_delete(ref: str, request: Request, db: Db, actor: Remover) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        child = queries.find(session, ref)
        service.note_read(session, child)
        return html.render(
            request, "children/delete.html", page_title="Delete this reference?", child=child
        )


@children_pages.post("/{ref}/delete")
def send_delete(ref: str, db: Db, actor: Remover, _: html.Form) -> Response:
    if not actor.purpose:
        return html.see(f"/children/{ref}")
    with db.begin(actor) as session:
        service.delete(session, actor, queries.lock(session, ref))
    return html.see("/children")


def words(session: Session) -> dict[str, Any]:
    """The words of the codes, and the boroughs by code."""
    lists = {"bands": "age_band", "roles": "link_role", "confidences": "confidence"}
    found: dict[str, Any] = {
        name: dict(reference.codes(session, kind)) for name, kind in lists.items()
    }
    return found | {
        "boroughs": places.boroughs(session),
        "agencies": dict(reference.codes(session, "agency")),
    }


def _here(actor: Actor, child: Child) -> bool:
    return actor.works_in(child.borough_codes)


def _choices(session: Session, actor: Actor | None, partners: tuple[str, ...]) -> dict[str, Any]:
    """Boroughs of the partnership first, the others after them; of an account with some, those."""
    known = words(session)
    every = known["boroughs"]
    first = [(code, every[code]) for code in partners if code in every]
    rest = sorted((pair for pair in every.items() if pair[0] not in partners), key=lambda p: p[1])
    offered = [*first, *rest]
    if actor is not None and not actor.all_boroughs:
        offered = [pair for pair in offered if actor.works_in([pair[0]])]
    return known | {"homes": offered, "band_pairs": list(known["bands"].items())}


def _new_form(
    request: Request,
    session: Session,
    actor: Actor,
    partners: tuple[str, ...],
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    return html.render(
        request,
        "children/new.html",
        page_title="Make a new reference",
        values=values,
        errors=errors,
        purposes=why.purposes(session, actor),
        **_choices(session, actor, partners),
    )


def _edit_form(
    request: Request,
    session: Session,
    partners: tuple[str, ...],
    child: Child,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    return html.render(
        request,
        "children/edit.html",
        page_title="Change this reference",
        child=child,
        values=values,
        errors=errors,
        **_choices(session, None, partners),
    )
