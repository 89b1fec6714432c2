"""One item as its reader gets it: what the database lets them see decides the view."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import cast, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.intelligence.models import IntelChild, IntelItem, IntelPlace, IntelPolice
from app.intelligence.queries import ABSENT, GRADE, SHAPE
from app.intelligence.schemas import FullOut, PlaceOut, SanitisedOut
from app.places.models import Place
from app.reference import queries as reference

GEOJSON = cast(func.ST_AsGeoJSON(func.ST_Transform(SHAPE, 4326), 6), JSONB)
SANITISED = set(SanitisedOut.model_fields) & {*IntelItem.__table__.columns.keys()}
FULL = set(FullOut.model_fields) & {*IntelItem.__table__.columns.keys()} - SANITISED


def shown(session: Session, item: IntelItem) -> SanitisedOut:
    """The row for the police is there for analysts alone; without it the view is the sanitised."""
    shared = sanitised(session, item)
    police = session.get(IntelPolice, item.id)
    if police is None:
        return shared
    own = {name: getattr(item, name) for name in FULL}
    children = session.scalar(
        select(func.count())
        .select_from(IntelChild)
        .where(IntelChild.intel_item_id == item.id, IntelChild.removed_at.is_(None))
    )
    return FullOut.of(
        shared,
        **own,
        provenance_id=police.provenance_id,
        qa_note=police.qa_note,
        mopi_group=police.mopi_group,
        n_children=children or 0,
    )


def full(session: Session, item: IntelItem) -> FullOut:
    """For whoever may see all of it."""
    found = shown(session, item)
    if not isinstance(found, FullOut):
        raise NotFoundError(ABSENT)
    return found


def sanitised(session: Session, item: IntelItem) -> SanitisedOut:
    found = session.execute(
        select(GEOJSON.label("geometry"), GRADE.label("grade")).where(IntelItem.id == item.id)
    ).one()
    own = {name: getattr(item, name) for name in SANITISED}
    return SanitisedOut(
        **own,
        text=item.body,
        grade=found.grade,
        online=item.url_defanged,
        boroughs=item.borough_codes,
        places=places_of(session, item.id),
        geometry=found.geometry,
    )


def places_of(session: Session, item_id: UUID) -> list[PlaceOut]:
    """Its places, as far as the reader sees them."""
    found = session.execute(
        select(Place.ref, Place.name)
        .join(IntelPlace, IntelPlace.place_id == Place.id)
        .where(IntelPlace.intel_item_id == item_id, IntelPlace.removed_at.is_(None))
        .where(Place.deleted_at.is_(None))
        .order_by(Place.ref)
    )
    return [PlaceOut(ref=row.ref, name=row.name) for row in found]


class Grades(NamedTuple):
    """The words of a grading scheme, by code: lists of (value, label)."""

    source: Sequence[tuple[str, str]]
    information: Sequence[tuple[str, str]]
    handling: Sequence[tuple[str, str]]

    def words(self, part: str, value: str) -> str:
        """In words with the code in brackets, as in "Reliable (1)"."""
        label = dict(getattr(self, part)).get(value)
        return f"{label} ({value})" if label else value


def grades(session: Session, version: str) -> Grades:
    found = reference.grading(session, version)
    parts = ("source", "information", "handling")
    return Grades(*([(g.value, g.label) for g in found if g.part == part] for part in parts))


class Step(NamedTuple):
    """One change of state."""

    state: str
    at: datetime
    reason: str | None


HISTORY = text("""
    select to_state, at, reason from app.intel_state_change
    where intel_item_id = :item order by id
""")


def history(session: Session, item_id: UUID) -> list[Step]:
    """The way of an item so far, for analysts."""
    return [Step._make(row) for row in session.execute(HISTORY, {"item": item_id})]
