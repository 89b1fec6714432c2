"""Changes to outcomes. Every function runs inside the caller's transaction."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, InvalidError, RuleBrokenError
from app.outcomes import queries, rules
from app.outcomes.models import Observation, Review
from app.places import recording
from app.plans.models import Measure, Plan

WRONG = "Some answers need another look."


def create(
    session: Session, actor: Actor, plan: Plan, round_code: str = "EXTRA", **given: object
) -> Review:
    """A review that is open: of one round, due so many months after the plan became active."""
    due = given.pop("due_on", None)
    if due is None and plan.active_on is not None and round_code in rules.ROUNDS:
        due = rules.due_on(plan.active_on, round_code)
    made = Review(
        **recording.record(actor, "OR", "PLAN"),
        plan_id=plan.id,
        round=round_code,
        due_on=due,
        **given,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    audit.record(session, "review.create", "review", made.ref, plan=plan.ref, round=round_code)
    return made


def observe(
    session: Session,
    actor: Actor,
    measure: Measure,
    value: Decimal,
    *,
    on_date: date | None = None,
    **given: object,
) -> Observation:
    """What was measured on one day."""
    made = Observation(
        **recording.part(actor),
        measure_id=measure.id,
        value=value,
        on_date=on_date or clock.today(),
        **given,
    )
    session.add(made)
    session.flush()
    audit.record(session, "measure.observe", "measure", None, kind=measure.kind)
    return made


def decide(
    session: Session,
    actor: Actor,
    review: Review,
    decision: str,
    reason: str,
    *,
    serious_incidents: int = 0,
    worse_domains: Sequence[str] = (),
) -> Review:
    """What a lead decides; closing as safer needs everything of context-work.md 8."""
    if decision not in rules.DECISIONS:
        raise InvalidError(WRONG, {"decision": "Choose what is decided."})
    if decision == "CLOSE_SAFER":
        rules.must_close_safer(
            rules.Known(
                goals_met=queries.goals_met(session, review),
                voice_again=bool(review.voice_method_ids),
                no_voice_reason=review.no_voice_reason,
                displacement=review.displacement,
                serious_incidents=serious_incidents,
                worse_domains=worse_domains,
            )
        )
    review.held_on = review.held_on or clock.today()
    review.decision, review.reason = decision, reason
    review.decided_by, review.decided_at = actor.id, clock.now()
    recording.touch(review, actor)
    session.flush()
    audit.record(session, "review.decide", "review", review.ref, decision=decision)
    return review


def agree(session: Session, actor: Actor, review: Review) -> Review:
    """The second person, without whom no place is closed as safer."""
    if review.decided_by is None:
        raise RuleBrokenError("Nothing is decided yet.")
    if review.decided_by == actor.id:
        raise ForbiddenError("A second person agrees.")
    review.second_by, review.second_at = actor.id, clock.now()
    recording.touch(review, actor)
    session.flush()
    audit.record(session, "review.agree", "review", review.ref)
    return review
