"""Audit events. Who acted is taken by the database from the signed claims, never from here."""

from collections.abc import Mapping
from typing import Any

import orjson
import psycopg
from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.errors import AuditFailedError
from app.core.together import Asks

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


def written_by(asks: Asks, function: TextClause, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the function answers
    """What a function of the database says that writes its event itself, in its one statement.

    Raises
    ------
    AuditFailedError
        It could not: nothing is changed.
    """
    try:
        return asks.scalar(function, given)
    except SQLAlchemyError as failed:
        if _is_of_audit(failed):
            raise AuditFailedError("We cannot take this safely now. Try again soon.") from failed
        raise


def _is_of_audit(failed: SQLAlchemyError) -> bool:
    cause = getattr(failed, "orig", None)
    if not isinstance(cause, psycopg.Error):
        return False
    told = (cause.diag.context, cause.diag.internal_query, cause.diag.message_primary)
    return any("audit." in (words or "") for words in told)
