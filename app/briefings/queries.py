"""Reads of briefings. Row-level security has limited them to what the actor may see."""

from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.briefings import rules
from app.briefings.models import Briefing, BriefingEntry, BriefingFile
from app.briefings.rules import Line, Section, State
from app.core.errors import NotFoundError
from app.core.ids import read_reference

EMPTIED = "-"
HELD = text("""
    select id, ref, kind, held_at from app.meeting
    where kind = 'VCA' and state in ('HELD', 'MINUTES_AGREED') and deleted_at is null
      and held_at >= :since
    order by held_at desc limit 20
""")


WORKED_OUT = text("""
    select exists (select from app.place_priority
                   where run_on <= :day and run_on > cast(:day as date) - 7)
""")
CORRECTED = text("""
    select release.code, was.code as replaced, was.withdrawn_at
    from app.release join app.release as was on was.id = release.replaces_id
    where release.state = 'APPROVED' and release.period = :period
    order by release.code
""")


def worked_out(session: Session, day: date) -> bool:
    """Whether a night in the week up to a day worked out the priority of places."""
    return bool(session.execute(WORKED_OUT, {"day": day}).scalar_one())


def corrected(session: Session, period: str) -> list[str]:
    """What the release of a period replaces, in a sentence."""
    rows = session.execute(CORRECTED, {"period": period})
    return [
        f"Release {row.code} replaces {row.replaced}, which was withdrawn on "
        f"{row.withdrawn_at:%-d %B %Y}."
        for row in rows
    ]


def find(session: Session, ref: str, *, lock: bool = False) -> Briefing:
    query = select(Briefing).where(Briefing.ref == (read_reference(ref, "BR") or ""))
    briefing = session.scalar(query.with_for_update() if lock else query)
    if briefing is None:
        raise NotFoundError(rules.ABSENT)
    return briefing


def newest(session: Session, limit: int = 100) -> list[Briefing]:
    query = select(Briefing).order_by(Briefing.window_from.desc(), Briefing.created_at.desc())
    return list(session.scalars(query.limit(limit)))


def to_sign(session: Session, role: str) -> list[Briefing]:
    """What was checked and waits for a lead; or, signed by one, for an auditor."""
    query = select(Briefing).where(Briefing.state == State.CHECKED, Briefing.auditor_by.is_(None))
    query = query.where(Briefing.lead_by.is_(None) == (role != "auditor"))
    return list(session.scalars(query.order_by(Briefing.window_from.desc())))


def latest(session: Session) -> Briefing | None:
    """The newest quarterly report that went out and was not recalled."""
    return session.scalar(
        select(Briefing)
        .where(Briefing.kind == "QUARTERLY", Briefing.state.in_((State.FROZEN, State.TABLED)))
        .order_by(Briefing.window_from.desc())
        .limit(1)
    )


def entries(session: Session, briefing: Briefing) -> list[BriefingEntry]:
    query = select(BriefingEntry).where(BriefingEntry.briefing_id == briefing.id)
    return list(session.scalars(query.order_by(BriefingEntry.section, BriefingEntry.position)))


def lines(session: Session, briefing: Briefing) -> list[Line]:
    """What says something: an emptied field stays as a dash."""
    found = entries(session, briefing)
    return [Line(one.section, one.position, one.body) for one in found if one.body != EMPTIED]


def standing(session: Session, period: str) -> Briefing | None:
    """The one of a quarter that was not recalled."""
    return session.scalar(
        select(Briefing)
        .where(Briefing.period_code == period, Briefing.state != State.RECALLED)
        .order_by(Briefing.created_at.desc())
        .limit(1)
    )


def decided_before(session: Session, period: str) -> list[str]:
    """What the subgroup decided on the briefing of an earlier quarter."""
    before = standing(session, period)
    if before is None or before.state != State.TABLED:
        return []
    return rules.said(lines(session, before), Section.DECIDED)


def held(session: Session, since: datetime) -> list[tuple[str, str]]:
    """Meetings of the subgroup that a briefing may have been tabled at: key, and day in words."""
    rows = session.execute(HELD, {"since": since})
    return [(str(row.id), f"{row.held_at:%-d %B %Y}") for row in rows]


def unprinted(session: Session) -> list[str]:
    """Frozen, tabled and recalled ones without a file that was printed since they became so."""
    query = (
        select(Briefing.ref)
        .outerjoin(BriefingFile, BriefingFile.briefing_id == Briefing.id)
        .where(Briefing.state.not_in(rules.OPEN))
        .where(BriefingFile.printed_as.is_distinct_from(Briefing.state))
        .order_by(Briefing.ref)
    )
    return list(session.scalars(query))


def printed(session: Session, briefing: Briefing) -> BriefingFile | None:
    """Its PDF as it stands now; None while it is not printed (again)."""
    return session.scalar(
        select(BriefingFile).where(
            BriefingFile.briefing_id == briefing.id, BriefingFile.printed_as == briefing.state
        )
    )
