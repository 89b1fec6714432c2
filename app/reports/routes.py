"""The inbox of reports and the page of one: take, release, decide."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts import queries as accounts
from app.accounts.deps import Db, May, session_of
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import NotFoundError, StaleError
from app.core.ids import read_reference
from app.core.paging import Page, linked
from app.core.partnership import Partnership
from app.places.queries import boroughs as borough_names
from app.places.rules import Purpose
from app.reference import queries as reference
from app.reports import answers, decisions, inbox, queries, rules, triage, unfinished, view
from app.reports.answers import NEW, Answers
from app.reports.models import Report
from app.reports.queries import ABSENT, ALL, OPEN, Filters
from app.reports.rules import FULL, STATUS, UNDECIDED, State
from app.reports.sealing import Keys

pages = APIRouter(prefix="/reports", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("report.read"))]
Worker = Annotated[Actor, Depends(May("report.update"))]
Decider = Annotated[Actor, Depends(May("report.decide"))]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
OF_FORM = ("version", "save")


def keys_of(request: Request) -> Keys:
    found: Keys = request.app.state.keys
    return found


def partnership_of(request: Request) -> Partnership:
    found: Partnership = request.app.state.partnership
    return found


Opener = Annotated[Keys, Depends(keys_of)]
Told = Annotated[Partnership, Depends(partnership_of)]


def filters_of(
    actor: Reader,
    state: str | None = None,
    borough: str | None = None,
    worry: str | None = None,
    channel: str | None = None,
    quarantine: str | None = None,
    message: str | None = None,
) -> Filters:
    """Whoever does not triage sees all that they may see."""
    usual = OPEN if actor.view == FULL else ALL
    asked = state if state is not None and state in {ALL, OPEN, *State} else usual
    chosen = (borough or None, worry or None, channel or None)
    return Filters(asked, *chosen, quarantine=bool(quarantine), message=bool(message))


def waiting_of(
    asked: Annotated[Filters, Depends(filters_of)],
    overdue: Literal["yes", ""] = "",
    since: Literal["visit", ""] = "",
) -> Filters:
    """The same, or only what a work list leads to."""
    return replace(asked, overdue=bool(overdue), since_visit=bool(since))


Asked = Annotated[Filters, Depends(waiting_of)]


@pages.get("")
def listing(
    request: Request, db: Db, actor: Reader, asked: Asked, number: PageNumber = 1
) -> Response:
    if actor.view == STATUS:
        return html.see("/reports/mine")
    now = clock.now()
    with db.begin(actor) as session:
        asked = _at(session, asked, session_of(request), now)
        found = queries.listed(session, asked, number=number)
        names = borough_names(session)
        refs = [each.report.ref for each in found.rows]
        audit.record(session, "report.list", "report", None, rows=len(found.rows), refs=refs)
        rows = inbox.rows(session, found.rows, names, now)
        numbered = Page(rows, found.total, found.number)
        return html.render(
            request,
            "reports/list.html",
            page_title="Reports",
            page=linked(numbered, request.url, queries.PAGE_SIZE),
            full=actor.view == FULL,
            filters=dict(request.query_params),
            asked=asked,
            aside=queries.waiting(session, Report.state == State.QUARANTINED),
            last=queries.last_decided(session),
            states=_states(actor),
            boroughs=names,
            worries=rules.WORRIES.items(),
            channels=reference.codes(session, "channel"),
        )


def _at(session: Session, asked: Filters, visit: UUID | None, now: datetime) -> Filters:
    """With the moments that "overdue" and "since your last visit" stand for."""
    if asked.overdue:
        received = queries.received_undecided(session)
        asked = replace(asked, late_until=inbox.late_until(received, now))
    if asked.since_visit:
        asked = replace(asked, decided_after=accounts.last_visit(session, visit))
    return asked


def _states(actor: Actor) -> list[tuple[str, str]]:
    """To choose from; whoever does not triage meets a report once it is decided."""
    if actor.view == FULL:
        return [(OPEN, "To triage"), *rules.STATES.items(), (ALL, "All")]
    known = rules.STATES.items()
    return [(ALL, "All"), *((code, words) for code, words in known if code not in UNDECIDED)]


@pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader, keys: Opener, told: Told) -> Response:
    """Opening decrypts the words: the trace is committed before they are sent."""
    if actor.view == STATUS:
        raise NotFoundError(ABSENT)
    with db.begin(actor) as session:
        report = queries.find(session, ref)
        if actor.view == FULL:
            return page(request, session, keys, report, told)
        context = view.for_others(session, keys, report)
        return html.render(
            request, "reports/redacted.html", page_title=f"Report {report.ref}", **context
        )


@pages.post("/{ref}/take")
def take(ref: str, db: Db, actor: Worker, sent: html.Form, keys: Opener) -> Response:
    with db.begin(actor) as session:
        report = queries.lock(session, ref)
        triage.take(session, keys, actor, report)
        return html.see(f"/reports/{report.ref}")


@pages.post("/{ref}/release")
def release(ref: str, db: Db, actor: Worker, sent: html.Form) -> Response:
    """Out of quarantine; it is read like any other."""
    with db.begin(actor) as session:
        report = queries.lock(session, ref)
        triage.must_be(report, {State.QUARANTINED}, State.SCREENED)
        triage.release(session, report)
        return html.see(f"/reports/{report.ref}")


@pages.post("/{ref}")
def decide(
    ref: str, request: Request, db: Db, actor: Decider, sent: html.Form, keys: Opener, told: Told
) -> Response:
    given = answers.read(sent)
    with db.begin(_with_reason(actor, given)) as session:
        report = queries.lock(session, ref)
        triage.must_be(report, {State.IN_TRIAGE}, State.DECIDED)
        try:
            triage.must_be_current(session, actor, report, given.version)
        except StaleError as stale:
            return _stale(request, session, report, sent, stale.detail)
        found = triage.opened_by(session, keys, report)
        if "save" in sent:
            unfinished.save(
                session, keys, found, {n: t for n, t in sent.items() if n not in OF_FORM}
            )
            return html.see(f"/reports/{report.ref}")
        wanted = decisions.check(session, found, given, sorted(told.codes))
        if not wanted.errors:
            decisions.decide(session, keys, actor, found, wanted)
            return html.see(f"/reports/{report.ref}")
        return page(request, session, keys, report, told, sent=sent, errors=wanted.errors)


def page(
    request: Request,
    session: Session,
    keys: Keys,
    report: Report,
    told: Partnership,
    *,
    sent: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """The page of the lead, as it stands or with what is wrong."""
    return html.render(
        request,
        "reports/show.html",
        page_title=f"Report {report.ref}",
        errors=errors or {},
        **view.for_lead(session, keys, report, told, sent),
    )


def _with_reason(actor: Actor, given: Answers) -> Actor:
    """Triage is the reason for which a home's address is written, of this place and no other.

    A place that is only now proposed has no reference yet. What else may be typed where a place is
    asked for opens nothing: neither everything, nor how to reach the reporter.
    """
    about = "*" if given.place == NEW else read_reference(given.place_ref, "PL")
    return replace(actor, purpose=Purpose.TRIAGE, purpose_for=about) if about else actor


def _stale(
    request: Request, session: Session, report: Report, sent: dict[str, str], words: str
) -> Response:
    audit.record(session, "report.read", "report", report.ref, view="stale")
    return html.render(
        request,
        "reports/stale.html",
        status=409,
        page_title=words,
        sent=sent,
        given=answers.read(sent),
        outcome_words=rules.OUTCOMES,
        tones=rules.TONES,
        harms={harm.code: harm.label for harm in reference.harms(session)},
        taken_by=queries.name_of(session, queries.original(session, report).assigned_to),
        **view.facts(session, report),
    )
