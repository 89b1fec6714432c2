"""Places of concern as they leave: the list, the map's places, online spaces."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry as Column
from geoalchemy2.shape import to_shape
from shapely import Geometry
from sqlalchemy import ColumnElement, FromClause, column, select, table
from sqlalchemy.orm import Session

from app.core.db import BNG
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.sheet import APPROXIMATE, EXACT, NONE, Sheet, said
from app.exports.source import Around, Query, Source, ticked
from app.maps.items import SHAPES
from app.places import queries
from app.places.models import OnlineSpace, Place
from app.places.queries import TYPE, Filters
from app.places.rules import Sensitivity, State
from app.places.schemas import Period, box_of, period_of
from app.reference import queries as reference

# Of a home only the stored point of the street, which stands for eight addresses or more.
MASK = table(
    "place_exact",
    column("place_id"),
    column("snap_geom", Column("POINT", srid=BNG)),
    schema="app",
)
COLUMNS = (
    *("ref", "name", "type_code", "type", "class", "state", "level", "boroughs", "harm_codes"),
    *("label_expires_on", "next_review_on", "first_recorded_on", "platform", "online_address"),
    *("position", "synthetic"),
)
BRIEF = ("name", "ref", "type", "boroughs", "state", "level", "label_expires_on", "position")


class Places(Source):
    """The list of places, by the filters of its page."""

    thing = "place"
    title = "Places of concern"
    one, many = "place", "places"
    list_path = "/places"
    keys = frozenset(
        {"type", "state", "borough", "q", "bbox", "datetime", "ending", "urgent", "review"}
    )
    name = Dataset.PLACES

    def filters(self, query: Query, around: Around) -> Any:  # noqa: ANN401
        state = query.get("state")
        return Filters(
            query.get("type") or None,
            State(state) if state else None,
            query.get("borough") or None,
            query.get("q") or None,
            box_of(query.get("bbox")),
            period_of(query.get("datetime")),
            ending=ticked(query, "ending"),
            urgent=ticked(query, "urgent"),
            review=ticked(query, "review", "due"),
        )

    def words(self, session: Session, filters: Filters) -> list[tuple[str, str]]:
        types = {found.code: found.label for found in reference.place_types(session)}
        found = [
            ("Words in the name", filters.words),
            ("Type", filters.type_code and types.get(filters.type_code, filters.type_code)),
            ("State", filters.state and filters.state.replace("_", " ").capitalize()),
            ("Borough", borough(session, filters.borough)),
            ("Area", "The box that was drawn" if filters.box else None),
            ("Dates", dates(filters.period)),
            ("Labels that end soon", "Only these" if filters.ending else None),
            ("Urgent", "Only these" if filters.urgent else None),
            ("Reviews that are due", "Only these" if filters.review else None),
        ]
        return [(label, words) for label, words in found if words]

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
        return filters.conditions()

    def leaving(self, rights: Rights) -> list[ColumnElement[bool]]:
        """Of each kind of place what the role may export of it."""
        route = Place.type_code.like("ROUTE%")
        online = Place.sensitivity == Sensitivity.ONLINE
        stays = [
            kind
            for kind, thing in ((route, "route"), (online, "online_space"))
            if not rights.may(thing)
        ]
        tiers = rights.tiers.get(self.thing, ())
        return [Place.deleted_at.is_(None), Place.tier.in_(tiers), *(~kind for kind in stays)]

    def kept_back(self, rights: Rights) -> str:
        kinds = [("route", "routes"), ("online_space", "online spaces")]
        stays = ", ".join(said for thing, said in kinds if not rights.may(thing))
        return f"These stay in the service: {stays}, and what only the police may see."

    def table(self) -> FromClause:
        return Place.__table__

    def id_column(self) -> ColumnElement[UUID]:
        return Place.__table__.c.id

    def sheet(
        self,
        session: Session,
        where: Sequence[ColumnElement[bool]],
        rights: Rights,
        *,
        limit: int,
    ) -> Sheet:
        found = session.execute(
            select(Place, TYPE.c.label, OnlineSpace, MASK.c.snap_geom)
            .join(TYPE, TYPE.c.code == Place.type_code)
            .outerjoin(OnlineSpace, OnlineSpace.place_id == Place.id)
            .outerjoin(MASK, MASK.c.place_id == Place.id)
            .where(*where)
            .order_by(Place.name, Place.ref)
            .limit(limit)
        ).all()
        shapes = [_shape(place, mask) for place, _, _, mask in found]
        names = queries.boroughs(session)
        groups = {found.code: found.group_code for found in reference.place_types(session)}
        marks = [
            _mark(place, groups, shape) for (place, *_), shape in zip(found, shapes, strict=True)
        ]
        platforms = dict(reference.codes(session, "platform"))
        rows = [
            _row(place, label, names)
            + _online(online, platforms)
            + [_position(place, shape), "yes" if place.is_synthetic else ""]
            for (place, label, online, _), shape in zip(found, shapes, strict=True)
        ]
        return Sheet(
            self.name,
            self.title,
            COLUMNS,
            [[said(value) for value in row] for row in rows],
            shapes,
            marks,
            BRIEF,
            _legend(session, marks),
            ids=[place.id for place, *_ in found],
            refs=[place.ref for place, *_ in found],
        )


def borough(session: Session, code: str | None) -> str | None:
    return queries.boroughs(session).get(code, code) if code else None


def dates(period: Period) -> str | None:
    """The window in words; its end is the moment after the last."""
    parts = []
    if period.since:
        parts.append(f"from {period.since:%-d %B %Y}")
    if period.until:
        parts.append(f"before {period.until:%-d %B %Y}")
    return " ".join(parts).capitalize() or None


def _shape(place: Place, mask: Any) -> Geometry | None:  # noqa: ANN401 - a geometry or nothing
    if place.sensitivity == Sensitivity.RESIDENTIAL:
        return None if mask is None else to_shape(mask)
    return None if place.geom is None else to_shape(place.geom)


def _position(place: Place, shape: Geometry | None) -> str:
    if shape is None:
        return NONE
    return APPROXIMATE if place.sensitivity == Sensitivity.RESIDENTIAL else EXACT


def _mark(place: Place, groups: dict[str, str | None], shape: Geometry | None) -> str:
    """Shape says type, as on the map of the service; a home's stand-in is a ring."""
    if shape is not None and place.sensitivity == Sensitivity.RESIDENTIAL:
        return "ring"
    if place.geom_kind == "L":
        return "line"
    return SHAPES.get(groups.get(place.type_code) or "", "circle")


def _legend(session: Session, marks: Sequence[str]) -> tuple[tuple[str, str], ...]:
    groups = dict(reference.codes(session, "place_group"))
    words = [(shape, groups.get(code, code)) for code, shape in SHAPES.items()]
    words += [("line", "Routes and lines"), ("ring", "Approximate, within 400 m")]
    return tuple((shape, said) for shape, said in words if shape in marks)


def _row(place: Place, label: str, names: dict[str, str]) -> list[object]:
    return [
        place.ref,
        place.name,
        place.type_code,
        label,
        place.sensitivity,
        place.state,
        place.level,
        [names.get(code, code) for code in place.borough_codes],
        place.harm_codes,
        place.label_expires_on,
        place.next_review_on,
        place.created_at.date(),
    ]


def _online(online: OnlineSpace | None, platforms: dict[str, str]) -> list[object]:
    if online is None:
        return [None, None]
    return [platforms.get(online.platform_code, online.platform_code), online.url_defanged]
