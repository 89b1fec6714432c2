"""Reads of children's references. Row-level security shows none without a purpose."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.children.models import Child, ChildPlaceLink
from app.children.schemas import Linked
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.places.models import Place


def find(session: Session, ref: str) -> Child:
    known = read_reference(ref, "CH")
    child = session.scalar(select(Child).where(Child.ref == known, Child.deleted_at.is_(None)))
    if child is None:
        raise NotFoundError("There is no such reference.")
    return child


def links(session: Session, child: Child) -> list[Linked]:
    """Newest first; only to places the actor may see."""
    found = (
        select(
            Place.ref,
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
    return [Linked._make(row) for row in session.execute(found)]
