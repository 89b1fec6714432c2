"""The home page: what each role may open, and what waits for it."""

import re
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.models import Grant
from app.clusters import renewal
from app.core import clock
from app.core.actor import job_actor
from app.core.ids import new_id, new_reference
from app.places.queries import partner_codes
from tests import reports
from tests.importing import incidents, upload
from tests.integration.test_clusters import pattern
from tests.people import HTML, KINGSTON, RICHMOND, SYSTEM, in_days, ref_of, send, sign_in_as

IN_RICHMOND = {"type_code": "HEALTH_SITE", "name": "Place", "easting": 518000, "northing": 174800}
REASON = "Synthetic: works with the school at this place."
# What jobs do at night, and what a person did on another day.
JOB = job_actor("places:labels")
REVIEW = text("update app.place set next_review_on = :on where ref = :ref")
EARLIER = text("""
    insert into app.session (id, token_hash, user_id, stage, created_at, last_seen_at, idle_min,
                             absolute_until, ended_at)
    values (:id, :token, :user, 'FULL', :at, :at, 30, :at, :at)
""")
DECIDED = """
    update app.report set state = 'DECIDED', decided_at = now(), redaction = 'NONE'
    where ref = %s returning ref
"""
OLD = "update app.report set created_at = now() - interval '9 days' where ref = %s returning ref"
SURE = """
    update app.cluster set reportable = true,
        evidence = coalesce(evidence, '{}') || '{"significance": "emerging"}'
"""
AGE = text("""
    update app."user" set last_sign_in_at = now() - interval '91 days' where id = :id
""")


@pytest.fixture
def people(as_):
    roles = ("administrator", "auditor", "cs_lead")
    return {role: as_(role, agency="AFC") for role in roles}


@pytest.fixture
def kim(as_):
    return as_("practitioner")


ROW = re.compile(
    r'<li><b>([\d,]+)</b> <a class="govuk-link" href="([^"]+)">([^<]+)</a>'
    r"(?: <span>([^<]*)</span>)?"
)


def rows(client):
    """The work list of the home page: label, number and what is said of it."""
    page = client.get("/", headers=HTML)
    assert page.status_code == 200
    told = {}
    for n, url, label, note in ROW.findall(page.text):
        behind = client.get(url.replace("&amp;", "&"), headers=HTML)
        assert behind.status_code == 200, "a row leads to a page of the role"
        assert listed(behind.text) == int(n.replace(",", "")), (label, url)
        told[label] = f"{n}, {note[:1].lower()}{note[1:]}" if note else n
    return told


def listed(page):
    """How many rows the list behind a link has: each begins with its reference or name."""
    body = page.partition("<tbody")[2].partition("</tbody>")[0]
    return body.count("<tr")


def ask_for(db, lead, person, **answers):
    place = lead.post("/api/v1/places", json=IN_RICHMOND, headers={"accept": "application/json"})
    assert [borough["code"] for borough in place.json()["boroughs"]] == [RICHMOND]
    said = {
        "person": ref_of(db, person),
        "kind": "CASE",
        "record": place.json()["ref"],
        "purpose": "CONTEXT_ASSESSMENT",
        "reason": REASON,
        "until_on": in_days(5),
    }
    sent = send(lead, "/admin/grants/new", **said | answers)
    assert sent.status_code == 303
    return sent.headers["location"]


def test_nothing_is_waiting_in_words_for_everybody(people, kim):
    for client in (*people.values(), kim):
        assert rows(client) == {}
        assert "Nothing is waiting." in client.get("/", headers=HTML).text


def test_an_account_to_confirm_waits_for_the_administrator_and_the_auditor(people, kim):
    made = {
        "username": "kim.analyst",
        "name": "Kim Example",
        "agency_code": "MPS_SWBCU",
        "role": "police_analyst",
        "ends_on": in_days(90),
    }
    assert send(people["administrator"], "/admin/users/new", **made).status_code == 200

    found = {role: rows(client) for role, client in people.items()}

    said = f"1, oldest {clock.today():%-d %B %Y}"
    assert found == {
        "administrator": {"Accounts to create or confirm": said},
        "auditor": {"Accounts to confirm": said},
        "cs_lead": {},
    }
    assert rows(kim) == {}


def test_an_account_that_nobody_uses_waits_for_the_administrator(db, people):
    unused = sign_in_as(db, "partner")
    with db.begin(SYSTEM) as session:
        session.execute(AGE, {"id": unused.user_id})

    assert rows(people["administrator"]) == {"Accounts unused for 90 days": "1"}
    assert rows(people["auditor"]) == {}


def test_a_grant_waits_to_be_approved_and_then_to_be_recertified(db, people, kim):
    url = ask_for(db, people["cs_lead"], kim.person)
    today, last = clock.today(), clock.today() + timedelta(days=5)
    waits = {"Grants to approve": f"1, oldest {today:%-d %B %Y}"}
    assert rows(people["auditor"]) == rows(people["cs_lead"]) == waits

    assert send(people["auditor"], f"{url}/approve").status_code == 303

    assert rows(people["cs_lead"]) == {"Grants to recertify": f"1, next ends on {last:%-d %B %Y}"}
    assert rows(people["auditor"]) == {"Grants ending": f"1, next ends on {last:%-d %B %Y}"}
    assert rows(people["administrator"]) == rows(kim) == {}


def test_emergency_access_is_told_to_the_auditor_also_when_it_is_over(db, people, kim):
    now = clock.now()
    with db.begin(kim.person.actor) as session:
        session.add(
            Grant(
                id=new_id(),
                ref=new_reference("GR"),
                user_id=kim.person.user_id,
                agency_code=kim.person.actor.agency,
                kind="BREAK_GLASS",
                reason=REASON,
                from_at=now - timedelta(hours=3),
                until_at=now - timedelta(hours=1),
                created_by=kim.person.user_id,
            )
        )

    assert list(rows(people["auditor"])) == ["Emergency access used"]
    assert rows(people["cs_lead"]) == {}


def test_the_auditor_sees_how_far_the_audit_is_sealed(people, kim):
    assert "Not verified yet." in people["auditor"].get("/", headers=HTML).text
    for client in (people["administrator"], people["cs_lead"], kim):
        assert "Audit seals" not in client.get("/", headers=HTML).text


def test_a_partner_is_told_of_no_incident_and_no_cluster(as_):
    partner = as_("partner")

    home, shown = partner.get("/", headers=HTML).text, partner.get("/map", headers=HTML).text

    assert "Your reports and places" in home
    assert 'data-shows="areas context places routes"' in shown
    for page in (home, shown):
        assert not re.search("incident|cluster|published police", page.partition("<main")[2], re.I)
    assert partner.get("/map?layer=incidents", headers=HTML).status_code == 404


@pytest.mark.parametrize("path", ["/", "/no-such-page", "/places/PL-000-0000"])
def test_the_marking_is_the_first_and_the_last_line_of_a_page(as_, client, path):
    page = as_("practitioner").get(path, headers={"accept": "text/html"}).text
    words = re.sub(r"<[^>]+>", "\n", page[page.index("<body") :])
    lines = [line.strip() for line in words.splitlines() if line.strip()]

    assert lines[:2] == ["Skip to the content", "OFFICIAL-SENSITIVE"]
    assert lines[-1] == "OFFICIAL-SENSITIVE"
    client.cookies.clear()
    for open_to_all in ("/report", "/no-such-page"):
        assert "OFFICIAL-SENSITIVE" not in client.get(open_to_all, headers=HTML).text


def back_again(client, db, *, days=1):
    """As if this person had been here some days ago, too."""
    ago = clock.now() - timedelta(days=days)
    given = {"id": new_id(), "token": secrets.token_bytes(32), "user": client.person.user_id}
    with db.begin(SYSTEM) as session:
        session.execute(EARLIER, given | {"at": ago})
    return ago


def test_every_page_of_staff_says_when_it_was_made(as_, client):
    here = clock.london(clock.now())

    assert f"Last updated {here:%-d}" in as_("practitioner").get("/places", headers=HTML).text
    assert "Last updated" not in client.get("/no-such-page", headers=HTML).text


def test_a_place_is_due_for_review_from_its_day_on(db, as_, people, kim):
    place = people["cs_lead"].post(
        "/api/v1/places", json=IN_RICHMOND, headers={"accept": "application/json"}
    )
    ours = as_("practitioner", boroughs=(RICHMOND,))

    for days, found in ((1, 0), (0, 1), (-30, 1)):
        on = clock.today() + timedelta(days=days)
        with db.begin(JOB) as session:
            session.execute(REVIEW, {"ref": place.json()["ref"], "on": on})
        said = f"1, oldest {on:%-d %B %Y}"
        assert rows(people["cs_lead"]).get("Places due for review") == (said if found else None)
        assert rows(ours).get("Places in my borough due for review") == (said if found else None)
        assert rows(kim) == {}


def test_a_job_that_failed_waits_for_the_administrator(db, people):
    assert "No job has failed." in people["administrator"].get("/admin/service", headers=HTML).text
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(
            text("""
            insert into queue.procrastinate_jobs (queue_name, task_name, status, attempts, args)
            values ('default', 'places:labels', 'failed', 3, '{}')
        """)
        )

    assert rows(people["administrator"])["Failed jobs"].startswith("1")
    assert "Failed jobs" not in rows(people["auditor"])
    page = people["auditor"].get("/admin/service", headers=HTML).text
    assert "places:labels" in page
    assert "GB of" in page


def test_an_import_that_nobody_finished_waits_for_who_began_it(as_):
    ana, other = as_("police_analyst"), as_("police_analyst")
    assert rows(ana) == {}

    upload(ana, incidents())

    today = f"1, oldest {clock.today():%-d %B %Y}"
    assert rows(ana) == {"Imports unfinished": today}
    assert rows(other) == {}


def test_what_was_decided_since_the_last_visit_is_told_to_a_practitioner(db, as_, settings):
    kim = as_("practitioner", agency="AFC")
    ref = reports.screened(db, settings, boroughs=(KINGSTON,)).ref
    reports.rows(db, DECIDED, ref)
    assert rows(kim) == {}, "at a first visit there is no since"

    back_again(kim, db)
    label = "Reports decided for my borough since your last visit"
    assert rows(kim) == {label: f"1, first on {clock.today():%-d %B %Y}"}
    assert rows(as_("practitioner", boroughs=(RICHMOND,))) == {}


def test_reports_to_triage_say_until_when_and_late_ones_are_a_list_of_their_own(db, as_, settings):
    lead = as_("cs_lead", agency="AFC")
    old, _ = (reports.screened(db, settings).ref for _ in range(2))
    reports.rows(db, OLD, old)

    found = rows(lead)

    assert found["New reports to triage"].startswith("2, oldest ")
    assert "overdue since" in found["New reports to triage"]
    assert found["Reports overdue"].startswith("1, oldest ")
    assert old in lead.get("/reports?overdue=yes", headers=HTML).text


def test_when_nothing_waits_a_lead_is_told_of_the_last_report(db, as_, settings):
    lead = as_("cs_lead", agency="AFC")
    ref = reports.screened(db, settings, reporter_kind="YOUNG_PERSON").ref
    reports.rows(db, DECIDED, ref)

    assert rows(lead) == {}
    page = lead.get("/", headers=HTML).text
    today = f"{clock.today():%-d %B}"
    assert f"Nothing is waiting. The last report came on {today}, from a young person." in page


def test_a_member_of_the_subgroup_is_told_what_will_be_there(as_):
    page = as_("vca_member").get("/", headers=HTML).text

    assert "Your quarterly briefing will be here" in page
    assert page.count("Nothing is waiting.") == 1


def test_clusters_are_new_to_whoever_was_not_here_since_they_were_found(db, lead, as_, settings):
    pattern(db, lead)
    assert renewal.nightly(db, partner_codes(settings.partnership))
    reports.rows(db, SURE)
    ana, first_time = as_("cs_lead"), as_("cs_lead")
    back_again(ana, db)

    label = "New or changed clusters since your last visit"
    assert rows(ana)[label] == f"1, calculated on {clock.today():%-d %B %Y}"
    assert "Since your last visit" in ana.get("/clusters?since=visit", headers=HTML).text
    assert label not in rows(first_time)

    reports.rows(db, "update app.cluster_run set finished_at = now() - interval '2 days'")
    assert label not in rows(ana), "known since the last visit"
