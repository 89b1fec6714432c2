"""Actions over HTTP: owners tell, a second person confirms, others see nothing; letters."""

from datetime import date, timedelta

import pytest

from app.core import clock
from app.plans import jobs
from tests.people import HTML, KINGSTON, RICHMOND, send
from tests.plans import action, ground

DONE = "DONE_PENDING_EVIDENCE"


@pytest.fixture
def place(client, db):
    made = ground(client, db)
    made.rows("update app.place set name = 'Corner of secrets'")
    made.begin()
    return made


def owned(place, agency="BUSINESS", days=14, **more):
    assert place.act(**action(days, owner_agency=agency, **more)).status_code == 303
    return place.newest("ref", "plan_action")


def state(place):
    return place.newest("state", "plan_action")


def told(client, ref, state, version, **more):
    return send(client, f"/actions/{ref}", state=state, version=str(version), **more)


def test_a_partner_sees_and_tells_the_own_action_and_nothing_of_the_place(place, as_):
    goal = place.choose()
    other = owned(place, "EDU")
    ref = owned(place, goal=goal)
    partner = as_("partner", agency="BUSINESS")

    page, home, listed = (partner.get(path).text for path in (f"/actions/{ref}", "/", "/actions"))
    unsaid = told(partner, ref, DONE, 1)
    done = told(partner, ref, DONE, 1, evidence="All staff were told.", help_wanted="yes")

    assert "Children can name an adult here they trust" in page
    assert "My actions" in home
    assert "1 action." in listed
    assert other not in listed
    for text in (page, listed, home, unsaid.text):
        assert "Corner of secrets" not in text
        assert place.place not in text
    place.rows("update app.place set tier = 'H1'")
    assert partner.get(f"/actions/{ref}").status_code == 200
    assert partner.get(f"/actions/{other}").status_code == 404
    assert told(partner, other, "IN_PROGRESS", 1).status_code == 404
    assert partner.get(f"{place.url}/actions/{ref}").status_code == 404
    assert partner.get(f"/actions/{ref}/decide").status_code == 403
    assert unsaid.status_code == 422
    assert "Say what was done." in unsaid.text
    assert done.status_code == 303
    assert state(place) == DONE
    assert place.newest("evidence", "plan_action") == "All staff were told."
    kept = place.rows("select to_state from app.plan_action_state_change where to_state <> 'OPEN'")
    assert kept == [("IN_PROGRESS",), (DONE,)]


def test_an_owner_of_another_borough_and_roles_without_actions_see_nothing(place, as_):
    ref = owned(place)

    assert as_("partner", agency="EDU").get(f"/actions/{ref}").status_code == 404
    elsewhere = as_("practitioner", boroughs=(RICHMOND,), agency="LA_RICHMOND")
    assert elsewhere.get(f"/actions/{ref}").status_code == 404
    assert as_("practitioner", boroughs=(KINGSTON,)).get(f"/actions/{ref}").status_code == 200
    for role in ("vca_member", "auditor"):
        assert as_(role).get("/actions").status_code == 404
        assert as_(role).get(f"/actions/{ref}").status_code == 404
    assert as_("administrator").get("/actions").status_code == 403


def test_police_read_all_and_tell_their_own_alone(place, as_):
    police = as_("police_analyst", agency="BTP")
    theirs, mine = owned(place), owned(place, "BTP")

    assert police.get(f"/actions/{theirs}").status_code == 200
    assert 'name="state"' not in police.get(f"/actions/{theirs}").text
    assert told(police, theirs, "IN_PROGRESS", 1).status_code == 404
    assert told(police, mine, "IN_PROGRESS", 1).status_code == 303
    assert police.get(f"{place.url}/actions/{mine}").status_code == 404
    assert police.get(f"{place.url}/actions/new").status_code == 403


def test_done_needs_what_was_done_and_a_second_person(place, client, as_):
    second = as_("cs_lead", agency="AFC")
    ref = owned(place, "AFC")
    early = send(second, f"/actions/{ref}/decide", to="DONE", version="1")
    assert told(client, ref, DONE, 1, evidence="Two evenings a week.").status_code == 303

    own = send(client, f"/actions/{ref}/decide", to="DONE", version="2")
    asked = second.get(f"/actions/{ref}/decide").text
    done = send(second, f"/actions/{ref}/decide", to="DONE", version="2")

    assert early.status_code == 422
    assert "An action that is open cannot become done." in early.text
    assert own.status_code == 422
    assert "A second person confirms that it is done." in own.text
    assert "Two evenings a week." in asked
    assert done.status_code == 303
    assert state(place) == "DONE"
    over = told(client, ref, "IN_PROGRESS", 3)
    assert over.status_code == 422
    assert "An action that is done cannot become in progress." in over.text


def test_withdrawing_needs_a_reason_and_leaves_the_count(place, client):
    ref = owned(place)

    silent = send(client, f"/actions/{ref}/decide", to="WITHDRAWN", version="1")
    done = send(
        client, f"/actions/{ref}/decide", to="WITHDRAWN", version="1", reason="The shop is gone."
    )

    assert "Say why it is withdrawn." in silent.text
    assert done.status_code == 303
    assert "Welfare 0, environmental 0" in client.get(place.url, headers=HTML).text
    assert "The shop is gone." in client.get(f"/actions/{ref}", headers=HTML).text


def test_two_people_tell_of_one_action_and_the_words_of_the_second_stay(place, client, as_):
    ref, partner = owned(place), as_("partner", agency="BUSINESS")
    assert told(client, ref, "IN_PROGRESS", 1, evidence="Begun by phone.").status_code == 303

    late = told(partner, ref, DONE, 1, evidence="All staff were told.")

    assert late.status_code == 409
    assert "Changed by somebody else at" in late.text
    assert "All staff were told." in late.text
    assert "Begun by phone." in late.text
    assert told(partner, ref, DONE, 2, evidence="All staff were told.").status_code == 303


def test_the_work_list_and_the_lists_behind_it_count_the_same(place, client, as_):
    owned(place, "AFC", days=3)
    owned(place, "BUSINESS", days=-2)
    ref = owned(place, "BUSINESS", days=-30)
    partner = as_("partner", agency="BUSINESS")
    told(partner, ref, DONE, 1, evidence="Done.", help_wanted="yes")

    home = client.get("/", headers=HTML).text

    counts = {"mine": 1, "overdue": 2, "confirm": 1, "help": 1, "all": 3}
    for show, n in counts.items():
        page = client.get(f"/actions?show={show}", headers=HTML).text
        assert f"{n} {'action' if n == 1 else 'actions'}" in page, show
        if show != "all":
            assert f'<b>{n}</b> <a class="govuk-link" href="/actions?show={show}"' in home, show
    assert "<b>2</b>" in partner.get("/").text
    assert "Overdue" in partner.get("/actions").text


def people_with_mail(place, as_):
    for role, agency in (("partner", "BUSINESS"), ("cs_lead", "AFC"), ("partner", "EDU")):
        client = as_(role, agency=agency)
        place.rows(
            'update app."user" set email = %s where id = %s',
            f"{agency.lower()}@example.org",
            client.person.user_id,
        )


def test_owners_are_reminded_on_the_days_and_told_nothing_of_the_place(place, db, as_):
    people_with_mail(place, as_)
    due = date(2026, 12, 23)
    owned(place, "BUSINESS", body="Tell all staff of Corner of secrets")
    owned(place, "AFC")
    begun = due - timedelta(days=30)
    place.rows("update app.plan_action set due_on = %s, created_at = %s", due, begun)
    sent = {}

    for n in range(-10, 30):
        today = due + timedelta(days=n)
        found = jobs.waiting(db, today)
        jobs.told(db, found, today)
        for mail in jobs.written(db, found, "https://here.example"):
            sent.setdefault(mail.to, []).append(today)
            assert "secrets" not in mail.text + mail.subject
            assert place.place not in mail.text
            assert "https://here.example/actions" in mail.text

    days = [date(2026, 12, 18), date(2026, 12, 24), date(2027, 1, 11)]
    assert sent == {"business@example.org": days, "afc@example.org": days}

    place.rows("update app.plan_action set state = 'WITHDRAWN'")
    assert jobs.waiting(db, days[0]) == []
    assert jobs.written(db, [], "https://here.example") == []


def test_the_job_sends_what_is_due_and_a_missed_day_is_made_up_for_once(
    place, db, as_, settings, monkeypatch
):
    people_with_mail(place, as_)
    owned(place, "BUSINESS")
    days = date(2026, 12, 23), date(2026, 12, 1)
    place.rows("update app.plan_action set due_on = %s, created_at = %s", *days)
    monkeypatch.setattr(clock, "today", lambda: date(2026, 12, 21))
    mails = []
    monkeypatch.setattr(jobs, "send_all", lambda post, found: mails.extend(found))
    context = type("Context", (), {"additional_context": {"db": db, "settings": settings}})

    jobs.remind.func(context, 0)
    jobs.remind.func(context, 0)

    assert [mail.to for mail in mails] == ["business@example.org"]
    assert "due in 2 working days" in mails[0].text
    assert place.newest("version", "plan_action") == 1
    assert place.one("select count(*) from audit.event where action = 'action.remind'") == 1
