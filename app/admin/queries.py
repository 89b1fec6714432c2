"""Reads of administration: accounts in a list, who people are, what is behind an account."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, text
from sqlalchemy.orm import Session

from app.accounts.models import Grant, User
from app.accounts.permissions import ROLES
from app.accounts.queries import unused
from app.accounts.rules import BREAK_GLASS, State
from app.admin.rules import EMERGENCY_TIME, ENDING_TIME, LASTING, UNDER_WAY, GrantState
from app.children.models import Child
from app.core.actor import NOBODY
from app.core.errors import NotFoundError
from app.core.ids import read_reference
from app.core.paging import Page
from app.places.models import Place

PAGE_SIZE = 25
CONFIRMED_ROLES = tuple(role.name for role in ROLES.values() if role.second_person)
FACTORS = text("select app.factors_of(:user_id)")
WORKED_ON = text("""
    select exists (
        select from audit.event
        where object_type = 'user' and object_ref = :ref and actor = :actor
          and action in ('user.create', 'user.update', 'user.invite'))
""")
HOST = "the command line of the host"


class Listed(NamedTuple):
    """A row of the list of accounts."""

    ref: str
    username: str
    name: str
    role: str
    agency_code: str
    borough_codes: list[str]
    state: str
    ends_on: date
    last_sign_in_at: datetime | None
    waits: bool


class Who(NamedTuple):
    """A person named on a page."""

    ref: str | None
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a reader asked for; None asks for everything."""

    role: str | None = None
    state: State | None = None
    words: str | None = None
    waiting: bool = False
    unused_before: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [to_confirm()] if self.waiting else []
        if self.unused_before:
            found.append(unused(self.unused_before))
        if self.role:
            found.append(User.role == self.role)
        if self.state:
            found.append(User.state == self.state)
        if self.words:
            fields = (User.username, User.name, User.email)
            found.append(or_(*(f.icontains(self.words, autoescape=True) for f in fields)))
        return found


def to_confirm() -> ColumnElement[bool]:
    """Accounts that need a second person and have not had one."""
    return and_(
        User.role.in_(CONFIRMED_ROLES), User.approved_by.is_(None), User.state.in_(UNDER_WAY)
    )


def accounts(session: Session, asked: Filters, *, number: int = 1) -> Page[Listed]:
    """One numbered page: first those that wait for a second person, then by username."""
    total = session.scalar(select(func.count()).select_from(User).where(*asked.conditions()))
    rows = session.execute(
        select(
            User.ref,
            User.username,
            User.name,
            User.role,
            User.agency_code,
            User.borough_codes,
            User.state,
            User.ends_on,
            User.last_sign_in_at,
            to_confirm(),
        )
        .where(*asked.conditions())
        .order_by(to_confirm().desc(), User.username)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Listed._make(row) for row in rows], total or 0, number)


def waiting(session: Session) -> int:
    """How many accounts wait for a second person."""
    return session.scalar(select(func.count()).select_from(User).where(to_confirm())) or 0


def worked_on(session: Session, ref: str, actor_id: UUID) -> bool:
    """Whether this person ever made or changed the account, by their own events of the audit."""
    return bool(session.scalar(WORKED_ON, {"ref": ref, "actor": actor_id}))


def confirmers(session: Session, *, but: UUID, today: date) -> int:
    """Other auditors who were confirmed, also those who have yet to open their invitation."""
    return (
        session.scalar(
            select(func.count())
            .select_from(User)
            .where(User.role == "auditor", User.approved_by.is_not(None), User.id != but)
            .where(User.state != State.DISABLED, User.ends_on >= today)
        )
        or 0
    )


def people(session: Session, ids: Iterable[UUID | None]) -> dict[UUID | None, Who]:
    """The persons behind these keys; nobody stands for the command line and the system."""
    wanted = {key for key in ids if key is not None}
    rows = session.execute(
        select(User.id, User.ref, User.name, User.role).where(User.id.in_(wanted - {NOBODY}))
    )
    found = {row.id: Who(row.ref, row.name, ROLES[row.role].label) for row in rows}
    missing = {key: Who(None, "Somebody", "account not known") for key in wanted - found.keys()}
    return {**missing, **found, NOBODY: Who(None, "Nobody", HOST)}


def factors(session: Session, user_id: UUID) -> dict[str, Any]:
    """How an account proves who it is, in numbers; hashes and secrets stay where they are."""
    found = dict(session.scalar(FACTORS, {"user_id": user_id}) or {})
    if until := found.get("invited_until"):
        found["invited_until"] = datetime.fromisoformat(until)
    return found


class GrantRow(NamedTuple):
    """A grant in a list, with references in place of keys."""

    grant: Grant
    person: str
    person_ref: str
    role: str
    record: str | None


def grants(
    session: Session,
    state: GrantState | None,
    *,
    now: datetime,
    number: int = 1,
    emergency: bool = False,
) -> Page[GrantRow]:
    """One numbered page of grants in a state: first what ends first."""
    asked = [] if state is None else [in_state(state, now)]
    if emergency:
        asked.append(used_in_emergency(now))
    total = session.scalar(select(func.count()).select_from(Grant).where(*asked))
    rows = session.execute(
        _grant_rows()
        .where(*asked)
        .order_by(Grant.until_at, Grant.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([GrantRow._make(row) for row in rows], total or 0, number)


def used_in_emergency(now: datetime) -> ColumnElement[bool]:
    """In the last 30 days, over or not."""
    return and_(Grant.kind == BREAK_GLASS, Grant.from_at >= now - EMERGENCY_TIME)


def grant_counts(session: Session, *, now: datetime) -> dict[GrantState, int]:
    columns = [func.count().filter(in_state(state, now)) for state in GrantState]
    counted = session.execute(select(*columns).select_from(Grant)).one()
    return dict(zip(GrantState, counted, strict=True))


def grant(session: Session, ref: str) -> GrantRow:
    known = read_reference(ref, "GR")
    found = session.execute(_grant_rows().where(Grant.ref == known)).one_or_none()
    if found is None:
        raise NotFoundError("There is no such grant.")
    return GrantRow._make(found)


def child_ref(session: Session, child_id: UUID | None) -> str | None:
    """For auditors. A lead sees it nowhere without giving a reason for this child."""
    return session.scalar(select(Child.ref).where(Child.id == child_id))


def lock_grant(session: Session, ref: str) -> Grant:
    """Two people decide at once: the second waits here and then finds it decided."""
    known = read_reference(ref, "GR")
    found = session.scalar(select(Grant).where(Grant.ref == known).with_for_update())
    if found is None:
        raise NotFoundError("There is no such grant.")
    return found


def grants_of(session: Session, user_id: UUID, *, now: datetime) -> list[GrantRow]:
    """What is open to one person now, or waits to be."""
    rows = session.execute(
        _grant_rows()
        .where(Grant.user_id == user_id, Grant.revoked_at.is_(None), Grant.until_at > now)
        .order_by(Grant.until_at, Grant.ref)
    )
    return [GrantRow._make(row) for row in rows]


def grantees(session: Session, roles: Iterable[str], *, today: date) -> Sequence[User]:
    """Active people of these roles."""
    return session.scalars(
        select(User)
        .where(User.role.in_(roles), User.state == State.ACTIVE, User.ends_on >= today)
        .order_by(User.name, User.username)
    ).all()


def _grant_rows() -> Select[Grant, str, str, str, str | None]:
    """The reference of a place, for whoever may see it. One of a child is asked for apart."""
    return (
        select(Grant, User.name, User.ref, User.role, Place.ref)
        .join(User, User.id == Grant.user_id)
        .outerjoin(Place, and_(Grant.object_type == "place", Place.id == Grant.object_id))
    )


def in_state(state: GrantState, now: datetime) -> ColumnElement[bool]:
    """`rules.grant_state` for the database."""
    live = and_(Grant.revoked_at.is_(None), Grant.until_at > now)
    opened = or_(Grant.approved_at.is_not(None), Grant.kind == BREAK_GLASS)
    soon = and_(Grant.kind.in_(LASTING), Grant.until_at <= now + ENDING_TIME)
    return {
        GrantState.ASKED: and_(live, not_(opened)),
        GrantState.LIVE: and_(live, opened, not_(soon)),
        GrantState.ENDING: and_(live, opened, soon),
        GrantState.OVER: and_(Grant.revoked_at.is_(None), Grant.until_at <= now),
        GrantState.REVOKED: Grant.revoked_at.is_not(None),
    }[state]
