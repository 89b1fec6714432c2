"""Audit events. Who acted is taken by the database from the signed claims, never from here."""

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.errors import AuditFailedError

LOG = text(
    "select audit.log(:action, :object_type, :object_ref, :outcome, :rows, cast(:detail as jsonb))"
)


def record(
    session: Session,
    action: str,
    object_type: str,
    object_ref: str | None,
    *,
    outcome: str = "done",
    rows: int = 1,
    **facts: Any,  # noqa: ANN401 - codes and counts of any JSON type
) -> None:
    """Write one event beside the change or read it tells of. No names, no free text in `facts`.

    Raises
    ------
    AuditFailedError
        Nothing is changed or shown without a trace, whatever kept it from being written.
    """
    session.flush()
    event = {
        "action": action,
        "object_type": object_type,
        "object_ref": object_ref,
        "outcome": outcome,
        "rows": rows,
        "detail": orjson.dumps(facts).decode() if facts else None,
    }
    try:
        session.execute(LOG, event)
    except SQLAlchemyError as failed:
        raise AuditFailedError("We cannot show this safely now. Try again soon.") from failed
