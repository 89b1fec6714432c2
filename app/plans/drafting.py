"""A plan is begun, written and taken on, by people who look at a version of it."""

from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import InvalidError, RuleBrokenError
from app.places import queries as places
from app.places import recording
from app.places.models import Place
from app.places.rules import lint, stops
from app.plans import queries, rules, service
from app.plans.models import Plan
from app.plans.rules import State
from app.plans.schemas import MoveIn, WordsIn

WRONG = "Change the fields named below."
FROZEN = "The plan is agreed: its goals and measures stay as they were agreed."
WORDS_FROZEN = "The plan is agreed: the equality check and the ring stay as they were."
HAS_ONE = "This place has a plan already."
NOT_NOW = "A place that is {} has no plan. Decide first what happens to it."
WITHOUT = {"PROPOSED": "proposed", "DORMANT": "dormant", "CLOSED": "closed"}
SHOWN_LATER = "Enter a day that is not in the future."


def begin(session: Session, actor: Actor, place: Place) -> Plan:
    """A draft, one at a time."""
    if place.state in WITHOUT:
        raise RuleBrokenError(NOT_NOW.format(WITHOUT[place.state]))
    if any(plan.state not in rules.OVER for plan in queries.of_place(session, place)):
        raise RuleBrokenError(HAS_ONE)
    return service.create(session, actor, place)


def write(session: Session, actor: Actor, plan: Plan, wanted: WordsIn) -> None:
    """The words of a plan; what was agreed is refused."""
    must_be_as_looked_at(plan, actor, wanted.version)
    given = wanted.model_dump(exclude={"version"}, exclude_unset=True)
    if plan.state in rules.OVER:
        raise RuleBrokenError("A plan that is over is not changed.")
    frozen = {n: v for n, v in given.items() if n in ("equality_check", "ring_m")}
    if plan.state != State.DRAFT and any(getattr(plan, n) != v for n, v in frozen.items()):
        raise RuleBrokenError(WORDS_FROZEN)
    must_be_neutral(session, {name: said for name, said in given.items() if isinstance(said, str)})
    if isinstance(wanted.shown_on, date) and wanted.shown_on > clock.today():
        raise InvalidError(WRONG, {"shown_on": SHOWN_LATER})
    for name, said in given.items():
        setattr(plan, name, said)
    recording.touch(plan, actor)
    audit.record(session, "plan.update", "plan", plan.ref, fields=sorted(given))


def step(session: Session, actor: Actor, plan: Plan, wanted: MoveIn) -> None:
    """Take a locked plan one step on, or say in words what is missing."""
    must_be_as_looked_at(plan, actor, wanted.version)
    if wanted.reason is not None:
        must_be_neutral(session, {"reason": wanted.reason})
    service.move(session, actor, plan, State(wanted.to), reason=wanted.reason)


def must_be_draft(plan: Plan) -> None:
    if plan.state != State.DRAFT:
        raise RuleBrokenError(FROZEN)


def must_be_neutral(session: Session, said: dict[str, str]) -> None:
    """Raises InvalidError for each field with words that are not used of children."""
    words = places.language(session)
    stopped = {name: stops(lint(body, words)) for name, body in said.items()}
    if wrong := {name: f"Change the words. {why}" for name, why in stopped.items() if why}:
        raise InvalidError(WRONG, wrong)


def must_be_as_looked_at(row: Any, actor: Actor, version: int) -> None:  # noqa: ANN401 - any record
    """Two people decide at once: the second is told, and compares."""
    who = "you" if row.updated_by == actor.id else "somebody else"
    recording.must_be_as_looked_at(row, version, who)
