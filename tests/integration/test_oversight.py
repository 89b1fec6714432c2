"""The audit viewer: what auditors and leads see of who did what, and that looking is recorded."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from app.audit import seals, service, verification
from app.core import clock
from app.core.actor import NOBODY, job_actor
from app.core.ids import new_reference
from app.oversight import rules
from tests.people import HTML, browser, csrf, sign_in_as, trace_of

PLAN = {"X-Purpose": "PLAN"}
CHILD = {"home_lad_code": "E09000021", "age_band": "A13_15", "age_band_as_of": "2026-01-01"}
HOME = {
    "type_code": "RESIDENTIAL",
    "name": "A home of the tests",
    "easting": 518000,
    "northing": 169300,
    "purpose": "MARVE",
}
SOMEBODY = job_actor("test:somebody")
EVENT = """
    insert into audit.event (actor, role, agency, action, object_type, object_ref, purpose, outcome,
                             rows, at)
    values (%(actor)s, %(role)s, %(agency)s, %(action)s, %(object_type)s, %(ref)s, %(purpose)s,
            %(outcome)s, %(rows)s, %(at)s)
"""


def superuser(db):
    return psycopg.connect(db.logins.cluster.dsn("postgres", db.logins.dbname), autocommit=True)


def happened(db, n=1, *, every=timedelta(minutes=1), **facts):
    """Events as they would stand in the audit, `n` of them, the last one at `at`."""
    event = {
        "actor": UUID(int=7),
        "role": "practitioner",
        "agency": "AFC",
        "action": "child.read",
        "object_type": "child",
        "ref": None,
        "purpose": "PLAN",
        "outcome": "done",
        "rows": 1,
        "at": clock.now(),
    } | facts
    with superuser(db) as admin:
        for back in range(n - 1, -1, -1):
            admin.execute(EVENT, event | {"at": event["at"] - back * every})


def recorded(db, action):
    with superuser(db) as admin:
        return admin.execute(
            "select object_ref, rows, outcome, detail from audit.event "
            "where action = %s order by id",
            (action,),
        ).fetchall()


@pytest.fixture
def auditor(db, settings):
    person = sign_in_as(db, "auditor", agency="AFC")
    with browser(db, settings, person) as client:
        yield client


def rows_of(answer):
    """Cells of the table of events, row by row."""
    body = answer.text.partition("<tbody")[2].partition("</tbody>")[0]
    cells = re.compile(r"<t[hd][^>]*>(.*?)</t[hd]>", re.DOTALL)
    plain = [
        [re.sub(r"<[^>]+>", " ", cell).strip() for cell in cells.findall(row)]
        for row in body.split("</tr>")
    ]
    return [row for row in plain if row]


# Events


def test_an_auditor_sees_who_did_what_and_no_content(db, settings, client, auditor):
    ref = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]
    client.get(f"/api/v1/children/{ref}", headers=PLAN)

    answer = auditor.get("/audit?action=child.read", headers=HTML)

    assert answer.status_code == 200
    assert "1 event," in answer.text
    ((_, who, role, action, reference, purpose, outcome, rows),) = rows_of(answer)
    assert who.startswith("test-cs-lead-")
    assert (role, action) == ("Contextual safeguarding lead", "Child: read")
    assert (reference, outcome, rows) == (trace_of(db, ref), "Done", "1")
    assert purpose
    assert [word for word in ("A13_15", "E09000021") if word in answer.text] == []


FILTERS = [
    ({"role": "auditor"}, {"role": "auditor"}),
    ({"action": "place.create"}, {"action": "place.create", "object_type": "place"}),
    ({"type": "incident"}, {"object_type": "incident", "action": "incident.create"}),
    ({"purpose": "MARVE"}, {"purpose": "MARVE"}),
    ({"outcome": "404"}, {"outcome": "404", "action": "denied"}),
    ({"from": "2026-03-29", "to": "2026-03-29"}, {"at": datetime(2026, 3, 29, 22, 59, tzinfo=UTC)}),
]


@pytest.mark.parametrize(("asked", "facts"), FILTERS)
def test_each_filter_leaves_the_events_it_names(db, auditor, asked, facts):
    happened(db, 3, at=datetime(2026, 3, 28, 12, tzinfo=UTC))
    happened(db, rows=77, **facts)

    answer = auditor.get("/audit", params=asked | {"ref": ""}, headers=HTML)

    assert [row[-1] for row in rows_of(answer)] == ["77"]


def test_filters_are_taken_together(db, auditor):
    happened(db, role="auditor", action="place.create")
    happened(db, rows=77, role="cs_lead", action="place.create")
    happened(db, role="cs_lead")

    answer = auditor.get("/audit?role=cs_lead&action=place.create", headers=HTML)

    assert [row[-1] for row in rows_of(answer)] == ["77"]


@pytest.mark.parametrize("key", ["username", "ref", "user_id"])
def test_a_person_is_found_by_name_reference_or_number(db, auditor, key):
    person = sign_in_as(db, "practitioner")
    happened(db, actor=person.user_id, rows=77)
    happened(db)
    with superuser(db) as admin:
        (ref,) = admin.execute(
            'select ref from app."user" where id = %s', (person.user_id,)
        ).fetchone()
    said = {"username": person.username, "ref": ref.lower(), "user_id": str(person.user_id)}[key]

    answer = auditor.get("/audit", params={"person": said}, headers=HTML)

    assert [row[-1] for row in rows_of(answer)] == ["77"]
    assert recorded(db, "audit_event.read")[-1][3] == {"filters": ["person"], "person": ref}


def test_nobody_of_that_name_has_done_anything(db, auditor):
    happened(db)

    answer = auditor.get("/audit?person=nobody-of-this-name", headers=HTML)

    assert answer.status_code == 200
    assert "No events match." in answer.text


def test_the_service_itself_can_be_asked_for(db, auditor):
    happened(db, actor=NOBODY, role="job", rows=77)
    happened(db)

    answer = auditor.get("/audit?person=the+service+itself", headers=HTML)

    assert [row[-1] for row in rows_of(answer)] == ["77"]


def test_a_filter_that_is_not_known_is_refused(auditor):
    answer = auditor.get("/audit?persn=x", headers=HTML)

    assert answer.status_code == 422


def test_a_date_that_is_none_is_said_beside_the_answer_and_shows_nothing(db, auditor):
    happened(db)

    answer = auditor.get("/audit?from=yesterday", headers=HTML)

    assert answer.status_code == 422
    assert "Enter a real date, for example 27 3 2026." in answer.text
    assert 'value="yesterday"' in answer.text
    assert rows_of(answer) == []


def test_a_reference_is_found_however_it_was_typed(db, auditor):
    ref = new_reference("CH")
    happened(db, ref=ref, rows=77)
    happened(db, ref=new_reference("CH"))

    answer = auditor.get("/audit", params={"ref": ref.replace("-", "").lower()}, headers=HTML)

    assert [row[-1] for row in rows_of(answer)] == ["77"]
    assert recorded(db, "audit_event.read")[-1][0] == ref


def test_pages_are_of_25_and_go_both_ways_without_gap_or_repeat(db, auditor):
    happened(db, 60, object_type="incident")
    with superuser(db) as admin:
        admin.execute("update audit.event set rows = id where object_type = 'incident'")

    first = auditor.get("/audit?type=incident", headers=HTML)
    second = auditor.get(link(first, "next"), headers=HTML)
    third = auditor.get(link(second, "next"), headers=HTML)
    back = auditor.get(link(third, "prev"), headers=HTML)
    front = auditor.get(link(back, "prev"), headers=HTML)

    shown = [[row[-1] for row in rows_of(answer)] for answer in (first, second, third)]
    assert "60 events" in first.text
    assert [len(rows) for rows in shown] == [25, 25, 10]
    ids = [int(number.replace(",", "")) for rows in shown for number in rows]
    assert ids == sorted(set(ids), reverse=True)
    assert rows_of(back) == rows_of(second)
    assert rows_of(front) == rows_of(first)
    assert link(third, "next") is None
    assert link(front, "prev") is None


def link(answer, rel):
    found = re.search(rf'href="([^"]+)" rel="{rel}"', answer.text)
    return found and found.group(1).replace("&amp;", "&")


def test_looking_is_itself_recorded_without_what_was_typed(db, auditor):
    auditor.get("/audit?outcome=done&ref=somebody+s+name", headers=HTML)

    (event,) = recorded(db, "audit_event.read")
    assert event == (None, 0, "done", {"filters": ["outcome", "ref"], "person": None})


# Download


@pytest.mark.asvs("1.2.10")
def test_metadata_is_downloaded_as_a_file_no_spreadsheet_runs(db, auditor):
    happened(db, role="cs_lead", ref="=HYPERLINK(1)", agency="@SUM", rows=5)

    answer = auditor.get("/audit/events.csv?role=cs_lead")

    read = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert [(row["reference"], row["agency"], row["rows"]) for row in read] == [
        ("'=HYPERLINK(1)", "'@SUM", "5")
    ]
    assert "detail" not in read[0]
    assert recorded(db, "audit_event.download") == [
        (None, 1, "done", {"filters": ["role"], "person": None})
    ]


def test_a_download_of_too_many_events_is_refused_in_words(db, auditor, monkeypatch):
    monkeypatch.setattr(rules, "DOWNLOAD_ROWS", 2)
    happened(db, 3)

    answer = auditor.get("/audit/events.csv")

    assert answer.status_code == 409
    assert "Choose dates or other filters." in answer.json()["detail"]


# How far it is kept


def test_the_state_line_says_how_far_it_is_sealed_anchored_and_verified(
    db, auditor, settings, tmp_path
):
    happened(db)
    verification.anchor(db, settings, tmp_path / "anchors")
    verification.verify_with(db, settings)

    answer = auditor.get("/audit", headers=HTML)

    said = re.search(r'<p class="cm-lead">(.*?)</p>', answer.text).group(1)
    assert re.fullmatch(
        r"Sealed to event 1 at \d\d:\d\d\. Last anchor \d\d:\d\d\. "
        r"Verified today at \d\d:\d\d: no change found\.",
        said,
    )


def test_a_change_that_was_found_is_the_first_thing_on_the_page(db, auditor, settings):
    happened(db)
    seals.seal(db)
    with superuser(db) as admin:
        admin.execute("update audit.event set role = 'auditor' where id = 1")
    verification.verify_with(db, settings)

    main = auditor.get("/audit", headers=HTML).text.partition('<main id="main"')[2]

    alert, heading = main.index('role="alert"'), main.index("<h1")
    assert alert < heading
    assert (
        "Verification failed at seal 1. Do not delete anything. "
        "Call contextualsafeguarding.exploitation@achievingforchildren.org.uk."
    ) in main


def test_verify_now_is_asked_of_the_worker_and_the_page_says_so(db, auditor):
    answer = auditor.post("/audit/verify", data={"csrf": csrf(auditor)}, headers=HTML)

    assert (answer.status_code, answer.headers["location"]) == (303, "/audit")
    assert recorded(db, "audit.verify") == [(None, 0, "asked", None)]
    assert verification.asked(db)
    assert "Verification was asked for at" in auditor.get("/audit", headers=HTML).text


# Unusual use

TUESDAY = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def november(monkeypatch):
    monkeypatch.setattr("app.oversight.service.clock.now", lambda: TUESDAY + timedelta(days=1))


def section(answer, heading):
    part = answer.text.partition(f"{heading}</h2>")[2].partition("<h2")[0]
    return [row[1:] for row in rows_of(type("Part", (), {"text": part}))]


@pytest.mark.parametrize(("n", "shown"), [(100, []), (101, ["101 reads on one day"])])
def test_more_than_a_hundred_reads_of_children_on_a_day_are_shown(db, auditor, n, shown, november):
    happened(db, n, at=TUESDAY)

    answer = auditor.get("/audit/unusual", headers=HTML)

    assert [row[-1] for row in section(answer, "children&#39;s references")] == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 11, 24, 7, 0, tzinfo=UTC), []),
        (datetime(2026, 11, 24, 18, 59, tzinfo=UTC), []),
        (datetime(2026, 11, 24, 6, 59, tzinfo=UTC), ["1 between 06:59 and 06:59"]),
        (datetime(2026, 11, 24, 19, 0, tzinfo=UTC), ["1 between 19:00 and 19:00"]),
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), ["1 between 12:00 and 12:00"]),  # a Sunday
    ],
)
def test_reads_outside_office_hours_in_london_are_shown(db, auditor, at, shown, november):
    happened(db, at=at)

    answer = auditor.get("/audit/unusual", headers=HTML)

    assert [row[-1] for row in section(answer, "Reads outside office hours")] == shown


@pytest.mark.asvs("16.3.2", "16.3.3")
@pytest.mark.parametrize(("n", "shown"), [(20, 0), (21, 1)])
def test_more_than_twenty_denials_in_ten_minutes_are_shown(db, auditor, n, shown, november):
    many = {"action": "denied", "object_type": "place", "outcome": "404"}
    happened(db, n, every=timedelta(seconds=29), at=TUESDAY, **many)
    happened(db, 30, every=timedelta(minutes=1), at=TUESDAY, actor=UUID(int=8), **many)

    answer = auditor.get("/audit/unusual", headers=HTML)

    assert len(section(answer, "Many denials")) == shown


def test_emergency_access_is_shown_with_its_end_and_without_its_reason(db, auditor):
    person = sign_in_as(db, "practitioner")
    with superuser(db) as admin:
        admin.execute(
            "insert into app.access_grant (id, ref, user_id, agency_code, kind, reason, until_at,"
            " created_by) values (gen_random_uuid(), 'GR-000-0000', %s, 'AFC', 'BREAK_GLASS',"
            " 'a reason of the tests', now() + interval '1 hour', %s)",
            (person.user_id, person.user_id),
        )

    answer = auditor.get("/audit/unusual", headers=HTML)

    ((who, role, words),) = section(answer, "Emergency access")
    assert (who, role) == (person.username, "Practitioner")
    assert re.fullmatch(r"From \d\d:\d\d until \d\d:\d\d", words)
    assert "a reason of the tests" not in answer.text
    assert recorded(db, "audit_event.read")[-1][3] == {"view": "unusual"}


# Leads


def test_a_lead_sees_totals_of_units_and_nobody_s_name(db, client):
    person = sign_in_as(db, "practitioner")
    happened(db, 3, actor=person.user_id)
    happened(db, 2, agency="LA_KINGSTON", action="place.update")
    happened(db, agency=None, role="job", action="audit.verify")
    happened(db, at=clock.now() - timedelta(days=400))

    answer = client.get("/audit", headers=HTML)

    rows = {(row[0], row[1]): row[2:] for row in rows_of(answer)}
    counts = {key: sum(map(int, months)) for key, months in rows.items()}
    assert answer.status_code == 200
    assert counts[("Achieving for Children", "Child: read")] == 3
    assert [action for _, action in rows if "Audit: verify" in action] == []
    assert {len(months) for months in rows.values()} == {6}
    assert person.username not in answer.text
    assert recorded(db, "audit_event.read")[-1][3] == {"view": "totals"}


def test_a_lead_sees_who_has_seen_a_place_and_why(db, client):
    ref = client.post("/api/v1/places", json=HOME).json()["ref"]
    client.post(f"/api/v1/places/{ref}/exact", json={"purpose": "MARVE"})
    page = client.get(f"/places/{ref}", headers=HTML)

    answer = client.get(f"/audit/seen/{ref}", headers=HTML)

    assert f'href="/audit/seen/{ref}"' in page.text
    assert [row[1:4] for row in rows_of(answer)] == [
        [
            "Test contextual safeguarding lead",
            "Contextual safeguarding lead",
            "Exact address: read",
        ],
        ["Test contextual safeguarding lead", "Contextual safeguarding lead", "Place: create"],
    ]
    assert "MARVE" in rows_of(answer)[0][4]
    assert recorded(db, "audit_event.seen_by") == [(ref, 2, "done", None)]


def test_a_look_at_who_has_seen_it_is_not_in_its_own_list(client):
    ref = client.post("/api/v1/places", json=HOME).json()["ref"]

    answers = [client.get(f"/audit/seen/{ref}", headers=HTML) for _ in range(2)]

    assert [len(rows_of(answer)) for answer in answers] == [1, 1]


def test_a_lead_asks_about_places_in_sight_only(db, client):
    child = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]

    answers = [client.get(f"/audit/seen/{ref}") for ref in (child, new_reference("PL"), "x")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert {answer.json()["detail"] for answer in answers} == {"There is no such place."}


def test_an_auditor_asks_about_any_reference(client, auditor):
    child = client.post("/api/v1/children", json=CHILD, headers=PLAN).json()["ref"]
    client.get(f"/api/v1/children/{child}", headers=PLAN)

    answer = auditor.get(f"/audit/seen/{child}", headers=HTML)

    assert [row[3] for row in rows_of(answer)] == ["Child: read", "Child: create"]


# Who may not

OTHERS = ("partner", "practitioner", "police_analyst", "vca_member", "administrator")


@pytest.mark.parametrize("role", OTHERS)
def test_everybody_else_is_led_to_the_own_activity_and_no_further(db, settings, role):
    ref = new_reference("PL")
    with browser(db, settings, sign_in_as(db, role)) as client:
        viewer = client.get("/audit", headers=HTML)
        closed = (f"/audit/seen/{ref}", "/audit/unusual", "/audit/events.csv")
        others = [client.get(path) for path in closed]
        verify = client.post("/audit/verify", data={"csrf": csrf(client)})

    assert (viewer.status_code, viewer.headers["location"]) == (303, "/account")
    assert [answer.status_code for answer in [*others, verify]] == [403, 403, 403, 403]


def test_a_lead_has_no_metadata_of_people(client):
    answers = [client.get("/audit/unusual"), client.get("/audit/events.csv")]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.parametrize(("role", "offered"), [("auditor", True), ("cs_lead", True)])
def test_the_menu_offers_the_audit_to_those_who_look_after_it(db, settings, role, offered):
    with browser(db, settings, sign_in_as(db, role)) as client:
        page = client.get("/privacy", headers=HTML), client.get("/audit", headers=HTML)

    assert ('href="/audit"' in page[1].text) is offered


def test_nobody_else_is_offered_the_audit(db, settings):
    for role in OTHERS:
        with browser(db, settings, sign_in_as(db, role)) as client:
            assert 'href="/audit"' not in client.get("/", headers=HTML).text


# In the database


@pytest.mark.parametrize("role", [*OTHERS, "auditor"])
def test_totals_are_for_leads_whoever_calls_the_function(db, role):
    actor = sign_in_as(db, role).actor

    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.cursor(actor) as cursor:
        cursor.execute("select * from audit.unit_totals(now())")


@pytest.mark.parametrize("role", OTHERS)
def test_who_has_seen_it_is_for_leads_and_auditors(db, role):
    actor = sign_in_as(db, role).actor

    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.cursor(actor) as cursor:
        cursor.execute("select * from audit.seen_by('PL-000-0000', 10)")


def test_a_lead_s_own_words_do_not_widen_what_the_function_tells(db, lead):
    with pytest.raises(psycopg.errors.InsufficientPrivilege), db.cursor(lead) as cursor:
        cursor.execute("select * from audit.seen_by('CH-000-0000', 10)")


def test_forged_claims_open_neither_function(db):
    with psycopg.connect(db.logins.dsn("cs_app")) as connection:
        connection.execute(
            "select set_config('cs.claims', %s, true), set_config('cs.sig', 'x', true)",
            ('{"role":"cs_lead","exp":9e9,"pid":1}',),
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="not signed"):
            connection.execute("select * from audit.unit_totals(now())")


def test_an_erased_detail_leaves_its_proof_and_its_line(db, auditor, settings):
    with db.begin(SOMEBODY) as session:
        service.record(session, "place.update", "place", "PL-000-0000", ward="E05000403")
    seals.seal(db)
    with db.cursor(job_actor("retention:erase")) as cursor:
        cursor.execute("select audit.erase_detail(1)")
    seals.seal(db)

    verdict = verification.verify_with(db, settings)

    assert verdict.holds
    page = auditor.get("/audit", headers=HTML)
    lines = [row[3] for row in rows_of(page) if row[3].startswith(("Audit: erase", "Place"))]
    assert lines == ["Audit: erase detail", "Place: update"]
    assert "no change found" in page.text
    with superuser(db) as admin:
        assert admin.execute("select detail from audit.event where id = 1").fetchone() == (None,)
