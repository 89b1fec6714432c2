"""What a move of a place asks for, and what is missing, in words. Pure.

Guards look at `Evidence` alone. What assessments, meetings, plans and reviews say of the place is
told by the database (app.place_work); what nobody has written refuses the move, and is named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.places.rules import Sensitivity

REVIEW_DAYS = 90


class Close(StrEnum):
    """Why a place is closed."""

    SAFER = "SAFER"
    NOT_SUBSTANTIATED = "NOT_SUBSTANTIATED"
    MERGED = "MERGED"
    DISPLACED = "DISPLACED"
    EXPIRED = "EXPIRED"
    ONLINE_REMOVED = "ONLINE_REMOVED"


CLOSE_WORDS = {
    Close.SAFER: "Safer: an outcome review shows it",
    Close.NOT_SUBSTANTIATED: "Not substantiated: nothing more came to light",
    Close.DISPLACED: "Displaced: the harm has gone to another place",
    Close.EXPIRED: "Expired: nothing new is known",
    Close.ONLINE_REMOVED: "Online space removed",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a guard may ask. What nobody knows yet is what stops the move."""

    type_code: str = ""
    sensitivity: str = Sensitivity.PUBLIC_REALM
    is_online: bool = False
    name_is_neutral: bool = False
    class_confirmed: bool = False
    level: str = "CL0"
    independent_items: int = 0
    well_graded_items: int = 0  # 1A or 1B
    agencies: int = 0
    newest_at: datetime | None = None
    closed_at: datetime | None = None
    label_renewed_at: datetime | None = None
    owned_actions: int = 0
    review_on: date | None = None
    today: date = date.min
    assessor_named: bool = False
    boundary_written: bool = False
    assessment_approved: bool = False
    conference_dated: bool = False
    plan_active: bool = False
    has_change_measure: bool = False
    voice_or_reason: bool = False  # of children, in the plan
    actions_are_over: bool = False
    more_work_decided: bool = False
    safer_decided: bool = False  # by an outcome review, with a second person
    review_with_voice: bool = False  # the newest review has children's voice, or the reason
    displacement_checked: bool = False  # by the newest review
    close_code: str | None = None
    displaced_to_linked: bool = False


def counted(number: int, one: str = "item counts", many: str = "items count") -> str:
    return f"{number or 'No'} {one if number == 1 else many}"


def _said(*pairs: tuple[bool, str]) -> list[str]:
    return [words for missing, words in pairs if missing]


def screened(known: Evidence) -> list[str]:
    return _said(
        (known.type_code == "OTHER", 'Give it a type: "Other" is for proposals only.'),
        (not known.name_is_neutral, "Change the name: it must be neutral."),
        (not known.class_confirmed, "Confirm how sensitive it is."),
    )


def identified(known: Evidence) -> list[str]:
    restricted = known.sensitivity == Sensitivity.RESTRICTED
    enough = known.independent_items >= 2 or known.well_graded_items >= 1
    return _said(
        (known.type_code == "OTHER", 'Give it a type: "Other" is for proposals only.'),
        (not enough and not restricted, ENOUGH.format(counted(known.independent_items))),
        (
            restricted and known.agencies < 2,
            TWO_AGENCIES.format(counted(known.agencies, "agency has", "agencies have")),
        ),
        (known.level == "CL0", "Choose a level."),
    )


TWO_AGENCIES = (
    "A place of this kind needs items of two agencies at least. {} said something that you may see."
)
ENOUGH = (
    "Two independent items are needed, or one of intelligence graded 1A or 1B. {} that you may "
    "see: items of the same agency count once, and so do reports of the public within a week."
)


def monitored_at_once(known: Evidence) -> list[str]:
    late = known.today + timedelta(days=REVIEW_DAYS)
    dated = known.review_on is not None and known.today <= known.review_on <= late
    return _said(
        (known.level not in {"CL1", "CL2"}, "Only levels 1 and 2 go on without an assessment."),
        (known.owned_actions < 1, "At least one action with an owner is missing."),
        (not dated, f"Enter a review date within {REVIEW_DAYS} days."),
    )


def assessing(known: Evidence) -> list[str]:
    return _said(
        (not known.assessor_named, "Name the assessor."),
        (not known.boundary_written, "Write where the place begins and ends."),
    )


def assessed(known: Evidence) -> list[str]:
    return _said((not known.assessment_approved, "An approved assessment is missing."))


def conferred(known: Evidence) -> list[str]:
    return _said((not known.conference_dated, "A context conference with a date is missing."))


def planned(known: Evidence) -> list[str]:
    return _said(
        (not known.plan_active, "An active plan is missing."),
        (not known.has_change_measure, "Add at least one measure of change."),
        (not known.voice_or_reason, "Children's voice, or the reason why not, is missing."),
    )


def planned_without_conference(known: Evidence) -> list[str]:
    first = (known.level == "CL4", "At level 4 a context conference comes first.")
    return _said(first) + planned(known)


def monitored(known: Evidence) -> list[str]:
    dated = known.review_on is not None and known.review_on >= known.today
    return _said(
        (not known.actions_are_over, "Actions of the plan are not all done or withdrawn."),
        (not dated, "Enter when the next review is."),
    )


def worked_on_again(known: Evidence) -> list[str]:
    return _said((not known.more_work_decided, "A review that decided on more work is missing."))


def awake(known: Evidence) -> list[str]:
    """From dormant: without anything new the label would end again the next night."""
    return _said((not is_renewable(known), NOTHING_NEWER))


def reopened(known: Evidence) -> list[str]:
    since = known.newest_at is not None and (
        known.closed_at is None or known.newest_at > known.closed_at
    )
    return _said((not since, "New evidence dated after the closing is missing."))


def closed(known: Evidence) -> list[str]:
    code = known.close_code
    return _said(
        (code is None, "Choose why it is closed."),
        (code == Close.SAFER, "Only a place with a plan is closed as safer."),
        *_closing(known),
    )


def closed_after_plan(known: Evidence) -> list[str]:
    safer = known.close_code == Close.SAFER
    return _said(
        (known.close_code is None, "Choose why it is closed."),
        (safer and not known.review_with_voice, NOT_SAFER.format(NOT_ASKED)),
        (safer and not known.displacement_checked, NOT_SAFER.format(NOT_CHECKED)),
        (safer and not known.safer_decided, NOT_SAFER.format(NOT_DECIDED)),
        *_closing(known),
    )


NOT_SAFER = "This place cannot be closed as safer: {}."
NOT_ASKED = "children have not been asked again"
NOT_CHECKED = "displacement was not checked"
NOT_DECIDED = "no outcome review decided so, with a second person"


def _closing(known: Evidence) -> Iterable[tuple[bool, str]]:
    code = known.close_code
    yield code == Close.MERGED, "Merge it into the other place instead."
    linked = known.displaced_to_linked
    yield code == Close.DISPLACED and not linked, 'Link the new place first, as "displaced to".'
    yield code == Close.ONLINE_REMOVED and not known.is_online, "This is not an online space."


NOTHING_NEWER = "Nothing newer than the last renewal is known."


def is_renewable(known: Evidence) -> bool:
    """A label is renewed with new information, never by itself."""
    newest, since = known.newest_at, known.label_renewed_at
    return newest is not None and (since is None or newest > since)
