"""Rows of the work list, role by role. Each number is the number of rows behind its link."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.accounts.rules import UNUSED
from app.assessments import reading as assessments
from app.briefings import queries as briefings
from app.clusters import lists as clusters
from app.clusters import queries as cluster_runs
from app.core import clock, disk
from app.core.actor import Actor
from app.core.clock import LONDON, london
from app.imports import batches
from app.intelligence import queries as intelligence
from app.intelligence import service as items
from app.meetings import queries as meetings
from app.outcomes import dated
from app.outcomes import waiting as outcomes
from app.outcomes.queries import verdicts
from app.places import objections
from app.places import queries as places
from app.places.models import Place
from app.plans import lists as actions
from app.releases import queries as releases
from app.releases import rules as periods
from app.reports import inbox
from app.reports import queries as reports
from app.reports.models import Report
from app.retention import queries as retention
from app.site import queries
from app.site.queries import Waiting
from app.subjects import queries as subjects

ENDING = "/admin/grants?state=ENDING"


class Work(NamedTuple):
    """A row: what waits, how many, what its day is, and where those very rows are."""

    label: str
    n: int
    note: str
    url: str


def row(label: str, waiting: Waiting, when: str, url: str) -> Work:
    """`when` says what the day of `waiting` is."""
    said = "" if waiting.at is None else f"{when} {day(waiting.at)}"
    return Work(label, waiting.n, said, url)


def day(at: datetime) -> str:
    return f"{london(at):%-d %B %Y}"


def of_lead(session: Session, actor: Actor, now: datetime, visit: datetime | None) -> list[Work]:
    return [
        *_reports(session, now),
        _offered(session),
        _urgent(session),
        _place(session, "Labels that expire within 14 days", "next", "ending=yes", ending=True),
        _place(session, "Places due for review", "oldest", "review=due", review=True),
        _outcomes(session),
        _compared(session),
        _dormant(session),
        *_assessments(session, actor),
        _actions(session, actor, "mine", "My actions"),
        _actions(session, actor, "overdue", "Actions overdue by agency"),
        _actions(session, actor, "confirm", "Actions to confirm"),
        _actions(session, actor, "help", "Actions whose owners need help"),
        *_clusters(session, visit),
        row("Objections", Waiting(*objections.waiting(session)), "oldest", "/objections"),
        *_asked_of_us(session, "decide", "Subject requests to decide"),
        *_to_sign(session, "cs_lead"),
        _to_approve(session, now),
        row("Grants to recertify", queries.grants_ending(session, now), "next ends on", ENDING),
        _meetings(session),
    ]


def of_member(session: Session) -> list[Work]:
    """Of a panel: what is told of places that may be named."""
    return [
        *_latest(session),
        Work("What became of places", len(verdicts(session)), "", "/verdicts"),
    ]


def of_practitioner(session: Session, actor: Actor, visit: datetime | None) -> list[Work]:
    borough = "my borough" if len(actor.boroughs) == 1 else "my boroughs"
    return [
        _assessments(session, actor)[0],
        _actions(session, actor, "mine", "My actions"),
        *_decided(session, borough, visit),
        _place(session, f"Places in {borough} due for review", "oldest", "review=due", review=True),
        _outcomes(session),
        _offered(session),
        _meetings(session),
    ]


def of_analyst(session: Session, actor: Actor, visit: datetime | None) -> list[Work]:
    """What another analyst wrote and waits for a check; what came back; what is due."""
    asked = {
        "task=check": ("Items in QA that are not mine", intelligence.Filters(task="check")),
        "task=issues": ("My items with issues", intelligence.Filters(task="issues")),
        "state=REVIEW_DUE": ("Items due for review", intelligence.Filters(state="REVIEW_DUE")),
    }
    rows = []
    for query, (label, filters) in asked.items():
        found = intelligence.counted(session, filters.of(actor.id))
        rows.append(row(label, Waiting(*found), "oldest", f"/intelligence?{query}"))
    begun = Waiting(*batches.waiting(session, actor.id))
    unfinished = row("Imports unfinished", begun, "oldest", "/imports?state=unfinished")
    mine = _actions(session, actor, "mine", "My actions")
    newest = _clusters(session, visit)
    return [*rows, mine, *newest, unfinished, _meetings(session)]


def of_auditor(session: Session, now: datetime) -> list[Work]:
    used, ending = queries.emergencies(session, now), queries.grants_ending(session, now)
    return [
        _to_confirm(session, "Accounts to confirm"),
        *_to_sign(session, "auditor"),
        row("Emergency access used", used, "newest", "/admin/grants?emergency=yes"),
        *_erasing(session),
        *_asked_of_us(session, "open", "Subject requests"),
        _to_approve(session, now),
        row("Grants ending", ending, "next ends on", ENDING),
    ]


def of_administrator(session: Session, now: datetime, room: disk.Room) -> list[Work]:
    unused = queries.accounts_unused(session, now - UNUSED)
    failed = queries.failed_jobs(session)
    rows = [
        _to_confirm(session, "Accounts to create or confirm"),
        row("Accounts unused for 90 days", unused, "", "/admin/users?unused=yes"),
        row("Failed jobs", failed, "oldest", "/admin/service"),
    ]
    if room.short:
        rows.append(Work("Disk nearly full", 1, room.words, "/admin/service"))
    return rows


def of_partner(session: Session, actor: Actor) -> list[Work]:
    sent = queries.own_reports(session, actor)
    shared, _ = places.counted(session, places.Filters(in_full=False), None)
    return [
        row("My reports", sent, "newest", "/reports/mine"),
        _actions(session, actor, "mine", "My actions"),
        Work("Places shared with us", shared, "", "/places"),
        _meetings(session),
    ]


def _reports(session: Session, now: datetime) -> list[Work]:
    """What came in and waits for a lead. Late by office hours, as the inbox says it."""
    received = reports.received_undecided(session)
    late = [at for at in received if inbox.due_at(at) <= now]
    aside = reports.counted(session, reports.Filters(quarantine=True), Report.created_at)
    messages = Waiting(*reports.unread(session))
    return [
        Work("New reports to triage", len(received), _due(received, now), "/reports"),
        row("Reports overdue", _these(late), "oldest", "/reports?overdue=yes"),
        row("Messages from reporters", messages, "oldest", "/reports?state=ALL&message=yes"),
        row("Quarantine", Waiting(*aside), "oldest", "/reports?quarantine=yes"),
    ]


def _due(received: Sequence[datetime], now: datetime) -> str:
    """Of the oldest: when it came, and until when somebody should have read it."""
    if not received:
        return ""
    due = inbox.due_at(received[0])
    by = "overdue since" if due <= now else "due by"
    return f"oldest {day(received[0])}, {by} {inbox.moment(due)}"


def _decided(session: Session, borough: str, visit: datetime | None) -> list[Work]:
    """Nothing at a first visit, when there is no "since"."""
    if visit is None:
        return []
    wanted = reports.Filters(state=reports.ALL, since_visit=True, decided_after=visit)
    found = reports.counted(session, wanted, Report.decided_at)
    label = f"Reports decided for {borough} since your last visit"
    return [row(label, Waiting(*found), "first on", "/reports?since=visit")]


def _place(session: Session, label: str, when: str, query: str, **only: bool) -> Work:
    day = Place.next_review_on if "review" in only else Place.label_expires_on
    found = places.counted(session, places.Filters(**only), day)  # type: ignore[arg-type] # flags
    return row(label, Waiting(*found), when, f"/places?{query}")


def _actions(session: Session, actor: Actor, show: str, label: str) -> Work:
    """As the list behind it counts them, with the day that is due first."""
    n, first = actions.counted(session, actor, show, clock.today())
    at = None if first is None else datetime.combine(first, time.min, LONDON)
    return row(label, Waiting(n, at), "first due", f"/actions?show={show}")


def _urgent(session: Session) -> Work:
    found = places.counted(session, places.Filters(urgent=True), Place.urgent_since)
    return row("Urgent places", Waiting(*found), "oldest", "/places?urgent=yes")


def _assessments(session: Session, actor: Actor) -> list[Work]:
    """Those in hand, then those of others that wait for a lead to read and sign them."""
    mine = assessments.counted(session, assessments.mine(actor.id))
    review = assessments.counted(session, assessments.to_review(actor.id))
    when = "left alone since"
    return [
        row("My assessments", Waiting(*mine), when, "/assessments"),
        row("Assessments to review", Waiting(*review), "oldest", "/assessments?list=review"),
    ]


def _outcomes(session: Session) -> Work:
    """Of plans that began three, six or twelve months ago."""
    found = outcomes.due(session)
    late = sum(one.overdue for one in found)
    note = f"oldest due on {found[0].on:%-d %B %Y}" if found else ""
    note += f", {late} overdue by more than 20 working days" if late else ""
    return Work("Outcome reviews due", len(found), note, "/outcomes")


def _compared(session: Session) -> Work:
    """Comparisons that ran on their date, for a lead to confirm."""
    found = dated.unconfirmed(session)
    note = f"oldest due on {found[0].on:%-d %B %Y}" if found else ""
    return Work("Comparisons to confirm", len(found), note, "/outcomes#compared")


def _dormant(session: Session) -> Work:
    found = places.counted(session, places.Filters(state="DORMANT"), Place.dormant_at)
    return row("Dormant places to review", Waiting(*found), "oldest", "/places?state=DORMANT")


def _clusters(session: Session, visit: datetime | None) -> list[Work]:
    """Nothing at a first visit, when there is no "since"."""
    runs = cluster_runs.standing_runs(session)
    if visit is None or not runs:
        return []
    newest = max(filter(None, (cluster_runs.find_run(session, one).finished_at for one in runs)))
    label = "New or changed clusters since your last visit"
    moved = clusters.moved(session, runs, visit)
    return [row(label, Waiting(moved, newest), "calculated on", "/clusters?since=visit")]


def _meetings(session: Session) -> Work:
    """Those in which the reader is named; of a lead, all."""
    return row("Next meetings", Waiting(*meetings.waiting(session)), "next on", "/meetings")


def _offered(session: Session) -> Work:
    """Items whose conditions wait for this reader, who is named in them."""
    named = [one.named_at for one in items.offered(session)]
    return row("Conditions to accept", _these(named), "oldest", "/intelligence")


def _to_sign(session: Session, role: str) -> list[Work]:
    """What was checked: a lead signs first, an auditor second."""
    numbers = [one.created_at for one in releases.to_sign(session, role)]
    reports_ = [one.created_at for one in briefings.to_sign(session, role)]
    return [
        row("Releases to sign", _these(numbers), "oldest", "/releases?sign=mine"),
        row("Quarterly reports to sign", _these(reports_), "oldest", "/briefings?sign=mine"),
    ]


def _latest(session: Session) -> list[Work]:
    """The newest report, and on its first page what became of the decisions before it."""
    newest = briefings.latest(session)
    if newest is None:
        return []
    window = periods.window(newest.period_code)
    decided = briefings.decided_before(session, window.before.period)
    url, said = f"/briefings/{newest.ref}", f"from the report of {window.before.words}"
    return [
        Work("Latest quarterly report", 1, window.words, url),
        Work("Decisions and what became of them", len(decided), said, f"{url}/pages/1"),
    ]


def _erasing(session: Session) -> list[Work]:
    """The plan of a night that an auditor approves; there is never more than one."""
    planned = [run.created_at for run in retention.runs(session) if run.state == "PLANNED"]
    found = Waiting(min(1, len(planned)), max(planned, default=None))
    return [row("Retention run to approve", found, "planned on", "/admin/retention")]


def _asked_of_us(session: Session, show: str, label: str) -> list[Work]:
    """By people, about what is held of them: the law says when the answer is due."""
    asked = {show: label, "overdue": "Subject requests overdue"}
    due = {name: subjects.counted(session, name, clock.today()) for name in asked}
    return [Work(asked[s], *due[s], f"/subject-requests?show={s}") for s in asked]


def _to_confirm(session: Session, label: str) -> Work:
    found = queries.accounts_to_confirm(session)
    return row(label, found, "oldest", "/admin/users?waiting=yes")


def _to_approve(session: Session, now: datetime) -> Work:
    found = queries.grants_to_approve(session, now)
    return row("Grants to approve", found, "oldest", "/admin/grants?state=ASKED")


def _these(moments: Sequence[datetime]) -> Waiting:
    return Waiting(len(moments), min(moments, default=None))
