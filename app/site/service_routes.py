"""The page of the service itself: alerts, queue, audit, disk, versions. Nothing of a record."""

import platform
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.deps import Db
from app.accounts.models import User
from app.admin.deps import MayAll
from app.audit.seals import SEALER
from app.backups import queries as backups
from app.backups import service as making
from app.briefings import notices
from app.core import clock
from app.core import pages as html
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.db import Database
from app.core.errors import NotFoundError
from app.core.mail import has_mail
from app.core.version import VERSION
from app.oversight import queries as oversight
from app.oversight.rules import state_sentence
from app.site import alerts, degraded, figures, queries, rooms

service_pages = APIRouter(include_in_schema=False)

Watcher = Annotated[Actor, Depends(MayAll("user.read"))]


@service_pages.get("/admin/service")
def running(request: Request, db: Db, actor: Watcher) -> Response:
    """How the service stands, and what somebody has to do about it."""
    settings = request.app.state.settings
    stands = alerts.standing(alerts.history(db))
    room = rooms.of(request.app)
    with db.read(actor) as session:
        told = notices.standing(session)
        names = _names(session, stands)
    queue = _of_queue(db)
    return html.render(
        request,
        "service.html",
        state=_state(stands, room.words, queue),
        page_title="The service",
        alerts=stands,
        names=names,
        told=told,
        has_mail=has_mail(settings),
        room=room,
        read_only=degraded.is_read_only(settings, room.free),
        audit=_audit(db),
        makes_backups=making.are_made(settings),
        replica=db.replica.words if db.replica else "",
        python=platform.python_version(),
        version=VERSION,
        **queue,
    )


@service_pages.post("/admin/service/alerts/{rule}")
def acknowledge(request: Request, rule: str, db: Db, actor: Watcher, fields: html.Form) -> Response:
    """Somebody looks after it, and the audit says who."""
    if rule not in {alert.key for alert in alerts.standing(alerts.history(db))}:
        raise NotFoundError("This alert is over.")
    with db.begin(actor) as session:
        alerts.note(session, rule, alerts.ACKNOWLEDGED)
    return html.see("/admin/service")


def _state(stands: list[alerts.Alert], room: str, queue: dict[str, Any]) -> str:
    """Another one where the reader should see the page anew."""
    told = (stands, room, len(queue["failures"]), queue["waiting"], queue["workers"].alive)
    return sha256(repr(told).encode()).hexdigest()[:12]


def _of_queue(db: Database) -> dict[str, Any]:
    with db.read(figures.LOOK) as session:
        lanes = figures.lanes(session)
        return {
            "failures": queries.failures(session),
            "waiting": sum(lane.waiting for lane in lanes),
            "at_work": sum(lane.at_work for lane in lanes),
            "oldest_s": max((lane.oldest_s for lane in lanes), default=0.0),
            "backup": backups.last(session),
            "drill": backups.last(session, "verify"),
            "workers": figures.workers(session),
            "versions": figures.versions(session),
        }


def _audit(db: Database) -> str:
    """One sentence: sealed, anchored, verified."""
    with db.read(SEALER) as session:
        return state_sentence(oversight.keeping(session), clock.now().astimezone(LONDON).date())


def _names(session: Session, stands: list[alerts.Alert]) -> dict[object, str]:
    people = {alert.acknowledged_by for alert in stands if alert.acknowledged_by}
    found = session.execute(select(User.id, User.name).where(User.id.in_(people)))
    return {row.id: row.name for row in found}
