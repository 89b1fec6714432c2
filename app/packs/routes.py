"""Packs as they are read: the page, a part of it in full, the summary of a daily briefing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.accounts.deps import Db, Somebody, can, session_of
from app.audit import service as audit
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import NotFoundError
from app.packs import queries, redaction, rules, view
from app.packs.rules import Kind

packs = APIRouter(prefix="/briefings", include_in_schema=False)

Screen = Annotated[int, Query(ge=0, le=1)]


def kind_of(db: Database, actor: Actor, ref: str) -> Kind | None:
    """Of a pack that this person may open; None of everything else."""
    if actor.role not in redaction.READERS:
        return None
    with db.read(actor) as session:
        found = queries.known(session, ref)
        return None if found is None else Kind(found.kind)


def page(request: Request, db: Database, actor: Actor, ref: str, screen: int) -> Response | None:
    """The pack as this reader may read it, told to the audit with its purpose; None if it is none.

    The address is that of every briefing, which the slice above owns.
    """
    kind = kind_of(db, actor, ref)
    if kind is None:
        return None
    view.refuse_program(session_of(request))
    with db.begin(view.purposeful(actor, kind, ref)) as session:
        found = view.shown(session, actor, ref, hide_children=bool(screen))
        audit.record(session, "pack.read", "pack", found.pack.ref)
        return html.render(
            request,
            "packs/pack.html",
            page_title=found.title,
            shown=found,
            screen=screen,
            states=rules.STATES,
        )


@packs.get("/{ref}/parts/{code}")
def show_part(ref: str, code: str, request: Request, db: Db, actor: Somebody) -> Response:
    """Every line of one part: what the page has no room for."""
    kind = kind_of(db, actor, ref)
    if kind is None:
        raise NotFoundError(rules.ABSENT)
    view.refuse_program(session_of(request))
    with db.begin(view.purposeful(actor, kind, ref)) as session:
        found = view.shown(session, actor, ref)
        section = view.section(found, code)
        audit.record(session, "pack.read", "pack", found.pack.ref, part=section["code"])
        return html.render(
            request,
            "packs/part.html",
            page_title=f"{section['title']}: {found.title}",
            shown=found,
            section=section,
            states=rules.STATES,
        )


@packs.get("/{ref}/places/{key}")
def show_place(
    ref: str, key: str, request: Request, db: Db, actor: Somebody, screen: Screen = 0
) -> Response:
    """One place on a page of its own, with the way to the one before and the one after."""
    kind = kind_of(db, actor, ref)
    if kind is None:
        raise NotFoundError(rules.ABSENT)
    view.refuse_program(session_of(request))
    with db.begin(view.purposeful(actor, kind, ref)) as session:
        found = view.shown(session, actor, ref, hide_children=bool(screen))
        place = view.place(found, key)
        audit.record(session, "pack.read", "pack", found.pack.ref, part=place.item["key"])
        decide = None
        if can(actor, "meeting_pack.update"):
            decide = queries.where_decided(session, found.pack, place.item["key"])
        return html.render(
            request,
            "packs/place.html",
            page_title=f"{place.item['body']}: {found.title}",
            shown=found,
            place=place,
            decide=decide,
            screen=screen,
        )


@packs.get("/{ref}/summary")
def show_summary(ref: str, request: Request, db: Db, actor: Somebody) -> Response:
    """For everybody who works in a borough: where who is tonight, for a day, without a grant."""
    if actor.role not in redaction.READERS:
        raise NotFoundError(rules.ABSENT)
    with db.begin(view.purposeful(actor, Kind.DAILY, ref)) as session:
        found = [one for one in queries.summaries(session) if one.ref == ref.upper()]
        if not found:
            raise NotFoundError(rules.ABSENT)
        audit.record(session, "pack.read", "pack", found[0].ref, part="summary")
        return html.render(
            request,
            "packs/summary.html",
            page_title="Tonight",
            summary=found[0],
            until=found[0].frozen_at + rules.SUMMARY_FOR,
        )
