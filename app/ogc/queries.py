"""Pages of features, by the same conditions and policies as the pages of the service.

A page begins after the key that the last one ended with, in the order of keys that never change:
whatever else is added or removed meanwhile, a feature that stays is told once.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import JSON, ColumnElement, Select, Text, cast, func, select
from sqlalchemy.orm import Session

from app.core.errors import InvalidError, NotFoundError
from app.incidents import queries as incidents
from app.incidents.models import Incident
from app.incidents.rules import Confidence, State
from app.intelligence import queries as intelligence
from app.intelligence.models import IntelItem
from app.ogc.schemas import CHECK, Asked
from app.places import queries as places
from app.places import shown
from app.places.models import OnlineSpace, Place

ABSENT = "There is no such feature."


class Found(NamedTuple):
    """A page: features as JSON texts, how many there are in all, the key to go on after."""

    features: Sequence[str]
    refs: Sequence[str]
    matched: int
    after: str | None


class Table(NamedTuple):
    """A collection that is rows: its key, geometry, properties, and what stays in it."""

    key: Any
    geometry: Any
    properties: Mapping[str, Any]
    conditions: Sequence[ColumnElement[bool]]
    joins: Callable[[Select[Any]], Select[Any]]


def rows(session: Session, table: Table, asked: Asked) -> Found:
    everything = table.joins(select(func.count()).select_from(table.key.class_))
    matched = session.scalar(everything.where(*table.conditions)) or 0
    feature = _feature(table, asked.srid)
    wanted = table.joins(select(table.key, feature).select_from(table.key.class_))
    wanted = wanted.where(*table.conditions)
    if asked.after is not None:
        wanted = wanted.where(table.key > asked.after)
    found = session.execute(wanted.order_by(table.key).limit(asked.limit + 1)).all()
    return cut([(key, body) for key, body in found], asked, matched)


def row(session: Session, table: Table, key: str, asked: Asked) -> str:
    wanted = table.joins(select(_feature(table, asked.srid)).select_from(table.key.class_))
    found = session.scalar(wanted.where(*table.conditions, table.key == key))
    if found is None:
        raise NotFoundError(ABSENT)
    return str(found)


def cut(found: Sequence[tuple[str, str]], asked: Asked, matched: int) -> Found:
    shown, more = found[: asked.limit], len(found) > asked.limit
    refs = [key for key, _ in shown]
    return Found([body for _, body in shown], refs, matched, refs[-1] if more else None)


def _feature(table: Table, srid: int) -> ColumnElement[str]:
    """As `places.queries.as_feature`, in the coordinates that were asked for."""
    decimals = 6 if srid == 4326 else 1
    geometry = cast(func.ST_AsGeoJSON(func.ST_Transform(table.geometry, srid), decimals, 0), JSON)
    flat = [part for pair in table.properties.items() for part in pair]
    body = func.json_build_object(*flat)
    made = func.json_build_object(
        "type", "Feature", "id", table.key, "geometry", geometry, "properties", body
    )
    return cast(made, Text)


def of_places(asked: Asked) -> Table:
    said = asked.filters
    filters = places.Filters(
        said.get("type_code"),
        said.get("state"),
        said.get("borough"),
        None,
        asked.box,
        asked.period,
        in_full=asked.in_full,
    )
    told = shown.FULL if asked.in_full else shown.SHAPE
    return Table(Place.ref, Place.geom, told, filters.conditions(), _alone)


def of_incidents(asked: Asked) -> Table:
    said = asked.filters
    standing = incidents.Standing(
        _one_of(State, "state", said), _one_of(Confidence, "confidence", said)
    )
    filters = incidents.Filters(
        said.get("harm_code"),
        said.get("source_agency"),
        said.get("place"),
        said.get("borough"),
        asked.box,
        asked.period,
        standing,
    )
    kept = [*filters.conditions(), Incident.state != State.WITHDRAWN]
    at = func.coalesce(Incident.geom, func.ST_PointOnSurface(Place.geom))
    return Table(Incident.ref, at, INCIDENT, kept, _at_place)


INCIDENT = {
    "harm_code": Incident.harm_code,
    "other_harm_codes": Incident.other_harm_codes,
    "occurred_from": Incident.occurred_from,
    "occurred_to": Incident.occurred_to,
    "time_precision": Incident.time_precision,
    "time_about": Incident.time_about,
    "uncertainty_m": Incident.uncertainty_m,
    "confidence": Incident.confidence,
    "source_agency": Incident.source_agency,
    "discovered_by": Incident.discovered_by,
    "outcome_band": Incident.outcome_band,
    "borough": Incident.borough_code,
    "place": Place.ref,
    "state": Incident.state,
    "is_synthetic": Incident.is_synthetic,
}


def of_online_spaces(asked: Asked) -> Table:
    said = asked.filters
    filters = places.Filters(
        None,
        said.get("state"),
        said.get("borough"),
        None,
        asked.box,
        asked.period,
        in_full=asked.in_full,
    )
    kept = filters.conditions()
    if said.get("platform_code"):
        kept.append(OnlineSpace.platform_code == said["platform_code"])
    standing = {"state": Place.state} if asked.in_full else {"stage": shown.STAGE}
    return Table(Place.ref, Place.geom, ONLINE | standing, kept, _online)


ONLINE = {
    "name": Place.name,
    "type_code": Place.type_code,
    "platform_code": OnlineSpace.platform_code,
    "url_defanged": OnlineSpace.url_defanged,
    "audience": OnlineSpace.audience,
    "boroughs": Place.borough_codes,
    "is_synthetic": Place.is_synthetic,
}


def of_intelligence(asked: Asked) -> Table:
    """Code P and nothing else, whoever asks: not even the own force's code C leaves this way."""
    said = asked.filters
    filters = intelligence.Filters(
        state=said.get("state"),
        harm=said.get("harm"),
        borough=said.get("borough"),
        kind=said.get("kind"),
        box=asked.box,
        period=asked.period,
    )
    kept = [*filters.conditions(), IntelItem.handling == "P", IntelItem.tier == "P"]  # scope: no C
    return Table(IntelItem.ref, intelligence.SHAPE, intelligence.PROPERTIES, kept, _alone)


def _alone(wanted: Select[Any]) -> Select[Any]:
    return wanted


def _at_place(wanted: Select[Any]) -> Select[Any]:
    return wanted.outerjoin(Place, Place.id == Incident.place_id)


def _online(wanted: Select[Any]) -> Select[Any]:
    return wanted.join(OnlineSpace, OnlineSpace.place_id == Place.id)


def _one_of(kind: type[StrEnum], name: str, said: Mapping[str, str]) -> Any:  # noqa: ANN401 - that kind
    if not said.get(name):
        return None
    try:
        return kind(said[name])
    except ValueError as wrong:
        raise InvalidError(
            CHECK, {name: f"Give one of {', '.join(one.value for one in kind)}."}
        ) from wrong
