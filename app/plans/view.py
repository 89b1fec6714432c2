"""A plan and its actions as they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from app.assessments.models import Assessment
from app.core import clock
from app.core.actor import Actor
from app.places import arrivals, life_queries
from app.places.models import Place
from app.plans import actions, finding, library, queries, rules
from app.plans.finding import Conference
from app.plans.models import Action, ActionChange, Goal, Measure, Plan, PlanChange
from app.plans.rules import Known, State
from app.reference import queries as reference

BAR = 480  # width of the drawn bar
STEPS = {
    State.AGREED: "Agree the plan",
    State.ACTIVE: "Begin the plan",
    State.REVIEWED: "Review the plan",
    State.COMPLETED: "Complete the plan",
    State.ABANDONED: "Abandon the plan",
}
AGAIN = "Go on with the plan"


class Part(NamedTuple):
    """One kind of action in the bar."""

    kind: str
    n: int
    x: int
    wide: int


class Step(NamedTuple):
    """What may come next, and what still stops it."""

    to: State
    words: str
    missing: list[str]


class Came(NamedTuple):
    """A plan of a place that is part of this one now."""

    place: Place
    plan: Plan | None
    open_actions: int


class Line(NamedTuple):
    """An action in words."""

    action: Action
    response: str
    agency: str
    person: str | None
    state: str
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class PlanPage:
    """All that the page of a plan shows."""

    plan: Plan
    goals: Sequence[tuple[Goal, list[Measure]]]
    actions: Sequence[Line]
    ratio: str
    bar: Sequence[Part]
    warnings: Sequence[str]
    steps: Sequence[Step]
    changes: Sequence[PlanChange]
    assessed: Assessment | None
    heard: bool
    names: Mapping[UUID, str]
    others: Sequence[Plan]
    conference: Conference | None  # that it came of, where the reader may see that one

    @property
    def is_draft(self) -> bool:
        return self.plan.state == State.DRAFT

    @property
    def is_over(self) -> bool:
        return self.plan.state in rules.OVER


def page(session: Session, place: Place, plan: Plan) -> PlanPage:
    known = queries.known(session, plan)
    measures = queries.measures(session, plan)
    changes = finding.plan_changes(session, plan)
    counts = rules.ratio(known.actions)
    return PlanPage(
        plan=plan,
        goals=[
            (goal, [one for one in measures if one.goal_id == goal.id])
            for goal in queries.goals(session, plan)
        ],
        actions=lines(session, queries.actions(session, plan)),
        ratio=rules.ratio_words(counts),
        bar=bar(counts),
        warnings=rules.warnings(known.actions),
        steps=steps(plan, known),
        changes=changes,
        assessed=queries.assessed(session, plan),
        heard=known.has_voice,
        names=life_queries.names_of(session, {change.by for change in changes}),
        conference=finding.conference(session, plan),
        others=[one for one in queries.of_place(session, place) if one.id != plan.id],
    )


def came(session: Session, place: Place) -> list[Came]:
    """Plans and actions without a plan that came with other places, and stay with them."""
    found: list[Came] = []
    for origin in arrivals.came_from(session, place):
        found += [
            Came(origin, plan, _open(queries.actions(session, plan)))
            for plan in queries.of_place(session, origin)
        ]
        if loose := queries.loose(session, origin):
            found.append(Came(origin, None, _open(loose)))
    return found


def _open(found: Sequence[Action]) -> int:
    return sum(one.state not in actions.OVER for one in found)


def steps(plan: Plan, known: Known) -> list[Step]:
    found = []
    for to in rules.MOVES.get(plan.state, ()):
        again = plan.state == State.REVIEWED and to == State.ACTIVE
        missing = [] if to == State.ABANDONED else rules.barriers(plan.state, to, known)
        found.append(Step(to, AGAIN if again else STEPS[to], missing))
    return found


def bar(counts: Mapping[str, int]) -> list[Part]:
    """Parts of the drawn bar, as wide as their share.

    >>> [part.wide for part in bar({"welfare": 3, "enforcement": 1})]
    [360, 120]
    """
    total, x, parts = sum(counts.values()), 0, []
    for kind, n in counts.items():
        if n:
            wide = round(BAR * n / total)
            parts.append(Part(kind, n, x, wide))
            x += wide
    return parts


def lines(session: Session, found: Sequence[Action]) -> list[Line]:
    agencies = dict(reference.codes(session, "agency"))
    owners = {one.owner_user_id for one in found if one.owner_user_id is not None}
    names = life_queries.names_of(session, owners)
    today = clock.today()
    return [_line(one, agencies, names, today) for one in found]


def _line(one: Action, agencies: Mapping[str, str], names: Mapping[UUID, str], today: date) -> Line:
    return Line(
        one,
        library.responses()[one.response_code].label,
        agencies.get(one.owner_agency, one.owner_agency),
        names.get(one.owner_user_id) if one.owner_user_id else None,
        actions.WORDS[actions.State(one.state)],
        actions.is_overdue(one.state, one.due_on, today),
    )


def history(session: Session, changes: Sequence[ActionChange]) -> Mapping[UUID, str]:
    return life_queries.names_of(session, {change.by for change in changes})


def own_place(session: Session, actor: Actor, found: Action) -> Place | None:
    """Of an action, for staff."""
    return None if task_only(actor) else finding.place_of(session, found)


def task_only(actor: Actor) -> bool:
    """Owners outside the partnership see their own action and no place, whatever they ask for."""
    return actor.role == "partner"
