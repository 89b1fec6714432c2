"""Reads of intelligence. Row-level security has already limited them to what the actor may see.

What these return is what a page, the API, a map, an export and the panel "Who will be able to see
this" show: there is no other way to an item.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, false, func, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.intelligence.models import IntelItem, IntelPlace
from app.intelligence.rules import State
from app.places.features import as_feature, feature_collection
from app.places.models import Place
from app.places.queries import within
from app.places.schemas import ALWAYS, Box, Period

PAGE_SIZE = 25
ABSENT = "There is no such item."


class Listed(NamedTuple):
    """A row of the list. `grade` is as in 1AP; the text is the sanitised one."""

    ref: str
    kind: str
    body: str
    grade: str
    handling: str
    harm_codes: list[str]
    borough_codes: list[str]
    state: str
    valid_from_on: date
    released_at: datetime | None
    updated_at: datetime
    created_by: UUID
    written_by: UUID
    is_synthetic: bool


GRADE = func.concat(IntelItem.source_eval, IntelItem.info_assess, IntelItem.handling)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for; None asks for everything. `grade` is some of 1, A, P in order."""

    state: str | None = None
    harm: str | None = None
    grade: str | None = None
    handling: str | None = None
    borough: str | None = None
    kind: str | None = None
    place: str | None = None
    words: str | None = None
    box: Box | None = None
    period: Period = ALWAYS
    task: str | None = None
    reader: UUID | None = None

    def of(self, reader: UUID) -> "Filters":
        """As this person asks."""
        return replace(self, reader=reader)

    def conditions(self) -> list[ColumnElement[bool]]:
        asked = [*self._codes(), *self._elsewhere()]
        if self.task:  # without a reader it is nobody's task, and never everybody's items
            asked.append(task_of(self.task, self.reader) if self.reader else false())
        return [IntelItem.deleted_at.is_(None), *asked]

    def _codes(self) -> Iterator[ColumnElement[bool]]:
        equal: Mapping[Any, str | None] = {
            IntelItem.state: self.state,
            IntelItem.kind: self.kind,
            IntelItem.handling: self.handling,
        }
        for column, asked in equal.items():
            if asked:
                yield column == asked
        if self.harm:
            yield IntelItem.harm_codes.contains([self.harm])
        if self.grade:
            yield cast(GRADE, Text).startswith(self.grade, autoescape=True)
        if self.borough:
            yield IntelItem.borough_codes.contains([self.borough])  # scope: chosen filter

    def _elsewhere(self) -> Iterator[ColumnElement[bool]]:
        if self.place:
            yield IntelItem.id.in_(_at_place(self.place))
        if self.words:
            yield _said(self.words)
        if self.box:
            yield _inside(self.box)
        if self.period.since:
            last = func.coalesce(IntelItem.valid_to_on, IntelItem.valid_from_on)
            yield last >= self.period.since.date()
        if self.period.until:
            yield IntelItem.valid_from_on < self.period.until.date()


def _said(words: str) -> ColumnElement[bool]:
    ref = read_reference(words, "IN")
    return or_(IntelItem.body.icontains(words, autoescape=True), IntelItem.ref == ref)


def _at_place(ref: str) -> Select[UUID]:
    return (
        select(IntelPlace.intel_item_id)
        .join(Place, Place.id == IntelPlace.place_id)
        .where(Place.ref == read_reference(ref, "PL"), IntelPlace.removed_at.is_(None))
    )


def _inside(box: Box) -> ColumnElement[bool]:
    at_place = (
        select(IntelPlace.intel_item_id)
        .join(Place, Place.id == IntelPlace.place_id)
        .where(within(Place.geom, box), IntelPlace.removed_at.is_(None))
    )
    return or_(within(IntelItem.geom, box), IntelItem.id.in_(at_place))


def listed(
    session: Session, filters: Filters, *, number: int, size: int = PAGE_SIZE
) -> Page[Listed]:
    """One numbered page, newest first. Recording the read is `service.listed`."""
    conditions = filters.conditions()
    total = session.scalar(select(func.count()).select_from(IntelItem).where(*conditions))
    rows = session.execute(
        select(
            IntelItem.ref,
            IntelItem.kind,
            IntelItem.body,
            GRADE,
            IntelItem.handling,
            IntelItem.harm_codes,
            IntelItem.borough_codes,
            IntelItem.state,
            IntelItem.valid_from_on,
            IntelItem.released_at,
            IntelItem.updated_at,
            IntelItem.created_by,
            IntelItem.written_by,
            IntelItem.is_synthetic,
        )
        .where(*conditions)
        .order_by(IntelItem.updated_at.desc(), IntelItem.ref)
        .limit(size)
        .offset((number - 1) * size)
    )
    return Page([Listed._make(row) for row in rows], total or 0, number)


# Where an item is: what was drawn for it, or else its places, as far as the reader sees them.
SHAPE = func.coalesce(
    IntelItem.geom,
    select(func.ST_CollectionHomogenize(func.ST_Collect(Place.geom)))
    .join(IntelPlace, IntelPlace.place_id == Place.id)
    .where(
        IntelPlace.intel_item_id == IntelItem.id,
        IntelPlace.removed_at.is_(None),
        Place.geom.is_not(None),
        Place.deleted_at.is_(None),
    )
    .scalar_subquery(),
)
# What a reader of the sanitised view gets, and nobody more: no pointer, no officer, no note.
PROPERTIES = {
    "kind": IntelItem.kind,
    "text": IntelItem.body,
    "grade": GRADE,
    "source_eval": IntelItem.source_eval,
    "info_assess": IntelItem.info_assess,
    "handling": IntelItem.handling,
    "conditions": IntelItem.conditions,
    "action_codes": IntelItem.action_codes,
    "harm_codes": IntelItem.harm_codes,
    "discovered_by": IntelItem.discovered_by,
    "where_kind": IntelItem.where_kind,
    "accuracy": IntelItem.accuracy,
    "online": IntelItem.url_defanged,
    "boroughs": IntelItem.borough_codes,
    "valid_from": IntelItem.valid_from_on,
    "valid_to": IntelItem.valid_to_on,
    "state": IntelItem.state,
    "is_synthetic": IntelItem.is_synthetic,
}


def features(session: Session, filters: Filters, *, limit: int) -> bytes:
    """A GeoJSON FeatureCollection in the sanitised view, whoever asks, by reference."""
    found = (
        select(as_feature(IntelItem.ref, SHAPE, PROPERTIES))
        .where(*filters.conditions())
        .order_by(IntelItem.ref)
    )
    return feature_collection(session, found, limit=limit)


def refs(session: Session, filters: Filters, *, limit: int) -> list[str]:
    """The references of the same items, for the audit."""
    found = select(IntelItem.ref).where(*filters.conditions()).order_by(IntelItem.ref)
    return list(session.scalars(found.limit(limit)))


def counted(session: Session, filters: Filters) -> tuple[int, datetime | None]:
    """How many rows that list has, and when the oldest of them was changed last."""
    found = select(func.count(), func.min(IntelItem.updated_at)).select_from(IntelItem)
    n, at = session.execute(found.where(*filters.conditions())).one()
    return int(n), at


def task_of(task: str, reader: UUID) -> ColumnElement[bool]:
    """What waits for an analyst: to check what another wrote, or to mend what came back."""
    if task == "check":
        return and_(IntelItem.state.in_((State.SUBMITTED, State.IN_QA)), not_of(reader))
    return and_(IntelItem.state == State.HAS_ISSUES, of_writer(reader))


def not_of(writer: UUID) -> ColumnElement[bool]:
    """What this analyst may check: neither begun nor written by them."""
    return and_(IntelItem.created_by != writer, IntelItem.written_by != writer)


def of_writer(writer: UUID) -> ColumnElement[bool]:
    return or_(IntelItem.created_by == writer, IntelItem.written_by == writer)


def find(session: Session, ref: str) -> IntelItem:
    return _one(session, ref, select(IntelItem))


def lock(session: Session, ref: str) -> IntelItem:
    """Two analysts decide at once: the second waits here and then meets another state."""
    return _one(session, ref, select(IntelItem).with_for_update())


def _one(session: Session, ref: str, wanted: Select[IntelItem]) -> IntelItem:
    known = read_reference(ref, "IN")
    found = session.scalar(wanted.where(IntelItem.ref == known, IntelItem.deleted_at.is_(None)))
    if found is None:
        raise NotFoundError(ABSENT)
    return found
