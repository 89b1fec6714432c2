"""Corrections, restored versions and the lead's decisions: nothing is lost by any of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.accounts.permissions import PERMISSIONS, ROLES
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.db import BNG
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError, StaleError
from app.core.states import moved
from app.incidents import history, queries, rules, service
from app.incidents.corrections import PLAIN, Correction
from app.incidents.history import Content
from app.incidents.models import Incident
from app.incidents.rules import State
from app.incidents.schemas import IncidentChange, MoveIn, RestoreIn
from app.places import queries as places
from app.places import rules as places_rules

BECAUSE = text("select set_config('cs.reason', :why, true)")


def open_to_change(session: Session, actor: Actor, ref: str) -> Incident:
    """The incident, locked; refused where its state or the role does not let it be corrected."""
    incident = queries.find(session, ref)
    rule = PERMISSIONS.rule(actor.role, "incident.update")
    problem = rules.change_problem(incident.state, rule.where if rule else None)
    if problem is not None:
        raise RuleBrokenError(problem)
    return queries.lock(session, incident.ref)


def must_be_current(session: Session, actor: Actor, incident: Incident, version: int) -> None:
    """What was looked at is still so.

    Raises
    ------
    StaleError
        Somebody changed it since, with who and when.
    """
    if incident.version != version:
        raise StaleError(f"{changed_by(session, actor, incident)} Compare and save again.")


def changed_by(session: Session, actor: Actor, incident: Incident) -> str:
    newest = history.version(session, incident, incident.version)
    role = ROLES.get(newest.role or "")
    who = "you" if incident.updated_by == actor.id else role.label if role else "the service"
    at = clock.london(incident.updated_at)
    return f"Changed by {who} at {at:%H:%M}."


def revise(
    session: Session, actor: Actor, incident: Incident, wanted: IncidentChange, made: Correction
) -> Incident:
    """Save a correction of a locked incident, if nobody changed it since it was looked at."""
    must_be_current(session, actor, incident, wanted.version)
    if made.errors:
        raise InvalidError("Change the fields named below.", made.errors)
    if made.changed:
        _because(session, wanted.reason)
        _become(session, actor, incident, made.content)
        names = sorted(made.changed)
        audit.record(session, "incident.update", "incident", incident.ref, fields=names)
    return incident


def restore(session: Session, actor: Actor, incident: Incident, wanted: RestoreIn) -> Incident:
    """Make an earlier version the newest one; its state stays what it is now."""
    must_be_current(session, actor, incident, wanted.version)
    earlier = history.version(session, incident, wanted.restore).content
    if earlier["place_id"] is None and earlier["point"] is None:
        words = "That version had a point which is now known to be a home. It is not kept."
        raise RuleBrokenError(words)
    _because(session, wanted.reason)
    _become(session, actor, incident, earlier)
    audit.record(session, "incident.restore", "incident", incident.ref, version=wanted.restore)
    return incident


def move(session: Session, actor: Actor, ref: str, wanted: MoveIn) -> Incident:
    """Confirm or withdraw. What is withdrawn belongs to no place and is in no list or analysis."""
    incident = queries.lock(session, queries.find(session, ref).ref)
    must_be_current(session, actor, incident, wanted.version)
    state = may_become(incident, wanted.to)
    if state == State.WITHDRAWN and not wanted.reason:
        raise InvalidError("Change the fields named below.", {"reason": "Say why."})
    _check_words(session, wanted.reason)
    _because(session, wanted.reason or "")
    incident.state = state
    incident.version += 1
    incident.updated_by = actor.id
    verb = "confirm" if state == State.CONFIRMED else "withdraw"
    audit.record(session, f"incident.{verb}", "incident", incident.ref)
    _settle(session, incident)
    return incident


def may_become(incident: Incident, to: State) -> str:
    return moved("incident", incident.state, to, rules.MOVES)


def _check_words(session: Session, said: str | None) -> None:
    stops = places_rules.stops(places_rules.lint(said or "", places.language(session)))
    if stops is not None:
        raise InvalidError("Change the fields named below.", {"reason": stops})


def _because(session: Session, why: str) -> None:
    """Why the next version is made: the database keeps it beside the version."""
    session.flush()
    session.execute(BECAUSE, {"why": why})


def _become(session: Session, actor: Actor, incident: Incident, content: Content) -> None:
    if not places.in_scope(session, _codes(session, incident, content), incident.tier):
        raise ForbiddenError("This is outside the boroughs of your account.")
    for name in ("occurred_from", "occurred_to", "time_precision", *PLAIN):
        setattr(incident, name, content[name])
    incident.retain_until = None  # how long is of the rules of retention
    incident.place_id = UUID(content["place_id"]) if content["place_id"] else None
    incident.also_place_ids = [UUID(key) for key in content["also_place_ids"]]
    incident.without_place_ids = [UUID(key) for key in content["without_place_ids"]]
    incident.geom = _stored(content["point"])
    incident.version += 1
    incident.updated_by = actor.id
    _settle(session, incident)


def _settle(session: Session, incident: Incident) -> None:
    """Places it belongs to now, and what the triggers wrote."""
    session.flush()
    service.link_places(session, [incident.id])
    _because(session, "")
    session.refresh(incident)


def _stored(point: Sequence[float] | None) -> Any:  # noqa: ANN401 - geoalchemy2 writes it
    return None if point is None else from_shape(Point(point), srid=BNG)


def _codes(session: Session, incident: Incident, content: Content) -> list[str]:
    now = history.content(session, incident)
    if (content["point"], content["place_id"]) == (now["point"], now["place_id"]):
        return incident.borough_codes  # it may be at a place that this reader may not see
    if content["point"] is not None:
        return places.boroughs_of(session, Point(content["point"]))
    return queries.boroughs_at(session, UUID(content["place_id"]))
