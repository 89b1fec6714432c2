"""What a transaction over thousands of rows asks again and again, asked once."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

P = ParamSpec("P")
Found = TypeVar("Found")
HELD = "remembered"


def remember(session: Session) -> None:
    """From now on this session asks for each list and each point once; nobody else is touched."""
    session.info[HELD] = {}


def remembered(
    read: Callable[Concatenate[Session, P], Found],
) -> Callable[Concatenate[Session, P], Found]:
    """For reads that nothing in such a transaction changes: code lists, boundaries, postcodes."""

    @wraps(read)
    def asked(session: Session, /, *given: P.args, **named: P.kwargs) -> Found:
        held = session.info.get(HELD)
        if held is None:
            return read(session, *given, **named)
        key = (read, repr(given), repr(named))
        if key not in held:
            held[key] = read(session, *given, **named)
        found: Found = held[key]
        return found

    return asked
