"""Other names, guardians and related places, inside the caller's transaction."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.places import life_queries, queries, rules, weeks
from app.places.life_models import GuardianSlot, PlaceAlias, PlaceLink
from app.places.life_schemas import AliasIn, GuardianIn, LinkIn
from app.places.models import Place
from app.places.rules import State, lint

MOST_ALIASES, MOST_LINKS, MOST_GUARDIANS = 20, 50, 50
WRONG = "Change the fields named below."


def add_alias(session: Session, actor: Actor, place: Place, wanted: AliasIn) -> PlaceAlias:
    """Another name, as neutral as the first; an address has none."""
    _must_be_open(place)
    kind = queries.place_type(session, place.type_code)
    if kind is not None and kind.is_residential:
        raise InvalidError(WRONG, {"name": "An address has no names. Its reference is enough."})
    words = queries.language(session)
    if problem := rules.name_problem(wanted.name, lint(wanted.name, words)):
        raise InvalidError(WRONG, {"name": problem})
    standing = life_queries.aliases(session, place)
    names = {place.name.casefold(), *(alias.name.casefold() for alias in standing)}
    if wanted.name.casefold() in names:
        raise InvalidError(WRONG, {"name": "It has this name already."})
    if len(standing) >= MOST_ALIASES:
        raise InvalidError(WRONG, {"name": f"A place has at most {MOST_ALIASES} other names."})
    alias = PlaceAlias(place_id=place.id, name=wanted.name, created_by=actor.id)
    session.add(alias)
    audit.record(session, "place_alias.create", "place", place.ref)
    return alias


def remove_alias(session: Session, actor: Actor, place: Place, alias_id: UUID) -> None:
    found = next((a for a in life_queries.aliases(session, place) if a.id == alias_id), None)
    if found is None:
        raise NotFoundError(life_queries.GONE)
    found.removed_at, found.removed_by = clock.now(), actor.id
    audit.record(session, "place_alias.remove", "place", place.ref)


def link(session: Session, actor: Actor, place: Place, wanted: LinkIn) -> PlaceLink:
    """Join two places that the actor sees; whoever sees one of them only, sees no link."""
    _must_be_open(place)
    errors = {}
    if unknown := queries.unknown_code(session, "place_relation", wanted.relation):
        errors["relation"] = unknown
    if stopped := rules.stops(lint(wanted.note or "", queries.language(session))):
        errors["note"] = f"Change the words. {stopped}"
    other = _other(session, place, wanted.to, errors)
    standing = life_queries.links(session, place)
    if other is not None and _stands(session, place, other, wanted.relation):
        errors["to"] = "These places are linked like this already."
    if len(standing) >= MOST_LINKS:
        errors["to"] = f"A place has at most {MOST_LINKS} links."
    if errors or other is None:
        raise InvalidError(WRONG, errors)
    made = PlaceLink(
        from_place_id=place.id,
        to_place_id=other.id,
        relation=wanted.relation,
        since_on=wanted.since_on,
        note=wanted.note,
        created_by=actor.id,
    )
    session.add(made)
    audit.record(session, "place_link.create", "place", place.ref, relation=wanted.relation)
    return made


def _other(session: Session, place: Place, ref: str, errors: dict[str, str]) -> Place | None:
    try:
        other = queries.find(session, ref)
    except NotFoundError:
        errors["to"] = "There is no such place. Check each character of the reference."
        return None
    if other.id == place.id:
        errors["to"] = "This is the same place. Choose another."
        return None
    return other


def _stands(session: Session, place: Place, other: Place, relation: str) -> bool:
    return any(
        near.ref == other.ref and near.relation == relation
        for near in life_queries.links(session, place)
    )


def unlink(session: Session, actor: Actor, place: Place, link_id: UUID) -> None:
    found = life_queries.link(session, place, link_id)
    found.removed_at, found.removed_by = clock.now(), actor.id
    audit.record(session, "place_link.remove", "place", place.ref, relation=found.relation)


def add_guardian(session: Session, actor: Actor, place: Place, wanted: GuardianIn) -> GuardianSlot:
    _must_be_open(place)
    _must_be_right(session, wanted)
    if len(life_queries.guardians(session, place)) >= MOST_GUARDIANS:
        words = f"A place has at most {MOST_GUARDIANS} guardians at a time."
        raise InvalidError(WRONG, {"kind": words})
    slot = GuardianSlot(place_id=place.id, created_by=actor.id, updated_by=actor.id)
    _fill(slot, wanted)
    session.add(slot)
    audit.record(session, "guardian_slot.create", "place", place.ref, kind=slot.kind)
    session.refresh(slot)
    return slot


def change_guardian(
    session: Session, actor: Actor, place: Place, slot_id: UUID, wanted: GuardianIn
) -> GuardianSlot:
    """Locked; what is over gets a last day and is not deleted."""
    slot = life_queries.guardian(session, place, slot_id)
    _must_be_right(session, wanted)
    _fill(slot, wanted)
    slot.version += 1
    slot.updated_by = actor.id
    slot.updated_at = clock.now()
    audit.record(session, "guardian_slot.update", "place", place.ref, kind=slot.kind)
    return slot


def _fill(slot: GuardianSlot, wanted: GuardianIn) -> None:
    for name in ("kind", "trained", "trusted", "valid_from_on", "valid_to_on", "note"):
        setattr(slot, name, getattr(wanted, name))
    slot.guardian_agency = wanted.agency
    slot.week_grid = weeks.bits(weeks.read(wanted.week))


def _must_be_right(session: Session, wanted: GuardianIn) -> None:
    errors = {}
    if unknown := queries.unknown_code(session, "agency", wanted.agency):
        errors["agency"] = unknown
    if not weeks.read(wanted.week):
        errors["week"] = "Choose at least one hour."
    if problem := wanted.period_problem():
        errors["valid_to_on"] = problem
    if stopped := rules.stops(lint(wanted.note or "", queries.language(session))):
        errors["note"] = f"Change the words. {stopped}"
    if errors:
        raise InvalidError(WRONG, errors)


def _must_be_open(place: Place) -> None:
    if place.state == State.CLOSED:
        raise RuleBrokenError("A place that is closed is not changed. Open it again first.")
