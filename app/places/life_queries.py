"""Reads of what hangs on a place. Row-level security has limited them to what the actor may see."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.accounts.models import User
from app.accounts.permissions import ROLES
from app.core import clock
from app.core.errors import NotFoundError
from app.places.life_models import (
    GuardianSlot,
    PlaceAlias,
    PlaceLink,
    PlaceMerge,
    PlaceStateChange,
    PlaceVersion,
)
from app.places.models import Place
from app.places.ranking import Standing
from app.places.rules import State
from app.reference import queries as reference

MOST_MERGES = 10
# What only makes sense with a whole place in hand.
GONE = "There is no such record."


class Near(NamedTuple):
    """Another place that this one has to do with."""

    id: UUID
    ref: str
    name: str
    relation: str
    words: str
    note: str | None = None
    since_on: date | None = None


class Merged(NamedTuple):
    """A merge or split, by what is on its other end."""

    id: UUID
    kind: str
    ref: str
    name: str
    at: datetime
    reason: str
    is_into: bool
    is_undone: bool


def state_words(session: Session, state: str) -> str:
    """As a sentence has it: "plan active"."""
    return dict(reference.codes(session, "place_state")).get(state, state).lower()


def stands(session: Session, state: str) -> str:
    """The same in a sentence: "It is proposed now"."""
    special = {State.PLAN_ACTIVE: "Its plan is active now.", State.MONITORING: "It is watched now."}
    return special.get(State(state), f"It is {state_words(session, state)} now.")


def aliases(session: Session, place: Place) -> Sequence[PlaceAlias]:
    return session.scalars(
        select(PlaceAlias)
        .where(PlaceAlias.place_id == place.id, PlaceAlias.removed_at.is_(None))
        .order_by(func.lower(PlaceAlias.name), PlaceAlias.id)
    ).all()


def guardians(session: Session, place: Place) -> Sequence[GuardianSlot]:
    """Those that are there now or will be; what is over stays in the database."""
    over = GuardianSlot.valid_to_on < clock.today()
    return session.scalars(
        select(GuardianSlot)
        .where(GuardianSlot.place_id == place.id, or_(GuardianSlot.valid_to_on.is_(None), ~over))
        .order_by(GuardianSlot.kind, GuardianSlot.valid_from_on, GuardianSlot.id)
    ).all()


def guardian(session: Session, place: Place, slot_id: UUID) -> GuardianSlot:
    found = session.scalar(
        select(GuardianSlot)
        .where(GuardianSlot.place_id == place.id, GuardianSlot.id == slot_id)
        .with_for_update()
    )
    if found is None:
        raise NotFoundError(GONE)
    return found


def links(session: Session, place: Place) -> list[Near]:
    """Both ends are in sight, or row-level security shows neither the link nor the other end."""
    words = dict(reference.codes(session, "place_relation"))
    other = aliased(Place)
    found = session.execute(
        select(PlaceLink, other.ref, other.name)
        .join(
            other,
            or_(
                (PlaceLink.to_place_id == other.id) & (PlaceLink.from_place_id == place.id),
                (PlaceLink.from_place_id == other.id) & (PlaceLink.to_place_id == place.id),
            ),
        )
        .where(PlaceLink.removed_at.is_(None), other.deleted_at.is_(None))
        .order_by(PlaceLink.relation, other.name, PlaceLink.id)
    )
    return [
        Near(
            link.id,
            ref,
            name,
            link.relation,
            _relation(link, place, words),
            link.note,
            link.since_on,
        )
        for link, ref, name in found
    ]


def _relation(link: PlaceLink, place: Place, words: dict[str, str]) -> str:
    said = words.get(link.relation, link.relation)
    if link.relation == "displaced_to" and link.to_place_id == place.id:
        return "Displaced from"
    return said


def link(session: Session, place: Place, link_id: UUID) -> PlaceLink:
    found = session.scalar(
        select(PlaceLink).where(
            PlaceLink.id == link_id,
            PlaceLink.removed_at.is_(None),
            or_(PlaceLink.from_place_id == place.id, PlaceLink.to_place_id == place.id),
        )
    )
    if found is None:
        raise NotFoundError(GONE)
    return found


def has_link(session: Session, place: Place, relation: str) -> bool:
    """From this place to another one that may be seen."""
    found = select(PlaceLink.id).where(
        PlaceLink.from_place_id == place.id,
        PlaceLink.relation == relation,
        PlaceLink.removed_at.is_(None),
    )
    return session.scalar(found.limit(1)) is not None


def parent(session: Session, place: Place) -> Place | None:
    """The place it is part of, where that may be seen."""
    if place.parent_place_id is None:
        return None
    return session.scalar(
        select(Place).where(Place.id == place.parent_place_id, Place.deleted_at.is_(None))
    )


def parts(session: Session, place: Place) -> Sequence[Place]:
    return session.scalars(
        select(Place)
        .where(Place.parent_place_id == place.id, Place.deleted_at.is_(None))
        .order_by(Place.name, Place.ref)
    ).all()


def merged_into(session: Session, place: Place) -> Place | None:
    """Where a merged place went in the end, as far as the reader may follow."""
    found: Place | None = None
    here = place
    for _ in range(MOST_MERGES):
        if here.merged_into_id is None or here.state != State.CLOSED:
            break
        there = session.scalar(
            select(Place).where(Place.id == here.merged_into_id, Place.deleted_at.is_(None))
        )
        if there is None:
            break
        found = here = there
    return found


def merges(session: Session, place: Place) -> list[Merged]:
    """Newest first; only with places that may be seen."""
    other = aliased(Place)
    found = session.execute(
        select(PlaceMerge, other.ref, other.name)
        .join(
            other,
            or_(
                (PlaceMerge.to_place_id == other.id) & (PlaceMerge.from_place_id == place.id),
                (PlaceMerge.from_place_id == other.id) & (PlaceMerge.to_place_id == place.id),
            ),
        )
        .order_by(PlaceMerge.at.desc(), PlaceMerge.id)
    )
    return [
        Merged(
            merge.id,
            merge.kind,
            ref,
            name,
            merge.at,
            merge.reason,
            merge.to_place_id == place.id,
            merge.undone_at is not None,
        )
        for merge, ref, name in found
    ]


def states(session: Session, place: Place) -> Sequence[PlaceStateChange]:
    """Oldest first."""
    return session.scalars(
        select(PlaceStateChange)
        .where(PlaceStateChange.place_id == place.id)
        .order_by(PlaceStateChange.id)
    ).all()


def versions(session: Session, place: Place) -> Sequence[PlaceVersion]:
    """Newest first."""
    return session.scalars(
        select(PlaceVersion)
        .where(PlaceVersion.place_id == place.id)
        .order_by(PlaceVersion.version.desc())
    ).all()


def names_of(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    """Colleagues, as far as the reader may know them by name."""
    if not ids:
        return {}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}


def roles_of(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    """The same, by what they do and not by name: "a police analyst"."""
    rows = session.execute(select(User.id, User.role).where(User.id.in_(ids)))
    said = {row.id: ROLES[row.role].label for row in rows}
    return {key: f"{'an' if words[0] in 'aeio' else 'a'} {words}" for key, words in said.items()}


def assessors(session: Session) -> list[tuple[str, str]]:
    """Who may be named to assess a place, for a lead to choose from."""
    agencies = dict(reference.codes(session, "agency"))
    rows = session.execute(
        select(User.ref, User.name, User.agency_code)
        .where(User.state == "ACTIVE", User.role.in_(("cs_lead", "practitioner")))
        .order_by(User.name, User.ref)
    )
    return [(ref, f"{name}, {agencies.get(agency, agency)}") for ref, name, agency in rows]


# Fields of ranking.Standing, by their names.
STANDING = text("""
    select run_on, p::float8, p_without_proactive::float8, band, confidence, voice_items, terms,
           band_override, override_reason, override_expires_on, override_role
    from app.place_priority where place_id = :place order by run_on desc limit 1
""")


def standing(session: Session, place: Place) -> Standing | None:
    """Its priority of the last night; partners have none."""
    row = session.execute(STANDING, {"place": place.id}).mappings().one_or_none()
    return None if row is None else Standing(**row)


# Fields of guards.Evidence, by their names.
WORK = text("select * from app.place_work(cast(:place as uuid))")


def work(session: Session, place: Place) -> dict[str, Any]:
    """What assessment, conference, plan, actions and reviews say, for the moves of a place."""
    return dict(session.execute(WORK, {"place": place.id}).mappings().one())
