"""Changes to meetings. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import Actor
from app.core.errors import InvalidError
from app.meetings import queries, rules
from app.meetings.models import Item, Meeting, Member
from app.meetings.rules import State
from app.places import recording
from app.places.models import Place
from app.reference import queries as reference

WRONG = "Some answers need another look."
DROPPED = (
    "Points have been shared out already. A chair says on the page of the weighting who did not "
    "come, and why."
)
EXCUSED = "Points were shown without theirs. They do not rate any more."


def create(
    session: Session,
    actor: Actor,
    kind: str,
    held_at: datetime,
    places: Sequence[Place] = (),
    *,
    is_chair: bool = True,
) -> Meeting:
    """A planned meeting; whoever plans it is named in it."""
    if kind not in rules.KINDS:
        raise InvalidError(WRONG, {"kind": "Choose what kind of meeting it is."})
    made = Meeting(
        **recording.record(actor, "MT", "MARVE" if kind == "MARVE" else "PLAN"),
        kind=kind,
        held_at=held_at,
        place_ids=[place.id for place in places],
        member_ids=[actor.id],
    )
    session.add(made)
    session.flush()
    _member(session, actor, made, actor.id, actor.agency or "OTHER", is_chair=is_chair)
    audit.record(session, "meeting.create", "meeting", made.ref, kind=kind)
    session.refresh(made)
    return made


def name(
    session: Session,
    actor: Actor,
    meeting: Meeting,
    user_id: UUID,
    agency_code: str,
    *,
    is_chair: bool = False,
    rates: bool = True,
) -> Member:
    """From now on this person sees the meeting, until its access ends; or takes part otherwise."""
    known = [one for one in queries.members(session, meeting) if one.user_id == user_id]
    if known:
        made = known[0]
        _must_not_drop(session, meeting, made, rates=rates)
        made.is_chair, made.rates = is_chair, rates
        recording.touch(made, actor)
        session.flush()
    else:
        made = _member(session, actor, meeting, user_id, agency_code, is_chair=is_chair)
        made.rates = rates
        session.flush()
    session.refresh(meeting)
    audit.record(session, "meeting.name", "meeting", meeting.ref, agency=agency_code)
    return made


def _must_not_drop(session: Session, meeting: Meeting, member: Member, *, rates: bool) -> None:
    """Once points are given, nobody is taken out without a word: they would be shown at once."""
    if member.rates and not rates and queries.rated_so_far(session, meeting):
        raise InvalidError(WRONG, {"rates": DROPPED})
    if rates and member.absent_reason:
        raise InvalidError(WRONG, {"rates": EXCUSED})


def is_chair(session: Session, actor: Actor, meeting: Meeting) -> bool:
    return any(m.is_chair and m.user_id == actor.id for m in queries.members(session, meeting))


def _member(
    session: Session,
    actor: Actor,
    meeting: Meeting,
    user_id: UUID,
    agency_code: str,
    *,
    is_chair: bool,
) -> Member:
    made = Member(
        **recording.part(actor),
        meeting_id=meeting.id,
        user_id=user_id,
        agency_code=agency_code,
        is_chair=is_chair,
    )
    session.add(made)
    session.flush()
    return made


def add_item(
    session: Session,
    actor: Actor,
    meeting: Meeting,
    section: str,
    subject_kind: str,
    body: str,
    **given: object,
) -> Item:
    """One line of the agenda."""
    made = Item(
        **recording.part(actor),
        meeting_id=meeting.id,
        section=section,
        subject_kind=subject_kind,
        body=body,
        **given,
    )
    session.add(made)
    session.flush()
    audit.record(session, "meeting.update", "meeting", meeting.ref, section=section)
    return made


def changed(session: Session, meeting: Meeting, item: Item) -> Item:
    session.flush()
    audit.record(session, "meeting.update", "meeting", meeting.ref, section=item.section)
    return item


def move(session: Session, actor: Actor, meeting: Meeting, to: State) -> Meeting:
    """One step further, or everything that is missing, in words."""
    rules.must_be_open(meeting.state, to, queries.known(session, actor, meeting))
    was, meeting.state = meeting.state, to
    recording.touch(meeting, actor)
    session.flush()
    audit.record(session, "meeting.move", "meeting", meeting.ref, was=was, to=meeting.state)
    return meeting


def seen(session: Session, rows: int) -> None:
    """A list of meetings was looked at."""
    audit.record(session, "meeting.list", "meeting", None, rows=rows)


def agencies(session: Session) -> list[tuple[str, str]]:
    return [(code.code, code.label) for code in reference.codes(session, "agency")]
