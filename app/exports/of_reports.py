"""Reports as they leave: what was decided, without a word, a pin or a flag of anybody."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, select
from sqlalchemy.orm import Session

from app.exports.of_places import borough
from app.exports.rights import Rights
from app.exports.rules import Dataset
from app.exports.sheet import Sheet, said
from app.exports.source import Around, Query, Source
from app.places import queries as places
from app.reference import queries as reference
from app.reports import rules
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
    keys = frozenset({"state", "borough", "worry", "channel", "quarantine", "message"})
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
        )

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
        ]
        return [(label, words) for label, words in found if words]

    def conditions(self, session: Session, filters: Filters) -> list[ColumnElement[bool]]:
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
