"""Two synthetic imports of the demonstration lead: one finished, one that waits for its person."""

from datetime import timedelta
from uuid import UUID, uuid5

import orjson
from sqlalchemy import text

from app.core import clock
from app.core.actor import job_actor
from app.core.db import Database
from app.core.ids import new_reference

JOB = job_actor("demo:load")
NAMES = UUID("7a0c6e0e-3b61-4a53-9c3e-6f0f7d1f2b18")
LEAD = 'select id, agency_code from app."user" where username = :name and is_synthetic'
BATCH = text("""
    insert into app.import_batch (id, ref, kind, file_name, file_sha256, tallies, state,
        started_at, finished_at, by, agency_code, applied_at)
    values (:id, :ref, 'incidents', :file, repeat('0', 64), cast(:tallies as jsonb), :state,
        :at, :at, :by, :agency, case when :state = 'APPLIED' then cast(:at as timestamptz) end)
    on conflict do nothing
""")
TRIED = {"rows": 214, "new": 201, "update": 0, "duplicate": 6, "error": 7, "ignored": 0}
DONE = TRIED | {"imported": 203, "updated": 0, "already_known": 4, "skipped": 4, "rejected": 7}
BATCHES = (
    ("synthetic-incidents-2026-q3.csv", "APPLIED", DONE, 20),
    ("synthetic-incidents-2026-q4.csv", "DRY_RUN", TRIED, 2),
)


def load_once(db: Database) -> int:
    """How many were added; none where there is no demonstration lead."""
    added = 0
    with db.begin(JOB) as session:
        lead = session.execute(text(LEAD), {"name": "demo-lead"}).one_or_none()
        if lead is None:
            return 0
        for file, state, tallies, days in BATCHES:
            key = uuid5(NAMES, file)
            found = session.scalar(
                text("select count(*) from app.import_batch where id = :id"), {"id": key}
            )
            if found:
                continue
            given = {
                "id": key,
                "ref": new_reference("IB"),
                "file": file,
                "tallies": orjson.dumps(tallies).decode(),
                "state": state,
                "at": clock.now() - timedelta(days=days),
                "by": lead.id,
                "agency": lead.agency_code,
            }
            session.execute(BATCH, given)
            added += 1
    return added
