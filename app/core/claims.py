"""Claims of a transaction: canonical JSON and its HMAC-SHA256, verified by `sec.claims()`."""

import hashlib
import hmac
import json

from app.core.actor import Actor


def claims_json(actor: Actor, *, backend_pid: int, expires_at_s: float) -> str:
    """Bound to one backend and a few seconds, so that copied claims are worthless."""
    return json.dumps(
        {
            "u": str(actor.id),
            "role": actor.role,
            "agency": actor.agency,
            "boroughs": actor.boroughs,
            "all_boroughs": actor.all_boroughs,
            "tiers": actor.tiers,
            "named": dict(actor.named),
            "purpose": actor.purpose,
            "purpose_for": actor.purpose_for,
            "stepped_at": actor.stepped_at and actor.stepped_at.timestamp(),
            "emergency": actor.emergency,
            "regime": actor.regime,
            "job": actor.job,
            "exp": expires_at_s,
            "pid": backend_pid,
        },
        separators=(",", ":"),
    )


def signature(claims: str, key: bytes) -> str:
    return hmac.new(key, claims.encode(), hashlib.sha256).hexdigest()
