"""The inbox in words: where, what, flags, when it is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from geoalchemy2.shape import to_shape
from shapely import Point
from sqlalchemy.orm import Session

from app.core import working_days
from app.core.clock import LONDON, london
from app.reference import gazetteer
from app.reference import queries as reference
from app.reports import rules
from app.reports.models import Report
from app.reports.queries import Listed
from app.reports.rules import UNDECIDED, State

OPENS, CLOSES = time(9), time(17)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inbox, ready to be read."""

    ref: str
    state: str
    state_words: str
    received_at: datetime
    age: str
    due: str
    overdue: bool
    where: str
    worries: Sequence[str]
    flags: Sequence[str]
    urgent: bool
    takeable: bool
    is_synthetic: bool


def due_at(received_at: datetime) -> datetime:
    """One working day later at the same time, within office hours.

    The day is the one that the reporter was told.
    """
    at = (
        london(received_at).time()
        if working_days.is_working_day(london(received_at).date())
        else (CLOSES)
    )
    day = working_days.due_on(received_at)
    return datetime.combine(day, min(max(at, OPENS), CLOSES), LONDON)


def row(session: Session, listed: Listed, boroughs: dict[str, str], now: datetime) -> Row:
    report = listed.report
    due = due_at(report.created_at)
    undecided = report.state in UNDECIDED
    return Row(
        ref=report.ref,
        state=report.state,
        state_words=rules.STATES[report.state],
        received_at=report.created_at,
        age=age(report.created_at, now),
        due=due_words(due, now) if undecided else "",
        overdue=undecided and due <= now,
        where=where(session, report, boroughs),
        worries=[rules.WORRIES.get(code, code).split(" (")[0] for code in report.what_ticks],
        flags=flags(listed),
        urgent=undecided and report.danger_answer == "YES",
        takeable=report.state in {State.RECEIVED, State.SCREENED},
        is_synthetic=report.is_synthetic,
    )


def due_words(due: datetime, now: datetime) -> str:
    words = moment(due)
    return f"Overdue since {words}" if due <= now else words


def moment(at: datetime) -> str:
    """As in "4:05pm on 20 November"."""
    here = london(at)
    return f"{here:%-I:%M}{here:%p}".lower() + f" on {here:%-d %B}"


def age(since: datetime, now: datetime) -> str:
    """How long ago in the largest unit; beside the moment, never instead of it."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if n := minutes // size:
            return f"{n} {word}{'s' if n > 1 else ''} ago"
    return "just now"


def where(session: Session, report: Report, boroughs: dict[str, str]) -> str:
    """Where it is without opening a word: the nearest named place, the platform, the way."""
    named = ", ".join(boroughs.get(code, code) for code in report.borough_codes)
    if report.where_kind == "ONLINE":
        platforms = dict(reference.codes(session, "platform"))
        return f"Online: {platforms.get(report.platform_code or '', 'platform not said')}"
    if report.where_kind == "ROUTE":
        way = rules.TRAVEL_MODES.get(report.mode_code or "", "way not said").lower()
        return f"Route: {way}"
    if report.geom is None:
        return ", ".join(filter(None, ("Described in words", named)))
    pin = to_shape(report.geom)
    near = gazetteer.near(session, pin.x, pin.y) if isinstance(pin, Point) else gazetteer.NOWHERE
    return ", ".join(filter(None, (near.label, named or near.borough))) or "A point on the map"


def came(session: Session, report: Report) -> str:
    """The way it came, and the organisation where one sent it."""
    ways, houses = (dict(reference.codes(session, name)) for name in ("channel", "agency"))
    known = (ways.get(report.channel), houses.get(report.agency_code))
    return ", ".join(filter(None, known))


def flags(listed: Listed) -> list[str]:
    """In words, the most pressing first."""
    report, original = listed.report, listed.original
    found = []
    if report.danger_answer == "YES":
        found.append("Danger answered yes")
    elif report.danger_answer == "NOT_SURE":
        found.append("Not sure about danger")
    if listed.unread:
        found.append("New message" if listed.unread == 1 else f"{listed.unread} new messages")
    if report.redaction == "NEEDED":
        found.append("May identify someone")
    if original is not None and (original.suggestion or {}).get("reports"):
        found.append("Possible duplicate")
    if report.out_of_area_lad is not None:
        found.append("Outside area")
    if report.state == State.QUARANTINED:
        found.append(f"Quarantined because {quarantine_words(report)}")
    return found


def quarantine_words(report: Report) -> str:
    return " and ".join(rules.QUARANTINE.get(code, code) for code in report.quarantine)
