"""Releases of eight quarters and four reports of the demonstration, as people make them.

Two of its people ask, write, sign and table; the jobs of releases and briefings count and check.
Each step that leaves work to a job ends here and is taken up behind it, so a restart loses nothing.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.requesters import requester
from app.briefings import queries as briefings
from app.briefings import rules as reporting
from app.briefings import service as reports
from app.briefings.models import Briefing
from app.briefings.rules import Field, Section
from app.core import clock
from app.core.actor import Actor, job_actor
from app.core.clock import london
from app.core.db import Database
from app.core.jobs import under_way
from app.core.settings import Settings
from app.demo import documents
from app.places.queries import partner_codes
from app.priority import service as priorities
from app.releases import building, queries, rules
from app.releases import service as releases
from app.releases.rules import Window

TABLE = Path(__file__).resolve().parents[2] / "data" / "demo" / "briefings.csv"
LEAD, AUDITOR = "demo-lead", "demo-auditor"
PRIORITY = job_actor("places:priority")
QUARTERS, REPORTS = 8, 4
RECALLED = 4  # the report of so many quarters ago was recalled, and another one tabled
WHY = "Demo: a caveat about who had begun to record was missing from the first page."
MET = text("""
    select id from app.meeting where kind = 'VCA' and state in ('HELD', 'MINUTES_AGREED')
      and deleted_at is null and held_at >= :cut order by held_at limit 1
""")
RANKED = text("select exists (select from app.place_priority where run_on = :day)")


@dataclass(frozen=True)
class People:
    """A lead and an auditor of the demonstration, each with the rights for one thing at a time."""

    db: Database
    ids: dict[str, UUID]

    def lead(self, may: str) -> Actor:
        return requester(self.db, self.ids[LEAD], may)

    def auditor(self, may: str) -> Actor:
        return requester(self.db, self.ids[AUDITOR], may)


def go_on(db: Database, settings: Settings) -> None:
    """As far as it goes without another job; that one first, then the rest."""
    people = _people(db)
    if people is None:
        return
    quarters = closed(clock.now(), QUARTERS)
    partners = partner_codes(settings.partnership)
    _rank(db, quarters)
    for window in with_longer(quarters):
        if not _released(db, people, window, partners):
            return
    for ago in range(REPORTS, 0, -1):
        if not _reported(db, people, quarters[-ago], ago):
            return


def closed(now: datetime, wanted: int) -> list[Window]:
    """The last quarters whose cut-off is past, oldest first."""
    today = london(now).date()
    one = rules.window(f"{today.year}-Q{(today.month - 1) // 3 + 1}")
    while one.cut_at > now:
        one = one.before
    found = [one]
    while len(found) < wanted:
        found.append(found[-1].before)
    return found[::-1]


def with_longer(quarters: Sequence[Window]) -> list[Window]:
    """Each quarter, and behind it the half-year and the year that end with it and are whole."""
    found: list[Window] = []
    have: set[str] = set()
    for one in quarters:
        half = rules.window(f"{one.first.year}-H{(one.first.month - 1) // 6 + 1}")
        for window in (one, half, rules.window(str(one.first.year))):
            if window.end == one.end and have.issuperset(rules.parts(window)):
                found.append(window)
                have.add(window.period)
    return found


def _people(db: Database) -> People | None:
    with db.read(job_actor("accounts:admin")) as session:
        rows = session.execute(
            select(User.username, User.id).where(
                User.username.in_((LEAD, AUDITOR)), User.is_synthetic, User.state == "ACTIVE"
            )
        ).all()
    return People(db, {row.username: row.id for row in rows}) if len(rows) == 2 else None


def _rank(db: Database, quarters: Sequence[Window]) -> None:
    """Priorities of places on each day that a report is cut, as the night before would have."""
    for window in quarters[-REPORTS - 1 :]:
        day = rules.day_before(window.cut_at)
        with db.begin(PRIORITY) as session:
            if not session.scalar(RANKED, {"day": day}):
                priorities.run(session, day)


def _released(db: Database, people: People, window: Window, partners: Sequence[str]) -> bool:
    """Whether the next step may be taken now."""
    with db.read(building.BUILD) as session:
        if queries.approved(session, window.period) is not None:
            return True
        draft = queries.unpublished(session, window.period)
        if draft is None and queries.missing_parts(session, window):
            return True  # one of them did not pass its check
    if draft is None:
        asking = people.lead("release.create")
        with db.begin(asking) as session:
            releases.ask(session, asking, window.period)
            documents.ask(session)
        return False
    if draft.state == rules.State.DRAFT:
        return _waits(db, releases.BUILD, "releases")
    code = draft.code
    for signer in (people.lead("release.approve"), people.auditor("release.approve")):
        with db.begin(signer) as session:
            _sign(session, signer, code)
    building.publish(db, code, partners)
    return True


def _sign(session: Session, signer: Actor, code: str) -> None:
    """Not again, after a restart between the two."""
    release = queries.find(session, code, lock=True)
    done = release.auditor_by if signer.role == "auditor" else release.lead_by
    if done is None:
        releases.sign(session, signer, release)


def _waits(db: Database, task: str, lock: str) -> bool:
    """Whether to leave a draft as it is, with its reason: its job has been, and did not pass it."""
    with db.begin(documents.READER) as session:
        coming = under_way(session, task)
        if coming:
            documents.ask(session, after=lock)
    return not coming


def _reported(db: Database, people: People, window: Window, ago: int) -> bool:
    """Whether this report stands as it should, so that the next one may be begun."""
    with db.read(documents.READER) as session:
        standing = briefings.standing(session, window.period)
        ref, state = (standing.ref, standing.state) if standing else ("", "")
        replaces = standing is not None and standing.replaces_id is not None
    match state:
        case "":
            return _written(db, people, window, ago, again=_was_recalled(db, window))
        case reporting.State.DRAFT:
            return _waits(db, reports.CHECK, "briefings")
        case reporting.State.CHECKED:
            _frozen(db, people, ref)
            return _reported(db, people, window, ago)
        case reporting.State.FROZEN if ago == RECALLED and not replaces:
            _recalled(db, people, ref)
            return _reported(db, people, window, ago)
        case reporting.State.FROZEN if ago > 1:
            _tabled(db, people, ref, window, ago)
    return True


def _was_recalled(db: Database, window: Window) -> bool:
    with db.read(documents.READER) as session:
        return any(one.period_code == window.period for one in briefings.newest(session))


def _written(db: Database, people: People, window: Window, ago: int, *, again: bool) -> bool:
    """Begin it and write its sentences; the job checks it. The caveat came with the second."""
    may = people.lead("briefing_draft.create")
    with db.begin(may) as session:
        briefing = reports.begin(session, may, window.period)
        session.flush()
        fields, sent = _sentences(session, window, ago)
        if ago == RECALLED and not again:
            sent.pop("caveat_1", None)
        reports.write(session, may, briefing, fields, sent)
        documents.ask(session, after="briefings")
    return False


def _sentences(session: Session, window: Window, ago: int) -> tuple[list[Field], dict[str, str]]:
    decided = briefings.decided_before(session, window.before.period)
    became = [Field(Section.BECAME, n, "SENTENCE") for n in range(1, len(decided) + 1)]
    fields = [*reporting.FIELDS, *became]
    return fields, _told(fields, ago)


def _told(fields: Sequence[Field], ago: int) -> dict[str, str]:
    """The sentences of data/demo/briefings.csv for these fields."""
    told = {}
    for field in fields:
        mine = [row["body"] for row in _table()
                if row["quarters_ago"] == str(ago) and row["section"] == field.section]  # fmt: skip
        if field.position <= len(mine):
            told[field.name] = mine[field.position - 1]
    return told


@cache
def _table() -> tuple[dict[str, str], ...]:
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def _frozen(db: Database, people: People, ref: str) -> None:
    for signer in (people.lead("briefing_draft.approve"), people.auditor("briefing_draft.approve")):
        with db.begin(signer) as session:
            briefing = briefings.find(session, ref, lock=True)
            if signer.role == "auditor" or briefing.lead_by is None:
                reports.sign(session, signer, briefing)


def _recalled(db: Database, people: People, ref: str) -> None:
    may = people.lead("briefing_released.approve")
    with db.begin(may) as session:
        reports.recall(session, may, briefings.find(session, ref, lock=True), WHY)


def _tabled(db: Database, people: People, ref: str, window: Window, ago: int) -> None:
    """At the first meeting of the subgroup after its cut-off, where there was one."""
    may = people.lead("briefing_released.update")
    with db.begin(may) as session:
        meeting = session.scalar(MET, {"cut": window.cut_at})
        if meeting is not None:
            briefing: Briefing = briefings.find(session, ref, lock=True)
            sent = _told(reporting.DECISIONS, ago) | {"meeting": str(meeting)}
            reports.table(session, may, briefing, sent)
