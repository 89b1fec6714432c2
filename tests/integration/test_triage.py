"""The lead's way with a report: inbox, open, take, decide, undo, reply."""

import re

import pytest

from tests.people import HTML, send
from tests.reports import BUS, NAMED, ONLINE, rows, screened, sent

KEEP = {"choice_0": "REDACT", "choice_1": "KEEP", "why_1": "It is the shop's own number."}
DECIDED = {
    "identifiable": "NO",
    "tone": "CARE",
    "harm_DRUG_EXPLOIT": "yes",
    "place": "NONE",
    "note": "Not about one place.",
    "outcome_REFERRED_POLICE": "yes",
}


@pytest.fixture
def lead_browser(client):
    client.headers.update(HTML)
    return client


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def version_of(db, ref):
    return rows(db, "select version from app.report where ref = %s", ref)[0][0]


def decide(client, db, ref, **answers):
    return send(client, f"/reports/{ref}", version=str(version_of(db, ref)), **answers)


def test_the_inbox_shows_danger_first_and_what_each_report_is_about(lead_browser, db, settings):
    calm = screened(db, settings)
    bus = screened(db, settings, **BUS)
    danger = screened(db, settings, danger_answer="YES", **ONLINE, easting=None, northing=None)

    page = lead_browser.get("/reports")

    assert page.status_code == 200
    assert "3 reports to triage" in text_of(page)
    order = re.findall(r'href="/reports/(RP-[^"]+)"', page.text)
    assert order == [danger.ref, calm.ref, bus.ref]
    for words in ("Danger answered yes", "Route: bus", "Online: ", "Drugs or county lines"):
        assert words in page.text


def test_a_report_is_opened_taken_and_decided(lead_browser, db, settings):
    ref = screened(db, settings).ref

    page = lead_browser.get(f"/reports/{ref}")
    assert page.status_code == 200
    assert "Older people hand small bags" in page.text
    taken = send(lead_browser, f"/reports/{ref}/take")
    assert (taken.status_code, taken.headers["location"]) == (303, f"/reports/{ref}")
    done = decide(lead_browser, db, ref, **DECIDED)

    assert done.status_code == 303, text_of(done)
    ((state, tone, harms, police),) = rows(
        db, "select state, tone, harm_codes, routed_police from app.report"
    )
    assert (state, tone, harms, police) == ("DECIDED", "CARE", ["DRUG_EXPLOIT"], True)
    steps = rows(db, "select to_state from app.report_state_change order by id")
    assert [step for (step,) in steps] == ["RECEIVED", "SCREENED", "IN_TRIAGE", "DECIDED"]
    actions = [a for (a,) in rows(db, "select action from audit.event order by id")]
    for action in ("report.screen", "report.read", "report.take", "report.decide"):
        assert action in actions


def test_every_extract_needs_a_decision_and_what_was_typed_stays(lead_browser, db, settings):
    ref = screened(db, settings, **NAMED).ref
    send(lead_browser, f"/reports/{ref}/take")

    refused = decide(lead_browser, db, ref, **DECIDED)

    assert refused.status_code == 422
    assert "2 extracts still need a decision." in refused.text
    assert "Not about one place." in refused.text
    one = decide(lead_browser, db, ref, **DECIDED, choice_0="REDACT")
    assert "1 extract still needs a decision." in one.text
    assert decide(lead_browser, db, ref, **DECIDED, **KEEP).status_code == 303
    assert rows(db, "select redaction from app.report") == [("DONE",)]


def test_nothing_of_a_report_is_in_the_clear(db, settings, lead_browser):
    ref = screened(db, settings, **NAMED).ref
    send(lead_browser, f"/reports/{ref}/take")
    decide(lead_browser, db, ref, **DECIDED, **KEEP)

    whole = str(
        rows(
            db,
            "select r::text, o::text from app.report r "
            "join app.report_original o on o.report_id = r.id",
        )
    )
    whole += str(rows(db, "select e::text from audit.event e"))
    for words in ("Kyle", "07700", "shelter", "shop's own"):
        assert words not in whole


def test_no_log_tells_anything_of_a_report(db, settings, lead_browser, caplog):
    caplog.set_level("DEBUG")
    ref = screened(db, settings, **NAMED).ref
    send(lead_browser, f"/reports/{ref}/take")
    lead_browser.get("/reports")
    lead_browser.get(f"/reports/{ref}")
    decide(lead_browser, db, ref, note="Canary of the note")
    decide(lead_browser, db, ref, **DECIDED, **KEEP)
    rows(db, "alter table app.report_outcome rename to lost")
    try:
        assert lead_browser.get(f"/reports/{ref}").status_code >= 500
    finally:
        rows(db, "alter table app.lost rename to report_outcome")

    client_of_tests = "httpx"
    lines = [r.getMessage() for r in caplog.records if not r.name.startswith(client_of_tests)]
    assert len(lines) > 5
    for words in ("Kyle", "07700", "shelter", "shop's own", "Canary", ref):
        assert words not in "\n".join(lines)


def test_points_for_advertising_are_told_with_their_reasons(db, settings, lead_browser):
    words = "Buy now at https://example.com before they are gone, synthetic"
    ref = screened(db, settings, notice_text=words).ref

    page = text_of(lead_browser.get(f"/reports/{ref}"))
    assert "3.5 points of 4.0: 1 web address in the words, words of advertising" in page


def test_a_report_that_has_no_job_yet_can_be_taken(lead_browser, db, settings):
    ref = sent(db, settings).ref

    assert send(lead_browser, f"/reports/{ref}/take").status_code == 303
    assert rows(db, "select state from app.report") == [("IN_TRIAGE",)]
