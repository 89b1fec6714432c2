"""Rows as proposed places of concern, by the rules of their form."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.db import BNG
from app.core.pages import parse
from app.imports.location import located
from app.imports.mapping import HOW_TO_FIX, plain
from app.imports.sorts import MERGE, Alike, Made, Origin
from app.places import queries, rules, service
from app.places.models import Place
from app.places.schemas import PlaceIn
from app.reference import queries as reference

NOT_OF_THE_FORM = ("external_id", "grid_reference")
SAID = ("name", "description", "precision_m", "after_dark_concern")
# domain.md 5.2: possible duplicates of a point within 50 m, of others within 150 m.
ALIKE = text("""
    select place.id, place.ref, place.name, place.type_code,
           ST_Distance(place.geom, asked.geom) as m
    from (select ST_GeomFromWKB(:shape, 27700) as geom) as asked
    join app.place on place.geom && ST_Expand(asked.geom, :reach)
        and ST_DWithin(place.geom, asked.geom, :reach)
    where place.deleted_at is null and place.state <> 'CLOSED'
    order by place.type_code <> :type, m, place.ref limit 5
""")
KNOWN = text("""
    select provenance->>'ref' as ref, id from app.place
    where provenance->>'system' = :system and provenance->>'ref' = any (cast(:refs as text[]))
      and provenance is not null and deleted_at is null
    order by created_at
""")


class Places:
    """As `sorts.Sort` says."""

    def __init__(self, partnership: Path) -> None:
        self.partners = queries.partner_codes(partnership)

    def lists(self, session: Session) -> Mapping[str, Mapping[str, str]]:
        types = {kind.code: kind.label for kind in queries.place_types(session)}
        harms = {h.code: h.label for h in reference.harms(session) if h.valid_to is None}
        return {"place_type": types, "harm": harms}

    def check(self, session: Session, actor: Actor, made: Made) -> None:
        said: dict[str, Any] = {k: v for k, v in made.answers.items() if k not in NOT_OF_THE_FORM}
        said |= located(made)
        wanted, errors = parse(PlaceIn, said)
        if wanted is not None:
            made.wanted, made.draft = wanted, service.draft(session, wanted, self.partners)
            errors = made.draft.errors | self._not_by_file(made)
            if not errors and not actor.all_boroughs:
                service.must_be_in_scope(session, wanted, made.draft)
        for name, words in errors.items():
            made.problems.append((name, words, HOW_TO_FIX.get(name, "Correct the value.")))

    def _not_by_file(self, made: Made) -> dict[str, str]:
        """An address needs a reason of its own, and an online space has no place on the map."""
        kind = made.draft.type
        if kind is not None and (kind.is_residential or kind.is_online):
            return {"type_code": "Places of this type are recorded one by one, not from a file."}
        return {}

    def known(self, session: Session, system: str, externals: Sequence[str]) -> Mapping[str, UUID]:
        found = session.execute(KNOWN, {"system": system, "refs": list(externals)})
        return {row.ref: row.id for row in found}

    def same(self, session: Session, pairs: Sequence[tuple[UUID, Made]]) -> set[int]:
        records = _records(session, pairs)
        return {m.number for key, m in pairs if key in records and not _news(records[key], m)}

    def alike(self, session: Session, rows: Sequence[Made]) -> Mapping[int, Alike]:
        found = {}
        for made in rows:
            shape = made.draft.shape
            if shape is None:
                continue
            reach = 50 if rules.kind_of(shape) == "P" else 150
            given = {
                "shape": shapely.to_wkb(shape),
                "reach": reach,
                "type": made.wanted.type_code,
            }
            near = [_likeness(row, made, reach) for row in session.execute(ALIKE, given)]
            if near:
                found[made.number] = max(near, key=lambda alike: (alike.score, alike.ref))
        return {number: alike for number, alike in found.items() if alike.score >= 0.5}

    def create(
        self, session: Session, actor: Actor, rows: Sequence[Made], origin: Origin
    ) -> Sequence[UUID]:
        keys = []
        for made in rows:
            place = service.propose(session, actor, made.wanted, made.draft)
            place.provenance = origin.of(made)
            keys.append(place.id)
        session.flush()
        return keys

    def change(
        self, session: Session, actor: Actor, pairs: Sequence[tuple[UUID, Made]], origin: Origin
    ) -> None:
        records = _records(session, pairs)
        for key, made in pairs:
            place = records[key]
            news = _news(place, made)
            if made.decision == MERGE:
                news = {k: v for k, v in news.items() if getattr(place, k) in (None, [], "")}
            for name, value in news.items():
                setattr(place, name, value)
            if place.provenance is None or made.decision != MERGE:
                place.provenance = origin.of(made)
            place.version += 1
            place.updated_by = actor.id
        session.flush()

    def told(self, session: Session, ref: str) -> Mapping[str, str]:
        place = queries.find(session, ref)
        types = {kind.code: kind.label for kind in queries.place_types(session)}
        shape = queries.shape_of(place)
        found = {
            "Type of place": types.get(place.type_code, place.type_code),
            "Name": place.name,
            "Description": place.description or "",
            "Harms": ", ".join(place.harm_codes),
            "Where": "" if shape is None else f"{shape.centroid.x:.0f}, {shape.centroid.y:.0f}",
        }
        return {name: words for name, words in found.items() if words}


def _records(session: Session, pairs: Sequence[tuple[UUID, Made]]) -> dict[UUID, Place]:
    found = session.scalars(select(Place).where(Place.id.in_([key for key, _ in pairs])))
    return {place.id: place for place in found}


def _news(place: Place, made: Made) -> dict[str, Any]:
    """What the row says otherwise; the type of a place is not changed by a file."""
    wanted, given = made.wanted, made.wanted.model_fields_set
    said = {name: getattr(wanted, name) for name in SAID if name in given}
    news = {name: value for name, value in said.items() if getattr(place, name) != value}
    if "harm_codes" in given and sorted(place.harm_codes) != sorted(wanted.harm_codes):
        news["harm_codes"] = list(wanted.harm_codes)
    shape, stored = made.draft.shape, queries.shape_of(place)
    if shape is not None and (stored is None or not shapely.equals_exact(stored, shape, 0.1)):
        news |= {"geom": from_shape(shape, srid=BNG), "geom_kind": rules.kind_of(shape)}
    return news


def _likeness(row: Any, made: Made, reach: int) -> Alike:  # noqa: ANN401 - a row
    words = SequenceMatcher(None, plain(row.name), plain(made.wanted.name)).ratio()
    same_type = row.type_code == made.wanted.type_code
    score = round(0.3 * same_type + 0.3 * (1 - row.m / reach) + 0.4 * words, 2)
    why = ["Same type"] if same_type else []
    why.append("Same spot" if row.m < 1 else f"{round(row.m)} metres apart")
    if words >= 0.6:
        why.append("Alike by name")
    return Alike(row.id, row.ref, score, tuple(why))
