"""The home page: what waits for whoever is signed in, and the sentences beside it."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.disk import Room
from app.oversight import queries as audit
from app.oversight.rules import late, state_sentence
from app.reports import queries as reports
from app.reports.rules import REPORTER_KINDS
from app.site import work
from app.site.work import Work

# Roles whose list tells what is new since they were here.
RETURNING = frozenset({"cs_lead", "police_analyst", "practitioner"})
PEOPLE = frozenset({"BUSINESS", "VCS", "FAITH", "RESIDENT", "YOUNG_PERSON", "PARENT_CARER"})
# Where no row can be yet, what will be.
LATER = {
    "vca_member": "Nothing is waiting. Your quarterly briefing will be here, with the decisions of "
    "the last quarter and what became of each.",
}


# Nothing waits for those who only sent something: it is theirs to look at.
TITLES = {"partner": "Your reports and places"}


class Seals(NamedTuple):
    """How the audit stands, in a sentence, and whether somebody has to look."""

    words: str
    alarming: bool


def rows(session: Session, actor: Actor, visit: datetime | None, room: Room) -> list[Work]:
    """Of this role; one with nothing in it is left out. `visit` is the one before this."""
    now = clock.now()
    match actor.role:
        case "administrator":
            found = work.of_administrator(session, now, room)
        case "auditor":
            found = work.of_auditor(session, now)
        case "cs_lead":
            found = work.of_lead(session, actor, now, visit)
        case "police_analyst":
            found = work.of_analyst(session, actor, visit)
        case "practitioner":
            found = work.of_practitioner(session, actor, visit)
        case "vca_member":
            found = work.of_member(session)
        case "partner":
            found = work.of_partner(session, actor)
        case _:
            found = []
    return [row for row in found if row.n]


def seals(session: Session) -> Seals:
    """For whoever watches the audit."""
    keeping, here = audit.keeping(session), clock.now().astimezone(LONDON)
    broken = keeping.verified is not None and not keeping.verified.holds
    waits = late(keeping, here)
    words = state_sentence(keeping, here.date())
    return Seals(f"{words} {waits or ''}".strip(), broken or waits is not None)


def last_report(session: Session) -> str:
    """When the last one came and from whom, in a sentence; empty when none ever did."""
    found = reports.last_received(session)
    if found is None:
        return ""
    at, kind = found
    return f"The last report came on {at.astimezone(LONDON):%-d %B}{came_from(kind)}."


def came_from(kind: str) -> str:
    """The end of the sentence.

    >>> came_from("HOUSING"), came_from("YOUNG_PERSON"), came_from("NOT_SAID")
    (', from housing', ', from a young person', '')
    """
    if kind not in REPORTER_KINDS or kind == "NOT_SAID":
        return ""
    words = REPORTER_KINDS[kind].lower()
    one = kind in PEOPLE or kind == "SCHOOL"
    return f", from {'a ' if one else ''}{words}"
