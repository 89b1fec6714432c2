"""Pages of a missing episode: a reason first, then one audited read at a time."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.accounts import reasons
from app.accounts.deps import Db, May, for_record
from app.core import pages as html
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import InvalidError
from app.core.ids import read_reference
from app.incidents import missing, when
from app.incidents.missing import TIMES, EpisodeIn
from app.incidents.models import Incident, MissingEpisode
from app.reference import queries as reference

pages = APIRouter(prefix="/incidents", include_in_schema=False)

READ, WRITE = "missing_episode.read", "missing_episode.update"
Reader = Annotated[Actor, Depends(May("missing_episode.read"))]
Writer = Annotated[Actor, Depends(May("missing_episode.update"))]
TITLE = "Missing episode"
LABELS = {
    "missing_from_at": "Missing from",
    "returned_at": "Returned",
    "rhi_offered_at": "Return interview offered",
    "rhi_held_at": "Return interview held",
    "manager_decision_at": "Manager's decision",
}


@pages.get("/{ref}/missing")
def show(ref: str, request: Request, db: Db, actor: Reader) -> Response:
    """The episode, when a reason holds; else the question why."""
    if not actor.purpose:
        return _asked(ref, request, db, actor)
    with db.begin(_about(actor, ref, actor.purpose)) as session:
        incident = missing.of_missing_child(session, ref)
        episode = missing.find(session, incident)
        return _page(request, session, actor, incident, episode)


@pages.post("/{ref}/missing")
def give_reason(ref: str, request: Request, db: Db, actor: Reader, sent: html.Form) -> Response:
    """The reason holds for this record and this session, for half an hour."""
    session_id = reasons.session_of(request.state.identified)
    if errors := reasons.problems(sent, reasons.purposes(actor, READ)):
        return _asked(ref, request, db, actor, values=sent, errors=errors)
    with db.begin(_about(actor, ref, sent["purpose"])) as session:
        incident = missing.of_missing_child(session, ref)
        reasons.hold(session, session_id, incident.ref, sent)
        missing.given_reason(session, incident)
        return html.see(f"/incidents/{incident.ref}/missing")


@pages.post("/{ref}/missing/edit")
def save(ref: str, request: Request, db: Db, actor: Writer, sent: html.Form) -> Response:
    fields, errors = when.typed(sent, TIMES)
    wanted, wrong = html.parse(EpisodeIn, fields)
    with db.begin(_about(actor, ref, actor.purpose)) as session:
        incident = missing.of_missing_child(session, ref)
        errors = wrong | errors
        if wanted is not None and not errors:
            try:
                missing.save(session, actor, incident, wanted)
                return html.see(f"/incidents/{incident.ref}/missing")
            except InvalidError as refused:
                errors = refused.fields
        episode = missing.find(session, incident)
        return _page(request, session, actor, incident, episode, sent=sent, errors=errors)


def _about(actor: Actor, ref: str, purpose: str | None) -> Actor:
    return for_record(actor, read_reference(ref, "IC") or ref, purpose)


def _page(
    request: Request,
    session: Session,
    actor: Actor,
    incident: Incident,
    episode: MissingEpisode | None,
    *,
    sent: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    words = dict(reference.codes(session, "purpose"))
    return html.render(
        request,
        "incidents/missing.html",
        page_title=TITLE,
        incident=incident,
        episode=episode,
        repeats=missing.repeats(session, episode) if episode else None,
        labels=LABELS,
        may_write=actor.purpose in reasons.purposes(actor, WRITE),
        purpose=words.get(actor.purpose or ""),
        values=sent or _answers(session, episode),
        errors=errors or {},
    )


def _answers(session: Session, episode: MissingEpisode | None) -> dict[str, Any]:
    if episode is None:
        return {"version": 0}
    boxes: dict[str, Any] = {"version": episode.version}
    for name in TIMES:
        boxes |= when.boxed(name, getattr(episode, name))
    if episode.rhi_declined is not None:
        boxes["rhi_declined"] = str(episode.rhi_declined).lower()
    if episode.location_captured:
        boxes["location_captured"] = "yes"
    return boxes | {"repeat_of": missing.repeats(session, episode)}


def _asked(
    ref: str,
    request: Request,
    db: Database,
    actor: Actor,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    with db.read(actor) as session:
        incident = missing.of_missing_child(session, ref)
        words = dict(reference.codes(session, "purpose"))
        allowed = reasons.purposes(actor, READ)
        return html.render(
            request,
            "incidents/why.html",
            page_title="Why do you need to see this?",
            incident=incident,
            purposes=[(code, words.get(code, code)) for code in allowed],
            values=values or {},
            errors=errors or {},
        )
