"""What every record of work with a context is made and changed with, in one place."""

from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.core.errors import StaleError
from app.core.ids import new_reference

BECAUSE = text("select set_config('cs.reason', :why, true)")


class Changed(Protocol):
    """A row with the optimistic lock."""

    version: Any
    updated_by: Any
    updated_at: Any


def part(actor: Actor) -> dict[str, Any]:
    """Columns of a row that hangs on a record: who wrote it."""
    return {"created_by": actor.id, "updated_by": actor.id}


def record(actor: Actor, prefix: str, purpose: str) -> dict[str, Any]:
    """Columns of a new record; its boroughs and its tier come from its place, by trigger."""
    return part(actor) | {
        "ref": new_reference(prefix),
        "agency_code": actor.agency or "OTHER",
        "purpose_code": actor.purpose or purpose,
        "tier": "H1",
    }


def touch(row: Changed, actor: Actor) -> None:
    """One more version, by this person; who looked at the one before is told."""
    row.version += 1
    row.updated_by = actor.id


def must_be_as_looked_at(row: Changed, version: int, by: str = "somebody else") -> None:
    """Two people save at once: the second is told, and compares.

    Raises
    ------
    StaleError
        The row is not the version that was looked at.
    """
    if row.version != version:
        at = row.updated_at.astimezone(clock.LONDON)
        raise StaleError(f"Changed by {by} at {at:%H:%M on %-d %B}. Compare and save again.")


def because(session: Session, why: str | None) -> None:
    """The reason of the changes of state in this transaction."""
    session.execute(BECAUSE, {"why": why or ""})
