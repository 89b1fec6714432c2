"""Synthetic corrections, decisions and missing episodes, so that histories are not empty.

Whose they are is nobody: the history then names the service. All rows are of the demonstration.
"""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.core.actor import NOBODY, job_actor
from app.core.db import Database

JOB = job_actor("demo:load")
CORRECTED, CONFIRMED, AWAY = 12, 40, 400

DONE = text("select exists (select from app.incident where is_synthetic and version > 1)")
BECAUSE = text("select set_config('cs.reason', :why, true)")
# Each step by its own version, so that some histories have several.
CHANGE = text("""
    update app.incident set version = version + 1, updated_by = :nobody,
        confidence = coalesce(cast(:confidence as text), confidence),
        outcome_band = coalesce(cast(:outcome_band as text), outcome_band),
        uncertainty_m = coalesce(cast(:uncertainty_m as int), uncertainty_m),
        state = coalesce(cast(:state as text), state)
    where id in (
        select id from app.incident
        where is_synthetic and deleted_at is null and state = 'RECORDED' and version = :version
        order by ref limit :most
    )
""")
NOTHING = {"confidence": None, "outcome_band": None, "uncertainty_m": None, "state": None}
STEPS: tuple[tuple[int, int, str, dict[str, Any]], ...] = (
    (
        1,
        CORRECTED,
        "Synthetic: a second person told the same.",
        {"confidence": "CORROBORATED", "outcome_band": "SUPPORT"},
    ),
    (
        2,
        CORRECTED // 2,
        "Synthetic: the corner is known, not only the street.",
        {"uncertainty_m": 25},
    ),
    (1, CONFIRMED, "", {"state": "CONFIRMED"}),
)
EPISODES = text("""
    insert into app.missing_episode (incident_id, agency_code, created_by, updated_by, is_synthetic,
        created_at, updated_at, kind, missing_from_at, returned_at, rhi_offered_at, rhi_held_at,
        rhi_declined, manager_decision_at, location_captured)
    select id, agency_code, :nobody, :nobody, true,
        told_at, told_at,
        case harm_code when 'MISSING_HOME' then 'HOME' when 'MISSING_CARE' then 'CARE'
             else 'EDUCATION' end,
        occurred_from, occurred_from + interval '9 hours',
        occurred_from + interval '1 day', case when part > 1 then occurred_from + interval '2 days'
        end, part = 1, occurred_from + interval '10 hours', part <> 2
    from (
        select *, row_number() over (order by ref) % 3 as part,
               greatest(created_at, least(occurred_from + interval '2 days', now())) as told_at
        from app.incident
        where is_synthetic and deleted_at is null and occurred_from < now() - interval '3 days'
          and harm_code in ('MISSING_HOME', 'MISSING_CARE', 'MISSING_EDU')
        order by ref limit :most
    ) as gone
    on conflict do nothing
""")


def load_once(db: Database) -> int:
    """How many missing episodes were told of; on later starts none."""
    with db.begin(JOB) as session:
        if session.scalar(DONE):
            return 0
        _changed(session)
        made = session.execute(EPISODES, {"nobody": NOBODY, "most": AWAY})
        added = int(getattr(made, "rowcount", 0))
        audit.record(session, "demo.load", "missing_episode", None, rows=added)
        return added


def _changed(session: Session) -> None:
    for version, most, why, changed in STEPS:
        session.execute(BECAUSE, {"why": why})
        given = NOTHING | changed | {"nobody": NOBODY, "version": version, "most": most}
        session.execute(CHANGE, given)
    session.execute(BECAUSE, {"why": ""})
