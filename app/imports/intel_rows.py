"""Rows as items of intelligence: graded, sent to QA like any other, read by nobody else before."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.pages import parse
from app.imports.location import located
from app.imports.mapping import HOW_TO_FIX
from app.imports.sorts import Alike, Made, Origin
from app.intelligence import checking, queries, service
from app.intelligence.rules import SCHEME
from app.intelligence.schemas import IntelIn
from app.places import queries as places
from app.reference import queries as reference

NOT_OF_THE_FORM = ("external_id", "date", "occurred_to", "grid_reference")
KINDS = {
    "INTELLIGENCE": "Intelligence",
    "INCIDENT": "Incident",
    "OBSERVATION": "Observation",
}
PARTS = {"source_eval": "source", "info_assess": "information", "handling": "handling"}
KNOWN = text("""
    select provenance->>'ref' as ref, id from app.intel_item
    where provenance->>'system' = :system and provenance->>'ref' = any (cast(:refs as text[]))
      and deleted_at is null
    order by created_at
""")
ALIKE = text("""
    select distinct on (asked.row) asked.row, item.id, item.ref
    from unnest(cast(:rows as int[]), cast(:bodies as text[])) as asked (row, body)
    join app.intel_item as item on md5(item.body) = md5(asked.body) and item.body = asked.body
    where item.deleted_at is null
    order by asked.row, item.ref
""")
PROVENANCE = text("""
    update app.intel_item as item set provenance = made.origin
    from unnest(cast(:keys as uuid[]), cast(:origins as jsonb[])) as made (key, origin)
    where item.id = made.key
""")


class Items:
    """As `sorts.Sort` says. What came in before is never changed by a file, only recognised."""

    def __init__(self, partnership: Path) -> None:
        self.partners = places.partner_codes(partnership)

    def lists(self, session: Session) -> Mapping[str, Mapping[str, str]]:
        grades = reference.grading(session, SCHEME)
        made: dict[str, Mapping[str, str]] = {
            name: {g.value: g.label for g in grades if g.part == part}
            for name, part in PARTS.items()
        }
        small = ("discovered_by", "agency", "intel_action")
        made |= {name: dict(reference.codes(session, name)) for name in small}
        harms = {h.code: h.label for h in reference.harms(session) if h.valid_to is None}
        return made | {"harm": harms, "intel_kind": KINDS}

    def check(self, session: Session, actor: Actor, made: Made) -> None:
        said: dict[str, Any] = {k: v for k, v in made.answers.items() if k not in NOT_OF_THE_FORM}
        said |= located(made) | _when(made.answers)
        said.setdefault("kind", "INTELLIGENCE")
        said["where"] = _where(said)
        wanted, errors = parse(IntelIn, said)
        if wanted is not None:
            made.wanted, made.draft = wanted, checking.check(session, wanted, self.partners)
            errors = made.draft.errors
        for name, words in errors.items():
            fix = FIXES.get(name) or HOW_TO_FIX.get(name, "Correct the value.")
            made.problems.append((name, words, fix))

    def known(self, session: Session, system: str, externals: Sequence[str]) -> Mapping[str, UUID]:
        found = session.execute(KNOWN, {"system": system, "refs": list(externals)})
        return {row.ref: row.id for row in found}

    def same(self, session: Session, pairs: Sequence[tuple[UUID, Made]]) -> set[int]:
        return {made.number for _, made in pairs}

    def alike(self, session: Session, rows: Sequence[Made]) -> Mapping[int, Alike]:
        given = {
            "rows": [made.number for made in rows],
            "bodies": [made.wanted.body for made in rows],
        }
        found = session.execute(ALIKE, given)
        return {row.row: Alike(row.id, row.ref, 1.0, ("The same words",)) for row in found}

    def create(
        self, session: Session, actor: Actor, rows: Sequence[Made], origin: Origin
    ) -> Sequence[UUID]:
        keys = [service.submit(session, actor, made.draft).id for made in rows]
        given = {
            "keys": [str(key) for key in keys],
            "origins": [orjson.dumps(origin.of(made)).decode() for made in rows],
        }
        session.execute(PROVENANCE, given)
        return keys

    def change(
        self, session: Session, actor: Actor, pairs: Sequence[tuple[UUID, Made]], origin: Origin
    ) -> None:
        """A merge of two items with the same words changes neither."""

    def told(self, session: Session, ref: str) -> Mapping[str, str]:
        item = queries.find(session, ref)
        service.record(session, "read", item)
        return {"Information": item.body, "State": item.state.replace("_", " ").capitalize()}


FIXES = {
    "body": "Change the words that the sentence names; nothing may identify a source.",
    "recipients": "Name an organisation whose people may see it.",
    "conditions": "Write the conditions for sharing.",
}


def _when(answers: Mapping[str, str]) -> dict[str, str]:
    begin, end = answers.get("date", ""), answers.get("occurred_to", "")
    said: dict[str, str] = {"when": "NOT_KNOWN"}
    for name, at in (("from", begin), ("to", end)):
        if at and begin:
            day, _, time = at.partition("T")
            said[f"{name}_on"] = day
            if time:
                said[f"{name}_time"] = time
            said["when"] = "EXACT" if name == "from" else "BETWEEN"
    return said


def _where(said: Mapping[str, Any]) -> str:
    if said.get("place"):
        return "PLACE"
    given = ("longitude", "latitude", "easting", "northing", "postcode", "shape")
    return "DRAWN" if any(said.get(name) for name in given) else "NOT_KNOWN"
