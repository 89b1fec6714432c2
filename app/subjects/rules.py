"""Requests of people about what is held of them: kinds, time, decisions, grounds. Pure.

The periods and grounds are of the UK GDPR (Articles 12, 15 to 17) and the Data Protection Act
2018; all are to be confirmed by the data protection officers.
"""

import calendar
from collections.abc import Collection
from datetime import date
from enum import StrEnum

from app.core import working_days

FURTHER_MONTHS = 2
SHORTEST_NOTE, LONGEST_NOTE = 20, 500
KEPT_YEARS = 6  # from when a request was closed; as data/lookups/lists/retention.csv says


class Kind(StrEnum):
    ACCESS = "ACCESS"
    CHANGE = "CHANGE"
    ERASURE = "ERASURE"


class State(StrEnum):
    OPEN = "OPEN"
    ERASING = "ERASING"
    DECIDED = "DECIDED"
    ANSWERED = "ANSWERED"
    WITHDRAWN = "WITHDRAWN"


class Decision(StrEnum):
    GIVEN = "GIVEN"
    CHANGED = "CHANGED"
    NOT_CHANGED = "NOT_CHANGED"
    ERASED = "ERASED"
    REFUSED = "REFUSED"


CLOSED = (State.ANSWERED, State.WITHDRAWN)
KINDS = {
    Kind.ACCESS: "To see what is held",
    Kind.CHANGE: "To have it put right",
    Kind.ERASURE: "To have it erased",
}
ABOUT = {"child": "A child's reference", "report": "A report that was sent"}
ASKED_BY = {
    "SELF": "The person whom it is about, or who sent the report",
    "PARENT_CARER": "A parent or carer",
    "REPRESENTATIVE": "A solicitor or another representative",
}
CHECKED_BY = {
    "IN_PERSON": "A worker who knows the person",
    "CASE_FILE": "The child's own case file",
    "DOCUMENT": "A document that was shown",
    "RECEIPT": "The receipt code of the report",
}
STATES = {
    State.OPEN: "Waits for a lead",
    State.ERASING: "Being erased",
    State.DECIDED: "Decided: to be told",
    State.ANSWERED: "Answered",
    State.WITHDRAWN: "Withdrawn",
}
DECISIONS = {
    Decision.GIVEN: "Put together",
    Decision.CHANGED: "Put right",
    Decision.NOT_CHANGED: "Not changed: it is accurate, and what was said against it is noted",
    Decision.ERASED: "Erase",
    Decision.REFUSED: "Refuse",
}
OF_KIND = {
    Kind.ACCESS: (Decision.GIVEN, Decision.REFUSED),
    Kind.CHANGE: (Decision.CHANGED, Decision.NOT_CHANGED, Decision.REFUSED),
    Kind.ERASURE: (Decision.ERASED, Decision.REFUSED),
}
EXTENSIONS = {
    "COMPLEX": "The request is complex",
    "MANY": "The same person has sent many requests",
}
REPEATED = {
    "UNFOUNDED": "Manifestly unfounded (Article 12(5))",
    "EXCESSIVE": "Manifestly excessive, above all repeated (Article 12(5))",
}
ART_17_3 = {
    "EXPRESSION": "Freedom of expression and information (Article 17(3)(a))",
    "LEGAL_DUTY": "A legal obligation, or a task in the public interest (Article 17(3)(b))",
    "PUBLIC_HEALTH": "Public health (Article 17(3)(c))",
    "ARCHIVING": "Archiving, research or statistics in the public interest (Article 17(3)(d))",
    "LEGAL_CLAIMS": "Legal claims (Article 17(3)(e))",
}
GROUNDS = {Kind.ACCESS: REPEATED, Kind.CHANGE: REPEATED, Kind.ERASURE: ART_17_3 | REPEATED}
EVERY_GROUND = ART_17_3 | REPEATED

NO_RECORD = "We hold nothing under this. Check each character, and say so if it is right."
NO_GROUND = "Choose at least one ground for refusing."
NO_NOTE = "Say in 20 to 500 characters what was done or found, without names."
IN_FUTURE = "This day is in the future."
TOO_OLD = "This is more than a year ago. Check the year."
HELD = "A hold keeps this record. End the hold first, or refuse with the ground that it stands for."
NOT_OPEN = "This request does not wait for a decision, or it is your own."
NOT_DECIDED = "This request has no decision yet that could be told."
EXTENDED = "The time was extended already, or is over."
NOT_YET = "It is not erased yet. Look again in a few minutes."
WHAT_REMAINS = (
    "Numbers that were released before, as bands. They tell nothing of one person.",
    "The audit: what was done, when and by whom. It names no record, and goes after seven years.",
    "Of a report that helped to find a place: that there was one, the kind of harm and when.",
    "This line of the register, without the record that it was about, for six years.",
    "Sealed copies in backups, for at most 35 days. Their keys are destroyed: nobody opens them.",
    "A mark without meaning, by which a restored backup erases the record again.",
)


def due_on(received_on: date, *, months: int = 1) -> date:
    """The same day of a later month, or its last; a day without post is the next working day.

    >>> due_on(date(2027, 1, 31)), due_on(date(2026, 11, 27))
    (datetime.date(2027, 3, 1), datetime.date(2026, 12, 29))
    """
    years, month = divmod(received_on.month - 1 + months, 12)
    year = received_on.year + years
    last = calendar.monthrange(year, month + 1)[1]
    day = date(year, month + 1, min(received_on.day, last))
    return day if working_days.is_working_day(day) else working_days.after(day, 1)


def extended_to(received_on: date) -> date:
    return due_on(received_on, months=1 + FURTHER_MONTHS)


def may_extend(state: str, extended_on: date | None, due: date, today: date) -> bool:
    """Once, and within the first month: later there is nothing left to extend."""
    return state in (State.OPEN, State.ERASING) and extended_on is None and today <= due


def is_overdue(state: str, due: date, today: date) -> bool:
    return state not in CLOSED and due < today


def received_problem(received_on: date, today: date) -> str | None:
    if received_on > today:
        return IN_FUTURE
    return TOO_OLD if (today - received_on).days > 366 else None


def decision_problems(
    kind: Kind, decision: str, refusal: Collection[str], note: str
) -> dict[str, str]:
    """One sentence for each answer that cannot be used."""
    wrong = {}
    if decision not in OF_KIND[kind]:
        wrong["decision"] = "Choose what you decide."
    if decision == Decision.REFUSED and not (
        refusal and all(code in GROUNDS[kind] for code in refusal)
    ):
        wrong["refusal"] = NO_GROUND
    asked = decision in (Decision.CHANGED, Decision.NOT_CHANGED, Decision.REFUSED)
    if (asked or note) and not SHORTEST_NOTE <= len(note) <= LONGEST_NOTE:
        wrong["note"] = NO_NOTE
    return wrong
