"""What ends by itself is told to the audit, once: nobody presses a button for it."""

from datetime import datetime, timedelta

from sqlalchemy import text

from app.audit import service as audit
from app.core.actor import job_actor
from app.core.db import Database

JOB = job_actor("accounts:endings")
NOTE = text("select kind, ended_at, ref, why from app.note_endings(:at)")
# A request that was let in a moment before the end still writes that it was there.
GRACE = timedelta(minutes=1)
EVENTS = {
    "session": ("session.expire", "user"),
    "step_up": ("step_up.expire", "user"),
    "api_token": ("token.expire", "user"),
    "access_grant": ("grant.expire", "grant"),
    "pack": ("pack.expire", "pack"),
}


def note(db: Database, now: datetime) -> int:
    """One event for each ending since the last time; how many. Facts only: what, whose, when."""
    with db.begin(JOB) as session:
        found = session.execute(NOTE, {"at": now - GRACE}).all()
        for ending in found:
            action, thing = EVENTS[ending.kind]
            facts = {"at": ending.ended_at.isoformat()} | (
                {"why": ending.why} if ending.why else {}
            )
            audit.record(session, action, thing, ending.ref, **facts)
    return len(found)
