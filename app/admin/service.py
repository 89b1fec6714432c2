"""Changes to other people's accounts. Every function runs inside the caller's transaction."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.accounts import queries as known
from app.accounts import service as accounts
from app.accounts.models import ApiToken, User, Visit
from app.accounts.permissions import ROLES
from app.accounts.rules import OTHER_PERSON, OWN_ROLE, State, folded, state_after_setup
from app.admin import queries, rules
from app.admin.rules import Wanted
from app.audit import service as audit
from app.core import clock
from app.core.actor import Actor
from app.core.errors import ForbiddenError, NotFoundError, RuleBrokenError
from app.core.ids import new_reference

OWN_ACCOUNT = "Nobody changes their own account here. Ask another administrator."
FACTS = ("name", "email", "agency_code", "role", "borough_codes", "ends_on", "oidc_subject")


def problems(
    session: Session, wanted: Wanted, partners: Collection[str], user: User | None = None
) -> dict[str, str]:
    """One sentence for each answer that cannot be used. `user` is the account being changed."""
    found = rules.problems(
        wanted,
        ROLES.get(wanted.role),
        agencies=known.agencies(session),
        boroughs={*partners, *(user.borough_codes if user else ())},
        today=clock.today(),
    )
    if user is None and "username" not in found and known.username_taken(session, wanted.username):
        found["username"] = rules.TAKEN
    return found


def create(session: Session, by: UUID, wanted: Wanted, *, issuer: str = "") -> User:
    """An account that is invited: nobody can sign in to it before the link was used."""
    user = User(
        ref=new_reference("US"),
        username=folded(wanted.username),
        oidc_issuer=issuer if wanted.oidc_subject else None,
        created_by=by,
        updated_by=by,
        **_facts(wanted),
    )
    session.add(user)
    audit.record(session, "user.create", "user", user.ref, role=user.role, agency=user.agency_code)
    return user


def revise(session: Session, by: UUID, user: User, wanted: Wanted, *, issuer: str = "") -> bool:
    """Change an account; True when a second person must look at it again.

    A change of role, or of who somebody is at sign-in, ends the sessions there are.
    """
    facts = _facts(wanted)
    changed = [name for name in FACTS if getattr(user, name) != facts[name]]
    if not changed:
        return False
    if by == user.id:
        raise ForbiddenError(OWN_ROLE if "role" in changed else OWN_ACCOUNT)
    again = rules.must_be_confirmed(ROLES[wanted.role], changed)
    for name in changed:
        setattr(user, name, facts[name])
    if "oidc_subject" in changed:
        user.oidc_issuer = issuer if user.oidc_subject else None
    if again or "role" in changed:
        user.approved_at = user.approved_by = None
    if user.state in (State.ACTIVE, State.WAITING):
        confirmed = user.approved_by is not None
        waits = bool(ROLES[user.role].second_person)
        user.state = state_after_setup(waits_for_second=waits, confirmed=confirmed)
    user.updated_at, user.updated_by, user.version = clock.now(), by, user.version + 1
    audit.record(session, "user.update", "user", user.ref, changed=changed, again=again)
    if again or not {"role", "email", "oidc_subject"}.isdisjoint(changed):
        accounts.end_sessions(session, user)
    return again


def disable(session: Session, by: UUID, user: User) -> None:
    """Nobody signs in from the next request on; what was recorded stays."""
    if by == user.id:
        raise ForbiddenError("Nobody disables their own account. Ask another administrator.")
    if user.state == State.DISABLED:
        raise RuleBrokenError("This account is disabled already.")
    user.state, user.updated_at, user.updated_by = State.DISABLED, clock.now(), by
    user.version += 1
    audit.record(session, "user.disable", "user", user.ref)
    accounts.end_sessions(session, user)


def invite(session: Session, by: UUID, user: User, *, now: datetime) -> str:
    """A new link; also how a lost second factor is replaced and a disabled account let in again."""
    if by == user.id:
        raise ForbiddenError("Nobody invites themselves. Ask another administrator.")
    if user.ends_on < clock.today():
        raise RuleBrokenError("This account has ended. Give it a later end first.")
    return accounts.invite(session, user, now=now)


def barrier_to_confirm(session: Session, actor: Actor, user: User) -> str | None:
    """Why this person may not be the second one. The account knows who changed it last only."""
    barrier = rules.barrier_to_confirm(user, by=actor.id, role=actor.role)
    if barrier is None and queries.worked_on(session, user.ref, actor.id):
        return OTHER_PERSON
    return barrier


def confirm(session: Session, actor: Actor, user: User) -> None:
    """The second person's yes. The database refuses the person's own and one's own work, too."""
    if barrier := barrier_to_confirm(session, actor, user):
        raise RuleBrokenError(barrier)
    _confirmed(session, user, by=actor.id, outcome="done")


def confirm_first_auditor(session: Session, by: UUID, user: User, *, others: int) -> None:
    """On the command line of the host, while there is no auditor who could: told in the audit."""
    if user.role != "auditor" or not rules.waits(user):
        raise RuleBrokenError("Only an auditor's account that waits can be confirmed here.")
    if others:
        raise RuleBrokenError("There is an auditor. Ask them to confirm this account.")
    _confirmed(session, user, by=by, outcome="without_second_person")


def end_session(session: Session, user: User, visit_id: UUID) -> None:
    found = session.get(Visit, visit_id)
    if found is None or found.user_id != user.id:
        raise NotFoundError("There is no such session.")
    if found.ended_at is None:
        found.ended_at = clock.now()
        audit.record(session, "user.revoke", "user", user.ref, rows=1)


def revoke_token(session: Session, user: User, token_id: UUID) -> None:
    found = session.get(ApiToken, token_id)
    if found is None or found.user_id != user.id:
        raise NotFoundError("There is no such token.")
    if found.revoked_at is None:
        found.revoked_at = clock.now()
        audit.record(session, "token.revoke", "user", user.ref)


def _confirmed(session: Session, user: User, *, by: UUID, outcome: str) -> None:
    user.approved_at, user.approved_by, user.version = clock.now(), by, user.version + 1
    if user.state == State.WAITING:
        user.state = State.ACTIVE
    audit.record(session, "user.approve", "user", user.ref, outcome=outcome, role=user.role)


def _facts(wanted: Wanted) -> dict[str, object]:
    """As columns. A role that sees every borough, or none, has none of its own."""
    assigned = ROLES[wanted.role].boroughs == "assigned"
    return {
        "name": wanted.name,
        "email": wanted.email,
        "agency_code": wanted.agency_code,
        "role": wanted.role,
        "borough_codes": sorted(wanted.borough_codes) if assigned else [],
        "ends_on": wanted.ends_on,
        "oidc_subject": wanted.oidc_subject,
    }
