"""What people do with a pack: begin it, add lines, sign, recall; and what a chair lets be shown."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from app.core.ids import new_reference
from app.core.jobs import enqueue
from app.meetings.models import Meeting, Member
from app.packs import queries, rules
from app.packs.models import Pack, PackEntry
from app.packs.rules import Kind, State

CHECK = "packs:check"


def begin(session: Session, actor: Actor, kind: Kind, period: str, meeting: Meeting | None) -> Pack:
    """A draft for a meeting; who is named in the meeting reads it, until its access ends."""
    if meeting is None or meeting.kind != rules.MEETINGS[kind]:
        raise InvalidError(rules.NO_MEETING, {"meeting": rules.NO_MEETING})
    if queries.standing(session, kind, period) is not None:
        raise InvalidError(rules.EXISTS, {"period": rules.EXISTS})
    window = rules.window(kind, period, queries.ended(session, kind), clock.now())
    before = queries.recalled(session, kind, period)
    pack = Pack(
        ref=new_reference("BR"),
        created_by=actor.id,
        updated_by=actor.id,
        kind=kind,
        period_code=period,
        window_from=window.start_at,
        window_to=window.end_at,
        meeting_id=meeting.id,
        is_synthetic=meeting.is_synthetic,
        replaces_id=before.id if before else None,
    )
    session.add(pack)
    audit.record(session, "pack.create", "pack", pack.ref, kind=kind)
    enqueue(session, CHECK, lock="packs", ref=pack.ref)
    return pack


def daily_meeting(session: Session, actor: Actor, at: datetime) -> Meeting | None:
    """Today's meeting of the daily briefing, with the people and chairs of the last one."""
    last = queries.last_meeting(session, Kind.DAILY, at)
    if last is None or clock.london(last.held_at).date() == clock.london(at).date():
        return last
    made = Meeting(
        ref=new_reference("MT"),
        created_by=actor.id,
        updated_by=actor.id,
        agency_code=last.agency_code,
        purpose_code="DRB",
        tier="H1",
        kind=last.kind,
        held_at=at,
        is_synthetic=last.is_synthetic,
    )
    session.add(made)
    session.flush()
    for one in queries.members(session, last.id):
        session.add(
            Member(
                created_by=actor.id,
                updated_by=actor.id,
                meeting_id=made.id,
                user_id=one.user_id,
                agency_code=one.agency_code,
                is_chair=one.is_chair,
                rates=False,
                is_synthetic=one.is_synthetic,
            )
        )
    session.flush()
    audit.record(session, "meeting.create", "meeting", made.ref, kind=made.kind)
    return made


def add(session: Session, actor: Actor, pack: Pack, sent: Mapping[str, str]) -> PackEntry:
    """One line of a member; a checked pack is a draft again until it is checked anew."""
    _must_be_open(pack)
    if pack.kind != Kind.DAILY:
        raise RuleBrokenError(rules.NO_LINES)
    chairs = queries.is_chair(session, pack, actor.id)
    if not chairs and not rules.lines_open(Kind(pack.kind), pack.period_code, clock.now()):
        raise RuleBrokenError(rules.CLOSED)
    wrong = rules.wrong_line(sent)
    standing = [one for one in queries.entries(session, pack) if one.kind == "DECISION"]
    if sent.get("kind") == "DECISION" and len(standing) >= rules.MOST_DECISIONS:
        wrong["kind"] = rules.DECISIONS
    if wrong:
        raise InvalidError(" ".join(wrong.values()), wrong)
    entry = PackEntry(
        pack_id=pack.id,
        meeting_id=pack.meeting_id,
        created_by=actor.id,
        updated_by=actor.id,
        is_synthetic=pack.is_synthetic,
        agency_code=actor.agency or "OTHER",
        section=sent["section"],
        kind=sent["kind"],
        body=" ".join(sent["body"].split()),
        n=int(sent["n"]) if sent["kind"] == "COUNT_LINE" else None,
        owner=sent.get("owner"),
        due=sent.get("due"),
        borough_codes=[sent["borough"]] if sent.get("borough") else [],
        conditions=sent.get("conditions") if sent["kind"] == "CONDITIONAL" else None,
        recipient_ids=_recipients(session, pack, sent) if sent["kind"] == "CONDITIONAL" else [],
    )
    session.add(entry)
    _again(session, actor, pack, "pack.update")
    return entry


def _recipients(session: Session, pack: Pack, sent: Mapping[str, str]) -> list[UUID]:
    """Only who is named in the meeting can be named as one."""
    named = {str(one.user_id): one.user_id for one in queries.members(session, pack.meeting_id)}
    return [key for name, key in named.items() if f"recipient_{name}" in sent]


def take_out(session: Session, actor: Actor, pack: Pack, key: UUID) -> None:
    """The own line, or as a chair any."""
    _must_be_open(pack)
    found = [one for one in queries.entries(session, pack) if one.id == key]
    if not found or not (
        found[0].created_by == actor.id or queries.is_chair(session, pack, actor.id)
    ):
        raise NotFoundError(rules.ABSENT)
    found[0].removed_at, found[0].updated_by = clock.now(), actor.id
    _again(session, actor, pack, "pack.update")


def show(session: Session, actor: Actor, pack: Pack, sent: Mapping[str, str]) -> None:
    """What a chair lets statutory members read of homes and children."""
    _must_be_open(pack)
    if not queries.is_chair(session, pack, actor.id):
        raise RuleBrokenError(rules.NOT_A_CHAIR)
    pack.with_children = sent.get("with_children") == "yes"
    pack.with_homes = sent.get("with_homes") == "yes"
    pack.updated_by = actor.id
    shown = [name for name in ("with_children", "with_homes") if getattr(pack, name)]
    audit.record(session, "pack.show", "pack", pack.ref, shown=shown)


def sign(session: Session, actor: Actor, pack: Pack) -> None:
    """A chair who did not build it; for a daily briefing one of the police, too, freezes it."""
    kind = Kind(pack.kind)
    if pack.state != State.CHECKED:
        raise RuleBrokenError(rules.NOT_CHECKED)
    if not queries.is_chair(session, pack, actor.id):
        raise RuleBrokenError(rules.NOT_A_CHAIR)
    if pack.created_by == actor.id:
        raise RuleBrokenError(rules.IS_BUILDER)
    mine, now = rules.signature_of(kind, actor.role), clock.now()
    if getattr(pack, mine) is not None:
        raise RuleBrokenError(rules.SIGNED)
    if mine == "police_by":
        pack.police_by, pack.police_at = actor.id, now
    else:
        pack.signed_by, pack.signed_at = actor.id, now
    if rules.complete(kind, pack.signed_by, pack.police_by):
        pack.state, pack.frozen_at = State.FROZEN, now
    pack.updated_by = actor.id
    audit.record(session, "pack.sign", "pack", pack.ref, role=actor.role)


def recall(session: Session, actor: Actor, pack: Pack, reason: str) -> None:
    """Whoever opens it reads that it was, and why."""
    if pack.state != State.FROZEN:
        raise RuleBrokenError(rules.NOT_FROZEN)
    if not 20 <= len(reason.strip()) <= 300:
        raise InvalidError(rules.REASON, {"reason": rules.REASON})
    pack.recalled_reason = reason.strip()
    pack.recalled_by, pack.recalled_at = actor.id, clock.now()
    pack.state, pack.updated_by = State.RECALLED, actor.id
    audit.record(session, "pack.recall", "pack", pack.ref)


def _must_be_open(pack: Pack) -> None:
    if pack.state not in rules.OPEN:
        raise RuleBrokenError(rules.IS_FROZEN)


def _again(session: Session, actor: Actor, pack: Pack, action: str) -> None:
    pack.state, pack.updated_by = State.DRAFT, actor.id
    audit.record(session, action, "pack", pack.ref)
    enqueue(session, CHECK, lock="packs", ref=pack.ref)
