"""An item that is being written: kept section by section, for its writer alone."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import NotFoundError, RuleBrokenError
from app.core.pages import parse
from app.intelligence import checking, qa, queries, service, view
from app.intelligence.checking import Checked
from app.intelligence.models import IntelChild, IntelDraft, IntelItem, IntelPolice
from app.intelligence.rules import CORRECTABLE, WRITABLE
from app.intelligence.schemas import IntelIn
from app.intelligence.sections import SECTIONS, Section

KIND = "intel_draft"
ABSENT = "There is no such draft."


def unfinished(session: Session) -> Sequence[IntelDraft]:
    """Of the reader, newest first."""
    return session.scalars(
        select(IntelDraft).where(IntelDraft.ended_at.is_(None)).order_by(IntelDraft.id.desc())
    ).all()


def begin(session: Session, actor: Actor) -> IntelDraft:
    draft = IntelDraft(created_by=actor.id, answers={}, saved=[])
    session.add(draft)
    audit.record(session, "intel_draft.create", KIND, None)
    return draft


def begin_from(session: Session, actor: Actor, ref: str) -> IntelDraft:
    """To mend an item that is not released, or to write a corrected one of one that is."""
    item = queries.find(session, ref)
    if item.state not in WRITABLE | CORRECTABLE:
        raise RuleBrokenError("An item in this state is not changed.")
    draft = IntelDraft(
        created_by=actor.id,
        answers=answers_of(session, item),
        saved=[section.name for section in SECTIONS],
        item_id=item.id,
        corrects=item.state in CORRECTABLE,
    )
    session.add(draft)
    audit.record(session, "intel_draft.create", KIND, None)
    return draft


def find(session: Session, key: UUID) -> IntelDraft:
    found = session.scalar(
        select(IntelDraft).where(IntelDraft.id == key, IntelDraft.ended_at.is_(None))
    )
    if found is None:
        raise NotFoundError(ABSENT)
    return found


def keep(session: Session, draft: IntelDraft, section: Section, answers: Mapping[str, Any]) -> None:
    """The answers of one section in place of what it had."""
    rest = {name: v for name, v in draft.answers.items() if name not in section.fields}
    draft.answers = rest | dict(answers)
    draft.saved = [s.name for s in SECTIONS if s.name in {*draft.saved, section.name}]
    draft.updated_at = clock.now()
    session.flush()
    audit.record(session, "intel_draft.save", KIND, None, section=section.name)


def checked(
    session: Session, answers: Mapping[str, Any], partners: Sequence[str]
) -> tuple[Checked | None, dict[str, str]]:
    """The whole item as it stands, and everything that is wrong with it."""
    wanted, errors = parse(IntelIn, answers)
    if wanted is None:
        return None, errors
    made = checking.check(session, wanted, partners)
    return made, made.errors


def send(session: Session, actor: Actor, draft: IntelDraft, made: Checked) -> IntelItem:
    """To QA: a new item, a mended one, or a corrected one that will supersede the old."""
    old = None if draft.item_id is None else session.get(IntelItem, draft.item_id)
    if old is None or draft.corrects:
        item = service.submit(session, actor, made, corrects=old)
    else:
        item = service.revise(session, actor, queries.lock(session, old.ref), made)
        qa.returned(session, item)
    _empty(session, draft)  # the event of the item tells of it
    return item


def drop(session: Session, draft: IntelDraft) -> None:
    """It is not sent."""
    _empty(session, draft)
    audit.record(session, "intel_draft.end", KIND, None)


def _empty(session: Session, draft: IntelDraft) -> None:
    """Nothing of the answers stays."""
    draft.answers, draft.ended_at = {}, clock.now()
    session.flush()


def answers_of(session: Session, item: IntelItem) -> dict[str, Any]:
    """What a form would hold of an item that stands."""
    police = session.get(IntelPolice, item.id)
    found: dict[str, Any] = {
        "kind": item.kind,
        "body": item.body,
        "second_person": item.identifies,
        "provenance_id": police and police.provenance_id,
        "mopi_group": police and police.mopi_group,
        "discovered_by": item.discovered_by,
        "source_eval": item.source_eval,
        "info_assess": item.info_assess,
        "handling": item.handling,
        "conditions": item.conditions,
        "action_codes": list(item.action_codes),
        "recipients": [person.ref for person in service.recipients(session, item) if person.ref],
        "harm_codes": list(item.harm_codes),
        "children": " ".join(_children(session, item)),
        **_where(session, item),
        **_when(item),
    }
    return {name: value for name, value in found.items() if value not in (None, "", [])}


def _children(session: Session, item: IntelItem) -> Sequence[str]:
    return session.scalars(
        select(IntelChild.child_ref)
        .where(IntelChild.intel_item_id == item.id, IntelChild.removed_at.is_(None))
        .order_by(IntelChild.child_ref)
    ).all()


def _where(session: Session, item: IntelItem) -> dict[str, Any]:
    drawn = item.where_kind in {"POINT", "LINE", "AREA", "RADIUS"}
    refs = [place.ref for place in view.places_of(session, item.id)]
    return {
        # A circle comes back as the area that it was kept as.
        "where": "DRAWN" if drawn else item.where_kind,
        "shape": view.wkt(item),
        "place": " ".join(refs),
        "accuracy": item.accuracy,
        "online_address": item.url_defanged,
        "platform_code": item.platform_code,
        "borough": next(iter(item.chosen_boroughs), None),
    }


def _when(item: IntelItem) -> dict[str, Any]:
    begin, end = (
        at and at.astimezone(clock.LONDON) for at in (item.occurred_from, item.occurred_to)
    )
    exact = item.when_kind == "EXACT"
    whole = begin is not None and end is not None and begin != end and exact
    return {
        "when": item.when_kind,
        "from_on": begin and begin.date().isoformat(),
        "from_time": None if begin is None or whole else f"{begin:%H:%M}",
        "to_on": None if exact or end is None else end.date().isoformat(),
        "to_time": None if exact or end is None else f"{end:%H:%M}",
        "day_parts": list(item.day_parts),
        "day_types": list(item.day_types),
        "valid_from_on": item.valid_from_on.isoformat(),
        "valid_to_on": item.valid_to_on and item.valid_to_on.isoformat(),
    }
