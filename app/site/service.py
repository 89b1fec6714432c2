"""The work list of the home page: what waits for whoever is signed in."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.accounts.rules import UNUSED
from app.core import clock
from app.core.actor import Actor
from app.core.clock import LONDON
from app.intelligence import queries as intelligence
from app.intelligence import service as items
from app.intelligence.models import IntelItem
from app.intelligence.rules import State as ItemState
from app.oversight import queries as audit
from app.oversight.rules import UNUSUAL_DAYS, late, state_sentence
from app.reports import queries as reports
from app.reports.inbox import due_at
from app.reports.models import Report
from app.reports.rules import REPORTER_KINDS, State
from app.site import queries
from app.site.queries import Waiting

DORMANT = "/places?state=DORMANT"
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
            rows = [
                *_of_reports(session, now),
                _offered(session),
                *_of_places(session, now),
                _to_approve(session),
                Work("Grants to recertify", ending, "next", ENDING),
            ]
        case "police_analyst":
            rows = _of_intelligence(session, actor)
        case "practitioner":
            rows = [_offered(session)]
        case "partner":
            sent = queries.own_reports(session, actor)
            rows = [Work("My reports", sent, "newest", "/reports/mine")]
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


def _of_reports(session: Session, now: datetime) -> list[Work]:
    """What came in and waits for a lead. Late by office hours, as the inbox says it."""
    received = reports.received_undecided(session)
    late = [at for at in received if due_at(at) <= now]
    aside = reports.waiting(session, Report.state == State.QUARANTINED)
    return [
        Work("Reports to triage", _these(received), "oldest", "/reports"),
        Work("Reports overdue", _these(late), "oldest", "/reports"),
        Work(
            "Messages from reporters",
            Waiting(*reports.unread(session)),
            "oldest",
            "/reports?state=ALL&message=yes",
        ),
        Work("Reports in quarantine", Waiting(*aside), "oldest", "/reports?quarantine=yes"),
    ]


def _of_intelligence(session: Session, actor: Actor) -> list[Work]:
    """What another analyst wrote and waits for a check; what came back; what is due."""
    checked = intelligence.waiting(
        session,
        IntelItem.state.in_([ItemState.SUBMITTED, ItemState.IN_QA]),
        intelligence.not_of(actor.id),
    )
    issues = intelligence.waiting(
        session, IntelItem.state == ItemState.HAS_ISSUES, intelligence.of_writer(actor.id)
    )
    due = intelligence.waiting(session, IntelItem.state == ItemState.REVIEW_DUE)
    url = "/intelligence?state="
    return [
        Work("Items to check that are not yours", Waiting(*checked), "oldest", f"{url}SUBMITTED"),
        Work("Your items with issues", Waiting(*issues), "oldest", f"{url}HAS_ISSUES"),
        Work("Items due for review", Waiting(*due), "oldest", f"{url}REVIEW_DUE"),
    ]


def _offered(session: Session) -> Work:
    """Items whose conditions wait for this reader, who is named in them."""
    named = [row.named_at for row in items.offered(session)]
    return Work("Conditions to read and accept", _these(named), "oldest", "/intelligence")


def _of_places(session: Session, now: datetime) -> list[Work]:
    """What cannot wait, labels that end within two weeks, and places that sleep."""
    return [
        Work("Urgent places", queries.urgent(session), "oldest", "/places?urgent=yes"),
        Work(
            "Labels to renew or let end",
            queries.labels_ending(session, now),
            "next",
            "/places?ending=yes",
        ),
        Work("Dormant places to review", queries.dormant(session), "oldest", DORMANT),
    ]


def last_report(session: Session) -> str:
    """When the last one came and from whom, in a sentence; empty when none ever did."""
    found = reports.last_received(session)
    if found is None:
        return ""
    at, kind = found
    who = "" if kind == "NOT_SAID" else f", from: {REPORTER_KINDS.get(kind, kind).lower()}"
    return f"The last report came on {at.astimezone(LONDON):%-d %B}{who}."


def _these(received: Sequence[datetime]) -> Waiting:
    return Waiting(len(received), min(received, default=None))


def _to_confirm(session: Session) -> Work:
    found = queries.accounts_to_confirm(session)
    return Work("Accounts to confirm", found, "oldest", "/admin/users")


def _to_approve(session: Session) -> Work:
    found = queries.grants_to_approve(session, clock.now())
    return Work("Grants to approve", found, "oldest", "/admin/grants?state=ASKED")
