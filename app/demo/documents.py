"""The demonstration's releases and reports, left to the worker: to count and check takes minutes.

Light, since each start asks whether there is anything left to do.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.actor import job_actor
from app.core.db import Database
from app.core.jobs import enqueue

READER = job_actor("briefings:build")  # it reads records and documents
TASK = "demo:documents"
OUT = 5  # reports that went out in the end, one of them recalled
# A demonstration of before: its records were all written down on one day, and no quarter has any.
LEFT = text("""
    select (select count(*) from app.briefing
            where state in ('FROZEN', 'TABLED', 'RECALLED')) < :out
       and exists (select from app.incident
                   where is_synthetic and created_at < now() - interval '1 year')
""")


def ask_once(db: Database) -> None:
    """Where they are not all there."""
    with db.begin(READER) as session:
        if session.scalar(LEFT, {"out": OUT}):
            ask(session)


def ask(session: Session, *, after: str = "releases") -> None:
    """Behind whatever of these jobs waits already: the next step needs what it makes."""
    enqueue(session, TASK, lock=after, once=True)
