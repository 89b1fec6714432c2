"""Histories and missing episodes of the demonstration: some, synthetic, and once."""

from sqlalchemy import text

from app.demo import incidents, service
from tests.people import LEAD

STEPS = text("""
    select version, count(*) from app.incident_version group by version order by version
""")


def test_the_demonstration_has_histories_and_missing_episodes_once(db):
    service.load_once(db)

    first, second = incidents.load_once(db), incidents.load_once(db)

    with db.read(LEAD) as session:
        steps = dict(session.execute(STEPS).all())
        states = dict(
            session.execute(text("select state, count(*) from app.incident group by state")).all()
        )
    assert (first > 5, second) == (True, 0)
    assert steps[1] == sum(states.values())
    assert steps[2] == incidents.CORRECTED + incidents.CONFIRMED
    assert steps[3] == incidents.CORRECTED // 2
    assert states["CONFIRMED"] == incidents.CONFIRMED
