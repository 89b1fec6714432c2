"""The check of an item, its release and withdrawal, and the conditions that a recipient accepts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.core.ids import read_reference
from app.core.problems import documented
from app.core.types import Bare
from app.intelligence import audience, qa, queries, rules, service, view
from app.intelligence.api_routes import api
from app.intelligence.models import IntelItem
from app.intelligence.routes import Partners, words
from app.intelligence.rules import State
from app.intelligence.schemas import AudienceOut, DecisionIn, FullOut, SanitisedOut, WithdrawIn

checking_pages = APIRouter(prefix="/intelligence", include_in_schema=False)

Checker = Annotated[Actor, Depends(May("intelligence_p.approve"))]
Changer = Annotated[Actor, Depends(May("intelligence_p.update"))]
Owner = Annotated[Actor, Depends(May("intelligence_c.update"))]
Named = Annotated[Actor, Depends(May("intelligence_c.read"))]


@checking_pages.post("/{ref}/take")
def take(ref: str, db: Db, actor: Checker, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        qa.take(session, actor, item)
        return html.see(f"/intelligence/{item.ref}/qa")


@checking_pages.get("/{ref}/qa")
def look(ref: str, request: Request, db: Db, actor: Checker, partners: Partners) -> Response:
    with db.begin(actor) as session:
        item = service.opened(session, ref)
        return _qa(request, session, actor, item, partners, {}, {})


@checking_pages.post("/{ref}/qa")
def decide(
    ref: str, request: Request, db: Db, actor: Checker, sent: html.Form, partners: Partners
) -> Response:
    wanted, errors = html.parse(DecisionIn, sent)
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        if wanted is not None:
            try:
                with session.begin_nested():
                    qa.decide(session, actor, item, wanted)
                return html.see(f"/intelligence/{item.ref}")
            except InvalidError as refused:
                errors = refused.fields
        service.record(session, "read", item)
        return _qa(request, session, actor, item, partners, sent, errors)


@checking_pages.post("/{ref}/release")
def release(ref: str, db: Db, actor: Checker, sent: html.Form) -> Response:
    """Of an item that was found right before."""
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        qa.release(session, actor, item)
        return html.see(f"/intelligence/{item.ref}")


@checking_pages.get("/{ref}/withdraw")
def ask_why(ref: str, request: Request, db: Db, actor: Changer) -> Response:
    with db.begin(actor) as session:
        item = service.opened(session, ref)
        return _withdraw(request, item, {}, {})


@checking_pages.post("/{ref}/withdraw")
def withdraw(ref: str, request: Request, db: Db, actor: Changer, sent: html.Form) -> Response:
    wanted, errors = html.parse(WithdrawIn, sent)
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        if wanted is not None and not wanted.reason:
            errors = {"reason": qa.NO_REASON}
        if wanted is not None and not errors:
            qa.withdraw(session, actor, item, wanted.reason)
            return html.see(f"/intelligence/{item.ref}")
        service.record(session, "read", item)
        return _withdraw(request, item, sent, errors)


@checking_pages.post("/{ref}/recipients/{person_id}/remove")
def remove(ref: str, person_id: UUID, db: Db, actor: Owner, sent: html.Form) -> Response:
    """A recipient less; more of them come with a corrected item."""
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        service.remove(session, item, person_id)
        return html.see(f"/intelligence/{item.ref}")


@checking_pages.get("/{ref}/conditions")
def conditions(ref: str, request: Request, db: Db, actor: Named) -> Response:
    """What a recipient reads before the item is there for them."""
    with db.begin(actor) as session:
        known = read_reference(ref, "IN") or ""
        found = service.offered(session, known)
        if not found:
            raise NotFoundError(queries.ABSENT)
        service.record_conditions(session, known)
        return html.render(
            request,
            "intelligence/conditions.html",
            page_title="Do you accept these conditions?",
            offer=found[0],
        )


@checking_pages.post("/{ref}/conditions")
def accept(ref: str, db: Db, actor: Named, sent: html.Form) -> Response:
    known = read_reference(ref, "IN") or ""
    with db.begin(actor) as session:
        service.accept(session, known)
        return html.see(f"/intelligence/{known}")


@api.post("/{ref}/qa", responses=documented(404, 409, 422))
def decide_by_program(ref: str, wanted: DecisionIn, db: Db, actor: Checker) -> FullOut:
    """Decide an item that another analyst wrote; taken into QA first where it is not yet."""
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        if item.state == State.SUBMITTED:
            qa.take(session, actor, item)
        qa.decide(session, actor, item, wanted)
        session.refresh(item)
        return view.full(session, item)


@api.post("/{ref}/withdraw", responses=documented(404, 409, 422))
def withdraw_by_program(ref: str, wanted: WithdrawIn, db: Db, actor: Changer) -> FullOut:
    """Nobody but analysts reads it from now on."""
    with db.begin(actor) as session:
        item = queries.lock(session, ref)
        qa.withdraw(session, actor, item, wanted.reason)
        session.refresh(item)
        return view.full(session, item)


@api.post("/{ref}/conditions", responses=documented(404, 422))
def accept_by_program(ref: str, _sent: Bare, db: Db, actor: Named) -> SanitisedOut:
    """Accept the conditions of an item that names you; the item is the answer."""
    known = read_reference(ref, "IN") or ""
    with db.begin(actor) as session:
        service.accept(session, known)
        return view.sanitised(session, queries.find(session, known))


@api.get("/{ref}/audience", responses=documented(404))
def seen_by(ref: str, request: Request, db: Db, actor: Changer, partners: Partners) -> AudienceOut:
    """Who will be able to see it once it is released, or can see it now."""
    with db.begin(actor) as session:
        item = service.opened(session, ref)
        return AudienceOut.of(
            audience.of_item(request.app.state.db, session, actor, item.ref, partners)
        )


def _qa(
    request: Request,
    session: Session,
    actor: Actor,
    item: IntelItem,
    partners: tuple[str, ...],
    sent: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    barrier = rules.barrier_to_check(
        by=actor.id, created_by=item.created_by, written_by=item.written_by
    )
    return html.render(
        request,
        "intelligence/qa.html",
        page_title=f"Check {item.ref}",
        item=view.full(session, item),
        full=True,
        near=view.near(session, item),
        barrier=barrier,
        decisions=qa.DECISIONS.items(),
        marked=list(dict.fromkeys(span.extract for span in qa.marked(item))),
        recipients=service.recipients(session, item),
        seen=audience.of_item(request.app.state.db, session, actor, item.ref, partners),
        values=sent,
        errors=errors,
        **words(session, item.scheme_version),
    )


def _withdraw(
    request: Request, item: IntelItem, sent: dict[str, Any], errors: dict[str, str]
) -> Response:
    return html.render(
        request,
        "intelligence/withdraw.html",
        page_title=f"Why is {item.ref} withdrawn?",
        ref=item.ref,
        values=sent,
        errors=errors,
    )
