"""What was known about a place at the end of a day, for reviews of what was done then.

Everything comes of the tables that keep what was: versions, changes of state, and when a row was
made. What was entered, corrected or withdrawn later is left out; what was withdrawn later stands
as it stood. Words that no table keeps are not told as if they were of that day.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.clock import LONDON
from app.core.errors import InvalidError
from app.places import life_queries
from app.places.history import FIELDS, Words
from app.places.models import Place
from app.reference import queries as reference

PURPOSES = ("LEARNING_REVIEW", "SAR")
# In the order in which they are told; the rest of a version is for its own page.
TOLD = (
    *("name", "state", "level", "type_code", "sensitivity", "harm_codes", "description"),
    *("strengths", "safe_features", "week_grid", "lead_agency", "next_review_on"),
    *("label_expires_on", "urgent_reason", "close_code"),
)
NOT_KEPT = (
    "What was deleted or erased since is not told, not even that it was there.",
    "Reports are told by day and sender. Their words are locked, and no earlier wording is kept.",
    "Assessments, plans and actions have the state of that day, and the words of today.",
    "Who could see a record on that day is not known; rights are those of today.",
    "Intelligence has the day of its release and the grade of today. Withdrawn items are missing.",
    "Code C is not told here.",
)

PLACE = text("""
    select version, at, content from app.place_version
    where place_id = :place and at < :cut order by version desc limit 1
""")
EARLIEST = text("select min(at) from app.place_version where place_id = :place")
# Whatever an incident is linked to now: to which place it belonged is read from its version.
INCIDENTS = text("""
    select i.ref, v.content, v.version, i.version as newest
    from app.incident as i
    join lateral (select version, content from app.incident_version
                  where incident_id = i.id and at < :cut order by version desc limit 1) as v on true
    where i.deleted_at is null and v.content ->> 'state' <> 'WITHDRAWN' and i.id in (
        select incident_id from app.incident_version where at < :cut
          and (content ->> 'place_id' = :key or content -> 'also_place_ids' ? :key))
      and (v.content ->> 'place_id' = :key or v.content -> 'also_place_ids' ? :key)
    order by v.content ->> 'occurred_from' desc, i.ref
""")
REPORTS = text("""
    select r.ref, r.created_at, r.agency_code,
           (select to_state from app.report_state_change as c
            where c.report_id = r.id and c.at < :cut order by c.id desc limit 1) as state
    from app.report as r
    where r.deleted_at is null and r.id in (
        select report_id from app.report_outcome
        where place_id = :place and created_at < :cut
          and (undone_at is null or undone_at >= :cut))
    order by r.created_at desc, r.ref
""")
INTELLIGENCE = text("""
    select i.ref, i.released_at, i.harm_codes, i.source_eval || i.info_assess as grade
    from app.intel_item as i
    where i.deleted_at is null and i.handling = 'P' and i.tier = 'P' and i.state = 'RELEASED'
      and i.released_at < :cut
      and exists (select from app.intel_item_place as p
                  where p.intel_item_id = i.id and p.place_id = :place
                    and (p.removed_at is null or p.removed_at >= :cut))
    order by i.released_at desc, i.ref
""")
WORK = """
    select one.ref, one.created_at, {words} as words,
           (select to_state from app.{table}_state_change as c
            where c.record_id = one.id and c.at < :cut order by c.id desc limit 1) as state
    from app.{table} as one
    where one.place_id = :place and one.created_at < :cut and one.deleted_at is null
    order by one.created_at desc, one.ref
"""
KINDS = {
    "Assessments": text(WORK.format(table="context_assessment", words="null::text")),
    "Plans": text(WORK.format(table="context_plan", words="null::text")),
    "Actions": text(WORK.format(table="plan_action", words="one.body")),
}


class Line(NamedTuple):
    """One record as it stood."""

    ref: str
    when: datetime | None
    words: str
    stood: str


class Known(NamedTuple):
    """A place on a day; `facts` is empty when nothing was kept of it then."""

    on: date
    facts: list[tuple[str, str]]
    before_history: bool
    moves: list[tuple[datetime, str, str]]
    records: dict[str, list[Line]]


def replay(session: Session, actor: Actor, place: Place, on: date) -> Known:
    """Read for a purpose, and noted with the day that was asked for.

    Raises
    ------
    InvalidError
        Of a day that has not ended: what is known of it may still change.
    """
    if on >= clock.today():
        words = "Give a day that is over."
        raise InvalidError(words, {"on": words})
    cut = datetime.combine(on + timedelta(days=1), time.min, LONDON)
    given = {"place": place.id, "key": str(place.id), "cut": cut}
    records = _records(session, given)
    found = Known(on, *_facts(session, given), _moves(session, place, cut), records)
    rows = sum(map(len, records.values()))
    audit.record(session, "place.as_known", "place", place.ref, rows=rows, on=on.isoformat())
    return found


def _facts(session: Session, given: Mapping[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    version = session.execute(PLACE, given).one_or_none()
    if version is None:
        earliest = session.scalar(EARLIEST, given)
        return [], earliest is not None and earliest >= given["cut"]
    words = Words(session)
    told = [(FIELDS[name], words.of(name, version.content.get(name))) for name in TOLD]
    return [(label, said) for label, said in told if said != "Nothing"], False


def _moves(session: Session, place: Place, cut: datetime) -> list[tuple[datetime, str, str]]:
    return [
        (change.at, life_queries.state_words(session, change.to_state), change.reason or "")
        for change in life_queries.states(session, place)
        if change.at < cut
    ]


def _records(session: Session, given: Mapping[str, Any]) -> dict[str, list[Line]]:
    agencies = dict(reference.codes(session, "agency"))
    harms = {harm.code: harm.label for harm in reference.harms(session)}
    found = {
        "Incidents": [_incident(row, harms) for row in session.execute(INCIDENTS, given)],
        "Reports": [
            Line(row.ref, row.created_at, agencies.get(row.agency_code, "The public"),
                 _said(row.state))
            for row in session.execute(REPORTS, given)
        ],
        "Intelligence": [_intelligence(row, harms) for row in session.execute(INTELLIGENCE, given)],
    }  # fmt: skip
    for kind, query in KINDS.items():
        found[kind] = [
            Line(row.ref, row.created_at, row.words or "", _said(row.state))
            for row in session.execute(query, given)
        ]
    return found


def _incident(row: Any, harms: Mapping[str, str]) -> Line:  # noqa: ANN401 - a row of the database
    content = row.content
    at = datetime.fromisoformat(content["occurred_from"])
    words = harms.get(content["harm_code"], content["harm_code"])
    later = "; corrected later" if row.newest > row.version else ""
    return Line(row.ref, at, f"{words}{later}", _said(content["state"]))


def _intelligence(row: Any, harms: Mapping[str, str]) -> Line:  # noqa: ANN401 - the same
    words = ", ".join(harms.get(code, code) for code in row.harm_codes)
    return Line(row.ref, row.released_at, words, f"Grade {row.grade}")


def _said(state: str | None) -> str:
    return (state or "Not kept").replace("_", " ").capitalize()
