"""How the page of a report says things: harmless addresses, what was decided, whose states."""

import re

import pytest

from tests.people import HTML, KINGSTON, send
from tests.reports import ONLINE, rows, screened

DECIDED = {"version": "2", "identifiable": "NO", "tone": "CARE"}
LINK = "https://www.example.com/room?x=1"
SHOWN = "hxxps://www[.]example[.]com/room?x=1"


@pytest.fixture
def lead(client):
    client.headers.update(HTML)
    return client


def told(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_an_address_is_shown_so_that_nothing_opens_it_and_can_be_removed_as_shown(
    lead, as_, db, settings
):
    words = f"Synthetic: they send {LINK} to children."
    ref = screened(db, settings, **ONLINE, notice_text=words, easting=None, northing=None).ref
    send(lead, f"/reports/{ref}/take")

    page = lead.get(f"/reports/{ref}")
    assert f"they send {SHOWN} to children" in page.text
    assert "hxxps://example[.]com/@synthetic" in page.text
    assert "https://" not in page.text

    nothing = {"outcome_REFERRED_POLICE": "yes", "place": "NONE", "note": "Synthetic"}
    assert send(lead, f"/reports/{ref}", **DECIDED, **nothing, also=SHOWN).status_code == 303
    assert "[.]" not in told(as_("police_analyst").get(f"/reports/{ref}"))


def test_what_was_decided_is_read_on_the_page_with_remarks_on_its_words(lead, db, settings):
    ref = screened(db, settings).ref
    send(lead, f"/reports/{ref}/take")
    place = {"place": "NEW", "new_type": "PARK", "new_name": "Where youths meet"}

    answer = send(lead, f"/reports/{ref}", **DECIDED, **place, harm_DRUG_EXPLOIT="yes")

    assert answer.status_code == 303
    page = told(lead.get(f"/reports/{ref}"))
    assert "Harms Exploitation through drugs" in page
    assert "Tone Worried for children" in page
    assert "About the words of the note and the name: &#34;youths&#34;: children" in page


def test_the_lead_reads_how_a_report_came_and_from_which_organisation(lead, as_, db, settings):
    ours = as_("partner", agency="EDU").person.actor
    given = {"notice_text": "Synthetic: of a school"}
    theirs = screened(db, settings, actor=ours, channel="PARTNER_ACCOUNT", **given).ref
    alone = screened(db, settings).ref

    assert re.search("How it came Partner account, [A-Z]", told(lead.get(f"/reports/{theirs}")))
    assert re.search("How it came Web form [A-Z]", told(lead.get(f"/reports/{alone}")))


def test_who_does_not_triage_chooses_among_the_states_after_it(lead, as_, db):
    states = re.compile(r'<option value="(\w+)"[^>]*>(?:To triage|In triage|Decided|Closed)<')

    assert {"OPEN", "IN_TRIAGE", "DECIDED", "CLOSED"} <= {
        *states.findall(lead.get("/reports").text)
    }
    other = as_("practitioner", boroughs=(KINGSTON,))
    assert states.findall(other.get("/reports", headers=HTML).text) == ["DECIDED", "CLOSED"]
    assert rows(db, "select count(*) from app.report") == [(0,)]
