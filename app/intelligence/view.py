"""One item as its reader gets it: what the database lets them see decides the view."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from geoalchemy2.shape import to_shape
from shapely import Geometry
from sqlalchemy import ColumnElement, and_, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.intelligence.models import IntelChild, IntelItem, IntelPlace, IntelPolice
from app.intelligence.queries import ABSENT, GRADE, SHAPE
from app.intelligence.schemas import FullOut, IntelIn, PlaceOut, SanitisedOut
from app.places.models import Place
from app.reference import gazetteer
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


def wkt(item: IntelItem) -> str | None:
    """What was drawn, as text that a form can hold: British National Grid metres."""
    return None if item.geom is None else to_shape(item.geom).wkt


def near(session: Session, item: IntelItem) -> str:
    """The street next to what was drawn; empty where nothing was."""
    return "" if item.geom is None else near_shape(session, to_shape(item.geom))


def near_shape(session: Session, shape: Geometry) -> str:
    middle = shape.representative_point()
    return gazetteer.near(session, middle.x, middle.y).label or ""


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

    def labelled(self, part: str) -> list[tuple[str, str]]:
        """To choose from, each in full words."""
        return [(value, self.words(part, value)) for value, _ in getattr(self, part)]

    def words(self, part: str, value: str) -> str:
        """In words with the code in brackets, as in "Reliable (1)"."""
        label = dict(getattr(self, part)).get(value)
        return f"{label} ({value})" if label else value


def grades(session: Session, version: str) -> Grades:
    found = reference.grading(session, version)
    parts = ("source", "information", "handling")
    return Grades(*([(g.value, g.label) for g in found if g.part == part] for part in parts))


class Similar(NamedTuple):
    """Another item that the reader may see and that may say the same."""

    ref: str
    body: str
    state: str


def similar(
    session: Session, wanted: IntelIn, place_ids: Sequence[UUID], *, but: UUID | None
) -> list[Similar]:
    """Others at the same places or of the same words, newest first."""
    at_place = select(IntelPlace.intel_item_id).where(
        IntelPlace.place_id.in_(place_ids), IntelPlace.removed_at.is_(None)
    )
    longest = sorted(set(re.findall(r"[A-Za-z]{6,}", wanted.body)), key=len, reverse=True)[:3]
    alike = [IntelItem.body.icontains(word) for word in longest]
    near: list[ColumnElement[bool]] = [IntelItem.id.in_(at_place)] if place_ids else []
    if len(alike) == 3:
        near.append(and_(*alike))
    if not near:
        return []
    rows = session.execute(
        select(IntelItem.ref, IntelItem.body, IntelItem.state)
        .where(IntelItem.deleted_at.is_(None), IntelItem.id.is_distinct_from(but), or_(*near))
        .order_by(IntelItem.updated_at.desc(), IntelItem.ref)
        .limit(5)
    )
    return [Similar._make(row) for row in rows]


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
