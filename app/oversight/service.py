"""Looking at the audit, which is audited itself, inside the caller's transaction."""

from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit import verification
from app.core import clock
from app.core.actor import NOBODY, Actor
from app.core.cells import csv_bytes
from app.core.clock import LONDON
from app.core.errors import RuleBrokenError
from app.core.paging import Page
from app.oversight import queries, rules, unusual
from app.oversight.schemas import AskedIn, Event, Seen, Total, Unusual
from app.places import queries as places

THING = "audit_event"
LEAD = "cs_lead"
NO_ONE = UUID(int=2**128 - 1)  # no account has it: whoever is asked for is not there
HEADER = (
    *("event", "at", "who", "role", "agency", "action", "object", "reference"),
    *("purpose", "outcome", "rows"),
)


class Totals(NamedTuple):
    """Months as (label), oldest first, and one row a unit and action."""

    months: list[str]
    rows: list[Total]


def events(session: Session, asked: AskedIn) -> Page[Event]:
    """One page of metadata. The look is an event of its own, made after what it shows."""
    actor, ref = _person(session, asked)
    total = queries.count(session, asked, actor)
    found = queries.events(session, asked, actor, limit=rules.PAGE_SIZE + 1)
    more = len(found) > rules.PAGE_SIZE
    if asked.after is not None and not more:  # the newest page is full, wherever one came from
        asked = asked.model_copy(update={"after": None, "before": None})
        found = queries.events(session, asked, actor, limit=rules.PAGE_SIZE + 1)
        more = len(found) > rules.PAGE_SIZE
    newer = asked.after is not None
    page = found[-rules.PAGE_SIZE :] if newer else found[: rules.PAGE_SIZE]
    older_left, newer_left = more or newer, newer or asked.before is not None
    _looked(session, "read", asked, person=ref, rows=len(page))
    return Page(
        rows=page,
        total=total,
        next_url=_address(asked, before=page[-1].id) if page and older_left else None,
        prev_url=_address(asked, after=page[0].id) if page and newer_left else None,
    )


def download(session: Session, asked: AskedIn) -> bytes:
    """The same columns as a file, whole before the first byte of it is sent."""
    actor, ref = _person(session, asked)
    total = queries.count(session, asked, actor)
    if total > rules.DOWNLOAD_ROWS:
        raise RuleBrokenError(
            f"{total:,} events match, and a download holds at most {rules.DOWNLOAD_ROWS:,}. "
            "Choose dates or other filters."
        )
    found = queries.events(session, asked, actor, limit=rules.DOWNLOAD_ROWS)
    _looked(session, "download", asked, person=ref, rows=len(found))
    return csv_bytes(HEADER, map(_cells, found))


def seen_by(session: Session, actor: Actor, ref: str) -> tuple[str, list[Seen]]:
    """The reference as it is stored, and who opened it; a lead asks about a place in sight."""
    known = places.find(session, ref).ref if actor.role == LEAD else queries.spelt(session, ref)
    found = queries.seen_by(session, known, limit=rules.SEEN_ROWS)
    audit.record(session, f"{THING}.seen_by", THING, known, rows=len(found))
    return known, found


def totals(session: Session) -> Totals:
    """The last six months of each unit, this one included."""
    first = _months_ago(clock.now().astimezone(LONDON), rules.MONTHS - 1)
    months = [_months_on(first, n) for n in range(rules.MONTHS)]
    place = {at.date(): n for n, at in enumerate(months)}
    table: dict[tuple[str, str], list[int]] = {}
    for agency, action, month, n in queries.totals(session, first):
        table.setdefault((agency, action), [0] * rules.MONTHS)[place[month]] += n
    words = queries.labels(session, "agency")
    rows = [
        Total(words.get(agency, agency), rules.action_words(action), counted)
        for (agency, action), counted in sorted(table.items())
    ]
    audit.record(session, f"{THING}.read", THING, None, rows=len(rows), view="totals")
    return Totals([f"{at:%b %Y}" for at in months], rows)


def unusual_use(session: Session) -> dict[str, list[Unusual]]:
    since = clock.now() - timedelta(days=rules.UNUSUAL_DAYS)
    found = unusual.found(session, since)
    rows = sum(map(len, found.values()))
    audit.record(session, f"{THING}.read", THING, None, rows=rows, view="unusual")
    return found


def ask_to_verify(session: Session) -> None:
    verification.ask(session)


def _person(session: Session, asked: AskedIn) -> tuple[UUID | None, str | None]:
    """(id, reference) of the person asked for."""
    if asked.person is None:
        return None, None
    if asked.person.casefold() == rules.SERVICE.casefold():
        return NOBODY, None
    found = queries.person(session, asked.person)
    return (NO_ONE, None) if found is None else found


def _looked(
    session: Session, action: str, asked: AskedIn, *, person: str | None, rows: int
) -> None:
    """Which filters, whose events and which record; never what was typed."""
    ref = asked.ref and queries.spelt(session, asked.ref)
    known = ref if ref and ref[:2] in queries.PREFIXES and ref[2:3] in ("-", "#") else None
    audit.record(
        session,
        f"{THING}.{action}",
        THING,
        known,
        rows=rows,
        filters=asked.filtered,
        person=person,
    )


def _address(asked: AskedIn, **where: int) -> str:
    said = asked.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"before", "after"}
    )
    return "/audit?" + urlencode(said | where)


def _cells(event: Event) -> tuple[str | int | None, ...]:
    return (
        event.id,
        event.at.astimezone(LONDON).isoformat(timespec="seconds"),
        event.who,
        event.role,
        event.agency,
        event.action,
        event.object_type,
        event.object_ref,
        event.purpose,
        event.outcome,
        event.rows,
    )


def _months_ago(at: datetime, n: int) -> datetime:
    return _months_on(at, -n)


def _months_on(at: datetime, n: int) -> datetime:
    """The first moment of the month `n` months later."""
    count = at.year * 12 + at.month - 1 + n
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=LONDON)
