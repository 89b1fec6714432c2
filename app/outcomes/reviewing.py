"""Outcome reviews of a place: what the form asks, what is missing, and what a decision moves."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.assessments import queries as assessments
from app.assessments import scoring
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.outcomes import gathering, judging, rules, service
from app.outcomes.gathering import Course
from app.outcomes.models import Review
from app.outcomes.schemas import AgreeIn, DecisionIn, ReviewIn
from app.places import queries as places
from app.places import recording
from app.places import rules as place_rules
from app.places.models import Place
from app.plans import service as plans
from app.plans.models import Plan
from app.plans.rules import State

ROUNDS = {
    "M3": "After 3 months",
    "M6": "After 6 months",
    "M12": "After 12 months",
    "EXTRA": "Between the dates",
}
DOMAINS = {
    1: "children's strengths and needs",
    2: "guardianship",
    3: "environment, resources and policy",
}
BOTH = 2
CLOSING = ("CLOSE_SAFER", "CLOSE_OTHER")
WHY_NOT = "Say why children were not asked again, in 40 to 500 characters."
NO_PLAN = "Outcomes are reviewed once a plan is active."
DECIDED = "This review was decided and is not changed."
OPEN_ALREADY = "A review of this place is open: {}. End that one first."
NOT_DECIDED = "This review is not decided yet."
SECOND = "Someone other than the person who decided must agree."


def due(plan: Plan, round_: str) -> date | None:
    """When a review is due after the plan became active."""
    dated = plan.active_on is not None and round_ in rules.ROUNDS
    return rules.due_on(plan.active_on, round_) if dated and plan.active_on else None


def next_round(plan: Plan, held: Sequence[Review]) -> str:
    """The first of the three that nobody held for this plan."""
    over = {one.round for one in held if one.plan_id == plan.id and one.decided_by}
    return next((one for one in rules.ROUNDS if one not in over), "EXTRA")


def active_plan(session: Session, place: Place) -> Plan:
    found = gathering.plan(session, place)
    if found is None or found.active_on is None:
        raise RuleBrokenError(NO_PLAN)
    return found


def begin(session: Session, actor: Actor, place: Place, wanted: ReviewIn) -> Review:
    plan = active_plan(session, place)
    for other in gathering.reviews(session, place):
        if other.decided_by is None:
            raise RuleBrokenError(OPEN_ALREADY.format(other.ref))
    return service.create(session, actor, plan, wanted.round, **_filled(session, place, wanted))


def change(session: Session, actor: Actor, place: Place, review: Review, wanted: ReviewIn) -> None:
    _must_be_open(review)
    recording.must_be_as_looked_at(review, wanted.version)
    for name, value in _filled(session, place, wanted).items():
        setattr(review, name, value)
    review.round = wanted.round
    review.due_on = due(active_plan(session, place), wanted.round)
    recording.touch(review, actor)
    audit.record(session, "review.change", "review", review.ref)


def _filled(session: Session, place: Place, wanted: ReviewIn) -> dict[str, object]:
    """What the form said, once it is right."""
    plan = active_plan(session, place)
    heard = gathering.voices(session, place, plan.active_on or wanted.held_on)
    if errors := _errors(session, plan, wanted, heard=bool(heard)):
        raise InvalidError(service.WRONG, errors)
    asked = wanted.voice == "HEARD"
    return {
        "held_on": wanted.held_on,
        "voice_method_ids": [one.key for one in heard] if asked else [],
        "no_voice_reason": None if asked else wanted.no_voice_reason,
        "displacement": wanted.displacement,
        "displacement_text": wanted.displacement_text,
    }


def _errors(session: Session, plan: Plan, wanted: ReviewIn, *, heard: bool) -> dict[str, str]:
    unsaid = wanted.displacement != "NOT_CHECKED" and not wanted.displacement_text
    pairs = (
        ("held_on", wanted.held_on > clock.today(), "This day has not come yet."),
        (
            "held_on",
            plan.active_on is not None and wanted.held_on < plan.active_on,
            "The plan was not active on that day.",
        ),
        (
            "voice",
            wanted.voice == "HEARD" and not heard,
            "No method with children is on record since the plan began.",
        ),
        (
            "no_voice_reason",
            wanted.voice == "NOT_HEARD" and wanted.no_voice_reason is None,
            WHY_NOT,
        ),
        ("displacement_text", unsaid, "Say where and how you looked."),
    )
    errors = {name: words for name, wrong, words in pairs if wrong}
    for name in ("no_voice_reason", "displacement_text"):
        _lint(session, name, getattr(wanted, name), errors)
    return errors


def decide(
    session: Session, actor: Actor, place: Place, review: Review, wanted: DecisionIn
) -> None:
    """What is missing is said first; then the results of goals are kept, then the decision."""
    _must_be_open(review)
    recording.must_be_as_looked_at(review, wanted.version)
    errors: dict[str, str] = {}
    _lint(session, "reason", wanted.reason, errors)
    if errors:
        raise InvalidError(service.WRONG, errors)
    courses = gathering.courses(session, review.plan_id)
    known = closing(session, place, review, courses)
    if wanted.decision == "CLOSE_SAFER":
        rules.must_close_safer(known)
    for course in courses:
        course.goal.result = result_of(course)
        recording.touch(course.goal, actor)
    review.wdd_result_id = _result_id(session, courses)
    session.flush()
    service.decide(
        session,
        actor,
        review,
        wanted.decision,
        wanted.reason,
        serious_incidents=known.serious_incidents,
        worse_domains=known.worse_domains,
    )
    _next_date(session, place, review)


def agree(session: Session, actor: Actor, place: Place, review: Review, wanted: AgreeIn) -> None:
    """The second person, who looked at the same review."""
    recording.must_be_as_looked_at(review, wanted.version)
    if review.decided_by is None:
        raise RuleBrokenError(NOT_DECIDED)
    if review.second_by is not None:
        raise RuleBrokenError(DECIDED)
    if review.decided_by == actor.id:
        raise RuleBrokenError(SECOND)
    if review.decision == "CLOSE_SAFER":
        courses = gathering.courses(session, review.plan_id)
        rules.must_close_safer(closing(session, place, review, courses))
    service.agree(session, actor, review)
    if review.decision in CLOSING:
        _complete(session, actor, place)


def result_of(course: Course) -> rules.Result:
    return judging.goal_result([row.judged for row in course.rows if row.judged is not None])


def closing(
    session: Session, place: Place, review: Review, courses: Sequence[Course]
) -> rules.Known:
    """What is known when a place is to be closed as safer."""
    since = clock.today() - timedelta(days=rules.WITHIN_DAYS)
    return rules.Known(
        goals_met=sum(result_of(course) == rules.Result.MET for course in courses),
        voice_again=bool(review.voice_method_ids),
        no_voice_reason=review.no_voice_reason,
        displacement=review.displacement,
        serious_incidents=gathering.severe_since(session, place, since),
        worse_domains=worse(session, place),
    )


def worse(session: Session, place: Place) -> list[str]:
    """Domains in which the newest approved assessment is worse than the one before it."""
    newest = gathering.approved(session, place)[:BOTH]
    if len(newest) < BOTH:
        return []
    now, before = (assessments.ratings(session, one)[0] for one in newest)
    changes = {
        words: scoring.compare(domain, before, now).change for domain, words in DOMAINS.items()
    }
    return rules.worse(changes)


def _next_date(session: Session, place: Place, review: Review) -> None:
    """The place says when it is looked at next."""
    plan = active_plan(session, place)
    day = due(plan, next_round(plan, gathering.reviews(session, place)))
    if review.decision not in CLOSING and day is not None and day >= clock.today():
        place.next_review_on = day


def _complete(session: Session, actor: Actor, place: Place) -> None:
    """The plan has done its part; the place itself is closed on its own page."""
    plan = active_plan(session, place)
    for state in (State.REVIEWED, State.COMPLETED):
        plans.move(session, actor, plan, state)


def _result_id(session: Session, courses: Sequence[Course]) -> UUID | None:
    keys = [row.measure.id for course in courses for row in course.rows]
    found = list(gathering.results(session, keys).values())
    return max(found, key=lambda one: one.run_at).id if found else None


def _lint(session: Session, name: str, words: str | None, errors: dict[str, str]) -> None:
    remarks = place_rules.lint(words or "", places.language(session))
    if stopped := place_rules.stops(remarks):
        errors[name] = f"Change the words. {stopped}"


def _must_be_open(review: Review) -> None:
    if review.decided_by is not None:
        raise RuleBrokenError(DECIDED)
