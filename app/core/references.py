"""A record by its reference, the same everywhere."""

from typing import Any, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.ids import read_reference

NOT_FOUND = "Page not found. Check the address."


class Referred(Protocol):
    """A table of records that people refer to."""

    ref: Any
    deleted_at: Any


Record = TypeVar("Record", bound=Referred)


def find(
    session: Session, model: type[Record], prefix: str, ref: str, *, lock: bool = False
) -> Record:
    """However its reference was typed; what may not be seen does not exist.

    Raises
    ------
    NotFoundError
        There is none, it was deleted, or row-level security hides it.
    """
    wanted = select(model).where(
        model.ref == (read_reference(ref, prefix) or ref), model.deleted_at.is_(None)
    )
    found = session.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return found
