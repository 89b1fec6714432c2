"""The work on a pack: it is begun, lines are added, chairs say what is shown and sign it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts.deps import Db, May
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.meetings import view as meetings
from app.meetings.models import Meeting
from app.packs import building, queries, rules, service, view
from app.packs.rules import Kind

work = APIRouter(prefix="/briefings", include_in_schema=False)

Beginner = Annotated[Actor, Depends(May("meeting_pack.create"))]
Writer = Annotated[Actor, Depends(May("meeting_pack.update"))]
Chair = Annotated[Actor, Depends(May("meeting_pack.approve"))]
Refused = (InvalidError, RuleBrokenError)


@work.get("/packs/new")
def ask_what(request: Request, db: Db, actor: Beginner) -> Response:
    with db.begin(actor) as session:
        return _asking(request, session, {}, {})


@work.post("/packs/new")
def begin(request: Request, db: Db, actor: Beginner, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        try:
            if sent.get("kind") not in building.KINDS:
                raise InvalidError(rules.NO_CONTENT, {"kind": "Choose what is built."})
            known = {one.ref: one for one in _meetings(session)}
            pack = service.begin(
                session,
                actor,
                Kind(sent["kind"]),
                sent.get("period", "").strip(),
                known.get(sent.get("meeting", "")),
            )
        except InvalidError as wrong:
            return _asking(request, session, sent, wrong.fields)
        return html.see(f"/briefings/{pack.ref}/work")


@work.get("/{ref}/work")
def show_work(ref: str, request: Request, db: Db, actor: Writer) -> Response:
    with db.begin(actor) as session:
        return _working(request, session, actor, ref, {}, {})


@work.post("/{ref}/lines")
def add(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    with db.begin(actor) as session:
        pack = queries.find(session, ref, lock=True)
        try:
            service.add(session, actor, pack, sent)
        except Refused as refused:
            return _working(request, session, actor, ref, sent, refused.beside("form"))
        return html.see(f"/briefings/{pack.ref}/work")


@work.post("/{ref}/lines/{line_id}/remove")
def take_out(ref: str, line_id: UUID, db: Db, actor: Writer, _: html.Form) -> Response:
    with db.begin(actor) as session:
        pack = queries.find(session, ref, lock=True)
        service.take_out(session, actor, pack, line_id)
        return html.see(f"/briefings/{pack.ref}/work")


@work.post("/{ref}/shown")
def say_what_is_shown(
    ref: str, request: Request, db: Db, actor: Chair, sent: html.Form
) -> Response:
    with db.begin(actor) as session:
        pack = queries.find(session, ref, lock=True)
        try:
            service.show(session, actor, pack, sent)
        except Refused as refused:
            return _working(request, session, actor, ref, sent, refused.beside("form"))
        return html.see(f"/briefings/{pack.ref}/work")


@work.post("/{ref}/freeze")
def freeze(ref: str, request: Request, db: Db, actor: Chair, _: html.Form) -> Response:
    with db.begin(actor) as session:
        pack = queries.find(session, ref, lock=True)
        try:
            service.sign(session, actor, pack)
        except Refused as refused:
            return _working(request, session, actor, ref, {}, refused.beside("form"))
        return html.see(f"/briefings/{pack.ref}")


@work.post("/{ref}/end")
def end(ref: str, request: Request, db: Db, actor: Chair, sent: html.Form) -> Response:
    """A lead recalls it."""
    with db.begin(actor) as session:
        pack = queries.find(session, ref, lock=True)
        try:
            service.recall(session, actor, pack, sent.get("reason", ""))
        except Refused as refused:
            return _working(request, session, actor, ref, sent, refused.beside("form"))
        return html.see(f"/briefings/{pack.ref}")


def _meetings(session: Session) -> Sequence[Meeting]:
    """Of the kinds that packs are built for."""
    kinds = {rules.MEETINGS[kind] for kind in building.KINDS}
    return queries.meetings(session, kinds)


def _asking(
    request: Request, session: Session, values: dict[str, str], errors: dict[str, str]
) -> Response:
    found = _meetings(session)
    audit.record(session, "meeting.list", "meeting", None, rows=len(found))
    return html.render(
        request,
        "packs/new.html",
        page_title="Build a pack",
        kinds=[(kind, rules.KINDS[kind]) for kind in building.KINDS],
        meetings=found,
        values=values,
        errors=errors,
    )


def _working(
    request: Request,
    session: Session,
    actor: Actor,
    ref: str,
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    found = view.shown(session, actor, ref)
    entries = queries.entries(session, found.pack)
    members = queries.members(session, found.pack.meeting_id)
    audit.record(session, "pack.read", "pack", found.pack.ref, part="work")
    return html.render(
        request,
        "packs/work.html",
        page_title=f"Work on: {found.title}",
        shown=found,
        pack=found.pack,
        entries=entries,
        people=meetings.people(session, members),
        boroughs=list(request.app.state.partnership.names.items()),
        entry_kinds=list(rules.ENTRIES.items()),
        parts=[(one["code"], one["title"]) for one in (found.made or {}).get("sections", ())],
        states=rules.STATES,
        values=values,
        errors=errors,
    )
