"""Saved views: a name and the filters, which open with the rights of whoever opens them."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import parse_qsl
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.core.types import clean_text
from app.maps import rules
from app.maps.models import MapView
from app.places import queries as places
from app.places.rules import lint, stops

LONGEST, MOST = 60, 50
NO_NAME = f"Enter a name of at most {LONGEST} characters."
TOO_MANY = f"You can keep at most {MOST} views. Delete one first."
ABSENT = "There is no such view."


def views(session: Session) -> Sequence[MapView]:
    """One's own and those shared with the own role, as policies leave them, by name."""
    found = select(MapView).where(MapView.deleted_at.is_(None))
    return session.scalars(found.order_by(MapView.name, MapView.id)).all()


def own(session: Session, actor: Actor, key: UUID) -> MapView:
    """One's own alone: a shared one of somebody else is theirs."""
    found = session.get(MapView, key)
    if found is None or found.deleted_at is not None or found.created_by != actor.id:
        raise NotFoundError(ABSENT)
    return found


def canonical(query: str, today: date, *, in_full: bool) -> str | None:
    """The address of the filters as they write it themselves; None for what is none."""
    filters, wrong = rules.parse(dict(parse_qsl(query)), today, in_full=in_full)
    return None if wrong else filters.query()


def problem(session: Session, name: str) -> str | None:
    """Names are neutral: others read them."""
    try:
        said = clean_text(name)
    except ValueError as wrong:
        return str(wrong)
    if not 0 < len(said) <= LONGEST:
        return NO_NAME
    stopped = stops(lint(said, places.language(session)))
    return f"Change the name. {stopped}" if stopped else None


def save(session: Session, actor: Actor, *, name: str, query: str, shared: bool) -> MapView:
    view = MapView(
        created_by=actor.id,
        borough_codes=sorted(actor.boroughs),
        name=clean_text(name),
        query=query,
        shared_role=actor.role if shared else None,
    )
    session.add(view)
    _told(session, "map_view.create", view)
    return view


def change(session: Session, actor: Actor, view: MapView, *, name: str, shared: bool) -> None:
    view.name, view.shared_role = clean_text(name), actor.role if shared else None
    _told(session, "map_view.update", view)


def delete(session: Session, view: MapView) -> None:
    view.deleted_at = clock.now()
    _told(session, "map_view.delete", view)


def _told(session: Session, action: str, view: MapView) -> None:
    """That there is a view, and whether others see it; not its words."""
    audit.record(session, action, "map_view", None, shared=view.shared_role is not None)
