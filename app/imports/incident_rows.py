"""Rows as incidents, by the rules of their form; what is asked per row there is asked at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape, to_shape
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import BNG
from app.core.pages import parse
from app.imports.location import located
from app.imports.mapping import HOW_TO_FIX
from app.imports.sorts import MERGE, Alike, Made, Origin
from app.incidents import queries, service
from app.incidents.models import Incident
from app.incidents.rules import LONDON
from app.incidents.schemas import IncidentIn
from app.places import queries as places
from app.places.models import Place
from app.reference import queries as reference

SMALL = ("time_precision", "agency", "discovered_by", "confidence", "child_count_band")
NOT_OF_THE_FORM = ("external_id", "date", "grid_reference")
NEAR_M = 150
# Of the partnership's own kinds; the same harm and place within a day may be the same event.
ALIKE = text("""
    with asked as (
        select * from unnest(cast(:row as int[]), cast(:harm as text[]), cast(:x as float8[]),
            cast(:y as float8[]), cast(:place as uuid[]), cast(:from as timestamptz[]),
            cast(:to as timestamptz[])) as a (row, harm, x, y, place, from_at, to_at)
    ),
    near as (
        select asked.row, incident.id, incident.ref,
               incident.place_id is not distinct from asked.place and asked.place is not null
                   as same_place,
               ST_Distance(incident.geom, ST_SetSRID(ST_MakePoint(asked.x, asked.y), 27700)) as m,
               greatest(0, extract(epoch from greatest(incident.occurred_from - asked.to_at,
                                                       asked.from_at - incident.occurred_to))) as s
        from asked
        join app.incident on incident.harm_code = asked.harm and incident.deleted_at is null
            and incident.state <> 'WITHDRAWN'
            and incident.occurred_from <= asked.to_at + interval '1 day'
            and incident.occurred_to >= asked.from_at - interval '1 day'
            and (incident.geom && ST_Expand(ST_SetSRID(ST_MakePoint(asked.x, asked.y), 27700), 150)
                 or incident.place_id = asked.place)
    )
    select distinct on (row) row, id, ref, same_place, m, s from near
    where same_place or m <= 150
    order by row, (not same_place), m * 600 + s, ref
""")
KNOWN = text("""
    select provenance->>'ref' as ref, id from app.incident
    where provenance->>'system' = :system and provenance->>'ref' = any (cast(:refs as text[]))
      and provenance is not null and deleted_at is null
    order by created_at
""")


class Incidents:
    """As `sorts.Sort` says."""

    def __init__(self, partnership: Path) -> None:
        self.partners = places.partner_codes(partnership)

    def lists(self, session: Session) -> Mapping[str, Mapping[str, str]]:
        small = {name: dict(reference.codes(session, name)) for name in SMALL}
        return small | {"harm": queries.harms(session)}

    def check(self, session: Session, actor: Actor, made: Made) -> None:
        said = {k: v for k, v in made.answers.items() if k not in NOT_OF_THE_FORM}
        said["occurred_from"] = made.answers.get("date", "")
        if "time_precision" not in said and "T" in said["occurred_from"]:
            said["time_precision"] = "HOUR"
        said |= located(made)
        wanted, errors = parse(IncidentIn, said)
        if wanted is not None:
            made.wanted, made.draft = wanted, service.draft(session, wanted, self.partners)
            errors = made.draft.errors
            if not errors and not actor.all_boroughs:
                service.must_be_in_scope(session, made.draft)
        for name, words in errors.items():
            made.problems.append((name, words, HOW_TO_FIX.get(name, "Correct the value.")))

    def known(self, session: Session, system: str, externals: Sequence[str]) -> Mapping[str, UUID]:
        found = session.execute(KNOWN, {"system": system, "refs": list(externals)})
        return {row.ref: row.id for row in found}

    def same(self, session: Session, pairs: Sequence[tuple[UUID, Made]]) -> set[int]:
        records = self._records(session, pairs)
        return {m.number for key, m in pairs if not _news(records[key], m) and key in records}

    def alike(self, session: Session, rows: Sequence[Made]) -> Mapping[int, Alike]:
        if not rows:
            return {}
        periods = [made.wanted.period() for made in rows]
        points = [made.draft.point for made in rows]
        given: dict[str, list[Any]] = {
            "row": [made.number for made in rows],
            "harm": [made.wanted.harm_code for made in rows],
            "x": [point and point.x for point in points],
            "y": [point and point.y for point in points],
            "place": [made.draft.place and str(made.draft.place.id) for made in rows],
            "from": [begin for begin, _ in periods],
            "to": [end for _, end in periods],
        }
        return {
            found.row: Alike(found.id, found.ref, _score(found.same_place, found.m, found.s),
                             _why(found.same_place, found.m, found.s))
            for found in session.execute(ALIKE, given)
        }  # fmt: skip

    def create(
        self, session: Session, actor: Actor, rows: Sequence[Made], origin: Origin
    ) -> Sequence[UUID]:
        made = [service.incident_of(actor, row.wanted, row.draft) for row in rows]
        for incident, row in zip(made, rows, strict=True):
            incident.provenance = origin.of(row)
        session.add_all(made)
        session.flush()
        return [incident.id for incident in made]

    def change(
        self, session: Session, actor: Actor, pairs: Sequence[tuple[UUID, Made]], origin: Origin
    ) -> None:
        records = self._records(session, pairs)
        for key, made in pairs:
            record = records[key]
            news = _news(record, made)
            if made.decision == MERGE:
                news = {k: v for k, v in news.items() if _unsaid(k, getattr(record, k))}
            for name, value in news.items():
                setattr(record, name, value)
            if record.provenance is None or made.decision != MERGE:
                record.provenance = origin.of(made)
            record.version += 1
            record.updated_by = actor.id
        session.flush()

    def told(self, session: Session, ref: str) -> Mapping[str, str]:
        incident = queries.find(session, ref)
        place = session.get(Place, incident.place_id) if incident.place_id else None
        found = {
            "Harm": queries.harms(session).get(incident.harm_code, incident.harm_code),
            "When": _when(incident.occurred_from, incident.time_precision),
            "Place": "" if place is None else f"{place.name} ({place.ref})",
            "Where": _point(incident),
            "Who reported it": incident.source_agency,
            "Summary": incident.summary or "",
        }
        return {name: words for name, words in found.items() if words}

    def _records(
        self, session: Session, pairs: Sequence[tuple[UUID, Made]]
    ) -> dict[UUID, Incident]:
        keys = [key for key, _ in pairs]
        found = session.scalars(select(Incident).where(Incident.id.in_(keys)))
        return {incident.id: incident for incident in found}


def _news(record: Incident, made: Made) -> dict[str, Any]:
    """What the row says otherwise; a question that the file does not answer changes nothing."""
    said = made.wanted.model_dump(include=service.KEPT & made.wanted.model_fields_set)
    begin, end = made.wanted.period()
    said |= {"occurred_from": begin, "occurred_to": end}
    news = {k: v for k, v in said.items() if _plain(getattr(record, k)) != _plain(v)}
    if made.draft.place is not None and record.place_id != made.draft.place.id:
        news["place_id"] = made.draft.place.id
    point = made.draft.point
    if point is not None and service.keeps_point(made.draft):
        stored = None if record.geom is None else to_shape(record.geom)
        if stored is None or shapely.distance(stored, point) > 0.1:
            news["geom"] = from_shape(point, srid=BNG)
    return news


def _plain(value: Any) -> Any:  # noqa: ANN401 - of any column
    return list(value) if isinstance(value, list | tuple) else value


def _unsaid(name: str, value: Any) -> bool:  # noqa: ANN401 - of any column
    defaults = {"NOT_KNOWN", "OTHER"}
    return value is None or value == [] or value in defaults


def _score(same_place: bool, m: float | None, s: float) -> float:
    space = 1.0 if same_place or m is None else max(0.0, 1 - m / NEAR_M)
    return round(0.4 + 0.3 * space + 0.3 * max(0.0, 1 - float(s) / 86_400), 2)


def _why(same_place: bool, m: float | None, s: float) -> tuple[str, ...]:
    where = "Same place" if same_place or m is None else f"{round(m)} metres apart"
    hours = round(float(s) / 3600)
    when = "Times overlap" if not hours else f"{hours} hour{'s' * (hours != 1)} apart"
    return ("Same harm", where, when)


def _when(at: datetime, precision: str) -> str:
    return f"{at.astimezone(LONDON):%-d %B %Y, %H:%M} ({precision.lower()})"


def _point(incident: Incident) -> str:
    if incident.geom is None:
        return ""
    point = to_shape(incident.geom)
    return f"{point.x:.0f}, {point.y:.0f}"
