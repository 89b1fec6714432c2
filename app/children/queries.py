"""Reads of children's references. Row-level security shows none without a purpose."""

from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, column, func, literal, select, table, text
from sqlalchemy.orm import Session

from app.children.models import Child, ChildHome, ChildPlaceLink
from app.children.schemas import Happened, HomeWas, Linked, Listed, PlaceLinked, There, Was
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.places.models import Place

PAGE_SIZE = 25
NO_REFERENCE = "There is no such reference."
NO_LINK = "There is no such link."

INCIDENT = table(
    "incident",
    *map(column, ("id", "ref", "harm_code", "occurred_from", "source_agency")),
    schema="app",
)
INCIDENT_LINK = table(
    "child_incident_link",
    *map(column, ("child_id", "incident_id", "role", "created_by")),
    schema="app",
)
HARM = table("harm", column("code"), column("label"), schema="reference")
WAS = text("""
    select coalesce(place.ref, incident.ref) as record, was.role, was.from_on, was.to_on, was.basis,
           was.withdrawn, was.why, was.at
    from app.child_link_was as was
    left join app.place on place.id = was.place_id
    left join app.incident on incident.id = was.incident_id
    where was.child_id = :child order by was.at desc, was.id limit 100
""")


def find(session: Session, ref: str) -> Child:
    known = read_reference(ref, "CH")
    child = session.scalar(select(Child).where(Child.ref == known, Child.deleted_at.is_(None)))
    if child is None:
        raise NotFoundError(NO_REFERENCE)
    return child


def lock(session: Session, ref: str) -> Child:
    child = find(session, ref)
    session.refresh(child, with_for_update=True)
    return child


def id_of(session: Session, ref: str) -> UUID | None:
    """For the auditor, who knows a child by its reference and the audit by something else."""
    known = read_reference(ref, "CH")
    return session.scalar(select(Child.id).where(Child.ref == known)) if known else None


def listed(
    session: Session, *, borough: str | None, state: str | None, number: int
) -> Page[Listed]:
    """One numbered page. References are random, so their order tells nothing."""
    wanted: list[ColumnElement[bool]] = [Child.deleted_at.is_(None)]
    if borough:
        wanted.append(Child.home_lad_code == borough)
    if state:
        wanted.append(Child.state == state)
    at_places = select(func.count()).where(ChildPlaceLink.child_id == Child.id).scalar_subquery()
    happened = (
        select(func.count())
        .select_from(INCIDENT_LINK)
        .where(INCIDENT_LINK.c.child_id == Child.id)
        .scalar_subquery()
    )
    total = session.scalar(select(func.count()).select_from(Child).where(*wanted))
    rows = session.execute(
        select(
            Child.id,
            Child.ref,
            Child.age_band,
            Child.age_band_as_of,
            Child.home_lad_code,
            Child.state,
            Child.is_synthetic,
            at_places + happened,
        )
        .where(*wanted)
        .order_by(Child.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Listed._make(row) for row in rows], total or 0, number)


def at_place(session: Session, place: Place) -> list[There]:
    """The references linked to one place, by reference."""
    found = (
        select(
            Child.id,
            Child.ref,
            Child.age_band,
            Child.home_lad_code,
            ChildPlaceLink.role,
            ChildPlaceLink.from_on,
            ChildPlaceLink.to_on,
            ChildPlaceLink.source_agency,
        )
        .join(Child, Child.id == ChildPlaceLink.child_id)
        .where(ChildPlaceLink.place_id == place.id, Child.deleted_at.is_(None))
        .order_by(Child.ref, ChildPlaceLink.from_on.desc(), ChildPlaceLink.id)
    )
    return [There._make(row) for row in session.execute(found)]


def homes(session: Session, child: Child) -> list[HomeWas]:
    """Newest first."""
    found = (
        select(ChildHome.lad_code, ChildHome.from_on, ChildHome.to_on)
        .where(ChildHome.child_id == child.id)
        .order_by(ChildHome.from_on.desc())
    )
    return [HomeWas._make(row) for row in session.execute(found)]


def home_now(session: Session, child: Child) -> ChildHome | None:
    return session.scalar(
        select(ChildHome)
        .where(ChildHome.child_id == child.id, ChildHome.to_on.is_(None))
        .order_by(ChildHome.from_on.desc())
        .limit(1)
    )


def links(session: Session, child: Child) -> list[Linked]:
    """Newest first; only to places the actor may see."""
    return [
        Linked(
            row.place,
            row.role,
            row.from_on,
            row.to_on,
            row.confidence,
            row.source_agency,
            row.basis,
        )
        for row in place_links(session, child)
    ]


def place_links(session: Session, child: Child) -> list[PlaceLinked]:
    """The same with what their page needs."""
    found = (
        select(
            ChildPlaceLink.id,
            ChildPlaceLink.version,
            Place.ref,
            Place.name,
            ChildPlaceLink.role,
            ChildPlaceLink.from_on,
            ChildPlaceLink.to_on,
            ChildPlaceLink.confidence,
            ChildPlaceLink.source_agency,
            ChildPlaceLink.basis,
        )
        .join(Place, Place.id == ChildPlaceLink.place_id)
        .where(ChildPlaceLink.child_id == child.id)
        .order_by(ChildPlaceLink.from_on.desc(), ChildPlaceLink.id)
    )
    return [PlaceLinked._make(row) for row in session.execute(found)]


def link(session: Session, child: Child, link_id: UUID) -> ChildPlaceLink:
    found = session.scalar(
        select(ChildPlaceLink).where(
            ChildPlaceLink.id == link_id, ChildPlaceLink.child_id == child.id
        )
    )
    if found is None:
        raise NotFoundError(NO_LINK)
    return found


def incident_links(session: Session, child: Child) -> list[Happened]:
    """Newest first; only incidents the actor may see."""
    on = cast(func.timezone(literal("Europe/London"), INCIDENT.c.occurred_from), Date)
    found = (
        select(
            INCIDENT.c.id,
            INCIDENT.c.ref,
            HARM.c.label,
            on,
            INCIDENT_LINK.c.role,
            INCIDENT.c.source_agency,
        )
        .select_from(INCIDENT_LINK)
        .join(INCIDENT, INCIDENT.c.id == INCIDENT_LINK.c.incident_id)
        .join(HARM, HARM.c.code == INCIDENT.c.harm_code)
        .where(INCIDENT_LINK.c.child_id == child.id)
        .order_by(INCIDENT.c.occurred_from.desc(), INCIDENT.c.ref)
    )
    return [Happened._make(row) for row in session.execute(found)]


def incident_id(session: Session, ref: str) -> UUID | None:
    known = read_reference(ref, "IC")
    return session.scalar(select(INCIDENT.c.id).where(INCIDENT.c.ref == known)) if known else None


def earlier(session: Session, child: Child) -> list[Was]:
    """What links said before they were corrected or taken back, the newest change first."""
    return [Was._make(row) for row in session.execute(WAS, {"child": child.id})]
