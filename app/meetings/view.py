"""What the pages of a meeting show, and to whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.assessments import queries as assessments
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.meetings import conference, minutes, queries, rules, screen, service
from app.meetings.conference import Weighed
from app.meetings.minutes import Open
from app.meetings.models import Item, Meeting, Member
from app.places import life_queries
from app.places.models import Place
from app.plans import queries as plan_queries
from app.plans.models import Action, Goal, Plan
from app.reference import queries as reference

# Kinds of place whose name or address nobody puts on a wall.
KEPT_APART = ("RESIDENTIAL", "RESTRICTED")
ASKED = ("practitioner", "police_analyst", "cs_lead", "partner")  # who may be named

_COLUMNS = ("WORKING", "WORRIED")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the agenda, with the place it is about and what came of it."""

    item: Item
    place: Place | None
    actions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the agenda."""

    code: str
    title: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who takes part; the name as far as the reader may know it."""

    member: Member
    name: str | None
    agency: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The page of one meeting."""

    sections: Sequence[Section]
    places: Sequence[Place]
    people: Sequence[Named]
    is_chair: bool
    follow_up: Sequence[Open]
    missing: Sequence[str]  # what the next step still asks for
    plans: Sequence[tuple[Plan, Place]]  # that came of it, as far as the reader sees them


@dataclass(frozen=True, slots=True)
class OnScreen:
    """A context, for a wall: nothing of it is about a child."""

    title: str
    works: Sequence[str]
    worries: Sequence[str]
    harms: Sequence[str]
    weighed: Weighed
    conclusion: str | None
    goals: Sequence[Goal]
    actions: Sequence[Action]
    next_on: date | None


def opened(session: Session, ref: str) -> Meeting:
    """One, to be read: leaves an event."""
    found = queries.find(session, ref)
    audit.record(session, "meeting.read", "meeting", found.ref)
    return found


def shown(session: Session, actor: Actor, meeting: Meeting) -> Shown:
    places = queries.places(session, meeting)
    redacted = actor.view == "redacted"
    people = named(session, meeting)
    earlier = [] if redacted else [meeting, *queries.before(session, meeting)]
    return Shown(
        sections=agenda(session, meeting, places, redacted=redacted),
        places=places,
        people=people,
        is_chair=any(one.member.user_id == actor.id and one.member.is_chair for one in people),
        follow_up=minutes.still_open(session, earlier),
        missing=_missing(session, actor, meeting),
        plans=plans(session, meeting, places),
    )


def plans(session: Session, meeting: Meeting, places: Sequence[Place]) -> list[tuple[Plan, Place]]:
    """Those that name this conference, by place."""
    return [
        (plan, place)
        for place in places
        for plan in plan_queries.of_place(session, place)
        if plan.conference_id == meeting.id
    ]


def _missing(session: Session, actor: Actor, meeting: Meeting) -> list[str]:
    later = rules.MOVES.get(meeting.state, ())
    known = queries.known(session, actor, meeting)
    return [words for to in later for words in rules.barriers(meeting.state, to, known)]


def agenda(
    session: Session, meeting: Meeting, places: Sequence[Place], *, redacted: bool
) -> list[Section]:
    """By section. A partner reads no references, and of places those that are shared."""
    by_id = {place.id: place for place in places}
    lines: dict[str, list[Line]] = {code: [] for code in rules.sections(meeting.kind)}
    for item in queries.items(session, meeting):
        place = by_id.get(item.subject_id) if item.subject_id else None
        if redacted and not _told(item, place):
            continue
        actions = [] if redacted else minutes.actions_of(session, item)
        lines.setdefault(item.section, []).append(Line(item, place, actions))
    wanted = {code: rows for code, rows in lines.items() if not redacted or code not in "VO"}
    return [Section(code, rules.SECTIONS[code], rows) for code, rows in wanted.items()]


def _told(item: Item, place: Place | None) -> bool:
    if item.section in ("V", "O") or (item.section == "L" and place is None):
        return False
    return all(map(screen.is_safe, filter(None, (item.body, item.decision))))


def named(session: Session, meeting: Meeting) -> list[Named]:
    return people(session, queries.members(session, meeting))


def missing(
    session: Session, actor: Actor, meeting: Meeting, found: Weighed | None
) -> list[tuple[str, str]]:
    """For a chair, once it has begun and somebody has rated: who is asked and has not."""
    if found is None or not found.rated or meeting.held_at > clock.now():
        return []
    if not service.is_chair(session, actor, meeting):
        return []
    waiting = people(session, found.waiting)
    return [(str(one.member.id), f"{one.name}, {one.agency}" if one.name else one.agency)
            for one in waiting]  # fmt: skip


def people(session: Session, members: Sequence[Member]) -> list[Named]:
    names = life_queries.names_of(session, {one.user_id for one in members})
    agencies = dict(reference.codes(session, "agency"))
    return [
        Named(one, names.get(one.user_id), agencies.get(one.agency_code, one.agency_code))
        for one in members
    ]


def colleagues(users: Sequence[User], people: Sequence[Named]) -> list[tuple[str, str]]:
    """Whom a lead may name; who is named already stands first, to be changed."""
    there: set[UUID] = {one.member.user_id for one in people}
    able = [user for user in users if user.state == "ACTIVE" and user.role in ASKED]
    ordered = sorted(able, key=lambda user: (user.id in there, user.name, user.username))
    return [(user.ref, f"{user.name} ({user.username})") for user in ordered]


def title_of(place: Place) -> str:
    """On a wall a home is its reference."""
    if place.sensitivity in KEPT_APART or not screen.is_safe(place.name):
        return f"Place {place.ref}"
    return place.name


def on_screen(session: Session, actor: Actor, meeting: Meeting, place: Place) -> OnScreen:
    """Only what is about the context, and of that only what no child can be seen in."""
    made = conference.newest(session, place)
    signs = [] if made is None else assessments.signs(session, made)
    items = [i for i in queries.items(session, meeting) if i.subject_id in (None, place.id)]
    of = {column: [s.body for s in signs if s.column_code == column] for column in _COLUMNS}
    lines = {code: [i.body for i in items if i.section == code] for code in "SLT"}
    worries = [line for line in lines["L"] if line != conference.WEIGHED]
    known = {harm.code: harm.label for harm in reference.harms(session)}
    plan = minutes.open_plan(session, place)
    goals = [] if plan is None else plan_queries.goals(session, plan)
    tasks = [] if plan is None else plan_queries.actions(session, plan)
    said = conference.conclusion(session, meeting, place)
    decided = screen.safe([None if said is None else said.decision])
    return OnScreen(
        title=title_of(place),
        works=screen.safe([place.strengths, *place.safe_features, *of["WORKING"], *lines["S"]]),
        worries=screen.safe([place.description, *of["WORRIED"], *worries, *lines["T"]]),
        harms=[known.get(code, code) for code in place.harm_codes],
        weighed=conference.weighed(session, actor, meeting, place),
        conclusion=decided[0] if decided else None,
        goals=[goal for goal in goals if screen.is_safe(goal.body)],
        actions=[task for task in tasks if screen.is_safe(task.body)],
        next_on=place.next_review_on,
    )
