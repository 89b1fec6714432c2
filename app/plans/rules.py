"""Which step a plan may take, what is missing, and what to think about again. Pure (section 6).

A measure shows change, not effort. A response that moves children on needs an equality note, a
ring where they may be moved to, and children's voice.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from app.core.errors import RuleBrokenError
from app.core.states import moved
from app.plans.library import KINDS, responses


class State(StrEnum):
    DRAFT = "DRAFT"
    AGREED = "AGREED"
    ACTIVE = "ACTIVE"
    REVIEWED = "REVIEWED"
    COMPLETED = "COMPLETED"
    ABANDONED = "ABANDONED"


MOVES: Mapping[str, tuple[State, ...]] = {
    State.DRAFT: (State.AGREED, State.ABANDONED),
    State.AGREED: (State.ACTIVE, State.ABANDONED),
    State.ACTIVE: (State.REVIEWED,),
    State.REVIEWED: (State.ACTIVE, State.COMPLETED, State.ABANDONED),
}
MEASURE_KINDS = {
    "SURVEY_SHARE": "Share of those asked",
    "SAFETY_SCALE": "Safety scale, 0 to 10",
    "SAFETY_MAP_SHARE": "Share of safety maps",
    "INDICATOR": "Rating of the indicator",
    "OBSERVATION": "Observation",
    "TAKEDOWN_DAYS": "Days online, and returns",
    "GUARDIAN_HOURS": "Hours of concern with a caring adult",
    "INCIDENT_WDD": "Incidents, with control and ring",
    "EFFORT": "Effort: noted, never counted",
}
STATES = {
    State.DRAFT: "Draft",
    State.AGREED: "Agreed",
    State.ACTIVE: "Active",
    State.REVIEWED: "Reviewed",
    State.COMPLETED: "Completed",
    State.ABANDONED: "Abandoned",
}
OVER = (State.COMPLETED, State.ABANDONED)
MOST_GOALS = 5
EFFORT_WORDS = ("made", "held", "delivered", "attended", "distributed", "patrolled", "trained")
EFFORT = "That measures effort. What will be different?"
ONLY_ENFORCEMENT = "What in this plan changes the context?"
NEEDS_RING = "Add a displacement ring before a {}: children may be moved, not safer."
NEEDS_NOTE = (
    "Write what a {} does to racialised and disabled children, in the equality check, first."
)
ASK_FIRST = "Ask children before a {}: their voice is missing from the assessment."
NEEDS_CHANGE = "Add at least one measure of change."
NEEDS_MEASURE = "Add a measure with a baseline, a target and a due date to each goal."
FILL_IN = "Fill in what stands between < and > in the goals."
NEEDS_VOICE = "Add children's voice, or say why it is not there yet and when it will be."
_EFFORT = re.compile(rf"\s*(?:{'|'.join(EFFORT_WORDS)})\b", re.IGNORECASE)
_RACIALISED = re.compile(r"raciali[sz]ed|ethnic|\brace\b|racis|black|minority", re.IGNORECASE)
_SLOT = re.compile(r"<[^<>]*>")
_DISABLED = re.compile(r"disab|\bSEND\b|neurodiver|autis", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MeasureIn:
    """One measure of one goal, as far as it is known."""

    is_change: bool
    baseline: Decimal | None = None
    target: Decimal | None = None
    due_on: date | None = None
    kind: str = ""
    has_design: bool = False  # of a comparison of incidents

    @property
    def is_whole(self) -> bool:
        return None not in {self.baseline, self.target, self.due_on}


@dataclass(frozen=True, slots=True)
class ActionIn:
    """One action of the plan."""

    response_code: str
    owner_agency: str | None
    due_on: date | None
    by_manager: bool = False  # of the place

    @property
    def kind(self) -> str:
        return responses()[self.response_code].kind


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a step may ask."""

    goals: Sequence[Sequence[MeasureIn]] = ()
    goal_texts: Sequence[str] = ()
    actions: Sequence[ActionIn] = ()
    equality_check: str | None = None
    has_ring: bool = False
    has_voice: bool = False  # children's, in the assessment
    has_reason: bool = False  # why it is not there yet
    assessment_approved: bool = False
    children_took_part: bool = False
    summary_plain: str | None = None
    shown_on: date | None = None
    reason: str | None = None
    lacks_assessment: bool = False  # none was begun


def _said(*pairs: tuple[bool, str]) -> list[str]:
    return [words for missing, words in pairs if missing]


def measure_problem(text: str) -> str | None:
    """A measure that begins with what somebody did.

    >>> measure_problem("Held four sessions")
    'That measures effort. What will be different?'
    """
    return EFFORT if _EFFORT.match(text) else None


def agreed(known: Known) -> list[str]:
    measures = [measure for goal in known.goals for measure in goal]
    owned = all(action.owner_agency for action in known.actions)
    dated = all(action.due_on for action in known.actions)
    whole = all(any(measure.is_whole for measure in goal) for goal in known.goals)
    designed = all(m.has_design for m in measures if m.kind == "INCIDENT_WDD")
    return _said(
        (not 1 <= len(known.goals) <= MOST_GOALS, f"Choose 1 to {MOST_GOALS} goals."),
        (any(_SLOT.search(words) for words in known.goal_texts), FILL_IN),
        (not whole, NEEDS_MEASURE),
        (not any(measure.is_change for measure in measures), NEEDS_CHANGE),
        (not designed, "Add the design of the comparison of incidents: areas and periods."),
        (not owned, "Say who owns this action."),
        (not dated, "Enter a due date."),
        (not (known.equality_check or "").strip(), "Fill in the equality check."),
        (known.lacks_assessment, "Begin an assessment of the place first."),
    ) + stops(known)


def stops(known: Known) -> list[str]:
    """What an enforcement response needs first."""
    codes = {action.response_code for action in known.actions}
    wanted = sorted(code for code in codes if responses()[code].needs_gates)
    return [words for code in wanted for words in _stops_of(code, known)]


def _stops_of(code: str, known: Known) -> list[str]:
    label = responses()[code].label.split(":")[0]
    label = label[0].lower() + label[1:]
    return _said(
        (not names_effect(known.equality_check), NEEDS_NOTE.format(label)),
        (not known.has_ring, NEEDS_RING.format(label)),
        (not known.has_voice, ASK_FIRST.format(label)),
    )


def names_effect(equality_check: str | None) -> bool:
    """Whether the check speaks of racialised and of disabled children."""
    words = equality_check or ""
    return bool(_RACIALISED.search(words) and _DISABLED.search(words))


def active(known: Known) -> list[str]:
    unshown = known.children_took_part and known.shown_on is None
    return _said(
        (not known.assessment_approved, "An approved assessment is missing."),
        (not known.has_voice and not known.has_reason, NEEDS_VOICE),
        (not (known.summary_plain or "").strip(), "Write the summary in plain words."),
        (unshown, "Show the plain summary to the children who took part, and enter the day."),
    ) + stops(known)


def abandoned(known: Known) -> list[str]:
    return _said((not (known.reason or "").strip(), "Say why the plan is abandoned."))


def barriers(state: str, to: str, known: Known) -> list[str]:
    """What still stops a step; a step that is not listed is refused in the words of all records."""
    moved("plan", state, to, MOVES)
    guards = {State.AGREED: agreed, State.ACTIVE: active, State.ABANDONED: abandoned}
    guard = guards.get(State(to))
    return guard(known) if guard is not None else []


def must_be_open(state: str, to: str, known: Known) -> None:
    """Raises RuleBrokenError with everything that is missing."""
    if found := barriers(state, to, known):
        raise RuleBrokenError(" ".join(found))


def warnings(actions: Sequence[ActionIn]) -> list[str]:
    """What to think about again; nothing is stopped by it."""
    if not actions:
        return []
    agencies = {action.owner_agency for action in actions}
    return _said(
        (all(a.kind == "enforcement" for a in actions), ONLY_ENFORCEMENT),
        (len(agencies) == 1, "Every action is one agency's. Who else has reach into the place?"),
        (not any(a.by_manager for a in actions), "Whoever manages the place has no action."),
    )


def ratio(actions: Sequence[ActionIn]) -> dict[str, int]:
    """How many actions of each kind: welfare, environmental, regulatory, enforcement."""
    kinds = [action.kind for action in actions]
    return {kind: kinds.count(kind) for kind in KINDS}


def ratio_words(count: Mapping[str, int]) -> str:
    """The sentence of a plan.

    >>> ratio_words({"welfare": 3, "environmental": 2, "regulatory": 1, "enforcement": 1})
    'Welfare 3, environmental 2, regulatory 1, enforcement 1'
    """
    return ", ".join(f"{kind} {n}" for kind, n in count.items()).capitalize()
