"""Audit events. Who acted is taken by the database from the signed claims, never from here."""

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

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
    """Write one event beside the change or read it tells of. No names, no free text in `facts`."""
    session.flush()
    session.execute(
        LOG,
        {
            "action": action,
            "object_type": object_type,
            "object_ref": object_ref,
            "outcome": outcome,
            "rows": rows,
            "detail": orjson.dumps(facts).decode() if facts else None,
        },
    )
