"""What a meeting decides, who does it by when, who was there, and what is still open."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.core.ids import read_reference
from app.meetings import queries, rules, service
from app.meetings.models import Item, Meeting
from app.meetings.rules import State
from app.meetings.schemas import ActionIn, DecisionIn, ItemIn, MinutesIn
from app.places import queries as places
from app.places import recording
from app.places.models import Place
from app.places.rules import lint, stops
from app.plans import queries as plan_queries
from app.plans import service as plans
from app.plans.models import Action, Plan
from app.plans.rules import State as Stage

SUBJECTS = {"V": "CHILD", "L": "PLACE", "T": "THEME", "S": "STRENGTH"}
OVER = ("DONE", "WITHDRAWN")
AGREED = "The minutes were agreed. What was decided is not changed any more."
NOT_HELD = "The meeting has not been held yet."


class Open(NamedTuple):
    """A decision that still waits, and the tasks that came of it."""

    meeting: Meeting
    item: Item
    actions: Sequence[Action]


def put_on(session: Session, actor: Actor, meeting: Meeting, said: ItemIn) -> Item:
    """One line more on the agenda. Of a child the reference alone is kept."""
    _must_not_be_agreed(meeting)
    if said.section not in rules.sections(meeting.kind):
        raise InvalidError(service.WRONG, {"section": "A conference is about the context."})
    body, subject = said.body, None
    if said.section == "V":
        body = read_reference(said.body, "CH") or ""
        if not body:
            words = "Enter the reference of the child alone, like CH-7K2-Q4MT."
            raise InvalidError(service.WRONG, {"body": words})
    elif said.section == "L":
        subject = place_of(session, meeting, said.place).id
    if len(body) < 3:
        raise InvalidError(service.WRONG, {"body": "Write what it is about."})
    must_be_neutral(session, "body", body)
    kind = SUBJECTS[said.section]
    position = len(queries.items(session, meeting))
    more = {"subject_id": subject, "position": position}
    return service.add_item(session, actor, meeting, said.section, kind, body, **more)


def decide(session: Session, actor: Actor, meeting: Meeting, item: Item, said: DecisionIn) -> Item:
    _must_not_be_agreed(meeting)
    recording.must_be_as_looked_at(item, said.version)
    must_be_neutral(session, "decision", said.decision)
    item.decision = said.decision
    recording.touch(item, actor)
    session.flush()
    audit.record(session, "meeting.update", "meeting", meeting.ref, decided=item.section)
    return item


def act(session: Session, actor: Actor, meeting: Meeting, item: Item, said: ActionIn) -> Action:
    """A task of the plan that is open for the place; without one, a follow-up of the meeting."""
    place = place_of(session, meeting, said.place)
    must_be_neutral(session, "body", said.body)
    plan = open_plan(session, place)
    made = plans.add_action(
        session,
        actor,
        place,
        said.response_code,
        said.body,
        said.owner_agency,
        said.due_on,
        plan_id=None if plan is None else plan.id,
        meeting_id=meeting.id,
    )
    item.action_ids = [*item.action_ids, made.id]
    recording.touch(item, actor)
    session.flush()
    return made


def write(
    session: Session, actor: Actor, meeting: Meeting, said: MinutesIn, here: Iterable[UUID]
) -> None:
    """The minutes, and who was there."""
    _must_not_be_agreed(meeting)
    if meeting.state != State.HELD:
        raise RuleBrokenError(NOT_HELD)
    recording.must_be_as_looked_at(meeting, said.version)
    must_be_neutral(session, "minutes", said.minutes)
    meeting.minutes = said.minutes
    recording.touch(meeting, actor)
    session.flush()
    came = list(here)
    for member in queries.members(session, meeting):
        member.attended = member.id in came
        recording.touch(member, actor)
    session.flush()
    audit.record(session, "meeting.update", "meeting", meeting.ref, minutes=True)


def still_open(session: Session, meetings: Iterable[Meeting]) -> list[Open]:
    """Decisions without a task, or with one that is not over."""
    found = []
    for meeting in meetings:
        for item in queries.items(session, meeting):
            tasks = actions_of(session, item)
            waits = not tasks or any(task.state not in OVER for task in tasks)
            if item.decision and waits:
                found.append(Open(meeting, item, tasks))
    return found


def actions_of(session: Session, item: Item) -> Sequence[Action]:
    """Those that the reader sees."""
    if not item.action_ids:
        return []
    wanted = select(Action).where(Action.id.in_(item.action_ids), Action.deleted_at.is_(None))
    return session.scalars(wanted.order_by(Action.due_on, Action.id)).all()


def open_plan(session: Session, place: Place) -> Plan | None:
    """The one that tasks still join."""
    over = {Stage.COMPLETED, Stage.ABANDONED}
    return next((p for p in plan_queries.of_place(session, place) if p.state not in over), None)


def place_of(session: Session, meeting: Meeting, ref: str) -> Place:
    """One of the meeting's; its only one need not be said."""
    known = queries.places(session, meeting)
    wanted = read_reference(ref, "PL") if ref else None
    chosen = [place for place in known if place.ref == wanted or (not ref and len(known) == 1)]
    if not chosen:
        words = "Choose one of the places of this meeting."
        raise InvalidError(service.WRONG, {"place": words})
    return chosen[0]


def must_be_neutral(session: Session, field: str, words: str) -> None:
    if stopped := stops(lint(words, places.language(session))):
        raise InvalidError(service.WRONG, {field: f"Change the words. {stopped}"})


def _must_not_be_agreed(meeting: Meeting) -> None:
    if meeting.state == State.MINUTES_AGREED:
        raise RuleBrokenError(AGREED)
