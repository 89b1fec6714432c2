"""Two places that are one, and one that is two. Functions of the database move what hangs on them.

Whoever merges need not see all of it, and is not told what it was: only what the reader may see is
counted, before and after.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.places import life_queries, queries
from app.places.drafts import Draft
from app.places.life_models import PlaceAlias, PlaceMerge
from app.places.life_schemas import MergeIn, SplitIn
from app.places.models import Place
from app.places.rules import TIERS, State
from app.places.schemas import PlaceIn
from app.places.service import must_be_as_looked_at, propose

MERGE = text("select app.merge_place(:source, :target, :why)")
UNMERGE = text("select app.unmerge_place(:merge, :why)")
SPLIT = text("select app.split_place(:source, :target, :why, cast(:keys as uuid[]))")
NOT_ALIKE = "An address is merged with an address only, an online space with an online space."
TOO_LATE = "This merge cannot be taken back: one of the places has changed since."


def target_of(session: Session, place: Place, ref: str) -> Place:
    """The other place, locked, when the two may become one."""
    try:
        target = queries.lock(session, ref)
    except NotFoundError as absent:
        words = "There is no such place. Check each character of the reference."
        raise InvalidError(words, {"into": words}) from absent
    if problem := problem_of(session, place, target):
        raise InvalidError(problem, {"into": problem})
    return target


def problem_of(session: Session, place: Place, target: Place) -> str | None:
    kinds = [queries.place_type(session, each.type_code) for each in (place, target)]
    homes = {kind is not None and kind.is_residential for kind in kinds}
    online = {kind is not None and kind.is_online for kind in kinds}
    if target.id == place.id:
        return "This is the same place. Choose another."
    if target.state == State.CLOSED:
        return "This place is closed. Choose another."
    return NOT_ALIKE if len(homes) > 1 or len(online) > 1 else None


def merge(session: Session, actor: Actor, place: Place, wanted: MergeIn) -> Place:
    """Make a locked place part of another; everything that hangs on it follows."""
    must_be_as_looked_at(place, actor, wanted.version)
    if place.state == State.CLOSED:
        raise RuleBrokenError("A place that is closed cannot become merged.")
    target = target_of(session, place, wanted.into)
    name, keeps_name = place.name, _all_who_see_see(target, place)
    session.flush()
    session.execute(MERGE, {"source": place.id, "target": target.id, "why": wanted.reason})
    session.refresh(place)
    session.refresh(target)
    if keeps_name and name.casefold() not in _names(session, target):
        session.add(PlaceAlias(place_id=target.id, name=name, created_by=actor.id))
    audit.record(session, "place.merge", "place", place.ref, into=target.ref)
    return target


def _all_who_see_see(target: Place, place: Place) -> bool:
    """Whether the name of the one tells nobody of something they might not see."""
    within = set(target.borough_codes) <= set(place.borough_codes)
    return within and TIERS.index(place.tier) <= TIERS.index(target.tier)


def _names(session: Session, place: Place) -> set[str]:
    names = (alias.name for alias in life_queries.aliases(session, place))
    return {place.name.casefold(), *(name.casefold() for name in names)}


def undo(session: Session, place: Place, merge_id: UUID, why: str) -> None:
    """As it was: what followed goes back, what came since stays. The history keeps both."""
    found = session.get(PlaceMerge, merge_id)
    if found is None or place.id not in {found.from_place_id, found.to_place_id}:
        raise NotFoundError(life_queries.GONE)
    if found.kind != "MERGE" or found.undone_at is not None:
        raise RuleBrokenError(TOO_LATE)
    try:
        with session.begin_nested():
            session.execute(UNMERGE, {"merge": merge_id, "why": why})
    except IntegrityError as refused:
        raise RuleBrokenError(TOO_LATE) from refused
    audit.record(session, "place.unmerge", "place", place.ref)


def split(
    session: Session,
    actor: Actor,
    place: Place,
    wanted: SplitIn,
    made: tuple[PlaceIn, Draft],
) -> Place:
    """A new place beside a locked one, proposed like any other, with what was chosen for it."""
    must_be_as_looked_at(place, actor, wanted.version)
    if place.state == State.CLOSED:
        raise RuleBrokenError("A place that is closed cannot become split.")
    part = propose(session, actor, *made)
    session.flush()
    session.execute(
        SPLIT,
        {"source": place.id, "target": part.id, "why": wanted.reason, "keys": keys(wanted.keys)},
    )
    session.refresh(place)
    session.refresh(part)
    audit.record(session, "place.split", "place", place.ref, part=part.ref)
    return part


def keys(chosen: Sequence[str]) -> list[str]:
    """Those that are keys at all."""
    found = []
    for each in chosen:
        try:
            found.append(str(UUID(each)))
        except ValueError:
            continue
    return found
