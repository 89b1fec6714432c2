"""Changes and audited reads of children's references, inside the caller's transaction."""

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.children import queries, rules
from app.children.models import Child, ChildHome, ChildPlaceLink
from app.children.schemas import ChildIn, ChildOut, LinkIn
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError
from app.places import queries as places
from app.places.rules import lint, stops

TIER = "H1"


def open_child(session: Session, actor: Actor, ref: str, wanted: ChildIn) -> ChildOut:
    """Mint a random reference; who it stands for is kept outside this service."""
    if problems := rules.age_problems(wanted.age_band_as_of, clock.today()):
        raise InvalidError("Change the fields named below.", problems)
    if not places.in_scope(session, [wanted.home_lad_code], TIER):
        raise ForbiddenError("This borough is outside the boroughs of your account.")
    child = Child(
        ref=ref,
        agency_code=actor.agency or "OTHER",
        borough_codes=[wanted.home_lad_code],
        tier=TIER,
        purpose_code=actor.purpose,
        created_by=actor.id,
        updated_by=actor.id,
        home_lad_code=wanted.home_lad_code,
        age_band=wanted.age_band,
        age_band_as_of=wanted.age_band_as_of,
    )
    session.add(child)
    session.flush()
    home = ChildHome(child_id=child.id, lad_code=child.home_lad_code, from_on=child.age_band_as_of)
    session.add(home)
    audit.record(session, "child.create", "child", child.ref)
    return ChildOut.of(child, [])


def link_place(session: Session, actor: Actor, ref: str, wanted: LinkIn) -> ChildOut:
    """Say what happened to a child at a place the actor may see."""
    child = queries.find(session, ref)
    place = places.find(session, wanted.place)
    problems = rules.period_problems(wanted.from_on, wanted.to_on)
    if unknown := places.unknown_code(session, "agency", wanted.source_agency):
        problems["source_agency"] = unknown
    if refused := stops(lint(wanted.basis, places.language(session))):
        problems["basis"] = refused
    if problems:
        raise InvalidError("Change the fields named below.", problems)
    link = ChildPlaceLink(
        child_id=child.id,
        place_id=place.id,
        created_by=actor.id,
        **wanted.model_dump(exclude={"place"}),
    )
    session.add(link)
    audit.record(session, "child_place_link.create", "place", place.ref, role=wanted.role)
    return ChildOut.of(child, queries.links(session, child))


def look_up(session: Session, ref: str) -> ChildOut:
    """A read that leaves a trace: the audit has the purpose from the claims."""
    child = queries.find(session, ref)
    links = queries.links(session, child)
    audit.record(session, "child.read", "child", child.ref, rows=1 + len(links))
    return ChildOut.of(child, links)
