"""Every outcome of a report, every refusal in words, and the way back."""

import re
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text

from app.core.actor import PUBLIC
from app.reports.receipts import mailbox_of, receipt_hmac
from app.reports.sealing import Keys, opened, seal
from tests.people import HTML, LEAD, send
from tests.reports import NAMED, ONLINE, rows, screened

SECTIONS = {"identifiable": "NO", "tone": "CARE"}
NFA = SECTIONS | {"outcome_NFA": "yes", "reason": "TOO_LITTLE"}
SHOP = {"type_code": "TAKEAWAY_SHOP", "name": "Corner shop", "easting": 518030, "northing": 169300}
HOME = {"type_code": "RESIDENTIAL", "purpose": "TRIAGE", "easting": 518000, "northing": 169300}


@pytest.fixture
def desk(client, db, settings):
    """A lead at work."""
    client.headers.update(HTML)
    return Desk(client, db, settings)


class Desk:
    def __init__(self, client, db, settings):
        self.client, self.db, self.settings = client, db, settings

    def taken(self, **given):
        words = {"notice_text": f"Synthetic words {len(given)} of one report only, with bins"}
        received = screened(self.db, self.settings, **words | given)
        assert self.post(received.ref, "take").status_code == 303
        return received

    def post(self, ref, step="", **answers):
        ((version,),) = rows(self.db, "select version from app.report where ref = %s", ref)
        path = f"/reports/{ref}/{step}".rstrip("/")
        return send(self.client, path, **{"version": str(version)} | answers)

    def decided(self, ref, **answers):
        answer = self.post(ref, **SECTIONS | answers)
        assert answer.status_code == 303, told(answer)
        return self.outcomes(ref)

    def outcomes(self, ref):
        return rows(
            self.db,
            "select o.code, p.ref, x.ref, o.reason_code, o.note from app.report_outcome o "
            "join app.report r on r.id = o.report_id left join app.place p on p.id = o.place_id "
            "left join app.report x on x.id = o.other_report_id "
            "where r.ref = %s and o.undone_at is null order by o.id",
            ref,
        )

    def place(self, **given):
        answer = self.client.post("/api/v1/places", json=given, headers={"accept": "*/*"})
        assert answer.status_code == 201, answer.text
        return answer.json()["ref"]

    def state(self, ref):
        return rows(self.db, "select state from app.report where ref = %s", ref)[0][0]


def told(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_linked_to_a_place_that_was_suggested(desk, db):
    shop = desk.place(**SHOP)
    ref = desk.taken().ref
    page = desk.client.get(f"/reports/{ref}")

    assert f'value="{shop}"' in page.text
    assert "30 metres from the pin" in page.text
    assert "checked" not in re.sub(r'name="part_[^>]*checked', "", page.text)
    assert desk.decided(ref, place=shop) == [("LINKED_PLACE", shop, None, None, None)]
    ((informed,),) = rows(
        db,
        "select p.last_information_at >= r.created_at from app.place p, app.report r "
        "where p.ref = %s and r.ref = %s",
        shop,
        ref,
    )
    assert informed is True


def test_linked_to_a_place_by_reference_however_typed(desk):
    shop = desk.place(**SHOP)
    ref = desk.taken(easting=517000.0).ref

    kept = desk.decided(ref, place="OTHER", place_ref=shop.lower().replace("-", " "))
    assert kept == [("LINKED_PLACE", shop, None, None, None)]


@pytest.mark.parametrize(
    ("kind", "geom_kind"), [("TAKEAWAY_SHOP", "P"), ("PARK", "A"), ("STREET_ALLEY", "A")]
)
def test_a_new_place_takes_its_shape_from_the_pin(desk, db, kind, geom_kind):
    ref = desk.taken().ref

    ((code, place, *_),) = desk.decided(ref, place="NEW", new_type=kind, new_name="Synthetic spot")
    assert code == "NEW_PLACE"
    found = rows(db, "select state, geom_kind, borough_codes from app.place where ref = %s", place)
    assert found == [("PROPOSED", geom_kind, ["E09000021"])]


def test_a_new_online_place_keeps_the_address_defanged(desk, db):
    ref = desk.taken(**ONLINE, easting=None, northing=None).ref
    new = {"new_type": "ONLINE_SOCIAL", "new_name": "Synthetic page", "new_borough": "E09000021"}

    ((code, *_),) = desk.decided(ref, place="NEW", **new)
    assert code == "NEW_PLACE"
    assert rows(db, "select url_defanged from app.online_space") == [
        ("hxxps://example[.]com/@synthetic",)
    ]


def test_a_child_that_is_named_goes_to_the_front_door_with_its_steps(desk):
    ref = desk.taken().ref
    assert "If yes, do this today:" in desk.client.get(f"/reports/{ref}").text

    kept = desk.decided(ref, identifiable="YES", place="NONE", note="About one child.")
    assert kept == [("REFERRED_SPA", None, None, None, "About one child.")]
    assert "020 8547 5008" in desk.client.get(f"/reports/{ref}").text


def test_referred_to_the_police_routes_it(desk, db):
    ref = desk.taken().ref
    desk.decided(ref, place="NONE", note="A pattern.", outcome_REFERRED_POLICE="yes")

    assert rows(db, "select routed_police from app.report") == [(True,)]


def test_sent_to_another_borough_that_is_named(desk):
    ref = desk.taken(easting=525500.0, northing=174500.0, lad="E09000032").ref

    desk.decided(ref, outcome_OUT_OF_AREA_SENT="yes", sent_to="E09000032")
    assert "This goes to Wandsworth" in told(desk.client.get(f"/reports/{ref}"))


def test_presence_alone_goes_to_the_youth_service_and_the_page_says_so(desk, db):
    ref = desk.taken().ref
    kept = desk.decided(ref, outcome_NFA="yes", reason="PRESENCE_ONLY")

    assert kept == [("NFA", None, None, "PRESENCE_ONLY", None)]
    assert rows(db, "select routed_police from app.report") == [(False,)]
    page = told(desk.client.get(f"/reports/{ref}"))
    assert "This goes to the youth service, not to the police." in page


def test_rejected_with_a_reason(desk):
    ref = desk.taken().ref

    kept = desk.decided(ref, outcome_REJECTED_ABUSIVE="yes", note="Insults only.")
    assert kept == [("REJECTED_ABUSIVE", None, None, None, "Insults only.")]


def test_a_merged_report_keeps_its_receipt_and_both_are_told(desk, db, settings):
    first, second = desk.taken(), desk.taken(notice_text="Again the bins, synthetic")
    kept = desk.decided(second.ref, outcome_DUPLICATE="yes", other=first.ref)
    assert kept == [("DUPLICATE", None, first.ref, None, None)]
    desk.decided(first.ref, outcome_NFA="yes", reason="TOO_LITTLE")

    looked = desk.post(first.ref, "reply", template="F_THANKS")
    assert looked.status_code == 200
    assert "As the reporter will read it" in looked.text
    assert f"It also goes to whoever sent {second.ref}." in told(looked)
    assert desk.state(first.ref) == "DECIDED"
    changed = desk.post(first.ref, "reply", template="F_THANKS", change="yes")
    assert 'value="F_THANKS" checked' in changed.text
    assert desk.post(first.ref, "reply", template="F_THANKS", send="yes").status_code == 303

    for received in (first, second):
        assert desk.state(received.ref) == "FEEDBACK_SENT"
        ((direction, body),) = mailbox(db, settings, received)
        assert direction == "OUT"
        assert body.startswith("Thank you for telling us. We have read your report")


def mailbox(db, settings, received):
    """As the reporter reads it, with the receipt."""
    mark = receipt_hmac(Keys.of(settings).receipts, received.receipt)
    with db.begin(PUBLIC) as session:
        found = session.scalar(text("select intake.status(:mark)"), {"mark": mark})
    own, report = mailbox_of(received.receipt), UUID(found["report"])
    return [
        (
            m["direction"],
            opened(bytes.fromhex(m["sealed"]), own, report=report, use="message")["body"],
        )
        for m in found["messages"]
    ]


def test_a_question_waits_in_the_mailbox_and_the_answer_brings_it_back(desk, db, settings):
    received = desk.taken()
    asked = {"template": "Q_MORE", "slot": "Which side of the park?", "send": "yes"}
    assert desk.post(received.ref, "reply", **asked).status_code == 303
    assert desk.state(received.ref) == "NEEDS_INFO"
    ((_, body),) = mailbox(db, settings, received)
    assert "Which side of the park?" in body

    reply(db, settings, received, "By the gate, synthetic")
    assert desk.state(received.ref) == "IN_TRIAGE"
    assert "New message" in desk.client.get("/reports").text
    assert "Messages from reporters" in desk.client.get("/").text
    assert "By the gate, synthetic" in desk.client.get(f"/reports/{received.ref}").text
    assert "New message" not in desk.client.get("/reports").text
    dump = str(rows(db, "select m::text from app.report_message m"))
    assert "gate" not in dump
    assert "side of" not in dump


def reply(db, settings, received, body):
    keys = Keys.of(settings)
    ((report,),) = rows(db, "select id from app.report where ref = %s", received.ref)
    of = {"report": report, "use": "message"}
    given = {
        "mark": receipt_hmac(keys.receipts, received.receipt),
        "box": seal({"body": body}, keys.triage.public_key(), **of),
        "copy": seal({"body": body}, mailbox_of(received.receipt).public_key(), **of),
    }
    with db.begin(PUBLIC) as session:
        asked = "select intake.reply(:mark, gen_random_uuid(), :box, :copy)"
        assert session.scalar(text(asked), given) is True


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "template", "Choose a reply."),
        ({"template": "F_THANKS"}, "template", "Choose a reply."),
        ({"template": "Q_MORE"}, "slot", "Enter your question."),
        ({"template": "Q_MORE", "slot": "x" * 301}, "slot", "Use at most 300 characters."),
        (
            {"template": "Q_MORE", "slot": "Is it a boy called Kyle Example?"},
            "slot",
            "Leave out what may identify someone: Kyle.",
        ),
        ({"template": "Q_MORE", "slot": "Is it a gang member?"}, "slot", "gang member"),
    ],
)
def test_a_reply_is_refused_in_words(desk, given, field, words):
    ref = desk.taken().ref
    answer = desk.post(ref, "reply", **given, send="yes")

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert words in answer.text
    assert desk.state(ref) == "IN_TRIAGE"


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"identifiable": ""}, "identifiable", "Say if a child can be identified."),
        ({"tone": ""}, "tone", "Choose the tone."),
        ({"outcome_NFA": "", "place": ""}, "outcome", "Choose what happens to this report."),
        ({"reason": ""}, "reason", "Choose a reason."),
        ({"outcome_NFA": "", "reason": ""}, "place", "Choose a place, or say why none."),
        (
            {"outcome_NFA": "", "place": "OTHER", "place_ref": "PL-000-0000"},
            "place",
            "PL-000-0000 is not a valid reference. Check each character.",
        ),
        ({"outcome_NFA": "", "place": "NEW"}, "new_type", "Choose a type."),
        (
            {"outcome_NFA": "", "place": "NEW", "new_type": "PARK"},
            "new_name",
            "Enter a name without people&#39;s or group names.",
        ),
        (
            {"outcome_NFA": "", "place": "NEW", "new_type": "ROUTE_BUS", "new_name": "Bus"},
            "new_shape",
            "A place of this type is a line. Give it as one.",
        ),
        ({"outcome_NFA": "", "outcome_DUPLICATE": "yes"}, "other", "Choose the report that this"),
        ({"outcome_NFA": "", "outcome_OUT_OF_AREA_SENT": "yes"}, "sent_to", "Choose the borough"),
        ({"choice_0": ""}, "choice_0", "1 extract still needs a decision."),
        ({"choice_0": "KEEP"}, "why_0", "Say why these words stay."),
        ({"also": "not in it"}, "also", "Some of these words are not in the report."),
    ],
)
def test_a_decision_is_refused_in_words_and_what_was_typed_stays(desk, changed, field, words):
    ref = desk.taken(**NAMED).ref
    good = NFA | {"choice_0": "REDACT", "choice_1": "REDACT", "note": "Synthetic note, kept."}
    answer = desk.post(ref, **good | changed)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}"' in answer.text
    assert words in answer.text
    assert "Synthetic note, kept." in answer.text
    assert "<title>Error: " in answer.text
    assert desk.state(ref) == "IN_TRIAGE"


def test_a_report_of_a_home_leaves_where_it_is_behind_the_purpose(desk, db, settings):
    home = desk.place(**HOME)
    ref = desk.taken().ref
    desk.decided(ref, place="OTHER", place_ref=home)

    ((geom, suggestion),) = rows(
        db, "select r.geom, o.suggestion from app.report r join app.report_original o on true"
    )
    assert (geom, suggestion) == (None, None)
    assert rows(db, "select address from app.place_exact") == [("behind the shelter",)]
    page = desk.client.get(f"/reports/{ref}")
    assert "behind the shelter" not in page.text
    assert "Synthetic words" in page.text


def test_where_a_home_is_leaves_the_merged_reports_too(desk, db):
    home = desk.place(**HOME)
    before, ref, after = (desk.taken().ref for _ in range(3))
    merge = {"outcome_DUPLICATE": "yes", "other": "OTHER", "other_ref": ref, "note": "The same."}
    desk.decided(before, place="NONE", **merge)
    desk.decided(ref, place="OTHER", place_ref=home)
    refused = desk.post(after, **SECTIONS | merge, place="NONE")

    assert refused.status_code == 422
    assert f"The other report is of a home: choose {home} here, too." in refused.text
    desk.decided(after, place="OTHER", place_ref=home, **merge)
    assert rows(db, "select distinct geom from app.report") == [(None,)]
    for each in (before, ref, after):
        assert "behind the shelter" not in desk.client.get(f"/reports/{each}").text


@pytest.mark.parametrize(("kind", "warned"), [("RESIDENTIAL", False), ("CUCKOOED", True)])
def test_a_new_home_gets_the_pin_and_the_words_where(desk, db, kind, warned):
    ref = desk.taken().ref
    ((code, home, *_),) = desk.decided(ref, place="NEW", new_type=kind)

    assert code == "NEW_PLACE"
    found = "select ST_X(geom), address, victim_warning from app.place_exact"
    assert rows(db, found) == [(518000.0, "behind the shelter", warned)]
    assert rows(db, "select name, geom from app.place") == [(f"Address {home}", None)]
    assert rows(db, "select geom from app.report") == [(None,)]


def test_undo_asks_why_and_takes_everything_back(desk, db):
    ref = desk.taken().ref
    desk.decided(ref, place="NONE", note="A pattern.", outcome_REFERRED_POLICE="yes")

    assert desk.post(ref, "undo").status_code == 422
    assert desk.post(ref, "undo", why="Synthetic: wrong report").status_code == 303
    assert desk.state(ref) == "IN_TRIAGE"
    assert desk.outcomes(ref) == []
    assert rows(db, "select outcome_codes, routed_police, decided_at from app.report") == [
        ([], False, None)
    ]
    steps = rows(db, "select from_state, to_state, reason from app.report_state_change order by id")
    assert steps[-1] == ("DECIDED", "IN_TRIAGE", "Synthetic: wrong report")
    page = desk.client.get(f"/reports/{ref}").text
    assert re.search(r'value="CARE" checked', page), "facts are there to be decided again"


def test_what_the_reporter_ticked_stays_beside_what_triage_made_of_it(desk):
    ref = desk.taken(day_parts=["LATE"], how_known="SAW").ref

    desk.decided(ref, **NFA, part_EVENING="yes", how_known="TOLD_BY_ADULT")

    page = told(desk.client.get(f"/reports/{ref}"))
    assert "Time of day Evening, 6pm to 10pm" in page
    assert "Time of day, as it was sent Late, 10pm to 6am" in page
    assert "How they know, as it was sent I saw it" in page


def test_errors_stand_in_the_order_of_the_page(desk):
    ref = desk.taken(**NAMED).ref
    answer = desk.post(ref, place="NEW", outcome_NFA="yes", outcome_DUPLICATE="yes")

    assert re.findall(r'<li><a href="#([^"]+)"', answer.text) == [
        *("choice_0", "identifiable", "tone", "new_type", "outcome", "other", "reason"),
    ]


def test_the_word_list_speaks_of_a_note(desk):
    ref = desk.taken().ref
    desk.decided(ref, **NFA, note="Loitering youths, synthetic.")

    assert "About the words of the note" in desk.client.get(f"/reports/{ref}").text


def test_a_report_of_a_colleague_is_taken_over(desk, as_, db):
    ref = desk.taken().ref
    other = as_("cs_lead", agency="AFC")
    assert "Take it over" not in desk.client.get(f"/reports/{ref}").text
    assert "Take it over" in other.get(f"/reports/{ref}").text
    send(other, f"/reports/{ref}/take")

    assert rows(db, "select assigned_to from app.report_original") == [(other.person.user_id,)]


def test_nobody_undoes_what_the_reporter_was_told(desk):
    ref = desk.taken().ref
    desk.decided(ref, **NFA)
    desk.post(ref, "reply", template="F_LITTLE", send="yes")

    answer = desk.post(ref, "undo", why="Synthetic")
    assert answer.status_code == 409
    assert "A report that is feedback sent cannot become in triage." in told(answer)


def test_a_closed_report_is_opened_again_with_a_reason(desk, db):
    ref = desk.taken().ref
    desk.decided(ref, **NFA)
    assert desk.post(ref, "close").status_code == 303
    assert rows(db, "select closed_at is not null from app.report") == [(True,)]

    assert desk.post(ref, "reopen").status_code == 422
    assert desk.post(ref, "reopen", why="New evidence").status_code == 303
    steps = rows(db, "select to_state, reason from app.report_state_change order by id")
    assert steps[-1] == ("IN_TRIAGE", "Reopened: New evidence")
    assert rows(db, "select closed_at from app.report") == [(None,)]


def test_two_leads_compare_and_the_second_saves_again(desk, as_):
    ref = desk.taken().ref
    other = as_("cs_lead", agency="AFC")
    assert send(other, f"/reports/{ref}/take").status_code == 303

    stale = send(desk.client, f"/reports/{ref}", version="2", **NFA, note="Mine, synthetic")
    assert stale.status_code == 409
    assert "Changed by Test contextual safeguarding lead at" in stale.text
    assert "Compare and save again." in stale.text
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', stale.text))
    assert hidden["note"] == "Mine, synthetic"
    hidden.pop("csrf")
    assert send(desk.client, f"/reports/{ref}", **hidden).status_code == 303
    assert desk.state(ref) == "DECIDED"


def test_what_is_not_finished_is_kept_and_sealed(desk, db):
    ref = desk.taken().ref
    assert desk.post(ref, save="yes", note="Half a thought, synthetic").status_code == 303

    page = desk.client.get(f"/reports/{ref}").text
    assert "Half a thought, synthetic" in page
    assert "Saved " in page
    assert "Half" not in str(rows(db, "select o::text from app.report_original o"))
    desk.decided(ref, **NFA)
    assert rows(db, "select working from app.report_original") == [(None,)]


def test_quarantine_is_left_by_a_person_only(desk, db, settings):
    ref = screened(db, settings, quarantine=["TOO_FAST"]).ref

    assert ref not in desk.client.get("/reports").text
    aside = desk.client.get("/reports?quarantine=yes")
    assert "Quarantined because it was sent within seconds" in told(aside)
    assert desk.post(ref, "release").status_code == 303
    assert desk.state(ref) == "SCREENED"
    assert desk.post(ref, "release").status_code == 409
    assert ref in desk.client.get("/reports").text


def test_how_to_reach_the_reporter_asks_why_and_leaves_a_trace(desk, db, settings):
    ref = screened(db, settings, contact={"email": "synthetic@example.org"}).ref

    asked = desk.client.get(f"/reports/{ref}/contact")
    assert "Why do you need to see this?" in asked.text
    assert "example.org" not in asked.text
    assert desk.post(ref, "contact").status_code == 422
    assert desk.post(ref, "contact", purpose="MARVE").status_code == 422
    assert desk.post(ref, "contact", purpose="TRIAGE").status_code == 303
    assert "synthetic@example.org" in desk.client.get(f"/reports/{ref}/contact").text
    other = screened(db, settings, contact={"phone": "020 7946 0000"}).ref
    assert "Why do you need" in desk.client.get(f"/reports/{other}/contact").text
    read = rows(
        db, "select object_ref, purpose from audit.event where action = 'report_contact.read'"
    )
    assert read == [(ref, "TRIAGE")]


def test_an_empty_queue_says_when_the_last_was_decided(desk):
    assert "No reports to triage." in desk.client.get("/reports").text
    ref = desk.taken().ref
    desk.decided(ref, **NFA)

    page = told(desk.client.get("/reports"))
    assert re.search(r"No reports to triage\. The last one was decided on \d+ \w+\.", page)
    home = told(desk.client.get("/"))
    assert re.search(r"Nothing is waiting\. The last report came on \d+ \w+\.", home)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"calm", "bus"}),
        ("state=ALL", {"calm", "bus", "aside"}),
        ("worry=ROBBERY", {"bus"}),
        ("borough=E09000021", {"calm"}),
        ("channel=PHONE", {"bus"}),
        ("quarantine=yes", {"aside"}),
        ("state=IN_TRIAGE", set()),
        ("state=&borough=&worry=&channel=", {"calm", "bus"}),
    ],
)
def test_the_inbox_is_narrowed_by_its_address(desk, db, settings, query, shown):
    bus = {"where_kind": "ROUTE", "mode": "BUS", "line": "K2", "easting": None, "northing": None}
    by_phone = {"channel": "PHONE", "actor": LEAD}
    refs = {
        "calm": screened(db, settings).ref,
        "bus": screened(db, settings, **bus, **by_phone, what_harms=["ROBBERY"]).ref,
        "aside": screened(db, settings, **bus, quarantine=["TOO_FAST"]).ref,
    }
    page = desk.client.get(f"/reports?{query}")

    assert page.status_code == 200
    found = {name for name, ref in refs.items() if f">{ref}</a>" in page.text}
    assert found == shown


def test_danger_is_in_the_queue_even_from_quarantine(desk, db, settings):
    ref = screened(db, settings, quarantine=["TOO_FAST"], danger_answer="YES").ref

    assert ref in desk.client.get("/reports").text


def test_overdue_reads_since_when(desk, db, settings):
    ref = screened(db, settings).ref
    rows(db, "update app.report set created_at = '2026-11-19T16:05:00+00:00' where ref = %s", ref)

    assert "Overdue since 4:05pm on 20 November" in desk.client.get("/reports").text
    assert "Reports overdue" in desk.client.get("/").text


def test_a_longer_inbox_asks_the_database_no_more_questions(desk, db, settings):
    def asked():
        questions = []

        def note(_connection, _cursor, statement, *_more):
            questions.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert desk.client.get("/reports").status_code == 200
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return len(questions)

    kinds = ({}, ONLINE, {"where_kind": "ROUTE", "mode": "BUS", "line": "65"})
    for given in kinds:
        screened(db, settings, **given)
    few = asked()
    for given in kinds * 4:
        screened(db, settings, **given)

    assert asked() == few


def test_more_than_a_page_goes_on(desk, db, settings):
    for n in range(26):
        screened(db, settings, notice_text=f"Synthetic report number {n} of a long list")

    first = desk.client.get("/reports")
    assert "26 reports to triage" in told(first)
    assert first.text.count('rel="next"') == 1
    assert desk.client.get("/reports?page=2").text.count("/take") == 1
