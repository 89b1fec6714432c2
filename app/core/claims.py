"""Claims of a transaction: canonical JSON and its HMAC-SHA256, verified by `sec.claims()`."""

import hashlib
import hmac
import json
import time

from app.core.actor import Actor

TIMEOUT_MS = {"cs_public": 2_000, "cs_app": 5_000, "cs_job": 30 * 60_000, "cs_audit": 60_000}

SET_CLAIMS = (
    "select set_config('cs.claims', %s, true), set_config('cs.sig', %s, true),"
    " set_config('statement_timeout', %s, true),"
    " set_config('idle_in_transaction_session_timeout', %s, true)"
)
# A tile's plan does not depend on which tile: planning it anew cost a third of its time.
SET_CLAIMS_AND_KEEP_PLANS = (
    SET_CLAIMS + ", set_config('plan_cache_mode', 'force_generic_plan', true)"
)
NUMBERED = tuple(f"${n}" for n in range(1, 5))
CLAIM = (SET_CLAIMS % NUMBERED).encode()
CLAIM_AND_KEEP_PLANS = (SET_CLAIMS_AND_KEEP_PLANS % NUMBERED).encode()


def signed(actor: Actor, backend_pid: int, key: bytes) -> tuple[str, str, str, str]:
    """The values of `SET_CLAIMS`, for one transaction of this process of the server."""
    timeout_ms = TIMEOUT_MS["cs_job" if actor.patient else actor.db_role]
    expires_at_s = round(time.time() + timeout_ms / 1000 + 5, 3)
    claims = claims_json(actor, backend_pid=backend_pid, expires_at_s=expires_at_s)
    return claims, signature(claims, key), str(timeout_ms), str(timeout_ms)


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
