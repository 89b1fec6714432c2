"""Refusals leave a trace of their own, since the refused transaction keeps nothing."""

from fastapi import Request

from app.audit import service as audit
from app.core.ids import read_reference

# No child's: the audit outlives its erasure, and calls it otherwise (`children.rules.trace`).
PREFIXES = ("PL", "IC", "RP", "US", "CL", "IB", "GR")


def record_refusal(request: Request, status: int) -> None:
    """One event: who was refused what. A reference only where it has the form of one."""
    actor = getattr(request.state, "actor", None)
    if actor is None:
        return
    permission = getattr(request.state, "permission", "")
    with request.app.state.db.begin(actor) as session:
        audit.record(
            session,
            "denied",
            permission.partition(".")[0] or "route",
            _reference(request),
            outcome=str(status),
            rows=0,
            permission=permission,
        )


def _reference(request: Request) -> str | None:
    """Whatever else was typed in its place stays out of the audit."""
    said = str(request.path_params.get("ref") or request.path_params.get("key") or "")[:20]
    known = (read_reference(said, prefix) for prefix in PREFIXES)
    return next((ref for ref in known if ref), None)
