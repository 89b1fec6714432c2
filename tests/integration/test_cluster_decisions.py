"""What a lead decides about a cluster: kept on the lineage, one lead after the other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.clusters import service
from app.clusters.schemas import RunIn
from app.core import clock
from app.core.ids import new_id, new_reference
from app.places.queries import partner_codes
from tests.people import HTML, LEAD, browser, send, sign_in_as

BRIDGE = (517700.0, 169400.0)
REASON = "Synthetic: the school and the shop both know of this."


@pytest.fixture
def pattern(db, settings):
    """Eight incidents on both sides of the river, and the run that found them."""
    days = [30 - 3 * i for i in range(8)]
    for i, days_ago in enumerate(days):
        incident(db, BRIDGE[0] + (80 if i % 2 else -60), BRIDGE[1], days_ago, ("AFC", "MPS")[i % 2])
    return run(db, settings)


def incident(db, x, y, days_ago, agency, place=None):
    at = clock.now().replace(hour=12) - timedelta(days=days_ago)
    given = {"id": new_id(), "ref": new_reference("IC"), "x": x, "y": y, "at": at}
    with db.begin(LEAD) as session:
        session.execute(
            text("""
                insert into app.incident
                    (id, ref, agency_code, tier, purpose_code, created_by, updated_by,
                     occurred_from, occurred_to, time_precision, geom, place_id, harm_code,
                     source_agency, state, uncertainty_m, is_synthetic)
                select :id, :ref, :agency, 'H1', 'PLAN', sec.actor(), sec.actor(), :at, :at, 'DAY',
                       case when cast(:place as uuid) is null
                            then ST_SetSRID(ST_MakePoint(:x, :y), 27700) end,
                       :place, (select min(code) from reference.harm), :agency, 'RECORDED', 0, true
            """),
            given | {"agency": agency, "place": place},
        )


def run(db, settings, **wanted):
    """The key of the one cluster of a new run."""
    with db.begin(LEAD) as session:
        asked = RunIn(source="partnership", **wanted)
        (made,) = service.ask(session, LEAD, asked, partner_codes(settings.partnership))
    service.recompute(db, made.id)
    with db.read(LEAD) as session:
        return session.execute(
            text("""
                select rtrim(content_id::text) as id, name, state from app.cluster
                where run_id = :run
            """),
            {"run": made.id},
        ).one()


def kept(db):
    with db.read(LEAD) as session:
        found = session.execute(
            text("select kind, number, undone_at from app.cluster_decision order by number")
        )
        return [(row.kind, row.number, row.undone_at is not None) for row in found]


def audited(db, client):
    """What this person did, as the audit has it."""
    with db.read(client.person.actor) as session:
        sql = "select action from audit.event where action ~ '^cluster' order by at"
        return list(session.scalars(text(sql)))


@pytest.fixture
def lead_browser(db, settings):
    person = sign_in_as(db, "cs_lead", agency="AFC")
    client = browser(db, settings, person)
    client.person = person
    return client


def test_a_watch_is_kept_with_its_day_and_reason_and_shown(lead_browser, db, pattern):
    until = clock.today() + timedelta(days=60)
    path = f"/clusters/{pattern.id}/decide/watch"

    sent = send(lead_browser, path, seen="0.0", reason=REASON, until=until.isoformat())
    page = lead_browser.get(f"/clusters/{pattern.id}", headers=HTML).text

    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == f"/clusters/{pattern.id}#decision"
    assert f"Watched until {until.day} {until:%B %Y}" in page
    assert REASON in page
    assert kept(db) == [("WATCH", 1, False)]
    assert "cluster.watch" in audited(db, lead_browser)


@pytest.mark.parametrize(
    ("what", "answers", "words"),
    [
        ("dismiss", {}, "Enter a reason."),
        ("dismiss", {"reason": "too short"}, "Enter a reason of at least 20 characters."),
        ("dismiss", {"reason": "x" * 501}, "Use at most 500 characters."),
        ("watch", {"reason": REASON}, "Enter the day until which you want to watch this."),
        ("watch", {"reason": REASON, "until": "2020-01-01"}, "Enter a day after today."),
        ("watch", {"reason": REASON, "until": "2099-01-01"}, "Enter a day within a year."),
        ("adopt", {"reason": REASON}, "Choose a place, or a new one."),
        ("adopt", {"reason": REASON, "place": "NEW"}, "Choose a type."),
        ("adopt", {"reason": REASON, "place": "PL-7K2-Q4MT"}, "There is no such place."),
        ("rename", {"name": ""}, "Enter a name without people&#39;s or group names."),
        ("rename", {"name": "x" * 81}, "Use at most 80 characters."),
        ("agency", {"agency": "NOBODY"}, "Choose the agency that leads."),
        ("undo", {}, "There is no decision to take back."),
    ],
)
def test_what_is_missing_is_said_beside_the_question(
    lead_browser, db, pattern, what, answers, words
):
    path = f"/clusters/{pattern.id}/decide/{what}"

    answer = send(lead_browser, path, seen="0.0", **answers)

    assert answer.status_code == 422, answer.text
    assert words in answer.text
    assert "There is a problem" in answer.text
    assert kept(db) == []


def test_the_decision_follows_the_pattern_to_the_next_run(lead_browser, db, settings, pattern):
    send(lead_browser, f"/clusters/{pattern.id}/decide/dismiss", seen="0.0", reason=REASON)
    path = f"/clusters/{pattern.id}/decide/rename"
    send(lead_browser, path, seen="1.0", name="Riverside path")
    path = f"/clusters/{pattern.id}/decide/agency"
    send(lead_browser, path, seen="2.0", agency="MPS_SWBCU")

    incident(db, BRIDGE[0] - 60, BRIDGE[1], 2, "AFC")
    again = run(db, settings)
    page = lead_browser.get(f"/clusters/{again.id}", headers=HTML).text

    assert again.id != pattern.id
    assert (again.name, again.state) == ("Riverside path", "DISMISSED")
    assert "Not a cluster" in page
    assert REASON in page


def test_taking_back_leaves_what_was_decided_before(lead_browser, db, pattern):
    path = f"/clusters/{pattern.id}/decide"
    until = (clock.today() + timedelta(days=30)).isoformat()
    send(lead_browser, f"{path}/watch", seen="0.0", reason=REASON, until=until)
    send(lead_browser, f"{path}/dismiss", seen="1.0", reason=REASON)
    send(lead_browser, f"{path}/rename", seen="2.0", name="Riverside path")

    states = []
    for seen in ("3.0", "3.1", "3.2"):
        assert send(lead_browser, f"{path}/undo", seen=seen).status_code == 303
        with db.read(LEAD) as session:
            found = session.execute(text("select state, name from app.cluster")).one()
        states.append((found.state, found.name))

    assert states == [
        ("DISMISSED", pattern.name),
        ("WATCH", pattern.name),
        ("REVIEWED", pattern.name),
    ]
    assert audited(db, lead_browser).count("cluster.undo") == 3


def test_adopting_proposes_a_place_of_the_outline_that_leads_back(lead_browser, db, pattern):
    answers = {"place": "NEW", "type_code": "CONGREGATION", "name": "Riverside path"}
    path = f"/clusters/{pattern.id}/decide/adopt"

    sent = send(lead_browser, path, seen="0.0", reason=REASON, **answers)

    assert sent.status_code == 303, sent.text
    with db.read(LEAD) as session:
        place = session.execute(
            text("""
                select place.ref, place.state, place.name, place.provenance->>'cluster' as cluster,
                       ST_Area(ST_Intersection(place.geom, cluster.hull)) / ST_Area(cluster.hull)
                           as covered, cluster.state as decided
                from app.place join app.cluster on cluster.place_id = place.id
            """)
        ).one()
    assert (place.state, place.name, place.decided) == ("PROPOSED", "Riverside path", "ADOPTED")
    assert place.covered == pytest.approx(1, abs=0.001)
    assert place.cluster.startswith("CL-")
    page = lead_browser.get(f"/clusters/{pattern.id}", headers=HTML).text
    assert f"/places/{place.ref}" in page
    back = lead_browser.get(f"/places/{place.ref}", headers=HTML).text
    assert f"Adopted from cluster {place.cluster}." in back
    assert f'href="/clusters/{place.cluster}"' in back


def test_a_place_that_is_known_is_adopted_as_it_is(lead_browser, db, settings):
    made = lead_browser.post(
        "/api/v1/places",
        json={"type_code": "TAKEAWAY_SHOP", "name": "Corner shop", "easting": BRIDGE[0],
              "northing": BRIDGE[1]},
    )  # fmt: skip
    ref = made.json()["ref"]
    with db.read(LEAD) as session:
        key = session.scalar(text("select id from app.place"))
    for i in range(6):
        incident(db, 0, 0, 3 * i + 1, ("AFC", "MPS")[i % 2], place=key)
    found = run(db, settings)
    path = f"/clusters/{found.id}/decide/adopt"

    asked = lead_browser.get(path, headers=HTML).text
    sent = send(lead_browser, path, seen="0.0", reason=REASON, place=ref)

    assert "Is it one of these?" in asked
    assert "Corner shop" in asked
    assert sent.status_code == 303, sent.text
    with db.read(LEAD) as session:
        assert session.scalar(text("select count(*) from app.place")) == 1


def test_of_two_leads_at_once_one_is_told_and_nothing_is_lost(db, settings, pattern):
    leads = [browser(db, settings, sign_in_as(db, "cs_lead", agency="AFC")) for _ in range(2)]
    path = f"/clusters/{pattern.id}/decide/dismiss"
    assert [one.get(path, headers=HTML).status_code for one in leads] == [200, 200]

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda one: send(one, path, seen="0.0", reason=REASON), leads))

    assert sorted(answer.status_code for answer in answers) == [303, 409]
    refused = max(answers, key=lambda answer: answer.status_code)
    assert "Somebody else decided about this cluster meanwhile" in refused.text
    assert "What holds now" in refused.text
    assert kept(db) == [("DISMISSED", 1, False)]


def test_a_page_that_was_open_while_somebody_decided_does_not_decide_over_it(
    lead_browser, db, pattern
):
    path = f"/clusters/{pattern.id}/decide/dismiss"
    send(lead_browser, path, seen="0.0", reason=REASON)

    late = send(lead_browser, path, seen="0.0", reason="Synthetic: another reason altogether.")

    assert late.status_code == 409
    assert "Synthetic: another reason altogether." in late.text  # what was typed is kept
    assert 'value="1.0"' in late.text  # and the next try has seen what holds
    assert len(kept(db)) == 1


def test_programs_decide_by_the_same_rules(lead_browser, db, pattern):
    path = f"/api/v1/clusters/{pattern.id}/decisions"

    made = lead_browser.post(path, json={"what": "dismiss", "seen": "0.0", "reason": REASON})
    late = lead_browser.post(path, json={"what": "dismiss", "seen": "0.0", "reason": REASON})
    undone = lead_browser.post(path, json={"what": "undo", "seen": made.json()["seen"]})
    wrong = lead_browser.post(path, json={"what": "dismiss", "seen": undone.json()["seen"]})

    assert (made.status_code, made.json()["state"]) == (201, "DISMISSED")
    assert late.status_code == 409
    assert (undone.status_code, undone.json()["state"]) == (201, "REVIEWED")
    assert [error["field"] for error in wrong.json()["errors"]] == ["reason"]


@pytest.mark.parametrize(
    "role", ["practitioner", "police_analyst", "partner", "vca_member", "auditor", "administrator"]
)
def test_nobody_but_a_lead_decides(db, settings, pattern, role):
    client = browser(db, settings, sign_in_as(db, role, agency="AFC"))
    path = f"/clusters/{pattern.id}/decide/dismiss"

    asked = client.get(path, headers=HTML)
    sent = send(client, path, seen="0.0", reason=REASON)
    program = client.post(
        f"/api/v1/clusters/{pattern.id}/decisions",
        json={"what": "dismiss", "seen": "0.0", "reason": REASON},
    )

    assert {answer.status_code for answer in (asked, sent, program)} <= {403, 404}
    assert kept(db) == []


def test_a_practitioner_reads_the_state_and_never_the_reason(db, settings, lead_browser, pattern):
    send(lead_browser, f"/clusters/{pattern.id}/decide/dismiss", seen="0.0", reason=REASON)
    person = sign_in_as(db, "practitioner", agency="AFC")

    page = browser(db, settings, person).get(f"/clusters/{pattern.id}", headers=HTML).text

    assert "Not a cluster" in page
    assert REASON not in page
    with db.read(person.actor) as session:
        assert session.scalar(text("select count(*) from app.cluster_decision")) == 0
