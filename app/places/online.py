"""Online spaces: the list, what became of one, and the address in full for whoever needs it.

An address is text. Nothing here links to it, opens it or asks anybody about it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.core.types import Day, ListCode, StrictModel
from app.places import queries, service
from app.places.models import OnlineSpace, Place
from app.places.queries import TYPE
from app.reference import queries as reference

PAGE_SIZE = 25
AUDIENCES = {
    "PUBLIC": "Anyone can see it",
    "CLOSED": "Only people in the group",
    "UNKNOWN": "Not known",
}
TAKEDOWN = {
    "NONE": "Not asked for",
    "REQUESTED": "Asked for",
    "REMOVED": "Removed",
    "RETURNED": "Removed and back again",
    "REFUSED": "Refused",
}
ASKED = ("REQUESTED", "REMOVED", "RETURNED", "REFUSED")
SORTS: dict[str, Any] = {
    "name": Place.name,
    "platform": OnlineSpace.platform_code,
    "first": OnlineSpace.first_seen_on,
    "last": OnlineSpace.last_seen_on,
    "takedown": OnlineSpace.takedown_requested_at,
}
OF_PARTNERS = ("name", "platform")
WRONG = "Change the fields named below."


class SpaceChange(StrictModel):
    """What is known of a space; an answer left out is emptied."""

    version: Annotated[int, Field(ge=1)]
    platform_code: Annotated[ListCode, Field(min_length=1, max_length=40)]
    audience: Literal["PUBLIC", "CLOSED", "UNKNOWN"]
    first_seen_on: Day | None = None
    last_seen_on: Day | None = None
    takedown_state: Literal["NONE", "REQUESTED", "REMOVED", "RETURNED", "REFUSED"]
    requested_on: Day | None = None
    removed_on: Day | None = None


class Listed(NamedTuple):
    """A row of the list."""

    ref: str
    name: str
    type_label: str
    platform_code: str
    url_defanged: str
    audience: str
    state: str
    first_seen_on: date | None
    last_seen_on: date | None
    takedown_state: str
    takedown_requested_at: datetime | None
    removed_at: datetime | None
    is_synthetic: bool

    @property
    def days(self) -> str:
        return days(self.takedown_state, self.takedown_requested_at, self.removed_at)


def days(state: str, requested: datetime | None, removed: datetime | None) -> str:
    """How long a takedown took, or has been waited for, in words; empty where nobody asked."""
    if state == "NONE" or requested is None:
        return ""
    since = clock.london(requested).date()
    if state == "REQUESTED":
        return f"for {_days(since, clock.today())}"
    if removed is None:
        return ""
    return f"after {_days(since, clock.london(removed).date())}"


def _days(begin: date, end: date) -> str:
    n = (end - begin).days
    return f"{n} {'day' if n == 1 else 'days'}"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for; partners ask no more than they are told."""

    words: str | None = None
    platform: str | None = None
    audience: str | None = None
    takedown: str | None = None
    borough: str | None = None
    sort: str = "name"
    in_full: bool = True

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [Place.deleted_at.is_(None)]
        if self.words:
            found.append(_said(self.words))
        if self.platform:
            found.append(OnlineSpace.platform_code == self.platform)
        if self.audience:
            found.append(OnlineSpace.audience == self.audience)
        if self.takedown and self.in_full:
            found.append(OnlineSpace.takedown_state == self.takedown)
        if self.borough:
            found.append(Place.borough_codes.contains([self.borough]))  # scope: chosen filter
        return found

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The column, and whether its order is turned round."""
        name = self.sort.removeprefix("-")
        known = name in SORTS and (self.in_full or name in OF_PARTNERS)
        return (name, self.sort.startswith("-")) if known else ("name", False)


def _said(words: str) -> ColumnElement[bool]:
    """In the name or the address, which people type as it is or as it is kept."""
    plain = words.replace("[.]", ".")
    kept = func.replace(OnlineSpace.url_defanged, "[.]", ".")
    address = plain.replace("https://", "hxxps://").replace("http://", "hxxp://")
    return or_(
        Place.name.icontains(words, autoescape=True),
        kept.icontains(address, autoescape=True),
        Place.ref == read_reference(words, "PL"),
    )


def listed(session: Session, asked: Filters, *, number: int) -> Page[Listed]:
    name, turned = asked.sorted_by
    order = SORTS[name].desc() if turned else SORTS[name]
    joined = (
        select(
            Place.ref,
            Place.name,
            TYPE.c.label,
            OnlineSpace.platform_code,
            OnlineSpace.url_defanged,
            OnlineSpace.audience,
            Place.state,
            OnlineSpace.first_seen_on,
            OnlineSpace.last_seen_on,
            OnlineSpace.takedown_state,
            OnlineSpace.takedown_requested_at,
            OnlineSpace.removed_at,
            Place.is_synthetic,
        )
        .join(OnlineSpace, OnlineSpace.place_id == Place.id)
        .join(TYPE, TYPE.c.code == Place.type_code)
        .where(*asked.conditions())
    )
    total = session.scalar(select(func.count()).select_from(joined.subquery())) or 0
    rows = session.execute(
        joined.order_by(order.nulls_last(), Place.name, Place.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Listed._make(row) for row in rows], total, number)


def of(session: Session, place: Place) -> OnlineSpace:
    found = session.get(OnlineSpace, place.id)
    if found is None:
        raise NotFoundError("There is no such place.")
    return found


class Told(NamedTuple):
    """What the page of a space says, in words."""

    platform: str
    audience: str
    first_seen_on: date | None
    last_seen_on: date | None
    takedown: str


def told(session: Session, place: Place) -> Told | None:
    """None where a place is no online space."""
    space = session.get(OnlineSpace, place.id)
    if space is None:
        return None
    platforms = dict(reference.codes(session, "platform"))
    waited = days(space.takedown_state, space.takedown_requested_at, space.removed_at)
    return Told(
        platforms.get(space.platform_code, space.platform_code),
        AUDIENCES[space.audience],
        space.first_seen_on,
        space.last_seen_on,
        f"{TAKEDOWN[space.takedown_state]} {waited}".strip(),
    )


def known_already(session: Session, defanged: str) -> str | None:
    """The reference of a space with this address, as far as the actor sees."""
    same = select(Place.ref).join(OnlineSpace, OnlineSpace.place_id == Place.id)
    same = same.where(OnlineSpace.url_defanged == defanged, Place.deleted_at.is_(None))
    return session.scalar(same.order_by(Place.ref).limit(1))


def reveal(session: Session, ref: str) -> str:
    """The address as it is, to be copied. Every look is an event."""
    place = queries.find(session, ref)
    space = of(session, place)
    audit.record(session, "online_space.reveal", "place", place.ref)
    return space.url_defanged.replace("hxxp", "http", 1).replace("[.]", ".")


def revise(session: Session, actor: Actor, place: Place, wanted: SpaceChange) -> OnlineSpace:
    """Of a locked place, if nobody changed it since it was looked at."""
    service.must_be_as_looked_at(place, actor, wanted.version)
    if problems := _problems(session, wanted):
        raise InvalidError(WRONG, problems)
    space = of(session, place)
    new = {
        "platform_code": wanted.platform_code,
        "audience": wanted.audience,
        "first_seen_on": wanted.first_seen_on,
        "last_seen_on": wanted.last_seen_on,
        "takedown_state": wanted.takedown_state,
        "takedown_requested_at": _midnight(_requested(space, wanted)),
        "removed_at": _midnight(_removed(space, wanted)),
    }
    changed = sorted(name for name, value in new.items() if getattr(space, name) != value)
    for name in changed:
        setattr(space, name, new[name])
    service.touch(place, actor)
    audit.record(session, "online_space.update", "place", place.ref, fields=changed)
    return space


def _requested(space: OnlineSpace, wanted: SpaceChange) -> date | None:
    """Without a day it was today, or when it was said before."""
    if wanted.takedown_state == "NONE":
        return None
    before = space.takedown_requested_at
    return wanted.requested_on or (clock.london(before).date() if before else clock.today())


def _removed(space: OnlineSpace, wanted: SpaceChange) -> date | None:
    if wanted.takedown_state not in {"REMOVED", "RETURNED"}:
        return None
    before = space.removed_at
    return wanted.removed_on or (clock.london(before).date() if before else clock.today())


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, clock.LONDON)


def _problems(session: Session, wanted: SpaceChange) -> dict[str, str]:
    found: dict[str, str] = {}
    if unknown := queries.unknown_code(session, "platform", wanted.platform_code):
        found["platform_code"] = unknown
    today = clock.today()
    for name in ("first_seen_on", "last_seen_on", "requested_on", "removed_on"):
        day = getattr(wanted, name)
        if day is not None and day > today:
            found[name] = "This day has not come yet."
    for first, then in (("first_seen_on", "last_seen_on"), ("requested_on", "removed_on")):
        begin, end = getattr(wanted, first), getattr(wanted, then)
        if begin is not None and end is not None and begin > end:
            found.setdefault(then, "The end is before the start.")
    return found
