"""The inbox in words: where, what, flags, when it is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from geoalchemy2.shape import to_shape
from shapely import Point
from sqlalchemy.orm import Session

from app.core import working_days
from app.core.clock import LONDON, london
from app.reference import gazetteer
from app.reference import queries as reference
from app.reference.gazetteer import Near
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


def late_until(received: Sequence[datetime], now: datetime) -> datetime | None:
    """When the last of those came that are overdue: whatever came before it is so, too."""
    return max((at for at in received if due_at(at) <= now), default=None)


def rows(
    session: Session, listed: Sequence[Listed], boroughs: Mapping[str, str], now: datetime
) -> list[Row]:
    """A page of the inbox; however many they are, the same questions to the database."""
    where = whereabouts(session, [each.report for each in listed], boroughs)
    return [_row(each, where[each.report.id], now) for each in listed]


def _row(listed: Listed, where: str, now: datetime) -> Row:
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
        where=where,
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


def whereabouts(
    session: Session, reports: Sequence[Report], boroughs: Mapping[str, str]
) -> dict[UUID, str]:
    """Where each is without opening a word: the nearest named place, the platform, the way."""
    platforms = dict(reference.codes(session, "platform"))
    near = gazetteer.near_each(session, {each.id: pin for each in reports if (pin := _pin(each))})
    told = {}
    for each in reports:
        named = ", ".join(boroughs.get(code, code) for code in each.borough_codes)
        told[each.id] = _where(each, named, platforms, near.get(each.id, gazetteer.NOWHERE))
    return told


def _where(report: Report, named: str, platforms: Mapping[str, str], near: Near) -> str:
    if report.where_kind == "ONLINE":
        return f"Online: {platforms.get(report.platform_code or '', 'platform not said')}"
    if report.where_kind == "ROUTE":
        way = rules.TRAVEL_MODES.get(report.mode_code or "", "way not said").lower()
        return f"Route: {way}"
    if report.geom is None:
        return ", ".join(filter(None, ("Described in words", named)))
    return ", ".join(filter(None, (near.label, named or near.borough))) or "A point on the map"


def _pin(report: Report) -> tuple[float, float] | None:
    """Easting and northing in metres, where its words say nothing better."""
    pin = None if report.geom is None else to_shape(report.geom)
    named = report.where_kind in {"ONLINE", "ROUTE"}
    return (pin.x, pin.y) if isinstance(pin, Point) and not named else None


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
