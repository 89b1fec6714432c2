"""Changes and audited reads of children's references, inside the caller's transaction."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.children import queries, rules
from app.children.models import Child, ChildHome, ChildPlaceLink
from app.children.rules import IncidentRole, trace
from app.children.schemas import (
    ChildIn,
    ChildOut,
    CorrectionIn,
    HomeIn,
    LinkIn,
    Listed,
    RecordIn,
    There,
)
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from app.core.jobs import enqueue
from app.core.paging import Page
from app.places import queries as places
from app.places.models import Place
from app.places.rules import lint, stops

TIER = "H1"
WRONG = "Change the fields named below."
STALE = "Somebody else has changed this. Look at it again, then change it."

# The homes of a child have the scope of the child: their trigger reads it again.
RESCOPE = text("update app.child_home set tier = tier where child_id = :child")
IS_DECOY = text("select vault.is_decoy(:child)")
WITHDRAW = text("select app.withdraw_link(:link, :child, :incident, :why)")


def open_child(session: Session, actor: Actor, ref: str, wanted: ChildIn) -> ChildOut:
    """Mint a random reference; who it stands for is kept outside this service."""
    if problems := rules.age_problems(wanted.age_band_as_of, clock.today()):
        raise InvalidError(WRONG, problems)
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
    audit.record(session, "child.create", "child", trace(child.id))
    return ChildOut.of(child, [])


def revise(
    session: Session, actor: Actor, child: Child, wanted: HomeIn, boroughs: Collection[str]
) -> None:
    """Another age band, another home from a day on; where home was before is kept."""
    if wanted.version != child.version:
        raise StaleError(STALE)
    problems = rules.age_problems(wanted.age_band_as_of, clock.today())
    if wanted.home_lad_code not in boroughs:
        problems["home_lad_code"] = "Choose the borough of the home."
    moved = wanted.home_lad_code != child.home_lad_code
    home = queries.home_now(session, child)
    if moved:
        since = home.from_on if home else None
        problems |= rules.move_problems(wanted.moved_on, since, clock.today())
    if problems:
        raise InvalidError(WRONG, problems)
    child.age_band, child.age_band_as_of = wanted.age_band, wanted.age_band_as_of
    child.version += 1
    child.updated_by = actor.id
    if moved and wanted.moved_on is not None:
        if home is not None:
            home.to_on = wanted.moved_on
        child.home_lad_code, child.borough_codes = wanted.home_lad_code, [wanted.home_lad_code]
        session.flush()
        new = ChildHome(
            child_id=child.id, lad_code=child.home_lad_code, from_on=wanted.moved_on, to_on=None
        )
        session.add(new)
        session.flush()
        session.execute(RESCOPE, {"child": child.id})
    audit.record(session, "child.update", "child", trace(child.id), moved=moved)


def set_state(session: Session, actor: Actor, child: Child, state: str) -> None:
    """Work with this child is over, or goes on. What is closed is due to be erased."""
    child.state = state
    child.version += 1
    child.updated_by = actor.id
    audit.record(session, "child.update", "child", trace(child.id), state=state)


def delete(session: Session, actor: Actor, child: Child) -> None:
    """Nobody sees it from now on; the next run of retention erases it with all that hangs on it."""
    child.deleted_at = func.now()
    child.version += 1
    child.updated_by = actor.id
    audit.record(session, "child.delete", "child", trace(child.id))


def link_place(session: Session, actor: Actor, ref: str, wanted: LinkIn) -> ChildOut:
    """Say what happened to a child at a place the actor may see."""
    child = queries.find(session, ref)
    place = places.find(session, wanted.place)
    if problems := link_problems(session, wanted):
        raise InvalidError(WRONG, problems)
    link = ChildPlaceLink(
        child_id=child.id,
        place_id=place.id,
        created_by=actor.id,
        **wanted.model_dump(exclude={"place"}),
    )
    session.add(link)
    audit.record(session, "child_place_link.create", "place", place.ref, role=wanted.role)
    return ChildOut.of(child, queries.links(session, child))


def link_problems(session: Session, wanted: LinkIn) -> dict[str, str]:
    """What is wrong with what a link says, by field."""
    problems = rules.period_problems(wanted.from_on, wanted.to_on)
    if unknown := places.unknown_code(session, "agency", wanted.source_agency):
        problems["source_agency"] = unknown
    if refused := stops(lint(wanted.basis, places.language(session))):
        problems["basis"] = refused
    return problems


def link_record(session: Session, actor: Actor, child: Child, wanted: RecordIn) -> None:
    """By form: to a place, with what is said of it, or to an incident, which says itself."""
    incident = queries.incident_id(session, wanted.place)
    if incident is not None:
        _link_incident(session, actor, child, incident, wanted)
        return
    problems = rules.missing(wanted.model_dump(), ("from_on", "source_agency", "basis"))
    try:
        places.find(session, wanted.place)
    except NotFoundError:
        problems["place"] = rules.NO_RECORD
    if problems:
        raise InvalidError(WRONG, problems)
    link_place(session, actor, child.ref, LinkIn.model_validate(wanted.model_dump()))


def _link_incident(
    session: Session, actor: Actor, child: Child, incident: UUID, wanted: RecordIn
) -> None:
    if str(wanted.role) not in {str(role) for role in IncidentRole}:
        words = "To an incident a child was harmed, at risk, or found when missing."
        raise InvalidError(WRONG, {"role": words})
    if any(found.id == incident for found in queries.incident_links(session, child)):
        raise InvalidError(WRONG, {"place": "This incident is linked already."})
    session.execute(
        insert(queries.INCIDENT_LINK),
        {
            "child_id": child.id,
            "incident_id": incident,
            "role": wanted.role,
            "created_by": actor.id,
        },
    )
    audit.record(session, "child_incident_link.create", "child", trace(child.id), role=wanted.role)


def correct(session: Session, child: Child, link: ChildPlaceLink, wanted: CorrectionIn) -> None:
    """What it said before is kept by the database."""
    if wanted.version != link.version:
        raise StaleError(STALE)
    if problems := link_problems(session, wanted):
        raise InvalidError(WRONG, problems)
    for name, value in wanted.model_dump(exclude={"place", "version"}).items():
        setattr(link, name, value)
    link.version += 1
    audit.record(session, "child_place_link.update", "child", trace(child.id), role=wanted.role)


def withdraw(
    session: Session, child: Child, why: str, *, link: UUID | None, incident: UUID | None
) -> None:
    """It was not so: it counts nowhere any more. What it said stays with the child."""
    if refused := stops(lint(why, places.language(session))):
        raise InvalidError(WRONG, {"why": refused})
    given: dict[str, Any] = {"link": link, "incident": incident, "why": why, "child": child.id}
    if not session.scalar(WITHDRAW, given):
        raise NotFoundError(queries.NO_LINK)
    audit.record(session, "child_place_link.delete", "child", trace(child.id))


def look_up(session: Session, ref: str) -> ChildOut:
    """A read that leaves a trace: the audit has the purpose from the claims."""
    child = queries.find(session, ref)
    links = queries.links(session, child)
    note_read(session, child, rows=1 + len(links))
    return ChildOut.of(child, links)


def note_read(session: Session, child: Child, *, rows: int = 1) -> None:
    """One event; of a decoy, which nobody has a reason to open, a second one and a letter."""
    audit.record(session, "child.read", "child", trace(child.id), rows=rows)
    note_decoy(session, child)


def note_decoy(session: Session, child: Child) -> None:
    if session.scalar(IS_DECOY, {"child": child.id}):
        audit.record(session, "child.decoy", "child", trace(child.id))
        enqueue(session, "vault:decoy", once=True)


def note_links_read(session: Session, child: Child) -> None:
    audit.record(session, "child_place_link.read", "child", trace(child.id))


def note_list(session: Session, page: Page[Listed]) -> None:
    """One event, with all that were on the page."""
    shown = [trace(row.id) for row in page.rows]
    audit.record(session, "child.read", "child", None, rows=len(shown), shown=shown)


def note_place(session: Session, place: Place, found: Sequence[There]) -> None:
    shown = sorted({trace(row.id) for row in found})
    audit.record(session, "child_place_link.read", "place", place.ref, rows=len(found), shown=shown)


def note_reason(session: Session, child: Child | None, *, thing: str = "child") -> None:
    """Somebody said why; the claims hold the purpose."""
    audit.record(session, f"{thing}.purpose", "child", trace(child.id) if child else None)
