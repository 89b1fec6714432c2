"""Partners: the form as somebody who is signed in, and what became of what they sent."""

import re
from html import unescape

import pytest

from tests.people import HTML, csrf
from tests.reports import rows, sent

LIST, NEW = "/reports/mine", "/reports/new"


@pytest.fixture
def partner(as_):
    return as_("partner", agency="EDU")


def begun(client, **told):
    answer = client.post(NEW, data={"csrf": csrf(client)} | told)
    assert (answer.status_code, answer.headers["location"]) == (303, "/report/opening")
    return client


def next_page(client, path, **answers):
    page = client.get(path).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    answer = client.post(path if path != "/report/check" else "/report/send", data=hidden | answers)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def answered(client):
    next_page(client, "/report/now", danger_answer="NO")
    next_page(client, "/report/kind", where_kind="DESCRIBED")
    next_page(client, "/report/where", where_text="The synthetic steps")
    next_page(client, "/report/what", what_harms="OTHER")
    return next_page(client, "/report/when", when_kind="OFTEN")


def words(client, path=LIST):
    page = client.get(path)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))


def test_a_partner_is_not_asked_who_it_is_and_sends_for_its_organisation(db, partner):
    assert answered(begun(partner)) == "/report/check"  # the page of who they are is left out
    assert next_page(partner, "/report/check") == "/report/done"

    done = partner.get("/report/done").text
    assert "We have received it" in done
    assert 'href="/reports/mine"' in done
    assert rows(db, "select channel, agency_code, created_by from app.report") == [
        ("PARTNER_ACCOUNT", "EDU", partner.person.user_id)
    ]
    assert "1 report from your organisation" in words(partner)
    assert "Described in words" in words(partner)


def test_a_partner_may_say_that_it_is_about_a_report_of_its_own(client, db, settings, partner, as_):
    own = sent(db, settings, channel="PARTNER_ACCOUNT", actor=partner.person.actor).ref
    strange = sent(db, settings, notice_text="Synthetic: of somebody else").ref
    page = partner.get(NEW).text
    assert "This is about a report I made (optional)" in page
    assert own in page
    assert strange not in page

    for about, shown in ((own, True), (strange, False)):
        begun(partner, about=about)
        answered(partner)
        assert next_page(partner, "/report/check") == "/report/done"
        ((ref,),) = rows(db, "select ref from app.report order by created_at desc limit 1")
        lead = client.get(f"/reports/{ref}", headers=HTML).text
        assert ("About their report" in lead) is shown
        assert (f'href="/reports/{about}">{about}</a>' in lead) is shown


def test_what_a_partner_began_nobody_else_sends(db, settings, partner, as_):
    answered(begun(partner))
    other = as_("partner", agency="EDU")
    other.cookies.set("__Host-report", partner.cookies["__Host-report"])

    assert next_page(other, "/report/check") == "/report/problem/forbidden"
    assert rows(db, "select count(*) from app.report") == [(0,)]


def test_without_a_report_the_list_says_so_and_offers_one(partner):
    page = words(partner)

    assert "You have not sent a report yet." in page
    assert "Tell us about a place" in page


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("RECEIVED", None, "Received"),
        ("QUARANTINED", None, "Received"),
        ("IN_TRIAGE", "TOO_LITTLE", "Being considered"),
        ("DECIDED", "TOO_LITTLE", "Being considered"),
        ("CLOSED", None, "Closed"),
        ("CLOSED", "TOO_LITTLE", "Closed There was too little to act on."),
        ("CLOSED", "PRESENCE_ONLY", "Closed It was about children being there."),
    ],
)
def test_three_words_and_at_closing_a_reason(db, settings, partner, state, reason, told):
    ref = sent(db, settings, actor=partner.person.actor, channel="PARTNER_ACCOUNT").ref
    rows(db, f"update app.report set state = '{state}', reason_code = %s", reason)

    page = words(partner)

    assert f" A place {told}" in page
    assert reason is None or ("too little" in page) == ("too little" in told)
    assert ref not in page
    assert "behind the shelter" not in page


def test_reports_of_others_are_not_there(db, settings, partner, as_):
    sent(db, settings)
    sent(db, settings, actor=as_("partner", agency="HOUSING").person.actor)

    assert "You have not sent a report yet." in words(partner)


def test_longer_lists_have_pages(db, settings, partner):
    for _ in range(27):
        sent(db, settings, actor=partner.person.actor)

    assert "27 reports from your organisation" in words(partner)
    assert words(partner).count("A place") - words(partner, f"{LIST}?page=2").count("A place") == 23


def test_who_reads_more_of_reports_is_led_to_the_inbox(as_):
    assert as_("cs_lead", agency="AFC").get(LIST).headers["location"] == "/reports"
    assert as_("vca_member").get(LIST).status_code == 403


def test_the_home_page_of_a_partner_leads_to_its_reports(db, settings, partner):
    assert "My reports" not in words(partner, "/")
    sent(db, settings, actor=partner.person.actor)

    home = words(partner, "/")

    assert re.search(r"1 My reports Newest \d+ \w+ 20\d\d", home)


def test_before_the_first_question_stands_where_a_child_in_danger_gets_help(partner):
    page = words(partner, NEW)

    assert "call 999" in page
    assert "It is not for telling us about one named child." in page
    assert "so we do not ask who you are" in page


def test_a_form_of_another_site_begins_nothing(db, partner):
    assert partner.post(NEW, data={"csrf": "x"}).status_code == 403
    assert rows(db, "select count(*) from intake.draft") == [(0,)]
