"""A comparison of incidents at one synthetic place, designed by rule and run as it is in life."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import Database
from app.demo.lives import Story
from app.demo.planned import COUNTED
from app.demo.service import JOB
from app.outcomes import comparing, designing
from app.outcomes.schemas import CompareIn, DesignIn
from app.places.models import Place
from app.plans.models import Measure

MOST_WEEKS = 45
STATE = text("update app.context_plan set state = :state where id = :id")
KEPT = text("update app.outcome_review set wdd_result_id = :result where id = :id")
FORGET = text("""
    delete from app.context_plan_state_change where record_id = :id and at > now() - interval '1 h'
""")


def run(db: Database, stories: Sequence[Story]) -> None:
    """The plan is a draft again while the design is written, and agreed with it."""
    for story in stories:
        with db.begin(JOB) as session:
            _compare(session, story)


def _compare(session: Session, story: Story) -> None:
    place = session.get_one(Place, story.key)
    measure = session.get_one(Measure, story.id(COUNTED))
    begun = story.day("PLAN_ACTIVE")
    weeks = min((clock.today() - begun).days // 7 - 1, MOST_WEEKS)
    session.execute(STATE, {"state": "DRAFT", "id": story.id("plan")})
    wanted = DesignIn(starts_on=begun, weeks=weeks, harms="ALL")
    made = designing.write(session, JOB, place, measure, wanted)
    session.flush()
    for state in ("AGREED", "ACTIVE"):
        session.execute(STATE, {"state": state, "id": story.id("plan")})
    session.execute(FORGET, {"id": story.id("plan")})
    if made.design is None:
        return
    found = comparing.compare(session, JOB, place, measure, CompareIn(recording="SAME"))
    found.id, found.is_synthetic = story.id("result"), True
    session.add(found)
    session.flush()
    session.execute(KEPT, {"result": found.id, "id": story.id("review M6")})
