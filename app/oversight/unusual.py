"""Use of the service that is worth a look: SQL over the audit, one sentence a person and day."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.clock import LONDON
from app.oversight import rules
from app.oversight.schemas import Unusual, who

# Each answers: day, actor, role, username, then what its sentence needs.
CHILD_READS = text("""
    with read as (
        select actor, role, (at at time zone 'Europe/London')::date as day, count(*) as n
        from audit.event
        where at >= :since and action in ('child.read', 'child_place_link.read')
        group by 1, 2, 3 having count(*) > :limit
    )
    select read.day, read.actor, read.role, person.username, read.n
    from read left join app."user" as person on person.id = read.actor
    order by read.day desc, read.n desc limit :at_most
""")
OUT_OF_HOURS = text("""
    with read as (
        select actor, role, at at time zone 'Europe/London' as here
        from audit.event
        where at >= :since and action like '%.read' and role <> 'job'
          and object_type <> 'audit_event'
    ), late as (
        select actor, role, here::date as day, count(*) as n, min(here) as first, max(here) as last
        from read
        where extract(isodow from here) > 5 or here::time < :opens or here::time >= :closes
        group by 1, 2, 3
    )
    select late.day, late.actor, late.role, person.username, late.n, late.first, late.last
    from late left join app."user" as person on person.id = late.actor
    order by late.day desc, late.n desc limit :at_most
""")
DENIALS = text("""
    with denied as (
        select actor, role, at, count(*) over (
            partition by actor order by at
            range between interval '10 minutes' preceding and current row) as n
        from audit.event where at >= :since and action = 'denied'
    ), most as (
        select distinct on (actor, (at at time zone 'Europe/London')::date)
               (at at time zone 'Europe/London')::date as day, actor, role, n,
               at at time zone 'Europe/London' as here
        from denied where n > :limit
        order by actor, (at at time zone 'Europe/London')::date, n desc, at
    )
    select most.day, most.actor, most.role, person.username, most.n, most.here
    from most left join app."user" as person on person.id = most.actor
    order by most.day desc, most.n desc limit :at_most
""")
IDENTITIES = text("""
    select read.day, read.actor, read.role, person.username, read.n
    from (select actor, role, (at at time zone 'Europe/London')::date as day, count(*) as n
          from audit.event where at >= :since and action = 'child_identity.read'
          group by 1, 2, 3) as read
    left join app."user" as person on person.id = read.actor
    order by read.day desc, read.n desc limit :at_most
""")
DECOYS = text("""
    select read.day, read.actor, read.role, person.username, read.n
    from (select actor, role, (at at time zone 'Europe/London')::date as day, count(*) as n
          from audit.event where at >= :since and action = 'child.decoy'
          group by 1, 2, 3) as read
    left join app."user" as person on person.id = read.actor
    order by read.day desc, read.n desc limit :at_most
""")
EMERGENCIES = text("""
    select (held.from_at at time zone 'Europe/London')::date as day, held.user_id, person.role,
           person.username, held.from_at, coalesce(held.revoked_at, held.until_at)
    from app.access_grant as held left join app."user" as person on person.id = held.user_id
    where held.kind = 'BREAK_GLASS' and held.from_at >= :since
    order by held.from_at desc limit :at_most
""")


def found(session: Session, since: datetime) -> dict[str, list[Unusual]]:
    """By kind, the newest day first. The keys are the headings of the page."""
    given = {"since": since, "at_most": rules.UNUSUAL_ROWS}
    reads = given | {"limit": rules.CHILD_READS_A_DAY}
    hours = given | {"opens": rules.OPENS, "closes": rules.CLOSES}
    denials = given | {"limit": rules.DENIALS_IN_10_MIN}
    return {
        "Many reads of children's references": list(
            _lines(session, CHILD_READS, reads, "{0:,} reads on one day".format)
        ),
        "Identities of children read": list(
            _lines(session, IDENTITIES, given, "{0:,} on one day".format)
        ),
        "References opened that belong to no work": list(
            _lines(session, DECOYS, given, "{0:,} on one day".format)
        ),
        "Reads outside office hours": list(
            _lines(session, OUT_OF_HOURS, hours, "{0:,} between {1:%H:%M} and {2:%H:%M}".format)
        ),
        "Emergency access": list(_lines(session, EMERGENCIES, given, _emergency)),
        "Many denials": list(
            _lines(session, DENIALS, denials, "{0:,} in 10 minutes, until {1:%H:%M}".format)
        ),
    }


def _lines(session: Session, query: Any, given: dict[str, Any], words: Any) -> Iterator[Unusual]:  # noqa: ANN401 - SQL and a formatter
    for day, actor, role, username, *facts in session.execute(query, given):
        yield Unusual(day, _who(actor, role, username), role or "", words(*facts))


def _who(actor: UUID | None, role: str | None, username: str | None) -> str:
    return who(actor, role or "", username)


def _emergency(since: datetime, until: datetime) -> str:
    return f"From {since.astimezone(LONDON):%H:%M} until {until.astimezone(LONDON):%H:%M}"
