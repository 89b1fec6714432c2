"""The work list of the home page: what waits for whoever is signed in."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.accounts.rules import UNUSED
from app.core import clock
from app.core.actor import Actor
from app.core.clock import LONDON
from app.oversight import queries as audit
from app.oversight.rules import UNUSUAL_DAYS, late, state_sentence
from app.site import queries
from app.site.queries import Waiting

ENDING = "/admin/grants?state=ENDING"


class Work(NamedTuple):
    """A row of the work list. `when` says what the day of `waiting` is."""

    label: str
    waiting: Waiting
    when: str
    url: str


class Seals(NamedTuple):
    """How the audit stands, in a sentence, and whether somebody has to look."""

    words: str
    alarming: bool


def work(session: Session, actor: Actor) -> list[Work]:
    """Rows of this role with something in them."""
    now = clock.now()
    match actor.role:
        case "administrator":
            unused = queries.accounts_unused(session, now - UNUSED)
            rows = [
                _to_confirm(session),
                Work("Accounts unused for 90 days", unused, "", "/admin/users?state=ACTIVE"),
            ]
        case "auditor":
            used = queries.emergencies(session, now - timedelta(days=UNUSUAL_DAYS))
            ending = queries.grants_ending(session, now)
            rows = [
                _to_confirm(session),
                Work("Emergency access used", used, "newest", "/audit/unusual"),
                _to_approve(session),
                Work("Grants ending", ending, "next", ENDING),
            ]
        case "cs_lead":
            ending = queries.grants_ending(session, now)
            rows = [_to_approve(session), Work("Grants to recertify", ending, "next", ENDING)]
        case _:
            rows = []
    return [row for row in rows if row.waiting.n]


def seals(session: Session) -> Seals:
    """For whoever watches the audit."""
    keeping, here = audit.keeping(session), clock.now().astimezone(LONDON)
    broken = keeping.verified is not None and not keeping.verified.holds
    waits = late(keeping, here)
    words = state_sentence(keeping, here.date())
    return Seals(f"{words} {waits or ''}".strip(), broken or waits is not None)


def _to_confirm(session: Session) -> Work:
    found = queries.accounts_to_confirm(session)
    return Work("Accounts to confirm", found, "oldest", "/admin/users")


def _to_approve(session: Session) -> Work:
    found = queries.grants_to_approve(session, clock.now())
    return Work("Grants to approve", found, "oldest", "/admin/grants?state=ASKED")
