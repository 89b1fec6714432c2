"""The register of requests: an auditor opens, extends and closes; a lead decides. Pages only."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May, for_record
from app.audit import service as audit
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.core.files import Shelf
from app.core.paging import linked
from app.reports.sealing import Keys
from app.subjects import document, gathering, queries, rules, service
from app.subjects.models import SubjectRequest
from app.subjects.rules import Decision, Kind, State
from app.subjects.schemas import ExtensionIn, RequestIn

subject_pages = APIRouter(prefix="/subject-requests", include_in_schema=False)

Reader = Annotated[Actor, Depends(May("subject_request.read"))]
Opener = Annotated[Actor, Depends(May("subject_request.create"))]
Keeper = Annotated[Actor, Depends(May("subject_request.update"))]
Decider = Annotated[Actor, Depends(May("subject_request.approve"))]
Maker = Annotated[Actor, Depends(May("subject_file.create"))]
Fetcher = Annotated[Actor, Depends(May("subject_file.download"))]
Show = Literal["open", "decide", "overdue", "closed"]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]
ASK = {
    "kind": "Select what is asked.",
    "record": "Enter a child's reference or the code of a report.",
    "asked_by": "Select who asks.",
    "checked_by": "Select how you made sure who asks.",
    "received_on": "Enter the day on which it was received.",
}
TITLES = {
    "open": "Waiting",
    "decide": "For a lead to decide",
    "overdue": "Overdue",
    "closed": "Over",
}
REASON = "SAR"


def keys_of(request: Request) -> Keys:
    found: Keys = request.app.state.keys
    return found


def shelf_of(request: Request) -> Shelf:
    return service.shelf(request.app.state.settings)


Opening = Annotated[Keys, Depends(keys_of)]
Files = Annotated[Shelf, Depends(shelf_of)]


@subject_pages.get("")
def listing(
    request: Request, db: Db, actor: Reader, show: Show = "open", number: PageNumber = 1
) -> Response:
    today = clock.today()
    with db.begin(actor) as session:
        page = queries.listed(session, show, today=today, number=number)
        refs = [row.ref for row in page.rows]
        audit.record(session, "subject_request.list", service.THING, None, rows=len(refs))
        return html.render(
            request,
            "subjects/list.html",
            page_title="Subject requests",
            page=linked(page, request.url, queries.PAGE_SIZE),
            show=show,
            titles=TITLES,
            rules=rules,
            today=today,
        )


@subject_pages.get("/new")
def new(request: Request, db: Db, actor: Opener) -> Response:
    with db.read(actor):
        return _form(request, {"received_on": clock.today().isoformat()}, {})


@subject_pages.post("/new")
def send_new(request: Request, db: Db, actor: Opener, keys: Opening, sent: html.Form) -> Response:
    wanted, errors = html.parse(RequestIn, sent)
    if wanted is None:
        return _form(request, sent, {name: ASK.get(name, said) for name, said in errors.items()})
    with db.begin(actor) as session:
        try:
            made = service.open_request(session, actor, keys, wanted)
        except InvalidError as invalid:
            return _form(request, sent, invalid.fields)
    return html.see(f"/subject-requests/{made.ref}")


@subject_pages.get("/{ref}")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    with db.begin(actor) as session:
        asked = queries.find(session, ref)
        audit.record(session, "subject_request.read", service.THING, asked.ref)
        return _shown(request, session, actor, asked, {})


@subject_pages.post("/{ref}/extend")
def extend(ref: str, request: Request, db: Db, actor: Keeper, sent: html.Form) -> Response:
    wanted, _ = html.parse(ExtensionIn, sent)
    with db.begin(actor) as session:
        asked = queries.find(session, ref, lock=True)
        if wanted is None:
            audit.record(session, "subject_request.read", service.THING, asked.ref)
            wrong = {"extension": "Select why more time is needed."}
            return _shown(request, session, actor, asked, wrong)
        service.extend(session, asked, wanted.extension)
    return html.see(f"/subject-requests/{ref}")


@subject_pages.post("/{ref}/close")
def close(ref: str, db: Db, actor: Keeper, _: html.Form) -> Response:
    with db.begin(actor) as session:
        service.close(session, queries.find(session, ref, lock=True))
    return html.see(f"/subject-requests/{ref}")


@subject_pages.get("/{ref}/decide")
def deciding(ref: str, request: Request, db: Db, actor: Decider) -> Response:
    with db.begin(for_answer(actor)) as session:
        return _decide_form(request, session, actor, queries.find(session, ref), {}, {})


@subject_pages.post("/{ref}/decide")
def decide(ref: str, request: Request, db: Db, actor: Decider, sent: html.Form) -> Response:
    refusal = [code for code in rules.EVERY_GROUND if sent.get(f"refusal_{code}")]
    said = sent.get("decision", "")
    note = sent.get("note", "").strip()
    with db.begin(for_answer(actor)) as session:
        asked = queries.find(session, ref, lock=True)
        try:
            service.decide(session, actor, asked, said, refusal, note)
        except InvalidError as invalid:
            return _decide_form(request, session, actor, asked, sent, invalid.fields)
    return html.see(f"/subject-requests/{ref}")


@subject_pages.post("/{ref}/answer")
def put_together(
    ref: str, db: Db, actor: Maker, keys: Opening, shelf: Files, _: html.Form
) -> Response:
    with db.begin(for_answer(actor)) as session:
        service.put_together(session, actor, keys, queries.find(session, ref), shelf)
    return html.see(f"/subject-requests/{ref}/answer")


@subject_pages.get("/{ref}/answer")
def answer(ref: str, request: Request, db: Db, actor: Fetcher, shelf: Files) -> Response:
    """To be read, and printed for the person who asked."""
    with db.begin(actor) as session:
        asked = queries.find(session, ref)
        found = service.fetch(session, asked, shelf, "page")
        return html.render(
            request, "subjects/answer.html", page_title="What we hold", asked=asked, found=found
        )


@subject_pages.get("/{ref}/answer.json")
def as_json(ref: str, db: Db, actor: Fetcher, shelf: Files) -> Response:
    """The same for a program."""
    with db.begin(actor) as session:
        asked = queries.find(session, ref)
        body = service.written(service.fetch(session, asked, shelf, "json"), asked.ref)
    name = f"contextmap-answer-{asked.ref}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)


def for_answer(actor: Actor) -> Actor:
    """The lead with the one reason that opens what is held of this person."""
    return for_record(actor, "*", REASON)


def _form(request: Request, values: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    return html.render(
        request,
        "subjects/new.html",
        page_title="Register a request",
        rules=rules,
        values=values,
        errors=errors,
    )


def _shown(
    request: Request,
    session: Session,
    actor: Actor,
    asked: SubjectRequest,
    errors: Mapping[str, str],
) -> Response:
    today, now = clock.today(), clock.now()
    lead = actor.db_role == "cs_app"
    file = queries.file_of(session, asked, now) if lead else None
    return html.render(
        request,
        "subjects/show.html",
        page_title=f"Request {asked.ref}",
        asked=asked,
        rules=rules,
        lead=lead,
        file=file,
        overdue=rules.is_overdue(asked.state, asked.due_on, today),
        extendable=rules.may_extend(asked.state, asked.extended_on, asked.due_on, today),
        until=rules.extended_to(asked.received_on),
        left_out=service.left_out(asked),
        police=document.POLICE,
        erased=service.erased(session, asked),
        values={},
        errors=errors,
    )


def _decide_form(
    request: Request,
    session: Session,
    actor: Actor,
    asked: SubjectRequest,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    """With the reference, which the lead needs for what is to be put right."""
    kind = Kind(asked.kind)
    ref = None
    if asked.about == "child" and asked.subject_id is not None:
        ref = gathering.child_by_id(session, asked.subject_id).ref
    audit.record(session, "subject_request.read", service.THING, asked.ref, deciding=True)
    return html.render(
        request,
        "subjects/decide.html",
        page_title=f"Decide on request {asked.ref}",
        asked=asked,
        child_ref=ref,
        waits=asked.state == State.OPEN and asked.created_by != actor.id,
        decisions=[(code, rules.DECISIONS[code]) for code in rules.OF_KIND[kind]],
        grounds=rules.GROUNDS[kind],
        refused=Decision.REFUSED,
        rules=rules,
        values=values,
        errors=errors,
    )
