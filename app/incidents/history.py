"""Versions of an incident: what it was, who said so, and what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.incidents.models import Incident, IncidentVersion
from app.incidents.schemas import VersionOut
from app.places.models import Place

# As the database keeps it (app.incident_content), with instants read.
Content = dict[str, Any]
INSTANTS = ("occurred_from", "occurred_to")
CONTENT = text("select app.incident_content(one) from app.incident as one where one.id = :id")
ABSENT = "There is no such version."


@dataclass(frozen=True, slots=True)
class Version:
    """One of them, and who made it: a role and an agency, not a name."""

    number: int
    at: datetime
    by: UUID
    role: str | None
    agency_code: str | None
    reason: str | None
    content: Content


def content(session: Session, incident: Incident) -> Content:
    """What it is now, in the words of its versions."""
    session.flush()
    found = session.scalar(CONTENT, {"id": incident.id})
    return read(found or {})


def read(kept: Mapping[str, Any]) -> Content:
    instants = {name: datetime.fromisoformat(kept[name]).astimezone(UTC) for name in INSTANTS}
    return dict(kept) | instants


def timed(begin: datetime, end: datetime) -> Content:
    return {"occurred_from": begin.astimezone(UTC), "occurred_to": end.astimezone(UTC)}


def versions(session: Session, incident: Incident) -> list[Version]:
    """Newest first."""
    found = select(IncidentVersion).where(IncidentVersion.incident_id == incident.id)
    rows = session.scalars(found.order_by(IncidentVersion.version.desc()))
    return [_version(row) for row in rows]


def version(session: Session, incident: Incident, number: int) -> Version:
    row = session.get(IncidentVersion, (incident.id, number))
    if row is None:
        raise NotFoundError(ABSENT)
    return _version(row)


def _version(row: IncidentVersion) -> Version:
    return Version(
        number=row.version,
        at=row.at,
        by=row.by,
        role=row.role,
        agency_code=row.agency_code,
        reason=row.reason,
        content=read(row.content),
    )


def places_in(session: Session, contents: Sequence[Content]) -> dict[str, tuple[str, str]]:
    """Reference and name of each place that the reader may see, by key."""
    keys = {key for one in contents for key in _keys(one)}
    if not keys:
        return {}
    found = select(Place.id, Place.ref, Place.name).where(Place.id.in_(map(UUID, keys)))
    return {str(key): (ref, name) for key, ref, name in session.execute(found)}


def _keys(one: Content) -> list[str]:
    own = [one["place_id"]] if one["place_id"] else []
    return [*own, *one["also_place_ids"], *one["without_place_ids"]]


def shown(one: Content, seen: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """The same with references for keys; a place the reader may not see is not there."""

    def refs(keys: Sequence[str]) -> list[str]:
        return [seen[key][0] for key in keys if key in seen]

    own = [one["place_id"]] if one["place_id"] else []
    plain = {name: value for name, value in one.items() if not name.endswith(("_id", "_ids"))}
    return plain | {
        "places": refs([*own, *one["also_place_ids"]]),
        "without_places": refs(one["without_place_ids"]),
    }


def told(session: Session, incident: Incident) -> list[VersionOut]:
    found = versions(session, incident)
    seen = places_in(session, [one.content for one in found])
    return [
        VersionOut(
            version=one.number,
            at=one.at,
            role=one.role,
            agency=one.agency_code,
            reason=one.reason,
            incident=shown(one.content, seen),
        )
        for one in found
    ]
