"""Changes to incidents. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from geoalchemy2.shape import from_shape
from shapely import Geometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.children import queries as children
from app.core import clock
from app.core.actor import Actor
from app.core.db import BNG
from app.core.errors import ForbiddenError, InvalidError, NotFoundError
from app.core.ids import new_reference
from app.incidents import queries, rules
from app.incidents.models import ChildIncidentLink, Incident
from app.incidents.schemas import ChildLinkIn, IncidentIn
from app.places import queries as places
from app.places import rules as places_rules
from app.places.models import Place
from app.places.schemas import WhereIn

TIER = "H1"

LINK = text("select app.link_incidents(cast(:ids as uuid[]), '{}')")


@dataclass(slots=True)
class Draft:
    """What somebody wants to record, read and checked; `errors` says what stops it, by field."""

    partners: Sequence[str]
    point: Geometry | None = None
    place: Place | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def refuse(self, name: str, problem: str | None) -> None:
        if problem is not None:
            self.errors.setdefault(name, problem)


def draft(session: Session, wanted: IncidentIn, partners: Sequence[str]) -> Draft:
    """Check a new incident without saving it."""
    made = Draft(partners)
    made.refuse("occurred_from", rules.time_problem(*wanted.period(), clock.now()))
    for code in places.unknown_harms(session, [wanted.harm_code]):
        made.refuse("harm_code", f"Unknown harm code '{code}'.")
    for code in places.unknown_harms(session, wanted.other_harm_codes):
        made.refuse("other_harm_codes", f"Unknown harm code '{code}'.")
    made.refuse("source_agency", places.unknown_code(session, "agency", wanted.source_agency))
    remarks = places_rules.lint(wanted.summary or "", places.language(session))
    made.refuse("summary", places_rules.stops(remarks))
    _find_place(session, made, wanted)
    _check_point(session, made, wanted)
    return made


def record(session: Session, actor: Actor, wanted: IncidentIn, made: Draft) -> Incident:
    """Record an incident and the places it belongs to. At a home the point is not kept."""
    if made.errors:
        raise InvalidError("Change the fields named below.", made.errors)
    must_be_in_scope(session, made)
    incident = incident_of(actor, wanted, made)
    session.add(incident)
    audit.record(session, "incident.create", "incident", incident.ref, harm=incident.harm_code)
    link_places(session, [incident.id])
    session.refresh(incident)
    return incident


def must_be_in_scope(session: Session, made: Draft) -> None:
    if not places.in_scope(session, _codes(session, made), TIER):
        raise ForbiddenError("This is outside the boroughs of your account.")


def incident_of(actor: Actor, wanted: IncidentIn, made: Draft) -> Incident:
    """The row of a draft without errors, not saved yet."""
    begin, end = wanted.period()
    return Incident(
        ref=new_reference("IC"),
        agency_code=actor.agency or "OTHER",
        tier=TIER,
        purpose_code=actor.purpose or places_rules.Purpose.CONTEXT_ASSESSMENT,
        created_by=actor.id,
        updated_by=actor.id,
        occurred_from=begin,
        occurred_to=end,
        place_id=None if made.place is None else made.place.id,
        geom=_stored(made),
        **wanted.model_dump(include=KEPT),
    )


KEPT = {
    "time_precision",
    "time_about",
    "uncertainty_m",
    "harm_code",
    "other_harm_codes",
    "line_linked",
    "confidence",
    "discovered_by",
    "source_agency",
    "child_count_band",
    "outcome_band",
    "summary",
}


def link_places(session: Session, incident_ids: Sequence[UUID]) -> int:
    """Work out anew which places these incidents belong to; how many links that made."""
    made = session.scalar(LINK, {"ids": [str(key) for key in incident_ids]})
    return int(made or 0)


def link_child(session: Session, actor: Actor, ref: str, wanted: ChildLinkIn) -> Incident:
    """Say what an incident was to a child; the claims hold the purpose."""
    incident = queries.find(session, ref)
    child = children.find(session, wanted.child)
    link = ChildIncidentLink(
        child_id=child.id, incident_id=incident.id, role=wanted.role, created_by=actor.id
    )
    session.add(link)
    role = wanted.role
    audit.record(session, "child_incident_link.create", "incident", incident.ref, role=role)
    return incident


def _find_place(session: Session, made: Draft, wanted: IncidentIn) -> None:
    if wanted.place is None:
        return
    try:
        made.place = places.find(session, wanted.place)
    except NotFoundError as absent:
        made.refuse("place", absent.detail)


class Refusing(Protocol):
    """What collects the problems of a form: a new incident, or a correction."""

    partners: Sequence[str]

    def refuse(self, name: str, problem: str | None) -> None: ...


def point_of(session: Session, made: Refusing, wanted: WhereIn) -> Geometry | None:
    """The point that was drawn, typed, or is meant by a postcode; problems go to `made`."""
    try:
        point = wanted.drawn()
    except ValueError as problem:
        made.refuse(wanted.field(), str(problem))
        return None
    if point is None and wanted.postcode:
        point = places.postcode(session, wanted.postcode)
        if point is None:
            made.refuse("postcode", "We could not find this postcode. Check it or give a point.")
    if point is not None:
        reach = places.reach(session, made.partners)
        made.refuse(wanted.field(), places_rules.shape_problem(point, "P", reach))
    return point


def _check_point(session: Session, made: Draft, wanted: IncidentIn) -> None:
    """A point is needed unless a place says where it was."""
    made.point = point_of(session, made, wanted)
    if made.point is None and not wanted.given() and wanted.place is None:
        made.refuse("place", "Choose a place or give a point.")


def _codes(session: Session, made: Draft) -> list[str]:
    if made.point is not None:
        return places.boroughs_of(session, made.point)
    return [] if made.place is None else made.place.borough_codes


def _stored(made: Draft) -> Any:  # noqa: ANN401 - geoalchemy2 writes it
    return from_shape(made.point, srid=BNG) if keeps_point(made) else None


def keeps_point(made: Draft) -> bool:
    """At a home the point would be the address."""
    at_home = made.place is not None and (
        made.place.sensitivity == places_rules.Sensitivity.RESIDENTIAL
    )
    return made.point is not None and not at_home
