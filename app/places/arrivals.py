"""Places that are part of another now. What was worked on there stays where it was written.

An assessment is of a boundary, and measures are frozen with a hash: neither becomes another
place's by a merge. The surviving place shows them, with where they came from; taking the merge
back takes them off its pages again.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.places.life_queries import MOST_MERGES
from app.places.models import Place
from app.places.rules import State


def came_from(session: Session, place: Place) -> list[Place]:
    """Places that were merged into this one, also by way of others, as far as they may be seen."""
    found: list[Place] = []
    here = [place.id]
    for _ in range(MOST_MERGES):
        asked = select(Place).where(
            Place.merged_into_id.in_(here),
            Place.state == State.CLOSED,
            Place.deleted_at.is_(None),
            Place.id.not_in([place.id, *(one.id for one in found)]),
        )
        more = session.scalars(asked.order_by(Place.closed_at, Place.ref)).all()
        if not more:
            break
        found += more
        here = [one.id for one in more]
    return found
