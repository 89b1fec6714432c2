"""Reads of places. Row-level security has already limited them to what the actor may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import shapely
from geoalchemy2.shape import to_shape
from shapely import Geometry, Point
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    cast,
    column,
    func,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import BNG
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.core.partnership import partnership
from app.core.remembered import remembered
from app.places import shown
from app.places.audiences import Share
from app.places.features import as_feature, feature_collection
from app.places.life_models import PlaceAlias
from app.places.models import Place, PlaceExact
from app.places.rules import LanguageRule, PlaceType, Reach, Sensitivity, State
from app.places.schemas import ALWAYS, Box, Period
from app.reference import queries as reference

PAGE_SIZE = 25
TASK_DAYS = 14

TYPE = table(
    "place_type",
    column("code"),
    column("label"),
    schema="reference",
)

SHARES = text("""
    select part.lad_code, coalesce(area.name, part.lad_code), part.share::float8
    from (
        select lad_code, share from app.place_area where place_id = :place_id
        union all
        select unnest(borough_codes), 1 from app.place where id = :place_id and geom is null
    ) as part
    left join lateral (
        select name from reference.area where code = lad_code and kind in ('borough', 'district')
        order by vintage desc limit 1
    ) as area on true
    order by part.share desc, part.lad_code
""")

REACH = text("""
    select ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
    from (select ST_Extent(geom) as box from reference.area
          where kind = 'borough' and code = any (:codes)) as partner
""")

BOROUGHS_OF = text("""
    select lad_code from app.boroughs_of(ST_GeomFromWKB(:shape, 27700)) order by lad_code
""")

CHILDREN_AT = text("select app.children_at(id) from app.place where ref = :ref")

IN_SCOPE = text("""
    select cast(:tier as text) = any (sec.tiers())
       and (sec.all_boroughs() or cast(:codes as text[]) && sec.boroughs())
""")


class Listed(NamedTuple):
    """A row of the list."""

    ref: str
    name: str
    type_code: str
    type_label: str
    state: str
    borough_codes: list[str]
    label_expires_on: date
    updated_at: datetime
    is_synthetic: bool


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for; None asks for everything."""

    type_code: str | None = None
    state: str | None = None
    borough: str | None = None
    words: str | None = None
    box: Box | None = None
    period: Period = ALWAYS
    ending: bool = False
    urgent: bool = False
    review: bool = False
    in_full: bool = True  # as a partner asks: no finer than what partners are told

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [Place.deleted_at.is_(None)]
        if self.type_code:
            found.append(Place.type_code == self.type_code)
        if self.state:
            found.append(shown.in_state(self.state, in_full=self.in_full))
        if self.borough:
            found.append(Place.borough_codes.contains([self.borough]))  # scope: chosen filter
        if self.words:
            found.append(_named(self.words))
        if self.box:
            found.append(within(Place.geom, self.box))
        return found + self._of_staff() if self.in_full else found

    def _of_staff(self) -> list[ColumnElement[bool]]:
        """Dates, and what the work list of a lead leads to."""
        found = [ending(clock.now())] * self.ending + [due_for_review(clock.now())] * self.review
        if self.period.since:
            found.append(Place.label_expires_on >= self.period.since)
        if self.period.until:
            found.append(Place.created_at < self.period.until)
        return [*found, Place.urgent_since.is_not(None)] if self.urgent else found


def ending(now: datetime) -> ColumnElement[bool]:
    """Labels that end within two weeks: the lead's task."""
    today = clock.london(now).date()
    awake = Place.state.notin_((State.CLOSED, State.DORMANT))
    return awake & (Place.label_expires_on <= today + timedelta(days=TASK_DAYS))


def due_for_review(now: datetime) -> ColumnElement[bool]:
    """The day on which somebody wanted to look at it again is here or over."""
    return (Place.state != State.CLOSED) & (Place.next_review_on <= clock.london(now).date())


def counted(session: Session, filters: Filters, day: Any) -> tuple[int, datetime | None]:  # noqa: ANN401
    """How many rows that list has, with the first of a day or moment."""
    first = func.min(cast(day, DateTime(timezone=True)))
    n, at = session.execute(select(func.count(), first).where(*filters.conditions())).one()
    return n, at


def _named(words: str) -> ColumnElement[bool]:
    """A name holds the words, the first or another one, or they are the reference however typed."""
    ref = read_reference(words, "PL")
    other = select(PlaceAlias.place_id).where(
        PlaceAlias.name.icontains(words, autoescape=True), PlaceAlias.removed_at.is_(None)
    )
    return or_(Place.name.icontains(words, autoescape=True), Place.ref == ref, Place.id.in_(other))


def within(geom: Any, box: Box) -> ColumnElement[bool]:  # noqa: ANN401 - a geometry column
    """`&&` comes first: it alone is marked LEAKPROOF, so it alone may use the index."""
    asked = func.ST_Transform(func.ST_MakeEnvelope(*box, 4326), BNG)
    overlaps: ColumnElement[bool] = geom.op("&&")(asked)
    return overlaps & func.ST_Intersects(geom, asked)


def listed(session: Session, filters: Filters, *, number: int) -> Page[Listed]:
    """One numbered page, newest change first; partners are not told when something changed."""
    newest = (Place.updated_at.desc(),) if filters.in_full else (Place.name,)
    total = session.scalar(select(func.count()).select_from(Place).where(*filters.conditions()))
    rows = session.execute(
        select(
            Place.ref,
            Place.name,
            Place.type_code,
            TYPE.c.label,
            Place.state,
            Place.borough_codes,
            Place.label_expires_on,
            Place.updated_at,
            Place.is_synthetic,
        )
        .join(TYPE, TYPE.c.code == Place.type_code)
        .where(*filters.conditions())
        .order_by(*newest, Place.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Listed._make(row) for row in rows], total or 0, number)


def features(
    session: Session, filters: Filters, *, limit: int, also: Sequence[ColumnElement[bool]] = ()
) -> bytes:
    """A GeoJSON FeatureCollection, put together in the database. Residential: no geometry."""
    properties = {**shown.FULL, "version": Place.version} if filters.in_full else dict(shown.SHAPE)
    return feature_collection(
        session,
        select(as_feature(Place.ref, Place.geom, properties))
        .where(*filters.conditions(), *also)
        .order_by(Place.ref),
        limit=limit,
    )


@remembered
def find(session: Session, ref: str) -> Place:
    return _one(session, ref, select(Place))


def lock(session: Session, ref: str) -> Place:
    """Two people save at once: the second waits here and then meets another version."""
    return _one(session, ref, select(Place).with_for_update())


def _one(session: Session, ref: str, wanted: Select[Place]) -> Place:
    known = read_reference(ref, "PL")
    place = session.scalar(wanted.where(Place.ref == known, Place.deleted_at.is_(None)))
    if place is None:
        raise NotFoundError("There is no such place.")
    return place


def shares(session: Session, place_id: UUID) -> list[Share]:
    return [Share._make(row) for row in session.execute(SHARES, {"place_id": place_id})]


def boroughs_of(session: Session, shape: Geometry) -> list[str]:
    """Codes of the boroughs a shape is in; the nearest within 250 m when it is in none."""
    return list(session.scalars(BOROUGHS_OF, {"shape": shapely.to_wkb(shape)}))


def children_at(session: Session, ref: str) -> int | None:
    """How many children are linked to a place, for roles that may count, without a reason."""
    counted: int | None = session.scalar(CHILDREN_AT, {"ref": ref})
    return counted


@remembered
def in_scope(session: Session, codes: Sequence[str], tier: str) -> bool:
    """Whether row-level security would let the actor write such a row."""
    return bool(session.scalar(IN_SCOPE, {"codes": list(codes), "tier": tier}))


def place_type(session: Session, code: str) -> PlaceType | None:
    return next((found for found in place_types(session) if found.code == code), None)


@remembered
def place_types(session: Session) -> list[PlaceType]:
    return [
        PlaceType(row.code, row.label, row.geom_kinds, Sensitivity(row.sensitivity), row.valid_to)
        for row in reference.place_types(session)
    ]


def boroughs(session: Session) -> dict[str, str]:
    return {found.code: found.name for found in reference.boroughs(session)}


def partner_codes(path: Path) -> tuple[str, ...]:
    """Boroughs of the partnership, from its settings file, in its order."""
    return tuple(found.code for found in partnership(path).borough)


@remembered
def reach(session: Session, codes: Sequence[str]) -> Reach:
    return Reach(*session.execute(REACH, {"codes": list(codes)}).one())


def postcode(session: Session, typed: str) -> Point | None:
    found = reference.postcode(session, typed)
    return None if found is None else Point(found.easting_m, found.northing_m)


def unknown_harms(session: Session, codes: Sequence[str]) -> list[str]:
    known = {harm.code for harm in reference.harms(session) if harm.valid_to is None}
    return [code for code in codes if code not in known]


def unknown_code(session: Session, name: str, code: str) -> str | None:
    """The refusal of a code that a small list does not hold."""
    known = {found.code for found in reference.codes(session, name)}
    return None if code in known else f"Unknown {name} code '{code}'."


@remembered
def language(session: Session) -> list[LanguageRule]:
    return [LanguageRule(*row) for row in reference.language_rules(session)]


def exact(session: Session, place_id: UUID) -> PlaceExact | None:
    return session.get(PlaceExact, place_id)


def shape_of(place: Place) -> Geometry | None:
    return None if place.geom is None else to_shape(place.geom)
