"""The work on a briefing: its sentences, signatures, the meeting it was tabled at, recall."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, can
from app.audit import service as audit
from app.briefings import queries, rules, service
from app.briefings.models import Briefing
from app.briefings.rules import Field, Section
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.mail import has_mail
from app.releases import rules as periods

writing = APIRouter(prefix="/briefings", include_in_schema=False)

Writer = Annotated[Actor, Depends(May("briefing_draft.update"))]
Signer = Annotated[Actor, Depends(May("briefing_draft.approve"))]
Decider = Annotated[Actor, Depends(May("briefing_released.update"))]
Recaller = Annotated[Actor, Depends(May("briefing_released.approve"))]
REFUSED = (InvalidError, RuleBrokenError)


@writing.get("/{ref}/write")
def ask_words(ref: str, request: Request, db: Db, actor: Writer) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref)
        values = {
            f"{one.section.lower()}_{one.position}": one.body
            for one in queries.lines(session, briefing)
        }
        return _words(request, session, briefing, values, {})


@writing.post("/{ref}/write")
def send_words(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref, lock=True)
        try:
            service.write(session, actor, briefing, _fields(session, briefing), sent)
        except REFUSED as refused:
            return _words(request, session, briefing, sent, refused.beside("form"))
        return html.see(f"/briefings/{briefing.ref}/sign")


@writing.get("/{ref}/sign")
def ask_signature(ref: str, request: Request, db: Db, actor: Signer) -> Response:
    with db.begin(actor) as session:
        return _signing(request, session, queries.find(session, ref), {}, {})


@writing.post("/{ref}/sign")
def sign(ref: str, request: Request, db: Db, actor: Signer, _: html.Form) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref, lock=True)
        try:
            service.sign(session, actor, briefing)
        except REFUSED as refused:
            return _signing(request, session, briefing, {}, refused.beside("form"))
        return html.see(f"/briefings/{briefing.ref}/sign")


@writing.post("/{ref}/table")
def table(ref: str, request: Request, db: Db, actor: Decider, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref, lock=True)
        try:
            service.table(session, actor, briefing, sent)
        except REFUSED as refused:
            return _signing(request, session, briefing, sent, refused.beside("form"))
        return html.see(f"/briefings/{briefing.ref}")


@writing.post("/{ref}/recall")
def recall(ref: str, request: Request, db: Db, actor: Recaller, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        briefing = queries.find(session, ref, lock=True)
        try:
            service.recall(session, actor, briefing, sent.get("reason", ""))
        except REFUSED as refused:
            return _signing(request, session, briefing, sent, refused.beside("form"))
        return html.see(f"/briefings/{briefing.ref}")


def _held(request: Request, session: Session, briefing: Briefing) -> list[tuple[str, str]]:
    """For who may table it; an auditor sees no meeting."""
    if not can(request.state.actor, "briefing_released.update"):
        return []
    return queries.held(session, briefing.window_to)


def _fields(session: Session, briefing: Briefing) -> list[Field]:
    """Those of every quarter, and one for each decision of the quarter before."""
    before = periods.window(briefing.period_code).before.period
    decided = queries.decided_before(session, before)
    became = [Field(Section.BECAME, n, "SENTENCE") for n in range(1, len(decided) + 1)]
    return [*rules.FIELDS, *became]


def _words(
    request: Request,
    session: Session,
    briefing: Briefing,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    window = periods.window(briefing.period_code)
    audit.record(session, "briefing.read", "briefing", briefing.ref, page="write")
    return html.render(
        request,
        "briefings/write.html",
        page_title="Sentences of the report",
        briefing=briefing,
        window=window,
        decided=queries.decided_before(session, window.before.period),
        states=rules.STATES,
        values=values,
        errors=errors,
    )


def _signing(
    request: Request,
    session: Session,
    briefing: Briefing,
    values: dict[str, Any],
    errors: dict[str, str],
) -> Response:
    audit.record(session, "briefing.read", "briefing", briefing.ref, page="sign")
    return html.render(
        request,
        "briefings/sign.html",
        page_title="Check and sign the report",
        briefing=briefing,
        window=periods.window(briefing.period_code),
        has_mail=has_mail(request.app.state.settings),
        held=_held(request, session, briefing),
        states=rules.STATES,
        values=values,
        errors=errors,
    )
