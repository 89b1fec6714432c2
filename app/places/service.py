"""Changes to places of concern. Every function runs inside the caller's transaction."""

from datetime import date
from typing import Any

from geoalchemy2.shape import from_shape
from shapely import Geometry, Point
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.db import BNG
from app.core.errors import ForbiddenError, NotFoundError, StaleError
from app.core.ids import new_reference
from app.places import details, drafts, near, queries, rules
from app.places.drafts import Draft, Partners
from app.places.models import OnlineSpace, Place, PlaceExact
from app.places.near import Like
from app.places.rules import PlaceType, Purpose
from app.places.schemas import PlaceChange, PlaceIn

LINK = text("select app.link_incidents('{}', array[cast(:place_id as uuid)])")


EMPTYABLE = {"description", "precision_m", "after_dark_concern", *details.EMPTYABLE}
CHANGEABLE = {"name", "harm_codes", *EMPTYABLE, *details.FILLED}


def draft(session: Session, wanted: PlaceIn, partners: Partners) -> Draft:
    """Check a new place without saving it, so that a form can show everything at once."""
    made = Draft(partners, queries.place_type(session, wanted.type_code))
    made.refuse("type_code", rules.type_problem(wanted.type_code, made.type, clock.today()))
    drafts.check_harms(session, made, wanted.harm_codes)
    if made.type is None:
        return made
    if made.type.is_residential:
        if wanted.purpose is None:
            made.refuse("purpose", "Select why you need to record this address.")
    else:
        drafts.check_name(session, made, wanted.name, wanted.description)
    if made.type.is_online:
        drafts.check_online(session, made, wanted)
    else:
        drafts.check_shape(session, made, wanted, made.type)
    return made


def alike(session: Session, made: Draft) -> list[Like]:
    """Places that it may be already, near by and in sight; never asked of a home."""
    if made.type is None or made.type.is_residential:
        return []
    return near.like(session, made.shape)


def propose(session: Session, actor: Actor, wanted: PlaceIn, made: Draft) -> Place:
    """Record a place in state PROPOSED; an address goes to its own table."""
    kind = made.must_be_right()
    if not reads_back(actor) and (kind.is_online or kind.is_residential):
        raise ForbiddenError(rules.NOT_PROPOSED)
    codes = must_be_in_scope(session, wanted, made)
    tier = rules.default_tier(kind.sensitivity)
    ref, now = new_reference("PL"), clock.now()
    place = Place(
        ref=ref,
        agency_code=actor.agency or "OTHER",
        borough_codes=codes,
        tier=tier,
        purpose_code=wanted.purpose or actor.purpose or Purpose.CONTEXT_ASSESSMENT,
        created_by=actor.id,
        updated_by=actor.id,
        type_code=kind.code,
        name=f"Address {ref}" if kind.is_residential else wanted.name,
        description=wanted.description,
        sensitivity=kind.sensitivity,
        geom=None if kind.is_residential else _stored(made.shape),
        geom_kind=rules.kind_of(made.shape),
        precision_m=wanted.precision_m,
        after_dark_concern=wanted.after_dark_concern,
        harm_codes=list(wanted.harm_codes),
        label_expires_on=rules.label_expires_on(kind.sensitivity, clock.today()),
        label_renewed_at=now,
        last_information_at=now,
    )
    session.add(place)
    session.flush()
    _add_detail(session, place, wanted, made)
    audit.record(session, "place.create", "place", ref, type=kind.code, state=place.state)
    _link(session, place)
    if reads_back(actor):
        session.refresh(place)
    return place


def reads_back(actor: Actor) -> bool:
    """Not who may only propose: the place is theirs to see once it is listed to them."""
    return actor.view != "proposal"


def redraft(
    session: Session, actor: Actor, place: Place, wanted: PlaceChange, partners: Partners
) -> Draft:
    """Check a change without saving it."""
    now = queries.place_type(session, place.type_code)
    made = Draft(partners, queries.place_type(session, wanted.type_code or place.type_code))
    if wanted.type_code not in {None, place.type_code}:
        problem = rules.type_problem(str(wanted.type_code), made.type, clock.today())
        made.refuse("type_code", problem)
    drafts.check_harms(session, made, wanted.harm_codes or ())
    if made.type is None or now is None:
        return made
    made.refuse("type_code", rules.change_problem(now, made.type))
    if not made.type.is_residential:
        name = place.name if wanted.name is None else wanted.name
        drafts.check_name(session, made, name, wanted.description)
    drafts.check_redrawn(session, place, made, wanted)
    made.above = details.above(session, place, wanted.parent)
    for field_name, problem in details.problems(session, actor, place, wanted):
        made.refuse(field_name, problem)
    return made


def revise(session: Session, actor: Actor, place: Place, wanted: PlaceChange, made: Draft) -> Place:
    """Save a change of a locked place, if nobody changed it since it was looked at."""
    must_be_as_looked_at(place, actor, wanted.version)
    kind = made.must_be_right()
    moved = made.shape is not None
    changed = _changes(session, place, wanted, kind) | details.changes(place, wanted, made.above)
    if moved:
        changed |= {"geom": _stored(made.shape), "geom_kind": rules.kind_of(made.shape)}
    for name, value in changed.items():
        setattr(place, name, value)
    touch(place, actor)
    session.flush()
    audit.record(session, "place.update", "place", place.ref, fields=sorted(changed))
    _settle(session, place)
    return place


def must_be_as_looked_at(place: Place, actor: Actor, version: int) -> None:
    """Two people decide at once: the second is told, and compares."""
    if place.version != version:
        at = place.updated_at.astimezone(clock.LONDON)
        raise StaleError(
            f"Changed by {_who(place, actor)} at {at:%H:%M on %-d %B}. Compare and save again."
        )


def touch(place: Place, actor: Actor) -> None:
    """A person changed it: a new version."""
    place.version += 1
    place.updated_by = actor.id


def exact_point(session: Session, ref: str) -> PlaceExact:
    """The exact address of a residential place; the claims hold the purpose, the audit the read."""
    place = queries.find(session, ref)
    found = queries.exact(session, place.id)
    if found is None:
        raise NotFoundError("There is no such place.")  # the words of one that is not there
    audit.record(session, "place_exact.read", "place", place.ref)
    return found


def record_reason(session: Session, place: Place) -> None:
    """Somebody said why the exact address must be seen; the claims hold the purpose."""
    audit.record(session, "place_exact.purpose", "place", place.ref)


def _changes(
    session: Session, place: Place, wanted: PlaceChange, kind: PlaceType
) -> dict[str, Any]:
    given = wanted.model_dump(include=CHANGEABLE, exclude_unset=True)
    given = {name: value for name, value in given.items() if value is not None or name in EMPTYABLE}
    if kind.is_residential:
        given.pop("name", None)
    if kind.code != place.type_code:
        was = queries.place_type(session, place.type_code)
        given |= {"type_code": kind.code, "sensitivity": details.retyped(place, was, kind)}
        given["tier"] = rules.stricter(place.tier, rules.default_tier(kind.sensitivity))
        expires: date = rules.label_expires_on(kind.sensitivity, clock.today())
        given["label_expires_on"] = min(place.label_expires_on, expires)
    return given


def _codes(session: Session, wanted: PlaceIn, made: Draft) -> list[str]:
    if made.shape is None:
        return wanted.chosen_boroughs()
    return queries.boroughs_of(session, made.shape)


def must_be_in_scope(session: Session, wanted: PlaceIn, made: Draft) -> list[str]:
    """The boroughs of a draft without errors, when the person may record a place there."""
    codes, kind = _codes(session, wanted, made), made.must_be_right()
    if not queries.in_scope(session, codes, rules.default_tier(kind.sensitivity)):
        raise ForbiddenError("This place is outside the boroughs of your account.")
    return codes


def _add_detail(session: Session, place: Place, wanted: PlaceIn, made: Draft) -> None:
    if made.online is not None:
        session.add(
            OnlineSpace(
                place_id=place.id,
                platform_code=wanted.platform_code or "OTHER",
                host=made.online.host,
                handle_norm=made.online.handle_norm,
                url_defanged=made.online.url_defanged,
                audience=wanted.audience,
            )
        )
    elif made.type is not None and made.type.is_residential and isinstance(made.shape, Point):
        warned = wanted.victim_warning or place.type_code == "CUCKOOED"
        session.add(PlaceExact(place_id=place.id, geom=_stored(made.shape), victim_warning=warned))


def _settle(session: Session, place: Place) -> None:
    """Incidents inside the new shape, and what the triggers wrote."""
    _link(session, place)
    session.refresh(place)


def _link(session: Session, place: Place) -> None:
    session.flush()
    session.execute(LINK, {"place_id": place.id})


def _stored(shape: Geometry | None) -> Any:  # noqa: ANN401 - geoalchemy2 writes it
    return None if shape is None else from_shape(shape, srid=BNG)


def _who(place: Place, actor: Actor) -> str:
    return "you" if place.updated_by == actor.id else "somebody else"
