"""Parts of a plan by their keys, how they came to be, and people. Row-level security limits all."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.core.errors import NotFoundError
from app.core.references import NOT_FOUND
from app.places.models import Place
from app.plans import queries
from app.plans.letters import Reader
from app.plans.models import Action, ActionChange, Goal, Measure, Plan, PlanChange

CONFERENCE = text("select ref, held_at from app.meeting where id = :id and deleted_at is null")
OWNERS = ("partner", "practitioner", "police_analyst", "cs_lead")


def place_of(session: Session, found: Action) -> Place | None:
    """Where it is, for whoever sees the place."""
    return session.scalar(
        select(Place).where(Place.id == found.place_id, Place.deleted_at.is_(None))
    )


def goal(session: Session, plan: Plan, key: UUID | None) -> Goal:
    found = next((one for one in queries.goals(session, plan) if one.id == key), None)
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return found


def measure(session: Session, plan: Plan, key: UUID) -> Measure:
    found = next((one for one in queries.measures(session, plan) if one.id == key), None)
    if found is None:
        raise NotFoundError(NOT_FOUND)
    session.refresh(found, with_for_update=True)
    return found


def plan_changes(session: Session, plan: Plan) -> Sequence[PlanChange]:
    return session.scalars(
        select(PlanChange).where(PlanChange.record_id == plan.id).order_by(PlanChange.id)
    ).all()


def action_changes(session: Session, found: Action) -> Sequence[ActionChange]:
    return session.scalars(
        select(ActionChange).where(ActionChange.record_id == found.id).order_by(ActionChange.id)
    ).all()


def people(session: Session) -> list[tuple[str, str]]:
    """Who may own an action, as far as the reader may know them."""
    rows = session.execute(
        select(User.ref, User.name, User.agency_code)
        .where(User.state == "ACTIVE", User.role.in_(OWNERS))
        .order_by(User.name, User.ref)
    )
    return [(ref, f"{name}, {agency}") for ref, name, agency in rows]


def person(session: Session, ref: str) -> User | None:
    return session.scalar(select(User).where(User.ref == ref, User.state == "ACTIVE"))


def ref_of(session: Session, key: UUID | None) -> str | None:
    """Of a person, as far as the reader may know them."""
    return None if key is None else session.scalar(select(User.ref).where(User.id == key))


def addresses(session: Session) -> list[Reader]:
    """Where people read mail who may own an action."""
    rows = session.execute(
        select(User.id, User.agency_code, User.email)
        .where(User.state == "ACTIVE", User.role.in_(OWNERS), User.email.is_not(None))
        .order_by(User.email, User.id)
    )
    return [Reader._make(row) for row in rows]


class Conference(NamedTuple):
    """The meeting that a plan came of."""

    ref: str
    held_at: datetime


def conference(session: Session, plan: Plan) -> Conference | None:
    """None also where the reader is not named in it."""
    if plan.conference_id is None:
        return None
    found = session.execute(CONFERENCE, {"id": plan.conference_id}).one_or_none()
    return None if found is None else Conference._make(found)
