"""After the decision and beside it: reply, undo, open again, close; how to reach the reporter."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts import reasons
from app.accounts.deps import Db, May, for_record
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.ids import read_reference
from app.reference import queries as reference
from app.reports import answers, decisions, queries, replies, triage
from app.reports.models import Report
from app.reports.routes import Decider, Opener, Told, Worker, page
from app.reports.rules import State
from app.reports.sealing import Content, Keys, SealBrokenError, opened

replying = APIRouter(prefix="/reports", include_in_schema=False)

PERMISSION = "report_contact.read"
Addressee = Annotated[Actor, Depends(May("report_contact.read"))]
REASON = 200


@replying.post("/{ref}/reply")
def reply(
    ref: str, request: Request, db: Db, actor: Worker, sent: html.Form, keys: Opener, told: Told
) -> Response:
    """Shown as the reporter reads it first; sent by the second button."""
    with db.begin(actor) as session:
        report = queries.lock(session, ref)
        triage.must_be_current(session, actor, report, answers.read(sent).version)
        made = replies.written(session, report, sent, told.front_door.name)
        if made.errors or "change" in sent:
            return page(request, session, keys, report, told, sent=sent, errors=dict(made.errors))
        if "send" not in sent:
            return _preview(request, session, report, sent, made.body)
        replies.send(session, keys, actor, report, made)
        return html.see(f"/reports/{report.ref}")


@replying.post("/{ref}/undo")
def undo(
    ref: str, request: Request, db: Db, actor: Decider, sent: html.Form, keys: Opener, told: Told
) -> Response:
    """Take a decision back that nobody was told of."""
    with db.begin(actor) as session:
        report = queries.lock(session, ref)
        triage.must_be(report, {State.DECIDED}, State.IN_TRIAGE)
        if wrong := _reason(sent):
            return page(request, session, keys, report, told, sent=sent, errors=wrong)
        original = queries.original(session, report)
        decisions.undo(session, report, original, sent["why"].strip())
        return html.see(f"/reports/{report.ref}")


@replying.post("/{ref}/reopen")
def reopen(
    ref: str, request: Request, db: Db, actor: Decider, sent: html.Form, keys: Opener, told: Told
) -> Response:
    """A new message or new evidence after closing."""
    with db.begin(actor) as session:
        report = queries.lock(session, ref)
        triage.must_be(report, {State.CLOSED}, State.IN_TRIAGE)
        if wrong := _reason(sent):
            return page(request, session, keys, report, told, sent=sent, errors=wrong)
        decisions.reopen(session, actor, report, sent["why"].strip())
        return html.see(f"/reports/{report.ref}")


@replying.post("/{ref}/close")
def close(ref: str, db: Db, actor: Decider, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        report = queries.lock(session, ref)
        decisions.close(session, report)
        return html.see(f"/reports/{report.ref}")


@replying.get("/{ref}/contact")
def contact(ref: str, request: Request, db: Db, actor: Addressee, keys: Opener) -> Response:
    """How to reach the reporter, while a reason holds; else the question why."""
    if not actor.purpose:
        return _asked(ref, request, db, actor)
    known = read_reference(ref, "RP") or ref
    with db.begin(for_record(actor, known, actor.purpose)) as session:
        report = queries.find(session, ref)
        found = queries.contact(session, report)
        audit.record(session, "report_contact.read", "report", report.ref)
        return html.render(
            request,
            "reports/contact.html",
            page_title="How to reach the reporter",
            report=report,
            contact=found and _opened(keys, found.sealed, report.id),
        )


@replying.post("/{ref}/contact")
def give_reason(ref: str, request: Request, db: Db, actor: Addressee, sent: html.Form) -> Response:
    """The reason holds for this report and this session, for half an hour."""
    session_id = reasons.session_of(request.state.identified)
    if errors := reasons.problems(sent, reasons.purposes(actor, PERMISSION)):
        return _asked(ref, request, db, actor, values=sent, errors=errors)
    stored = read_reference(ref, "RP") or ref
    with db.begin(for_record(actor, stored, sent["purpose"])) as session:
        report = queries.find(session, ref)
        reasons.hold(session, session_id, report.ref, sent)
        audit.record(session, "report_contact.purpose", "report", report.ref)
        return html.see(f"/reports/{report.ref}/contact")


def _preview(
    request: Request, session: Session, report: Report, sent: dict[str, str], body: str
) -> Response:
    """Of its own, so that nothing else is looked at before it goes."""
    audit.record(session, "report.preview", "report", report.ref)
    return html.render(
        request,
        "reports/preview.html",
        page_title="As the reporter will read it",
        report=report,
        body=body,
        sent=sent,
        asks=report.state == State.IN_TRIAGE,
        told_too=[each.ref for each in replies.merged_too(session, report)],
    )


def _asked(
    ref: str,
    request: Request,
    db: Database,
    actor: Actor,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """Whether there is anything to see is told after the reason, not before."""
    with db.begin(actor) as session:
        report = queries.find(session, ref)
        audit.record(session, "report_contact.asked", "report", report.ref)
        words = dict(reference.codes(session, "purpose"))
        allowed = reasons.purposes(actor, PERMISSION)
        return html.render(
            request,
            "reports/why.html",
            page_title="Why do you need to see this?",
            report=report,
            purposes=[(code, words.get(code, code)) for code in allowed],
            values=values or {},
            errors=errors or {},
        )


def _opened(keys: Keys, sealed: bytes, report_id: UUID) -> Content:
    try:
        return opened(sealed, keys.contact, report=report_id, use="contact")
    except SealBrokenError:
        return {}


def _reason(sent: dict[str, str]) -> dict[str, str]:
    why = sent.get("why", "").strip()
    wrong = reasons.text_problem(why, REASON) if why else "Enter a reason."
    return {"why": wrong} if wrong else {}
