"""Who sees which report: eight roles, each state, and nothing of it anywhere else."""

import pytest

from app.reports.rules import State
from tests.people import KINGSTON, RICHMOND, browser, send
from tests.reports import NAMED, rows, screened

ROLES = {
    "partner": {},
    "practitioner": {"boroughs": (KINGSTON,)},
    "police_analyst": {},
    "cs_lead": {"agency": "AFC"},
    "vca_member": {},
    "auditor": {},
    "administrator": {},
}
DECIDED = {"identifiable": "NO", "tone": "CARE", "place": "NONE", "note": "Only for the team"}
CUT = {"choice_0": "REDACT", "choice_1": "REDACT"}
AFTER = {"DECIDED", "FEEDBACK_SENT", "CLOSED"}


@pytest.fixture
def people(as_):
    return {role: as_(role, **options) for role, options in ROLES.items()}


def decided(people, db, settings, *, police=False, **given):
    """Taken and decided by the lead, with its names cut out."""
    ref = screened(db, settings, **NAMED | given).ref
    lead = people["cs_lead"]
    assert send(lead, f"/reports/{ref}/take").status_code == 303
    nothing = {"outcome_NFA": "yes", "reason": "TOO_LITTLE"}
    routed = {"outcome_REFERRED_POLICE": "yes"} if police else nothing
    answer = send(lead, f"/reports/{ref}", version="2", **DECIDED, **CUT, **routed)
    assert answer.status_code == 303
    return ref


def statuses(people, ref):
    return {role: client.get(f"/reports/{ref}").status_code for role, client in people.items()}


def test_before_it_is_decided_it_is_the_leads_alone(people, db, settings):
    ref = screened(db, settings).ref

    seen = statuses(people, ref)
    assert seen.pop("cs_lead") == 200
    assert seen == {
        "partner": 404,
        "practitioner": 404,
        "police_analyst": 404,
        "vca_member": 403,
        "auditor": 404,
        "administrator": 403,
    }
    for role in ("practitioner", "police_analyst"):
        page = people[role].get("/reports")
        assert page.status_code == 200
        assert ref not in page.text
        assert "No report that you may read" in page.text


def test_the_public_is_sent_to_sign_in(db, settings):
    ref = screened(db, settings).ref
    with browser(db, settings, headers={"Accept": "text/html"}) as nobody:
        for path in ("/reports", f"/reports/{ref}", f"/reports/{ref}/contact"):
            answer = nobody.get(path)
            assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")


def test_a_practitioner_reads_it_after_redaction_in_the_own_borough(people, db, settings, as_):
    ref = decided(people, db, settings)
    page = people["practitioner"].get(f"/reports/{ref}")

    assert page.status_code == 200
    assert "A boy called [removed] Example sells there. Ring [removed] for more." in page.text
    for hidden in ("Kyle", "07700", "Only for the team", "contact", "Possible duplicate", "Flags"):
        assert hidden not in page.text
    assert ref in people["practitioner"].get("/reports").text
    other = as_("practitioner", boroughs=(RICHMOND,), agency="LA_RICHMOND")
    assert other.get(f"/reports/{ref}").status_code == 404
    assert ref not in other.get("/reports").text
    assert statuses(people, ref)["police_analyst"] == 404


def test_the_police_read_what_is_routed_to_them(people, db, settings):
    ref = decided(people, db, settings, police=True)
    page = people["police_analyst"].get(f"/reports/{ref}")

    assert page.status_code == 200
    assert "[removed]" in page.text
    assert "Kyle" not in page.text
    undone = send(people["cs_lead"], f"/reports/{ref}/undo", why="Synthetic")
    assert undone.status_code == 303
    assert statuses(people, ref) | {"cs_lead": 200} == {
        "partner": 404,
        "practitioner": 404,
        "police_analyst": 404,
        "cs_lead": 200,
        "vca_member": 403,
        "auditor": 404,
        "administrator": 403,
    }


def test_an_online_address_stays_with_the_lead(people, db, settings):
    online = {"where_kind": "ONLINE", "online_raw": "https://example.com/@synthetic"}
    ref = decided(people, db, settings, police=True, **online, easting=None, northing=None)

    assert "example[.]com" in people["cs_lead"].get(f"/reports/{ref}").text
    page = people["police_analyst"].get(f"/reports/{ref}")
    assert page.status_code == 200
    assert "example" not in page.text.replace("Example sells", "")


def test_only_what_is_decided_and_redacted_leaves_the_lead(people, db, settings):
    """S8: nothing of it on pages, maps, clusters or programs of anybody else."""
    ref = decided(people, db, settings)
    for state in State:
        rows(db, "update app.report set state = %s", state)
        page = people["practitioner"].get(f"/reports/{ref}")
        assert page.status_code == (200 if state in AFTER else 404), state
    rows(db, "update app.report set redaction = 'NEEDED'")

    for role in ("partner", "practitioner", "police_analyst"):
        for path in ("/reports", f"/reports/{ref}", "/map", "/map/items", "/places", "/"):
            page = people[role].get(path)
            assert ref not in page.text.replace(path, ""), (role, path)
            assert "Example sells" not in page.text, (role, path)


def test_nobody_else_moves_a_report(people, db, settings):
    ref = decided(people, db, settings, police=True)
    before = rows(db, "select state, version from app.report")
    steps = ("", "/take", "/release", "/reply", "/undo", "/reopen", "/close", "/contact")
    for role, client in people.items():
        for step in steps if role != "cs_lead" else ():
            answer = send(client, f"/reports/{ref}{step}", purpose="TRIAGE")
            assert answer.status_code in {403, 404}, (role, step)

    assert rows(db, "select state, version from app.report") == before


def test_a_partner_is_sent_to_the_own_list(people):
    answer = people["partner"].get("/reports")

    assert (answer.status_code, answer.headers["location"]) == (303, "/reports/mine")


def test_reading_leaves_a_trace_for_each_reader(people, db, settings):
    ref = decided(people, db, settings, police=True)
    rows(db, "delete from audit.event")
    for role in ("practitioner", "police_analyst", "cs_lead"):
        people[role].get(f"/reports/{ref}")
        people[role].get("/reports")

    found = rows(db, "select role, action, object_ref from audit.event order by id")
    assert found == [
        each
        for role in ("practitioner", "police_analyst", "cs_lead")
        for each in ((role, "report.read", ref), (role, "report.list", None))
    ]
