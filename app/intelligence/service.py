"""Changes to items. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from geoalchemy2.shape import from_shape
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.db import BNG
from app.core.errors import NotFoundError, RuleBrokenError
from app.core.ids import new_id, new_reference
from app.core.paging import Page
from app.intelligence import checking, queries, rules
from app.intelligence.checking import Checked, Recipient
from app.intelligence.models import IntelChild, IntelItem, IntelPlace, IntelPolice, IntelRecipient
from app.intelligence.queries import ABSENT, Filters, Listed
from app.intelligence.rules import SCHEME, WRITABLE, Handling
from app.places import service as places
from app.places.schemas import PlaceIn

OFFERED = text("select * from app.intel_offered()")
ACCEPT = text("select app.intel_accept(:ref)")
# Events of items of code C are of a kind of their own, which no total of others counts.
CONDITIONAL = "intelligence_c"
KEPT = ("kind", "body", "discovered_by", "source_eval", "info_assess", "handling")


def record(
    session: Session,
    action: str,
    item: IntelItem,
    **facts: Any,  # noqa: ANN401 - codes and counts
) -> None:
    """One event of one item."""
    kind = CONDITIONAL if item.handling == Handling.WITH_CONDITIONS else "intel_item"
    audit.record(session, f"intel_item.{action}", kind, item.ref, **facts)


def listed(session: Session, filters: Filters, *, number: int) -> Page[Listed]:
    """A page of the list; the audit keeps which items it showed."""
    page = queries.listed(session, filters, number=number)
    refs = [row.ref for row in page.rows]
    audit.record(session, "intel_item.list", "intel_item", None, rows=len(refs), refs=refs)
    return page


def features(session: Session, filters: Filters, *, limit: int) -> bytes:
    """The same as GeoJSON."""
    body = queries.features(session, filters, limit=limit)
    refs = queries.refs(session, filters, limit=limit)
    audit.record(session, "intel_item.list", "intel_item", None, rows=len(refs), refs=refs[:500])
    return body


def opened(session: Session, ref: str) -> IntelItem:
    """One item; the audit keeps that it was read."""
    item = queries.find(session, ref)
    record(session, "read", item)
    return item


def submit(
    session: Session, actor: Actor, made: Checked, *, corrects: IntelItem | None = None
) -> IntelItem:
    """Send an item to QA. A new place that it names is proposed with it."""
    made.must_be_right()
    item = IntelItem(
        ref=new_reference("IN"),
        agency_code=actor.agency or "OTHER",
        tier=made.wanted.handling,
        purpose_code="CONTEXT_ASSESSMENT",
        created_by=actor.id,
        updated_by=actor.id,
        written_by=actor.id,
        supersedes_id=None if corrects is None else corrects.id,
        **written(made),
    )
    session.add(item)
    session.flush()
    session.add(
        IntelPolice(
            intel_item_id=item.id,
            created_by=actor.id,
            provenance_id=made.wanted.provenance_id,
            mopi_group=made.wanted.mopi_group,
        )
    )
    if made.wanted.where == "NEW_PLACE":
        made.places.append(_propose(session, actor, made))
    link(session, actor, item, made)
    record(session, "create", item, grade=grade_of(item), harms=item.harm_codes)
    return item


def revise(session: Session, actor: Actor, item: IntelItem, made: Checked) -> IntelItem:
    """Change an item that is not released; what it was before is kept as a version."""
    made.must_be_right()
    if item.state not in WRITABLE:
        raise RuleBrokenError("This item is not to be changed now. Make a corrected item instead.")
    item.version += 1
    item.tier = made.wanted.handling
    for name, value in written(made).items():
        setattr(item, name, value)
    police = session.get(IntelPolice, item.id)
    if police is not None:
        police.provenance_id = made.wanted.provenance_id
        police.mopi_group = made.wanted.mopi_group
    session.flush()
    if made.wanted.where == "NEW_PLACE":
        made.places.append(_propose(session, actor, made))
    link(session, actor, item, made)
    record(session, "update", item, grade=grade_of(item), version=item.version)
    return item


def written(made: Checked) -> dict[str, Any]:
    """The columns that a person writes."""
    wanted, conditional = made.wanted, made.wanted.handling == Handling.WITH_CONDITIONS
    begin, end = wanted.period() if wanted.when != "NOT_KNOWN" else (None, None)
    valid_from = wanted.valid_from_on or (begin and begin.astimezone(LONDON).date())
    valid_from = valid_from or clock.today()
    valid_to = wanted.valid_to_on
    at_shape = made.shape is not None and wanted.where in {"DRAWN", "RADIUS"}
    return {name: getattr(wanted, name) for name in KEPT} | {
        "scheme_version": SCHEME,
        "conditions": wanted.conditions if conditional else None,
        "action_codes": sorted(set(wanted.action_codes)) if conditional else [],
        "harm_codes": list(dict.fromkeys(wanted.harm_codes)),
        "where_kind": made.where_kind,
        "geom": from_shape(made.shape, srid=BNG) if at_shape and made.shape else None,
        "accuracy": wanted.accuracy or None,
        "chosen_boroughs": made.boroughs,
        "platform_code": wanted.platform_code if made.online else None,
        "url_defanged": made.online.url_defanged if made.online else None,
        "when_kind": wanted.when,
        "occurred_from": begin,
        "occurred_to": end if begin else None,
        "day_parts": list(wanted.day_parts) if wanted.when == "PATTERN" else [],
        "day_types": list(wanted.day_types) if wanted.when == "PATTERN" else [],
        "valid_from_on": valid_from,
        "valid_to_on": valid_to,
        "expires_on": _expiry(valid_from, valid_to),
        "identifies": bool(made.marked),
    }


def _expiry(valid_from: date, valid_to: date | None) -> date:
    return rules.expires_on(valid_from, valid_to)


def link(session: Session, actor: Actor, item: IntelItem, made: Checked) -> None:
    """Places, children and recipients as they now are; what the triggers make of it is read."""
    _settle(session, IntelPlace, IntelPlace.place_id, item, actor, [p.id for p in made.places])
    _settle(session, IntelChild, IntelChild.child_ref, item, actor, made.children)
    named = [person.id for person in made.recipients]
    _settle(session, IntelRecipient, IntelRecipient.user_id, item, actor, named)
    session.flush()
    session.refresh(item)


def _settle(
    session: Session,
    model: Any,  # noqa: ANN401 - one of three
    column: Any,  # noqa: ANN401 - its column
    item: IntelItem,
    actor: Actor,
    wanted: Sequence[Any],
) -> None:
    """What is wanted stands, what is not is marked as removed: nothing of a history is lost."""
    rows = session.scalars(select(model).where(model.intel_item_id == item.id)).all()
    standing = {getattr(row, column.key): row for row in rows}
    for key, row in standing.items():
        if key not in wanted and row.removed_at is None:
            row.removed_at = clock.now()
        elif key in wanted:
            row.removed_at = None
    for key in dict.fromkeys(wanted):
        if key not in standing:
            given = {column.key: key}
            session.add(model(id=new_id(), intel_item_id=item.id, created_by=actor.id, **given))


def _propose(session: Session, actor: Actor, made: Checked) -> Any:  # noqa: ANN401 - a place
    wanted = PlaceIn.model_validate(
        made.wanted.model_dump(include={"geometry", "shape", "longitude", "latitude", "easting",
                                        "northing", "postcode"})
        | {"type_code": made.wanted.new_type, "name": made.wanted.new_name}
        | _grid_point(made)
    )  # fmt: skip
    draft = places.draft(session, wanted, made.partners)
    return places.propose(session, actor, wanted, draft)


def _grid_point(made: Checked) -> dict[str, Any]:
    if not made.wanted.grid_reference or made.wanted.given() or made.shape is None:
        return {}
    point = made.shape.representative_point()
    return {"easting": point.x, "northing": point.y}


def grade_of(item: IntelItem) -> str:
    return f"{item.source_eval}{item.info_assess}{item.handling}"


def offered(session: Session, ref: str | None = None) -> list[Any]:
    """Items whose conditions wait for this reader; of one reference, at most one."""
    found = session.execute(OFFERED).all()
    return [row for row in found if ref is None or row.ref == ref]


def recipients(session: Session, item: IntelItem) -> list[Recipient]:
    """Who is named, for analysts of the force that owns the item."""
    found = session.scalars(
        select(IntelRecipient.user_id)
        .where(IntelRecipient.intel_item_id == item.id, IntelRecipient.removed_at.is_(None))
        .order_by(IntelRecipient.created_at, IntelRecipient.id)
    ).all()
    known = {person.id: person for person in checking.people(session)} if found else {}
    return [
        known.get(key, Recipient(key, "", "An account that has ended", "", "")) for key in found
    ]


class Named(NamedTuple):
    """A recipient of an item, and whether they have accepted its conditions."""

    person: Recipient
    accepted_at: datetime | None
    until_at: datetime


def named(session: Session, item: IntelItem) -> list[Named]:
    """Everybody who may see an item of code C, for analysts of its force."""
    people = {person.id: person for person in recipients(session, item)}
    rows = session.scalars(
        select(IntelRecipient)
        .where(IntelRecipient.intel_item_id == item.id, IntelRecipient.removed_at.is_(None))
        .order_by(IntelRecipient.created_at, IntelRecipient.id)
    ).all()
    return [Named(people[r.user_id], r.conditions_accepted_at, r.until_at) for r in rows]


def remove(session: Session, item: IntelItem, person_id: UUID) -> None:
    """From the next request on this person reads it no more."""
    row = session.scalar(
        select(IntelRecipient)
        .where(IntelRecipient.intel_item_id == item.id, IntelRecipient.user_id == person_id)
        .where(IntelRecipient.removed_at.is_(None))
    )
    if row is None:
        raise NotFoundError(ABSENT)
    row.removed_at = clock.now()
    record(session, "remove_recipient", item)


def accept_if_offered(session: Session, ref: str) -> bool:
    return bool(session.scalar(ACCEPT, {"ref": ref}))


def accept(session: Session, ref: str) -> None:
    """The reader takes the conditions; from now on the item is there for them."""
    if not accept_if_offered(session, ref):
        raise NotFoundError(ABSENT)
    audit.record(session, "intel_item.accept", CONDITIONAL, ref)


def record_conditions(session: Session, ref: str) -> None:
    """Somebody read the conditions of an item that names them."""
    audit.record(session, "intel_item.conditions", CONDITIONAL, ref)


def written_by(item: IntelItem) -> set[UUID]:
    return {item.created_by, item.written_by}
