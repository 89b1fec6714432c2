"""Reads of the audit: metadata for auditors, totals of units and "seen by" for leads.

Row-level security shows an auditor every event; what a lead gets comes from functions of the
database, which look at the signed role themselves.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, column, func, or_, select, table, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.children import queries as children
from app.children.rules import trace
from app.core.clock import LONDON
from app.core.ids import read_reference
from app.oversight.rules import Keeping, Verification
from app.oversight.schemas import AskedIn, Event, Seen

NAMES = Event._fields[:-1]
EVENT = table("event", *map(column, NAMES), schema="audit")
PREFIXES = ("PL", "IN", "CH", "RP", "US", "CB", "IB", "GR")

# The kinds that occur, each found by one look into an index, however many events there are.
KINDS = text("""
    with recursive kind as (
        (select object_type from audit.event order by object_type limit 1)
        union all
        select (select object_type from audit.event where object_type > kind.object_type
                order by object_type limit 1)
        from kind where kind.object_type is not null
    )
    select object_type from kind where object_type is not null
""")
ACTIONS = text("""
    with recursive kind as (
        (select action from audit.event order by action limit 1)
        union all
        select (select action from audit.event where action > kind.action order by action limit 1)
        from kind where kind.action is not null
    )
    select action from kind where action is not null
""")
SEALED = text("""
    with last as (select era, hi_xid, at from audit.seal order by n desc limit 1)
    select (select id from audit.event where (era, xid) < (last.era, last.hi_xid)
            order by era desc, xid desc, id desc limit 1) as sealed_to,
           last.at as sealed_at,
           (select max(at) from audit.anchor) as anchored_at,
           (select min(at) from audit.event
            where (era, xid) >= (coalesce(last.era, 1), coalesce(last.hi_xid, '0'::xid8))
              and at > '-infinity') as waiting_since
    from (select) as one left join last on true
""")
VERIFIED = text("""
    select at, outcome, (detail ->> 'first_broken')::bigint as first_broken
    from audit.event where action = 'audit.verify' order by id desc limit 20
""")
SEEN = text("""
    select seen.at, seen.actor, seen.role, seen.action, seen.purpose, seen.rows,
           person.username, person.name
    from audit.seen_by(:ref, :at_most) as seen left join app."user" as person
        on person.id = seen.actor
    order by seen.at desc
""")
TOTALS = text("select agency, action, month, events from audit.unit_totals(:since)")
LABELS = text("select code, label from reference.lookup where list = :list")


class Counted(NamedTuple):
    agency: str
    action: str
    month: Any
    events: int


def person(session: Session, said: str) -> tuple[UUID, str] | None:
    """(id, reference) of an account, found by its name, reference or number."""
    ref = read_reference(said, "US")
    wanted = [User.username == said.strip().lower()]
    if ref:
        wanted.append(User.ref == ref)
    if (number := _uuid(said)) is not None:
        wanted.append(User.id == number)
    found = session.execute(select(User.id, User.ref).where(or_(*wanted))).first()
    return None if found is None else (found.id, found.ref)


def events(session: Session, asked: AskedIn, actor: UUID | None, *, limit: int) -> list[Event]:
    """Newest first; `before` and `after` are ids, so that a page stays what it was."""
    wanted = _matching(session, asked, actor, _shown())
    if asked.after is not None:
        newer = wanted.where(EVENT.c.id > asked.after).order_by(EVENT.c.id).limit(limit)
        return [Event._make(row) for row in session.execute(newer)][::-1]
    if asked.before is not None:
        wanted = wanted.where(EVENT.c.id < asked.before)
    older = wanted.order_by(EVENT.c.id.desc()).limit(limit)
    return [Event._make(row) for row in session.execute(older)]


def count(session: Session, asked: AskedIn, actor: UUID | None) -> int:
    wanted = _matching(session, asked, actor, select(func.count()).select_from(EVENT))
    return int(session.scalar(wanted) or 0)


def actions(session: Session) -> list[str]:
    return list(session.scalars(ACTIONS))


def kinds(session: Session) -> list[str]:
    return list(session.scalars(KINDS))


def labels(session: Session, code_list: str) -> dict[str, str]:
    """Words of a code list, retired codes too: old events hold them."""
    return {row.code: row.label for row in session.execute(LABELS, {"list": code_list})}


def keeping(session: Session) -> Keeping:
    """How far it is sealed, anchored and verified. Times in London."""
    sealed = session.execute(SEALED).one()
    ended, asked_at = None, None
    for at, outcome, first_broken in session.execute(VERIFIED):
        if outcome == "asked":
            asked_at = asked_at or _here(at)
        else:
            ended = Verification(at.astimezone(LONDON), outcome == "unchanged", first_broken)
            break
    return Keeping(
        sealed_to=sealed.sealed_to,
        sealed_at=_here(sealed.sealed_at),
        anchored_at=_here(sealed.anchored_at),
        verified=ended,
        asked_at=asked_at,
        waiting_since=_here(sealed.waiting_since),
    )


def seen_by(session: Session, ref: str, *, limit: int) -> list[Seen]:
    """Who has opened or changed one record, as far as that is recorded."""
    return [Seen._make(row) for row in session.execute(SEEN, {"ref": ref, "at_most": limit})]


def totals(session: Session, since: datetime) -> list[Counted]:
    return [Counted._make(row) for row in session.execute(TOTALS, {"since": since})]


def spelt(session: Session, said: str) -> str:
    """A reference as it is stored, however it was typed; other keys as they are.

    A child's is not stored in the audit: whoever may see the reference finds what stands for it.
    """
    if (child := children.id_of(session, said)) is not None:
        return trace(child)
    known = (read_reference(said, prefix) for prefix in PREFIXES)
    return next((ref for ref in known if ref), said)


def _shown() -> Select[Any]:
    columns = [EVENT.c[name] for name in NAMES]
    return select(*columns, User.username).select_from(
        EVENT.outerjoin(User.__table__, User.id == EVENT.c.actor)
    )


def _matching(
    session: Session, asked: AskedIn, actor: UUID | None, wanted: Select[Any]
) -> Select[Any]:
    ref = spelt(session, asked.ref) if asked.ref else None
    return wanted.where(*_equal(asked, actor, ref), *_within(asked))


def _equal(asked: AskedIn, actor: UUID | None, ref: str | None) -> Sequence[ColumnElement[bool]]:
    said = {
        "actor": actor,
        "role": asked.role,
        "action": asked.action,
        "object_type": asked.type,
        "object_ref": ref,
        "purpose": asked.purpose,
        "outcome": asked.outcome,
    }
    return [EVENT.c[name] == value for name, value in said.items() if value is not None]


def _within(asked: AskedIn) -> Sequence[ColumnElement[bool]]:
    """Whole days in London, the last one included."""
    found = []
    if asked.from_on is not None:
        found.append(EVENT.c.at >= datetime(*asked.from_on.timetuple()[:3], tzinfo=LONDON))
    if asked.to_on is not None:
        after = asked.to_on + timedelta(days=1)
        found.append(EVENT.c.at < datetime(*after.timetuple()[:3], tzinfo=LONDON))
    return found


def _here(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(LONDON)


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said.strip())
    except ValueError:
        return None
