"""Reports as they leave: what was decided, without a word, a pin or a flag of anybody."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.clock import london
from app.exports.of_places import borough
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.sheet import Sheet, said
from app.exports.source import Around, Query, Source, ticked
from app.places import queries as places
from app.reference import queries as reference
from app.reports import inbox, queries, rules
from app.reports.models import Report
from app.reports.queries import ALL, OPEN, Filters
from app.reports.rules import State

COLUMNS = (
    *("ref", "received_on", "state", "channel", "where", "worries", "harm_codes", "boroughs"),
    *("decided_on", "outcomes", "synthetic"),
)
BRIEF = ("ref", "received_on", "state", "worries", "boroughs", "outcomes")
DECIDED = (State.DECIDED, State.FEEDBACK_SENT, State.CLOSED)


class Reports(Source):
    """The inbox of the lead, by the filters of its page."""

    thing = "report"
    title = "Reports"
    one, many = "report", "reports"
    list_path = "/reports"
    keys = frozenset(
        {"state", "borough", "worry", "channel", "quarantine", "message", "overdue", "since"}
    )
    name = Dataset.REPORTS

    def filters(self, query: Query, around: Around) -> Any:  # noqa: ANN401
        state = query.get("state")
        asked = state if state in {ALL, OPEN, *State} else OPEN
        return Filters(
            str(asked),
            query.get("borough") or None,
            query.get("worry") or None,
            query.get("channel") or None,
            quarantine=bool(query.get("quarantine")),
            message=bool(query.get("message")),
            overdue=ticked(query, "overdue"),
            since_visit=bool(query.get("since")),
            decided_after=moment_of(query.get("since"), around),
        )

    def lasting(self, query: Query, filters: Filters) -> dict[str, str]:
        """With the moment of the visit: another one may be the last when the file is made."""
        kept = {name: said for name, said in query.items() if name != "since"}
        after = filters.decided_after
        return kept if after is None else kept | {"since": after.isoformat()}

    def words(self, session: Session, filters: Filters) -> list[tuple[str, str]]:
        states = {OPEN: "To triage", ALL: "All"} | dict(rules.STATES)
        channels = dict(reference.codes(session, "channel"))
        found = [
            ("State", states.get(filters.state)),
            ("Worry", filters.worry and rules.WORRIES.get(filters.worry, filters.worry)),
            ("Came by", filters.channel and channels.get(filters.channel, filters.channel)),
            ("Borough", borough(session, filters.borough)),
            ("Quarantined", "Yes" if filters.quarantine else None),
            ("New message", "Yes" if filters.message else None),
            ("Overdue", "Only these" if filters.overdue else None),
            ("Decided", _since(filters)),
        ]
        return [(label, words) for label, words in found if words]

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
        if filters.overdue:
            late = inbox.late_until(queries.received_undecided(session), clock.now())
            filters = replace(filters, late_until=late)
        return filters.conditions()

    def leaving(self, rights: Rights) -> list[ColumnElement[bool]]:
        return [
            Report.deleted_at.is_(None),
            Report.tier.in_(rights.tiers.get(self.thing, ())),
            Report.state.in_(DECIDED),
            Report.redaction != "NEEDED",
        ]

    def kept_back(self, rights: Rights) -> str:
        return "Only decided reports leave, without words, contact or pin."

    def table(self) -> FromClause:
        return Report.__table__

    def id_column(self) -> ColumnElement[UUID]:
        return Report.__table__.c.id

    def sheet(
        self,
        session: Session,
        where: Sequence[ColumnElement[bool]],
        rights: Rights,
        *,
        limit: int,
    ) -> Sheet:
        found = session.scalars(
            select(Report).where(*where).order_by(Report.decided_at.desc(), Report.ref).limit(limit)
        ).all()
        names = places.boroughs(session)
        channels = dict(reference.codes(session, "channel"))
        rows = [_row(report, names, channels) for report in found]
        return Sheet(
            self.name,
            self.title,
            COLUMNS,
            [[said(value) for value in row] for row in rows],
            [None] * len(found),
            ["circle"] * len(found),
            BRIEF,
            ids=[report.id for report in found],
            refs=[report.ref for report in found],
        )


def moment_of(since: str | None, around: Around) -> datetime | None:
    """The last visit of whoever asks, or the moment that was kept of it."""
    if not since or since == "visit":
        return around.visit if since else None
    kept = datetime.fromisoformat(since)
    if kept.tzinfo is None:
        raise ValueError("a moment without its zone")
    return kept


def _since(filters: Filters) -> str | None:
    """At a first visit everything is new, and the list shows it all."""
    after = filters.decided_after
    return None if after is None else f"Since {london(after):%-d %B %Y, %H:%M}"


def _row(report: Report, names: dict[str, str], channels: dict[str, str]) -> list[object]:
    return [
        report.ref,
        report.created_at.date(),
        rules.STATES[report.state],
        channels.get(report.channel, report.channel),
        report.where_kind,
        [rules.WORRIES.get(code, code) for code in report.what_ticks],
        report.harm_codes,
        [names.get(code, code) for code in report.borough_codes],
        report.decided_at and report.decided_at.date(),
        [rules.OUTCOMES.get(code, code) for code in report.outcome_codes],
        "yes" if report.is_synthetic else "",
    ]
