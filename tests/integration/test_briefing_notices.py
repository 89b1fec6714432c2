"""Readers are told by e-mail what became of a report: a sentence and a link, once each."""

import json
from hashlib import sha256
from types import SimpleNamespace

import pytest

from app.briefings import jobs, notices
from app.briefings.building import canonical
from app.core.ids import new_id, new_reference
from app.core.mail import post_of
from tests.briefing_uses import MADE
from tests.databases import cloned
from tests.people import HTML, send
from tests.releases import Ground
from tests.sql import world as sql
from tests.sql.release_world import TIMES

BASE = "https://contextmap.example"
ROWS = """
    select n.event, u.role, n.state, n.tries from app.briefing_notice as n
    join app."user" as u on u.id = n.user_id order by n.event, u.role
"""


class Letters(list):
    """Takes letters; refuses those to one address."""

    refused = ""

    def __call__(self, mail, key):
        if mail.to == self.refused:
            raise OSError("no")
        self.append((mail, key))


@pytest.fixture(scope="module")
def desk(cluster, template, settings):
    with cloned(cluster, template, "notices") as db:
        ground = Ground(db, settings)
        for role in ("vca_member", "cs_lead", "auditor", "practitioner", "administrator"):
            ground.as_(role)
        with ground.superuser() as admin:
            admin.execute("""update app."user" set email = role || '@example.org'
                             where role <> 'cs_lead'""")
        yield ground


@pytest.fixture
def clean(desk):
    with desk.superuser() as admin:
        admin.execute("truncate app.briefing cascade")
    return desk


def checked(desk, **differs):
    key, ref = new_id(), new_reference("BR")
    values = TIMES | {"id": key, "ref": ref, "kind": "QUARTERLY", "state": "CHECKED"}
    values |= {"period_code": "2026-Q1", "created_by": key, "updated_by": key}
    told = canonical(MADE)
    values |= {"snapshot": told, "snapshot_sha256": sha256(told.encode()).hexdigest()} | differs
    with desk.superuser() as admin:
        sql.insert(admin, "app.briefing", values)
    return key, ref


def frozen(desk, **differs):
    key, ref = checked(desk, **differs)
    for role in ("cs_lead", "auditor"):
        assert send(desk.as_(role), f"/briefings/{ref}/sign").status_code == 303
    return key, ref


def test_a_frozen_report_is_told_to_its_readers_once_by_a_link_alone(clean):
    _, ref = frozen(clean)
    letters = Letters()
    for _ in range(3):  # the queue may run a job again
        notices.note(clean.db)
        notices.send_waiting(clean.db, letters, BASE)
    assert {mail.to for mail, _ in letters} == {"vca_member@example.org", "auditor@example.org"}
    assert len(letters) == 2
    for mail, _ in letters:
        assert mail.subject == "Quarterly context report"
        assert mail.text == (f"A quarterly context report is ready.\n\n{BASE}/briefings/{ref}\n"), (
            "no title, number, quarter or marking"
        )
    assert clean.rows(ROWS) == [
        ("FROZEN", "auditor", "SENT", 1),
        ("FROZEN", "cs_lead", "NO_ADDRESS", 0),
        ("FROZEN", "vca_member", "SENT", 1),
    ]


def test_a_letter_that_fails_is_tried_again_and_administrators_see_it(clean):
    _, ref = frozen(clean)
    letters = Letters()
    letters.refused = "auditor@example.org"
    notices.note(clean.db)
    with pytest.raises(notices.NotToldError):
        notices.send_waiting(clean.db, letters, BASE)
    assert [mail.to for mail, _ in letters] == ["vca_member@example.org"]
    page = clean.as_("administrator").get("/admin/service", headers=HTML).text
    row = page[page.index("is ready") :].split("</tr>")[0]
    assert [cell.split("<")[0] for cell in row.split('cm-number">')[1:]] == ["1", "1", "1"]
    assert ref not in page
    assert "is ready" in clean.as_("auditor").get("/admin/service", headers=HTML).text
    letters.refused = ""
    notices.send_waiting(clean.db, letters, BASE)
    assert len(letters) == 1, "a quarter of an hour is waited"
    with clean.superuser() as admin:
        admin.execute("update app.briefing_notice set failed_at = now() - interval '16 minutes'")
    notices.send_waiting(clean.db, letters, BASE)
    assert [mail.to for mail, _ in letters] == ["vca_member@example.org", "auditor@example.org"]
    assert len({key for _, key in letters}) == 2


def test_a_recall_is_told_and_what_waited_no_longer_says_ready(clean):
    _, ref = frozen(clean)
    notices.note(clean.db)
    reason = "Synthetic: a place was named too early."
    assert send(clean.as_("cs_lead"), f"/briefings/{ref}/recall", reason=reason).status_code == 303
    letters = Letters()
    notices.note(clean.db)
    notices.send_waiting(clean.db, letters, BASE)
    assert {mail.text.split("\n")[0] for mail, _ in letters} == {notices.WORDS["RECALLED"]}
    assert reason not in "".join(mail.text for mail, _ in letters)


def test_what_takes_its_place_is_told_as_that_and_only_once(clean):
    key, ref = frozen(clean)
    reason = "Synthetic: a place was named too early."
    send(clean.as_("cs_lead"), f"/briefings/{ref}/recall", reason=reason)
    frozen(clean, replaces_id=key)
    letters = Letters()
    notices.note(clean.db)
    notices.send_waiting(clean.db, letters, BASE)
    mine = [mail.text.split("\n")[0] for mail, _ in letters if mail.to.startswith("auditor")]
    assert mine == [notices.WORDS["RECALLED"], notices.WORDS["REPLACED"]]


def test_a_report_that_is_not_signed_tells_nobody(clean):
    _, ref = checked(clean)
    assert send(clean.as_("cs_lead"), f"/briefings/{ref}/sign").status_code == 303
    notices.note(clean.db)
    assert clean.rows(ROWS) == []


def test_whoever_left_before_the_letter_went_is_not_told(clean):
    frozen(clean)
    notices.note(clean.db)
    with clean.superuser() as admin:
        admin.execute("""update app."user" set state = 'DISABLED' where role = 'vca_member'""")
    letters = Letters()
    notices.send_waiting(clean.db, letters, BASE)
    with clean.superuser() as admin:
        admin.execute("""update app."user" set state = 'ACTIVE' where role = 'vca_member'""")
    assert [mail.to for mail, _ in letters] == ["auditor@example.org"]


def test_without_a_mail_server_letters_wait_and_both_pages_say_so(clean):
    _, ref = checked(clean)
    assert "No outgoing mail is set up" in clean.as_("cs_lead").get(f"/briefings/{ref}/sign").text
    assert post_of(clean.settings) is None
    _, ref = frozen(clean)
    given = {"db": clean.db, "settings": clean.settings}
    jobs.tell(SimpleNamespace(additional_context=given), 0)
    assert ("FROZEN", "auditor", "WAITING", 0) in clean.rows(ROWS)
    page = clean.as_("administrator").get("/admin/service", headers=HTML).text
    assert "No outgoing mail is set up" in page


def test_the_audit_names_nobody(clean):
    _, ref = frozen(clean)
    notices.note(clean.db)
    told = json.dumps(
        clean.rows("""
        select object_ref, rows, detail::text from audit.event where action = 'briefing.tell'
        order by id desc limit 1""")
    )
    assert ref in told
    assert "example.org" not in told
