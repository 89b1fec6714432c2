"""Work that a person asked for runs with that person's rights, read again when it runs."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import text

from app.accounts.deps import ELSEWHERE, allowed
from app.accounts.permissions import PERMISSIONS, ROLES
from app.accounts.visits import SYSTEM
from app.core.actor import Actor
from app.core.db import Database
from app.core.errors import ForbiddenError

WHO = text("""
    select u.name, u.role, u.agency_code, u.borough_codes,
           (select jsonb_object_agg(granted.object_type, granted.ids)
            from (select g.object_type, jsonb_agg(g.object_id) as ids
                  from app.access_grant as g
                  where g.user_id = u.id and g.object_id is not null
                    and g.approved_at is not null and g.revoked_at is null
                    and g.from_at <= clock_timestamp() and g.until_at > clock_timestamp()
                  group by g.object_type) as granted)
    from app."user" as u
    where u.id = :id and u.state = 'ACTIVE'
      and u.ends_on >= (clock_timestamp() at time zone 'Europe/London')::date
""")


def requester(db: Database, user_id: UUID, permission: str) -> Actor:
    """The person as they are now, with minutes instead of seconds for a transaction.

    Raises
    ------
    ForbiddenError
        The account is over, or its role does not allow this any more: the work stops.
    """
    with db.read(SYSTEM) as session:
        found = session.execute(WHO, {"id": user_id}).one_or_none()
    if found is None or found.role not in ROLES:
        raise ForbiddenError("The account that asked for this may not do it any more.")
    role = ROLES[found.role]
    actor = Actor(
        id=user_id,
        role=role.name,
        label=f"{found.name}, {role.label}",
        db_role=role.db_role,
        agency=found.agency_code,
        boroughs=tuple(found.borough_codes),
        all_boroughs=role.all_boroughs,
        named={thing: tuple(ids) for thing, ids in (found[4] or {}).items()},
        regime="PART3" if role.name == "police_analyst" else "UK_GDPR",
        patient=True,
    )
    rule = allowed(actor, permission)
    if rule.scope in ELSEWHERE:
        raise ForbiddenError("Your role does not allow this.")
    return replace(actor, tiers=rule.tiers, view=rule.view)


CANDIDATES = text("""
    select id, role from app."user"
    where state = 'ACTIVE' and (cast(:username as text) is null or username = :username)
""")


def only_person(db: Database, username: str | None, permission: str) -> UUID:
    """Whom a command works for: the person named, or the only one whose role has the permission.

    A lead before others: on a service of one lead the command needs no name.

    Raises
    ------
    ForbiddenError
        Nobody, or several: then the command must name one.
    """
    with db.read(SYSTEM) as session:
        found = session.execute(CANDIDATES, {"username": username}).all()
    able = [row for row in found if _full(row.role, permission)]
    able = [row for row in able if row.role == "cs_lead"] or able
    if len(able) != 1:
        raise ForbiddenError("Say whose rights count: --user with the name of a live account.")
    return UUID(str(able[0].id))


def _full(role: str, permission: str) -> bool:
    """Records that are full ones: what some roles may create is a proposal."""
    rule = PERMISSIONS.rule(role, permission) if role in ROLES else None
    return rule is not None and rule.scope == "all"
