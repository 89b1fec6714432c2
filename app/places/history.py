"""What a place was after each change, who changed it and when, two versions side by side."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.actor import NOBODY, Actor
from app.core.errors import NotFoundError
from app.places import life_queries, weeks
from app.places.life_models import PlaceVersion
from app.places.life_queries import Merged
from app.places.models import Place
from app.reference import queries as reference

FIELDS = {
    "name": "Name",
    "type_code": "Type",
    "description": "Description",
    "strengths": "What is working well",
    "safe_features": "Safe features",
    "harm_codes": "Harms",
    "week_grid": "Times of concern",
    "after_dark_concern": "A concern after dark",
    "shape": "Shape",
    "precision_m": "Precision in metres",
    "parent_place_id": "Part of",
    "managed_by_agency": "Managed by",
    "manager_contact": "Whom to ring",
    "public_access": "Access",
    "sensitivity": "Class",
    "tier": "Marking",
    "may_name": "May be named",
    "may_name_reason": "Why it may be named",
    "state": "State",
    "close_code": "Why it was closed",
    "level": "Level",
    "lead_agency": "Lead agency",
    "boundary_note": "Where it begins and ends",
    "urgent_since": "Urgent since",
    "urgent_reason": "Why it is urgent",
    "label_expires_on": "Label ends",
    "next_review_on": "Next review",
    "route_mode": "How people travel",
    "route_line": "Number or line",
    "route_from": "From",
    "route_to": "To",
}
# Fields of some roles only (domain.md 4).
ONLY = {
    "manager_contact": {"practitioner", "cs_lead"},
    "may_name": {"police_analyst", "cs_lead"},
    "may_name_reason": {"police_analyst", "cs_lead"},
}
LISTS = {
    "type_code": "place_type",
    "managed_by_agency": "agency",
    "lead_agency": "agency",
    "state": "place_state",
    "level": "level",
}
SHAPE_LENGTH = 120
PART_OF = "parent_place_id"


class Version(NamedTuple):
    """What was kept, as far as the reader may see what it names."""

    version: int
    at: datetime
    by: UUID
    content: Mapping[str, Any]


class Kept(NamedTuple):
    """One version, and what was changed by it."""

    version: int
    at: datetime
    who: str
    changed: list[str]


class Difference(NamedTuple):
    label: str
    older: str
    newer: str


class History(NamedTuple):
    versions: list[Kept]
    older: int | None
    newer: int | None
    differences: list[Difference]
    merges: list[Merged]


def whole(actor: Actor, place: Place) -> Place:
    """For whoever reads whole records; the shape has no history."""
    if actor.view != "full":
        raise NotFoundError("Page not found. Check the address.")
    return place


def history(
    session: Session, actor: Actor, place: Place, *, older: int | None, newer: int | None
) -> History:
    """All versions; `older` and `newer` are set side by side, else the last two."""
    kept = _in_sight(session, life_queries.versions(session, place))
    by_number = {version.version: version for version in kept}
    people = life_queries.names_of(session, {version.by for version in kept})
    pairs = zip(kept, [*kept[1:], None], strict=True)
    shown = [
        Kept(
            version.version,
            version.at,
            _who(version.by, actor, people),
            [FIELDS[name] for name in _changed(version, before, actor)],
        )
        for version, before in pairs
    ]
    first, second = _chosen(kept, older, newer)
    words = Words(session)
    found = by_number.get(second or 0)
    return History(
        versions=shown,
        older=first,
        newer=second,
        differences=[]
        if found is None
        else [
            Difference(
                FIELDS[name],
                words.of(name, _content(by_number.get(first or 0)).get(name)),
                words.of(name, found.content.get(name)),
            )
            for name in _changed(found, by_number.get(first or 0), actor)
        ],
        merges=life_queries.merges(session, place),
    )


def _in_sight(session: Session, kept: Sequence[PlaceVersion]) -> list[Version]:
    """A place it was part of, and that this reader does not see, was none."""
    named = {key for one in kept if (key := one.content.get(PART_OF))}
    found = select(Place.id).where(Place.id.in_(map(UUID, named)), Place.deleted_at.is_(None))
    seen = {None, *map(str, session.scalars(found))} if named else {None}
    return [
        Version(
            one.version,
            one.at,
            one.by,
            dict(one.content) | ({} if one.content.get(PART_OF) in seen else {PART_OF: None}),
        )
        for one in kept
    ]


def _chosen(
    kept: Sequence[Version], older: int | None, newer: int | None
) -> tuple[int | None, int | None]:
    numbers = [version.version for version in kept]
    if older in numbers and newer in numbers and older != newer:
        return min(older or 0, newer or 0), max(older or 0, newer or 0)
    return (numbers[1], numbers[0]) if len(numbers) > 1 else (None, None)


def _content(version: Version | None) -> Mapping[str, Any]:
    return {} if version is None else version.content


def _changed(version: Version, before: Version | None, actor: Actor) -> list[str]:
    """Fields that differ, of those this role is shown."""
    if before is None:
        return []
    return [
        name
        for name in FIELDS
        if version.content.get(name) != before.content.get(name)
        and actor.role in ONLY.get(name, {actor.role})
    ]


def _who(by: UUID, actor: Actor, people: Mapping[UUID, str]) -> str:
    if by == actor.id:
        return "You"
    return "The service itself" if by == NOBODY else people.get(by, "A colleague")


class Words:
    """Values of a version as people read them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lists: dict[str, dict[str, str]] = {}

    def of(self, name: str, value: Any) -> str:  # noqa: ANN401 - whatever the version holds
        if value in (None, "", []):
            return "Nothing"
        if name in LISTS:
            return self._listed(LISTS[name], str(value))
        if name == "week_grid":
            return "; ".join(weeks.in_words(weeks.hours(value)))
        if name == PART_OF:
            found = self.session.get(Place, UUID(value))
            return "Nothing" if found is None else found.name
        return _plain(name, value)

    def _listed(self, which: str, code: str) -> str:
        if which not in self.lists:
            types = reference.place_types(self.session)
            self.lists[which] = (
                {kind.code: kind.label for kind in types}
                if which == "place_type"
                else dict(reference.codes(self.session, which))
            )
        return self.lists[which].get(code, code)


def _plain(name: str, value: Any) -> str:  # noqa: ANN401 - whatever the version holds
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "shape" and len(value) > SHAPE_LENGTH:
        return f"{value[:SHAPE_LENGTH]} ..."
    return str(value)
