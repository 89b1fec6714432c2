"""A context conference: points of each rater, goals chosen in the room, what it decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.assessments import queries as assessment_queries
from app.assessments import service as assessments
from app.assessments import weighting
from app.assessments.models import Assessment, Weighting
from app.assessments.rules import State as AssessmentState
from app.assessments.weighting import Spread
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.meetings import minutes, queries, service
from app.meetings.models import Item, Meeting, Member
from app.meetings.schemas import AbsentIn, ConclusionIn, RatingIn
from app.places import recording
from app.places.models import Place
from app.plans import queries as plan_queries
from app.plans import service as plans
from app.plans.library import goals as library
from app.plans.models import Plan
from app.plans.rules import State as Stage

RATERS = {
    "PRACTITIONER": "A practitioner",
    "POLICE": "The police",
    "SCHOOL": "A school",
    "PARENT_CARER": "A parent or carer",
    "CHILD": "A child, through a worker",
    "OTHER": "Somebody else",
}
WEIGHED = "Which context must change first"
MOST_GOALS = 5
# What the piece of a page with everybody's points needs to be told.
ABOUT: dict[str, Any] = {
    "contexts": weighting.CONTEXTS,
    "raters": RATERS,
    "total": weighting.TOTAL,
}
WHO = "Choose who did not come."
NOBODY = "Nobody has shared out points yet, so there is nothing to show."
TOO_EARLY = "The meeting has not begun yet. Wait for who is asked."
CHAIR = "A chair of the meeting says who did not come."
SEEN = "Everybody has seen these points already. They are not changed any more."


@dataclass(frozen=True, slots=True)
class Weighed:
    """How far the weighting of one place is, as this reader may know it."""

    place: Place
    mine: Sequence[Weighting]
    spread: Sequence[Spread]  # empty until everybody has rated
    raters: int  # how many are asked
    rated: int  # how many of them have rated, whatever they said
    said: Sequence[Weighting]  # of all, once all have rated
    waiting: Sequence[Member] = ()  # who is asked and has not rated
    absent: Sequence[Member] = ()  # without whose points the others are shown


def weighed(session: Session, actor: Actor, meeting: Meeting, place: Place) -> Weighed:
    """The database shows others' points only once everybody who rates has rated."""
    every = assessment_queries.weightings(session, place)
    here = [one for one in every if one.session_id == meeting.id]
    done = bool(here) and all(one.all_rated for one in here)
    members = queries.members(session, meeting)
    asked = [m for m in members if m.rates and m.attended is not False]
    known = queries.rated_so_far(session, meeting)
    waiting = [m for m in asked if (place.id, m.user_id) not in known]
    return Weighed(
        place=place,
        mine=[one for one in here if one.rater_id == actor.id],
        spread=weighting.spread([(w.points, w.must_change_first) for w in here]) if done else [],
        raters=len(asked),
        rated=len(asked) - len(waiting),
        said=here if done else [],
        waiting=waiting,
        absent=[m for m in members if m.absent_reason],
    )


def rate(session: Session, actor: Actor, meeting: Meeting, said: RatingIn) -> Weighting:
    """The actor's own points; until everybody has rated they may be changed."""
    place = minutes.place_of(session, meeting, said.place)
    points = {context: getattr(said, context) for context in weighting.CONTEXTS}
    minutes.must_be_neutral(session, "rationale", said.rationale)
    mine = weighed(session, actor, meeting, place).mine
    known = [one for one in mine if one.rater_kind == said.rater_kind]
    if not known:
        first, why = said.must_change_first, said.rationale
        kind = said.rater_kind
        return assessments.rate(
            session, actor, place, meeting.id, points, first, why, rater_kind=kind
        )
    if known[0].all_rated:
        raise RuleBrokenError(SEEN)
    first, why = said.must_change_first, said.rationale
    return assessments.rate_again(session, actor, place, known[0], points, first, why)


def excuse(session: Session, actor: Actor, meeting: Meeting, said: AbsentIn) -> Member:
    """A chair says who did not come, and why the points are shown without theirs."""
    place = minutes.place_of(session, meeting, said.place)
    minutes.must_be_neutral(session, "absent_reason", said.absent_reason)
    known = weighed(session, actor, meeting, place)
    found = next((one for one in known.waiting if one.id == said.member), None)
    if found is None:
        raise InvalidError(service.WRONG, {"member": WHO})
    if not known.rated:
        raise RuleBrokenError(NOBODY)
    if meeting.held_at > clock.now():
        raise RuleBrokenError(TOO_EARLY)
    if not service.is_chair(session, actor, meeting):
        raise RuleBrokenError(CHAIR)
    found.rates, found.absent_reason = False, said.absent_reason
    recording.touch(found, actor)
    session.flush()
    agency, rated = found.agency_code, known.rated
    audit.record(session, "meeting.absent", "meeting", meeting.ref, agency=agency, rated=rated)
    return found


def conclude(session: Session, actor: Actor, meeting: Meeting, said: ConclusionIn) -> Item:
    """The median decides nothing: people do, in words."""
    place = minutes.place_of(session, meeting, said.place)
    minutes.must_be_neutral(session, "decision", said.decision)
    known = conclusion(session, meeting, place)
    if known is None:
        more: Mapping[str, object] = {"subject_id": place.id, "decision": said.decision}
        return service.add_item(session, actor, meeting, "L", "PLACE", WEIGHED, **more)
    known.decision = said.decision
    recording.touch(known, actor)
    return service.changed(session, meeting, known)


def conclusion(session: Session, meeting: Meeting, place: Place) -> Item | None:
    items = queries.items(session, meeting)
    return next((i for i in items if i.subject_id == place.id and i.body == WEIGHED), None)


def choose(
    session: Session, actor: Actor, meeting: Meeting, place: Place, chosen: Sequence[str]
) -> Plan:
    """Goals of the library become the draft of a plan; those it has already stay as they are."""
    plan = minutes.open_plan(session, place)
    if plan is not None and plan.state != Stage.DRAFT:
        words = "The plan of this place is agreed. Its goals are not changed here."
        raise RuleBrokenError(words)
    had = [] if plan is None else [one.goal_code for one in plan_queries.goals(session, plan)]
    new = [goal.code for goal in library() if goal.code in chosen and goal.code not in had]
    if not chosen or len(had) + len(new) > MOST_GOALS:
        raise InvalidError(service.WRONG, {"goals": "Choose one to five goals."})
    if plan is None:
        made = approved(session, place)
        of = None if made is None else made.id
        plan = plans.create(session, actor, place, assessment_id=of, conference_id=meeting.id)
    for code in new:
        plans.add_goal(session, actor, plan, code)
    return plan


def newest(session: Session, place: Place) -> Assessment | None:
    return next(iter(assessment_queries.of_place(session, place)), None)


def approved(session: Session, place: Place) -> Assessment | None:
    known = assessment_queries.of_place(session, place)
    return next((one for one in known if one.state == AssessmentState.APPROVED), None)
