"""Which step an assessment may take, and what is missing, in words. Pure (context-work.md 2.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from app.assessments.indicators import CODES
from app.assessments.scoring import ENOUGH, Ratings, codes
from app.core.errors import RuleBrokenError
from app.core.states import moved


class State(StrEnum):
    DRAFT = "DRAFT"
    SCOPING = "SCOPING"
    GATHERING = "GATHERING"
    ANALYSIS = "ANALYSIS"
    PEER_REVIEW = "PEER_REVIEW"
    APPROVED = "APPROVED"
    SUPERSEDED = "SUPERSEDED"  # by the database, when a newer one is approved


MOVES: Mapping[str, tuple[State, ...]] = {
    State.DRAFT: (State.SCOPING,),
    State.SCOPING: (State.GATHERING,),
    State.GATHERING: (State.ANALYSIS,),
    State.ANALYSIS: (State.PEER_REVIEW,),
    State.PEER_REVIEW: (State.APPROVED,),
}
OPEN = frozenset(MOVES)  # may still be worked on

METHODS = {
    "DESKTOP": "Desk research",
    "OBSERVATION": "Observation",
    "CHILD_SESSION": "Session with children",
    "CHILD_SURVEY": "Survey of children",
    "SAFETY_MAP": "Safety map drawn by children",
    "WALKABOUT": "Walkabout with children",
    "PARENT": "Parents and carers",
    "MANAGER": "Business or place manager",
    "RESIDENT_SURVEY": "Survey of residents",
    "PRACTITIONER_SURVEY": "Survey of practitioners",
    "ONLINE_SCAN": "Scan of public posts: links only, nothing copied",
    "PEER_COUNTS": "Peers, as numbers only",
}
VOICE_METHODS = frozenset({"CHILD_SESSION", "CHILD_SURVEY", "SAFETY_MAP", "WALKABOUT"})
VIEWS = {
    "CHILDREN": "Children",
    "PARENTS_CARERS": "Parents and carers",
    "GUARDIANS": "Guardians",
    "RESIDENTS": "Residents",
    "PRACTITIONERS": "Practitioners",
    "DATA": "Data",
    "SETTLED": "Settled",
}
COLUMNS = {
    "WORKING": "What is working well",
    "WORRIED": "What are we worried about",
    "NEEDS": "What needs to happen",
}
PARTIES = {
    "CHILDREN": "Children",
    "PARENTS_CARERS": "Parents and carers",
    "PLACE_MANAGER": "Place manager",
    "RESIDENTS": "Residents",
    "YOUTH_WORK": "Youth work",
    "SCHOOL": "School",
    "SOCIAL_CARE": "Social care",
    "POLICE": "Police",
    "OTHER": "Other",
}
SCALE_QUESTION = (
    "On a scale of 0 to 10, where 10 means any child is safe enough here and 0 means harm here is "
    "certain to happen again, where is this place today?"
)
ONE_POINT = "What would make it one point safer?"
NOT_ASKED_YET = "Children: not asked yet"
SMALL_GROUP = 8  # a score of fewer children goes no further than the place page
VOICE_WITHIN_DAYS = 60
NOTE_AT_LEAST, REASON_AT_LEAST = 40, 40

NEEDS_VOICE = "Add children's voice, or say why it is not there yet and when it will be."
NOT_THE_AUTHOR = "Someone other than the author must approve."


@dataclass(frozen=True, slots=True)
class Held:
    """One method: planned, or held on a day."""

    code: str
    held_on: date | None = None
    day_part: str | None = None
    after_dark: bool | None = None
    n_children: int = 0

    @property
    def is_voice(self) -> bool:
        return self.code in VOICE_METHODS and self.held_on is not None and self.n_children >= 1


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a step may ask."""

    place_is_assessing: bool = False
    is_online: bool = False
    has_boundary: bool = False  # drawn; of an online space its list of addresses, as words
    boundary_reason: str | None = None
    methods: Sequence[Held] = ()
    slots_reason: str | None = None
    no_voice_reason: str | None = None
    voice_due_on: date | None = None
    settled: Ratings = field(default_factory=dict)
    panel_columns: frozenset[str] = frozenset()
    scale_parties: frozenset[str] = frozenset()
    lint_stops: int = 0
    today: date = date.min
    approver_is_lead: bool = False
    approver_is_author: bool = False


def _said(*pairs: tuple[bool, str]) -> list[str]:
    return [words for missing, words in pairs if missing]


def scoping(known: Known) -> list[str]:
    drawn = "List the addresses of the space." if known.is_online else "Draw the boundary."
    return _said(
        (not known.place_is_assessing, "The place is not being assessed. Begin that first."),
        (not known.has_boundary, drawn),
        (not known.boundary_reason, "Say why the boundary is there."),
    )


def gathering(known: Known) -> list[str]:
    voice = any(method.code in VOICE_METHODS for method in known.methods)
    reason = bool(known.no_voice_reason) and known.voice_due_on is not None
    return _said(
        (not known.methods, "Plan how you will find out: add methods."),
        (not voice and not reason, NEEDS_VOICE),
    )


def analysis(known: Known) -> list[str]:
    held = {method.code for method in known.methods if method.held_on is not None}
    return _said(
        ("DESKTOP" not in held, "Do the desk research first."),
        (known.is_online and "ONLINE_SCAN" not in held, "Do the scan of public posts first."),
        (
            not known.is_online and not known.slots_reason and bool(missing_slots(known)),
            _slots(known),
        ),
    )


def _lacks_slots(known: Known) -> bool:
    return not known.is_online and not known.slots_reason and bool(missing_slots(known))


def missing_slots(known: Known) -> list[str]:
    """Observed after school, in the evening and at a weekend; in the light and in the dark."""
    seen = [m for m in known.methods if m.code == "OBSERVATION" and m.held_on is not None]
    slots = {(m.held_on, m.day_part) for m in seen}
    weekend = any(m.held_on is not None and m.held_on.weekday() >= 5 for m in seen)
    return _said(
        (not any(m.day_part == "AFTER_SCHOOL" for m in seen), "after school"),
        (not any(m.day_part == "EVENING" for m in seen), "in the evening"),
        (not weekend, "at a weekend"),
        (not any(m.after_dark is False for m in seen), "in daylight"),
        (not any(m.after_dark for m in seen), "after dark"),
        (len(slots) < 3, "three times in all"),
    )


def _slots(known: Known) -> str:
    return f"Observe it also {', '.join(missing_slots(known))}, or say why not."


def peer_review(known: Known) -> list[str]:
    unrated = [code for code in CODES if code not in known.settled]
    enough = [
        domain
        for domain in (1, 2, 3)
        if sum(known.settled.get(code) is not None for code in codes(domain)) >= ENOUGH
    ]
    empty = [words for code, words in COLUMNS.items() if code not in known.panel_columns]
    return _said(
        (bool(unrated), f"Rate or mark as not known: {', '.join(unrated)}."),
        (not unrated and len(enough) < 2, "Too little is known: 6 of 9 in at least two domains."),
        (bool(empty), f"Add at least one entry: {', '.join(empty)}."),
        (len(known.scale_parties) < 2, "Ask at least two parties how safe it is, 0 to 10."),
    )


def approved(known: Known) -> list[str]:
    latest = known.today + timedelta(days=VOICE_WITHIN_DAYS)
    reason = bool(known.no_voice_reason) and known.voice_due_on is not None
    in_time = known.voice_due_on is not None and known.voice_due_on <= latest
    voice = has_voice(known.methods)
    return _said(
        (not known.approver_is_lead, "A contextual safeguarding lead approves it."),
        (known.approver_is_author, NOT_THE_AUTHOR),
        (not voice and not reason, NEEDS_VOICE),
        (not voice and reason and not in_time, "Children are to be heard within 60 days."),
        (known.lint_stops > 0, "Change the words that are marked."),
    )


GUARDS = {
    State.SCOPING: scoping,
    State.GATHERING: gathering,
    State.ANALYSIS: analysis,
    State.PEER_REVIEW: peer_review,
    State.APPROVED: approved,
}


def barriers(state: str, to: str, known: Known) -> list[str]:
    """What still stops a step; a step that is not listed is refused in the words of all records."""
    moved("assessment", state, to, MOVES)
    return GUARDS[State(to)](known)


def must_be_open(state: str, to: str, known: Known) -> None:
    """Raises RuleBrokenError with everything that is missing."""
    if found := barriers(state, to, known):
        raise RuleBrokenError(" ".join(found))


def has_voice(methods: Sequence[Held]) -> bool:
    """Children's voice: one method at least that counts as theirs, held, with a child."""
    return any(method.is_voice for method in methods)


def rating_problem(children: int | None, settled: int | None, note: str | None) -> str | None:
    """Whoever settles below what children said says why."""
    if children is None or settled is None or settled >= children:
        return None
    if len((note or "").strip()) >= NOTE_AT_LEAST:
        return None
    return "Children rate this as worse. Say why it is settled lower, in 40 characters or more."


def evidence_problem(settled: int | None, linked: int, methods: Sequence[Held]) -> str | None:
    """Every settled rating needs a link to evidence, or a method that was held."""
    if settled is None or linked or any(m.held_on is not None for m in methods):
        return None
    return "Link the evidence, or record a method that was held."
