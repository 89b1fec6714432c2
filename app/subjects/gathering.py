"""Everything that is held of one person, read as the lead who answers; `document` leaves out."""

from collections.abc import Iterator, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.children import queries as children
from app.children.models import Child
from app.core.clock import london
from app.core.errors import NotFoundError
from app.places import queries as places
from app.reference import queries as reference
from app.reports import queries as reports
from app.reports import rules as report_rules
from app.reports.models import Report
from app.reports.sealing import Content, Keys, SealBrokenError, opened
from app.reports.triage import LABELS
from app.subjects.document import NOT_KNOWN, Holding, Item, Words
from app.vault import queries as vault

HOME = "RESIDENTIAL"
UNREADABLE = "These words cannot be opened any more."
CONTACT = {"email": "E-mail", "phone": "Telephone", "safe_times": "Safe times"}
CHILD = "The reference"
PLACES, INCIDENTS, BEFORE = "Links to places", "Links to incidents", "What links said before"
SENT, MESSAGES, REACH = "What was sent", "Messages", "How to reach you"
TO_PLACES = text("""
    select place.name, place.sensitivity, link.role, link.from_on, link.to_on, link.confidence,
           link.source_agency, link.basis
    from app.child_place_link as link join app.place on place.id = link.place_id
    where link.child_id = :child order by link.from_on desc, link.id
""")
TO_INCIDENTS = text("""
    select harm.label as harm, link.role, incident.occurred_from, incident.source_agency,
           incident.summary
    from app.child_incident_link as link
    join app.incident on incident.id = link.incident_id
    join reference.harm on harm.code = incident.harm_code
    where link.child_id = :child order by incident.occurred_from desc, incident.ref
""")
WERE = text("""
    select case when was.place_id is null then 'An incident'
                else coalesce(place.name, 'A place that is no longer held') end as name,
           place.sensitivity, was.role, was.from_on, was.to_on, was.basis, was.why,
           was.withdrawn, was.at, coalesce(was.source_agency, incident.source_agency) as source
    from app.child_link_was as was
    left join app.place on place.id = was.place_id
    left join app.incident on incident.id = was.incident_id
    where was.child_id = :child order by was.at desc, was.id
""")


def child_by_id(session: Session, child_id: UUID) -> Child:
    found = session.scalar(select(Child).where(Child.id == child_id))
    if found is None:
        raise NotFoundError(children.NO_REFERENCE)
    return found


def of_child(session: Session, child: Child) -> Holding:
    """All that hangs on a reference, also what the answer leaves out."""
    words = _words_of(session)
    items = (
        _reference(session, child, words),
        *_places(session, child, words),
        *_incidents(session, child, words),
        *_before(session, child, words),
    )
    return Holding("child", child.ref, items, _staff(session), synthetic=child.is_synthetic)


def of_report(session: Session, keys: Keys, report_id: UUID) -> Holding:
    """What somebody sent, how to reach them, and what was written to and fro."""
    report = session.scalar(select(Report).where(Report.id == report_id))
    if report is None:
        raise NotFoundError(reports.ABSENT)
    items = (
        _sent(session, keys, report),
        *_contact(session, keys, report),
        *_messages(session, keys, report),
    )
    return Holding("report", report.ref, items, _staff(session), synthetic=report.is_synthetic)


def _words_of(session: Session) -> Mapping[str, Mapping[str, str]]:
    lists = ("age_band", "link_role", "confidence", "agency")
    found = {name: dict(reference.codes(session, name)) for name in lists}
    return found | {"borough": places.boroughs(session)}


def _staff(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(User.name)))


def _reference(session: Session, child: Child, words: Mapping[str, Mapping[str, str]]) -> Item:
    homes = "; ".join(
        f"{words['borough'].get(home.lad_code, home.lad_code)}, {_period(home.from_on, home.to_on)}"
        for home in children.homes(session, child)
    )
    band = words["age_band"].get(child.age_band, child.age_band)
    return Item(
        CHILD,
        f"Child {child.ref}",
        london(child.created_at).date(),
        {
            "Age band": f"{band}, as of {_day(child.age_band_as_of)}",
            "Home borough": homes,
            "Work": "over" if child.state == "CLOSED" else "going on",
            "Surname, given names and date of birth": "held apart"
            if vault.held(session, child.id)
            else "not held",
        },
    )


def _places(
    session: Session, child: Child, words: Mapping[str, Mapping[str, str]]
) -> Iterator[Item]:
    for row in session.execute(TO_PLACES, {"child": child.id}):
        by = words["agency"].get(row.source_agency, row.source_agency)
        yield Item(
            PLACES,
            row.name,
            row.from_on,
            {
                "What it says": words["link_role"].get(row.role, row.role),
                "When": _period(row.from_on, row.to_on),
                "How sure": words["confidence"].get(row.confidence, row.confidence),
                "Told by": by,
            },
            (Words("How it is known", row.basis, by),),
            row.source_agency,
            home=row.sensitivity == HOME,
        )


def _incidents(
    session: Session, child: Child, words: Mapping[str, Mapping[str, str]]
) -> Iterator[Item]:
    for row in session.execute(TO_INCIDENTS, {"child": child.id}):
        by = words["agency"].get(row.source_agency, row.source_agency)
        yield Item(
            INCIDENTS,
            row.harm,
            london(row.occurred_from).date(),
            {"What it says": words["link_role"].get(row.role, row.role), "Told by": by},
            (Words("What was noted", row.summary or "", by),),
            row.source_agency,
        )


def _before(
    session: Session, child: Child, words: Mapping[str, Mapping[str, str]]
) -> Iterator[Item]:
    for row in session.execute(WERE, {"child": child.id}):
        by = words["agency"].get(row.source, "A partner")
        yield Item(
            BEFORE,
            row.name,
            london(row.at).date(),
            {
                "What it said": words["link_role"].get(row.role, row.role),
                "When": _period(row.from_on, row.to_on) if row.from_on else "",
                "Then": "taken back" if row.withdrawn else "corrected",
            },
            (
                Words("How it was known", row.basis or "", by),
                Words("Why it was taken back", row.why or "", "The team"),
            ),
            row.source or NOT_KNOWN,
            home=row.sensitivity == HOME,
        )


def _sent(session: Session, keys: Keys, report: Report) -> Item:
    said = _opened(reports.original(session, report).sealed, keys, report.id, "words")
    ticks = [report_rules.WORRIES.get(code, code) for code in report.what_ticks]
    own = [Words(label, str(said[name]), "You", own=True) for name, label in LABELS.items()
           if name in said]  # fmt: skip
    return Item(
        SENT,
        "Your report",
        london(report.created_at).date(),
        {"What worries you": ", ".join(ticks)},
        tuple(own) or (Words("Your words", UNREADABLE if not said else "", "", own=True),),
    )


def _contact(session: Session, keys: Keys, report: Report) -> Iterator[Item]:
    kept = reports.contact(session, report)
    if kept is not None:
        said = _opened(kept.sealed, keys, report.id, "contact")
        own = tuple(
            Words(label, str(said[name]), "You", own=True)
            for name, label in CONTACT.items()
            if name in said
        )
        yield Item(REACH, "Contact", None, {}, own or (_lost(),))


def _messages(session: Session, keys: Keys, report: Report) -> Iterator[Item]:
    for message in reversed(reports.messages(session, report)):
        mine = message.direction == "IN"
        said = _opened(message.sealed, keys, report.id, "message")
        by = "You" if mine else "The team"
        words = Words("Message", str(said["body"]), by, own=mine) if said else _lost()
        title = "From you" if mine else "To you"
        yield Item(MESSAGES, title, london(message.at).date(), {}, (words,))


def _lost() -> Words:
    return Words("Words", UNREADABLE, "", own=True)


def _opened(sealed: bytes, keys: Keys, report: UUID, use: str) -> Content:
    key = keys.contact if use == "contact" else keys.triage
    try:
        return opened(sealed, key, report=report, use=use)
    except SealBrokenError:
        return {}


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def _period(from_on: date, to_on: date | None) -> str:
    return f"since {_day(from_on)}" if to_on is None else f"{_day(from_on)} to {_day(to_on)}"
