"""Priorities of a night: who is counted, who sees them, and another band that a lead sets."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core import clock
from app.core.errors import InvalidError
from app.priority import queries, service
from app.priority.jobs import PRIORITY
from app.priority.models import PlacePriority
from tests import context_work
from tests.people import HTML, browser, in_days, send, sign_in_as

INCIDENT = text("""
    insert into app.incident (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
        occurred_from, occurred_to, time_precision, place_id, geom, harm_code, source_agency,
        confidence, discovered_by, child_count_band, is_synthetic)
    values (gen_random_uuid(), :ref, 'AFC', 'H0', 'PLAN', :me, :me, now() - interval '9 days',
        now() - interval '9 days', 'DAY', :place, ST_GeomFromText('POINT(518000 169000)', 27700),
        'CSE', 'AFC', :confidence, :found, 'B3_7', true)
""")
WHY = "Two of the three are about the next street, not this one."


@pytest.fixture
def team(db):
    made = context_work.team(db)
    given = {"me": made.lead.user_id, "place": made.place_id}
    with db.begin(made.lead.actor) as session:
        for n, (confidence, found) in enumerate(
            (("CONFIRMED", "CASEWORK"), ("CONFIRMED", "STOP_SEARCH"))
        ):
            told = {"ref": f"IC-000-000{n}", "confidence": confidence, "found": found}
            session.execute(INCIDENT, given | told)
        session.execute(text("select app.link_incidents('{}', array[cast(:place as uuid)])"), given)
    return made


def night(team, days=0):
    with team.db.begin(PRIORITY) as session:
        return service.run(session, clock.today() + timedelta(days=days))


def row(team, person):
    with team.db.read(person.actor) as session:
        return queries.newest(session, team.place(session))


def test_a_night_works_out_every_place_and_again_the_same(team):
    assert night(team) == 1
    first = row(team, team.worker)
    assert night(team) == 1
    again = row(team, team.worker)

    assert (first.p, first.terms) == (again.p, again.terms)
    # 0.35 * 1 + 0.2 * 0.5^(9/90) * 1 / 5 (one agency, one week) + 0.15 * 0.5, of 0.7
    assert float(first.p) == 66.0
    assert (first.band, first.confidence) == ("HIGH", "L")
    assert first.p_without_proactive <= first.p


def test_an_approved_assessment_tells_of_guardians_and_surroundings(team):
    context_work.approved_assessment(team)
    night(team)

    found = row(team, team.worker)
    assert (found.terms["guardians"], found.terms["surroundings"]) == (0.75, 0.75)
    assert found.confidence == "M"


def test_partners_and_colleagues_elsewhere_see_none_of_it(team):
    night(team)
    elsewhere = sign_in_as(team.db, "practitioner", boroughs=("E09000027",))
    vca = sign_in_as(team.db, "vca_member")

    for person in (team.partner, elsewhere, vca):
        with team.db.read(person.actor) as session:
            assert session.query(PlacePriority).count() == 0
    police = sign_in_as(team.db, "police_analyst")
    assert row(team, police) is not None


def test_what_was_computed_is_changed_by_nobody(team):
    night(team)
    for change in ("p = 1", "band = 'LOW'", "terms = '{}'"):
        with (
            pytest.raises(IntegrityError, match="what was computed is not changed"),
            team.db.begin(team.lead.actor) as session,
        ):
            session.execute(text(f"update app.place_priority set {change}"))

    assert row(team, team.worker).band == "HIGH"


def test_a_lead_sets_another_band_that_holds_until_its_day(team):
    night(team)
    ends = clock.today() + timedelta(days=2)
    actor = team.lead.actor
    with team.db.begin(actor) as session:
        place = team.place(session)
        with pytest.raises(InvalidError):
            service.override(session, actor, place, "LOW", "No", ends)
        service.override(session, actor, place, "LOW", WHY, ends)

    night(team, days=1)
    held = row(team, team.worker)
    assert (held.band, held.band_override, held.override_role) == ("HIGH", "LOW", "cs_lead")
    night(team, days=3)
    assert row(team, team.worker).band_override is None
    with team.db.begin(actor) as session:
        service.override(session, actor, team.place(session), "LOW", WHY, ends)
        service.lift(session, team.place(session))
    assert row(team, team.worker).band_override is None


def test_a_place_that_is_closed_is_left_out(team):
    with team.db.begin(team.lead.actor) as session:
        place = team.place(session)
        place.state, place.close_code, place.closed_at = "CLOSED", "EXPIRED", clock.now()

    assert night(team) == 0


def test_the_page_says_the_priority_in_words_and_a_lead_sets_another(team, settings):
    night(team)
    page = f"/places/{team.place_ref}"
    lead, worker = (browser(team.db, settings, p) for p in (team.lead, team.worker))
    partner = browser(team.db, settings, sign_in_as(team.db, "partner"))

    assert "Priority: High, low confidence" in worker.get(page, headers=HTML).text
    assert "Set another priority" not in worker.get(page, headers=HTML).text
    assert "Priority" not in partner.get(page, headers=HTML).text
    assert worker.get(f"{page}/priority", headers=HTML).status_code == 403
    wrong = send(lead, f"{page}/priority", band="LOW", reason="No", ends_on="2026-13-01")
    assert wrong.status_code == 422
    assert "Give the reason, in 20 to 500 characters." in wrong.text
    sent = send(lead, f"{page}/priority", band="LOW", reason=WHY, ends_on=in_days(30))
    assert sent.status_code == 303
    said = lead.get(page, headers=HTML).text
    assert "Priority: Low, low confidence" in said
    assert "Set by a contextual safeguarding lead until" in said
    assert send(lead, f"{page}/priority", lift="yes").status_code == 303
    assert "Priority: High, low confidence" in lead.get(page, headers=HTML).text


def test_the_map_sorts_by_priority_for_staff_and_tells_partners_none_of_it(team, settings):
    night(team)
    worker = browser(team.db, settings, team.worker)
    partner = browser(team.db, settings, sign_in_as(team.db, "partner"))

    table = worker.get("/map?period=12m&sort=priority", headers=HTML).text
    assert '<td class="govuk-table__cell">High, low confidence</td>' in table
    assert 'aria-sort="descending">Priority' in table
    assert "Priority" not in partner.get("/map", headers=HTML).text
    assert partner.get("/map?sort=priority", headers=HTML).status_code == 422


def test_before_the_first_night_there_is_none_to_change(team, settings):
    lead = browser(team.db, settings, team.lead)
    page = f"/places/{team.place_ref}"

    assert "Priority:" not in lead.get(page, headers=HTML).text
    sent = send(lead, f"{page}/priority", band="LOW", reason=WHY, ends_on=in_days(30))
    assert "It comes with the next night." in sent.text
