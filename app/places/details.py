"""Sections of a place that people fill in: what is good there, hours, manager, class, whole."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFoundError
from app.places import queries, rules, weeks
from app.places.models import Place
from app.places.rules import PlaceType, Sensitivity, lint
from app.places.schemas import PlaceChange

# Answers that may be emptied, and those that may not.
EMPTYABLE = {
    "strengths",
    "managed_by_agency",
    "manager_contact",
    "public_access",
    "next_review_on",
    "may_name_reason",
    "route_mode",
    "route_line",
    "route_from",
    "route_to",
}
# How people travel on a route, as the public form asks it.
MODES = {
    "BUS": "Bus",
    "TRAIN": "Train or Tube",
    "TRAM": "Tram",
    "WALK": "Walking",
    "CYCLE": "Cycling",
    "CAR": "Car or taxi",
    "OTHER": "Something else",
}
JOURNEY = ("route_mode", "route_line", "route_from", "route_to")
NO_ROUTE = "Only a route has a journey. Change its type first."
FILLED = {"safe_features", "may_name"}
# From open to closed: a person may only go on in this order, and not into a class of a type.
STRICTNESS = (
    Sensitivity.PUBLIC_REALM,
    Sensitivity.MANAGED,
    Sensitivity.ONLINE,
    Sensitivity.DERIVED,
    Sensitivity.SENSITIVE,
    Sensitivity.RESTRICTED,
    Sensitivity.RESIDENTIAL,
)
BY_HAND = (Sensitivity.MANAGED, Sensitivity.SENSITIVE, Sensitivity.RESTRICTED)
RINGS = {"practitioner", "cs_lead"}
Problems = Iterator[tuple[str, str]]


def problems(session: Session, actor: Actor, place: Place, wanted: PlaceChange) -> Problems:
    """What stops a change of the sections, by field."""
    words = queries.language(session)
    for name, said in (
        ("strengths", wanted.strengths or ""),
        ("safe_features", "\n".join(wanted.safe_features or ())),
        ("manager_contact", wanted.manager_contact or ""),
        ("route_line", wanted.route_line or ""),
        ("route_from", wanted.route_from or ""),
        ("route_to", wanted.route_to or ""),
    ):
        if stopped := rules.stops(lint(said, words)):
            yield name, f"Change the words. {stopped}"
    told = [name for name in JOURNEY if getattr(wanted, name)]
    if told and not (wanted.type_code or place.type_code).startswith("ROUTE"):
        yield told[0], NO_ROUTE
    if wanted.managed_by_agency:
        unknown = queries.unknown_code(session, "agency", wanted.managed_by_agency)
        if unknown:
            yield "managed_by_agency", unknown
    if wanted.manager_contact is not None and actor.role not in RINGS:
        yield "manager_contact", "Practitioners and leads keep whom to ring."
    if wanted.next_review_on is not None and wanted.next_review_on < clock.today():
        yield "next_review_on", "The day of the next review is over already."
    yield from _of_class(actor, place, wanted)
    yield from _of_parent(session, place, wanted)


def _of_class(actor: Actor, place: Place, wanted: PlaceChange) -> Problems:
    """A person may raise the class, never lower it; whether it may be named is a lead's to say."""
    to = wanted.sensitivity
    if to is not None and to != place.sensitivity:
        if STRICTNESS.index(to) < STRICTNESS.index(Sensitivity(place.sensitivity)):
            yield "sensitivity", "A class is never lowered. Ask the lead if the type is wrong."
        elif to not in choices(place):
            yield "sensitivity", "This class comes with a type of place."
    if wanted.may_name is None and wanted.may_name_reason is None:
        return
    if actor.role != "cs_lead":
        yield "may_name", "Only a contextual safeguarding lead says that a place may be named."
    elif wanted.may_name and (to or place.sensitivity) != Sensitivity.MANAGED:
        yield "may_name", "Only the name of a managed place is a question. Others are named or not."
    elif wanted.may_name and not wanted.may_name_reason:
        yield "may_name_reason", "Say why it may be named."


def choices(place: Place) -> list[Sensitivity]:
    """The class it has, and those above it that a person may choose."""
    now = Sensitivity(place.sensitivity)
    above = STRICTNESS[STRICTNESS.index(now) + 1 :]
    bare = now in {Sensitivity.ONLINE, Sensitivity.DERIVED}
    return [now, *(c for c in BY_HAND if c in above and not (bare and c is Sensitivity.MANAGED))]


def above(session: Session, place: Place, ref: str | None) -> Place | None:
    """The place that this one is to be part of; None when there is none such in sight."""
    if not ref:
        return None
    try:
        found = queries.find(session, ref)
    except NotFoundError:
        return None
    return None if found.id == place.id else found


def _of_parent(session: Session, place: Place, wanted: PlaceChange) -> Problems:
    if not wanted.parent:
        return
    found = above(session, place, wanted.parent)
    if found is None:
        yield "parent", "There is no such place. Check each character of the reference."
    elif found.state == "CLOSED":
        yield "parent", "This place is closed. Choose another."
    elif nests_badly(session, place, found):
        yield "parent", DEEP


DEEP = "A place cannot be part of one of its own parts, and places are nested at most five deep."
MOST_DEEP = 5


def nests_badly(session: Session, place: Place, found: Place) -> bool:
    """In sight. The database says the same of what is not, and refuses."""
    seen, here = {place.id}, found
    for _ in range(MOST_DEEP):
        if here.id in seen:
            return True
        seen.add(here.id)
        parent = session.get(Place, here.parent_place_id) if here.parent_place_id else None
        if parent is None:
            return False
        here = parent
    return True


def changes(place: Place, wanted: PlaceChange, found: Place | None) -> dict[str, Any]:
    """Columns with another name than their answer, and what follows from a class."""
    given = wanted.model_fields_set
    changed: dict[str, Any] = {}
    if "week" in given:
        hours = weeks.read(wanted.week or {})
        changed["week_grid"] = weeks.bits(hours) if hours else None
    if "parent" in given:
        changed["parent_place_id"] = None if found is None else found.id
    to = wanted.sensitivity
    if to is not None and to != place.sensitivity:
        changed |= {"sensitivity": to, "tier": rules.stricter(place.tier, rules.default_tier(to))}
        expires: date = rules.label_expires_on(to, clock.today())
        changed["label_expires_on"] = min(place.label_expires_on, expires)
        if to != Sensitivity.MANAGED:
            changed |= {"may_name": False, "may_name_reason": None}
    return changed


def retyped(place: Place, was: PlaceType | None, kind: PlaceType) -> Sensitivity:
    """The class of the new type; one that a person had raised is not lowered by it."""
    now = Sensitivity(place.sensitivity)
    raised = was is not None and now != was.sensitivity
    return max(now, kind.sensitivity, key=STRICTNESS.index) if raised else kind.sensitivity
