"""Lists of actions, and how many each has. Row-level security has limited them."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session

from app.core.actor import Actor
from app.core.paging import Page
from app.places.models import Place
from app.plans import actions
from app.plans.models import Action

PAGE_SIZE = 25


class Row(NamedTuple):
    """A line of a list of actions; the place only where the reader sees it."""

    action: Action
    place_ref: str | None
    place_name: str | None


def is_mine(actor: Actor) -> ColumnElement[bool]:
    """Named to this person; or to the agency, and nobody in it."""
    unnamed = Action.owner_user_id.is_(None) & (Action.owner_agency == actor.agency)
    return or_(Action.owner_user_id == actor.id, unnamed)


def conditions(actor: Actor, show: str, today: date) -> list[ColumnElement[bool]]:
    """Of the lists of actions: mine, overdue, help wanted, to be confirmed, all that are open."""
    still = Action.state.notin_(actions.OVER)
    which: dict[str, list[ColumnElement[bool]]] = {
        "mine": [still, is_mine(actor)],
        "overdue": [still, Action.due_on < today],
        "help": [still, Action.help_wanted.is_(True)],
        "confirm": [Action.state == actions.State.DONE_PENDING_EVIDENCE],
        "over": [~still],
    }
    return [Action.deleted_at.is_(None), *which.get(show, [still])]


def counted(session: Session, actor: Actor, show: str, today: date) -> tuple[int, date | None]:
    """How many rows that list has, with the first due date."""
    asked = select(func.count(), func.min(Action.due_on))
    found = session.execute(asked.where(*conditions(actor, show, today))).one()
    return found[0], found[1]


def listed(session: Session, actor: Actor, show: str, today: date, *, number: int) -> Page[Row]:
    """The longest due first; overdue ones by agency."""
    wanted = conditions(actor, show, today)
    total = session.scalar(select(func.count()).select_from(Action).where(*wanted)) or 0
    first = Action.owner_agency if show == "overdue" else Action.due_on
    rows = session.execute(
        _with_place()
        .where(*wanted)
        .order_by(first, Action.due_on, Action.ref)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    return Page([Row._make(row) for row in rows], total, number)


def by_agency(session: Session, actor: Actor, today: date) -> list[tuple[str, int]]:
    """Overdue ones of each agency, most first."""
    n = func.count(Action.id)
    asked = select(Action.owner_agency, n).where(*conditions(actor, "overdue", today))
    found = session.execute(asked.group_by(Action.owner_agency)).all()
    return sorted(((row[0], row[1]) for row in found), key=lambda one: (-one[1], one[0]))


def due_between(session: Session, first: date, last: date) -> Sequence[Action]:
    """Open ones, for the reminders of a day."""
    return session.scalars(
        select(Action)
        .where(
            Action.due_on.between(first, last),
            Action.state.notin_(actions.OVER),
            Action.deleted_at.is_(None),
        )
        .order_by(Action.due_on, Action.ref)
    ).all()


def note_told(session: Session, keys: Sequence[UUID], today: date) -> None:
    """Their owners were written to; the version that somebody looks at stays."""
    session.execute(update(Action).where(Action.id.in_(keys)).values(reminded_on=today))


def _with_place() -> Select[Action, str, str]:
    return select(Action, Place.ref, Place.name).outerjoin(
        Place, (Place.id == Action.place_id) & Place.deleted_at.is_(None)
    )
