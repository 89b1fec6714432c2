"""Accounts over HTTP: made, confirmed by somebody else, changed, disabled, looked at."""

import re

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from app.accounts.identity import identify
from app.accounts.models import User
from app.accounts.rules import State
from app.core.actor import NOBODY
from app.core.mail import RecordedMail
from tests.people import KINGSTON, RICHMOND, SYSTEM, in_days, send, sign_in_as

CONFIRM = text("""
    update app."user" set state = 'ACTIVE', approved_at = now(), approved_by = :by where id = :id
""")
NEW = {
    "username": "kim.example",
    "name": "Kim Example",
    "agency_code": "LA_KINGSTON",
    "role": "practitioner",
    f"borough_{KINGSTON}": "yes",
}


@pytest.fixture
def admin(as_):
    return as_("administrator", agency="AFC")


def stored(db, username="kim.example"):
    with db.read(SYSTEM) as session:
        return session.scalar(select(User).where(User.username == username))


def stored_of(db, person):
    with db.read(SYSTEM) as session:
        return session.get(User, person.user_id)


def put(db, person, **facts):
    with db.begin(SYSTEM) as session:
        user = session.get(User, person.user_id)
        for name, value in facts.items():
            setattr(user, name, value)
        return user.ref


def trail(db, ref):
    from app.core.actor import job_actor

    with db.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        rows = session.execute(
            text("select action, outcome from audit.event where object_ref = :ref order by id"),
            {"ref": ref},
        )
        return [tuple(row) for row in rows]


def made(db, admin, **answers):
    answer = send(admin, "/admin/users/new", **NEW | {"ends_on": in_days(300)} | answers)
    assert answer.status_code == 200, answer.text
    return stored(db), answer


@pytest.mark.asvs("6.4.1")
def test_an_account_is_added_and_its_link_is_shown_once(db, admin):
    user, answer = made(db, admin)

    link = re.search(r"https?://\S+/sign-in/invitation/[\w-]{40,}", answer.text)
    assert link is not None
    assert user.state == State.INVITED
    assert user.borough_codes == [KINGSTON]
    assert user.created_by == admin.person.user_id
    assert trail(db, user.ref) == [("user.create", "done"), ("user.invite", "done")]
    page = admin.get(f"/admin/users/{user.ref}").text
    assert "/sign-in/invitation/" not in page
    assert "Open until" in page


def test_where_mail_is_set_up_the_link_goes_to_the_person_and_nobody_else(db, settings):
    from starlette.testclient import TestClient

    from app.core.pages import SESSION_COOKIE
    from app.main import create_app

    post, person = RecordedMail(), sign_in_as(db, "administrator")
    with TestClient(
        create_app(db, settings, post), base_url="https://testserver", follow_redirects=False
    ) as client:
        client.cookies.set(SESSION_COOKIE, person.cookie)
        answer = send(
            client,
            "/admin/users/new",
            **NEW | {"email": "kim@kingston.example", "ends_on": in_days(30)},
        )

    assert answer.status_code == 303
    assert [letter.to for letter in post.sent] == ["kim@kingston.example"]
    assert "/sign-in/invitation/" in post.sent[0].text
    assert "invitation/" not in answer.text + answer.headers["location"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({f"borough_{KINGSTON}": ""}, "Choose at least one borough."),
        ({"ends_on": lambda: in_days(366)}, "Enter an end date within 12 months."),
        ({"ends_on": lambda: in_days(-1)}, "Enter an end date within 12 months."),
        ({"ends_on": "soon"}, "Enter an end date within 12 months."),
        ({"ends_on": ""}, "Enter an end date within 12 months."),
        ({"role": "public"}, "Choose a role."),
        ({"role": "owner"}, "Choose a role."),
        ({"agency_code": "NOBODY"}, "Choose an organisation."),
        ({"username": "Kim Example!"}, "Use 2 to 40 small letters"),
        ({"name": ""}, "Enter a name."),
        ({"email": "kim at kingston"}, "Enter a whole e-mail address."),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_beside_it(db, admin, wrong, words):
    said = {key: given() if callable(given) else given for key, given in wrong.items()}

    answer = send(admin, "/admin/users/new", **NEW | {"ends_on": in_days(300)} | said)

    assert answer.status_code == 422
    assert words in answer.text
    assert "There is a problem" in answer.text
    assert "<title>Error: Add an account" in answer.text
    assert stored(db) is None


def test_all_that_is_missing_is_told_at_once_and_what_was_typed_is_kept(admin):
    answer = send(admin, "/admin/users/new", name="<b>Kim</b>")

    for name in ("username", "agency_code", "role", "ends_on"):
        assert f'id="{name}-error"' in answer.text
    assert "&lt;b&gt;Kim&lt;/b&gt;" in answer.text


def test_two_accounts_cannot_have_one_username(db, admin):
    made(db, admin)

    again = send(admin, "/admin/users/new", **NEW | {"ends_on": in_days(300)})

    assert again.status_code == 422
    assert "Another account has this username." in again.text


def test_boroughs_of_a_role_that_sees_all_of_them_are_not_kept(db, admin):
    user, _ = made(db, admin, role="vca_member")

    assert user.borough_codes == []


def test_a_leads_account_is_confirmed_by_an_auditor_and_nobody_else(db, admin, as_):
    auditor, lead = as_("auditor"), as_("cs_lead")
    user, _ = made(db, admin, role="cs_lead")
    url = f"/admin/users/{user.ref}"

    refused = [send(other, f"{url}/confirm").status_code for other in (admin, lead)]
    asked = auditor.get(f"{url}/confirm")
    confirmed = send(auditor, f"{url}/confirm")
    twice = send(auditor, f"{url}/confirm")

    assert refused == [403, 403]
    assert "Confirm the account of Kim Example?" in asked.text
    assert confirmed.status_code == 303
    assert twice.status_code == 409
    assert stored(db).approved_by == auditor.person.user_id
    assert ("user.approve", "done") in trail(db, user.ref)


def test_confirming_an_account_that_is_set_up_lets_the_person_in(db, as_):
    auditor, analyst = as_("auditor"), as_("police_analyst")
    ref = put(db, analyst.person, state=State.WAITING, approved_by=None, approved_at=None)
    before = identify(db, analyst.person.cookie)

    send(auditor, f"/admin/users/{ref}/confirm")

    assert before is None
    assert identify(db, analyst.person.cookie) is not None


@pytest.mark.parametrize("theirs", ["created_by", "updated_by"])
def test_nobody_confirms_an_account_they_made_or_changed(db, as_, theirs):
    auditor, lead = as_("auditor"), as_("cs_lead")
    ref = put(
        db,
        lead.person,
        state=State.WAITING,
        approved_by=None,
        approved_at=None,
        **{theirs: auditor.person.user_id},
    )

    answer = send(auditor, f"/admin/users/{ref}/confirm")

    assert answer.status_code == 409
    assert "Somebody else must confirm this" in answer.text
    assert stored_of(db, lead.person).approved_by is None


def test_whoever_once_changed_an_account_does_not_confirm_it_in_another_role(db, admin, as_):
    other = as_("administrator")
    user, _ = made(db, admin, role="cs_lead")
    answers = NEW | {"role": "cs_lead", "ends_on": in_days(90), "version": user.version}
    send(other, f"/admin/users/{user.ref}/edit", **answers)
    with db.begin(SYSTEM) as session:
        session.get(User, user.id).created_by = NOBODY
    put(db, admin.person, role="auditor")
    asked = admin.get(f"/admin/users/{user.ref}/confirm")

    answer = send(admin, f"/admin/users/{user.ref}/confirm")

    assert "Somebody else must confirm this" in asked.text
    assert answer.status_code == 409
    assert stored(db).approved_by is None


def test_the_database_itself_wants_the_second_factor_of_whoever_confirms(db, as_):
    lead = as_("cs_lead")
    put(db, lead.person, state=State.WAITING, approved_by=None, approved_at=None)
    given = {"id": lead.person.user_id}
    tries = []

    for stepped in (False, True):
        auditor = sign_in_as(db, "auditor", stepped=stepped)
        try:
            with db.begin(auditor.actor) as session:
                session.execute(CONFIRM, given | {"by": auditor.user_id})
        except ProgrammingError as refused:
            tries.append(str(refused.orig).partition("\n")[0])

    assert tries == ["somebody else must do this"]
    assert stored_of(db, lead.person).approved_by is not None


def test_an_auditor_signs_people_out_and_changes_nothing_else(db, as_):
    auditor, kim = as_("auditor"), as_("practitioner")
    ref = stored_of(db, kim.person).ref
    page = auditor.get(f"/admin/users/{ref}").text

    ended = send(auditor, f"/admin/users/{ref}/end-sessions")
    refused = [
        send(auditor, f"/admin/users/{ref}/{what}").status_code
        for what in ("disable", "invite", "edit", "tokens")
    ]

    assert "Second factor" in page
    assert ended.status_code == 303
    assert identify(db, kim.person.cookie) is None
    assert refused == [403, 403, 403, 403]


def test_a_change_of_role_acts_on_the_next_request_and_ends_the_sessions(db, admin, as_):
    kim = as_("practitioner")
    user = stored_of(db, kim.person)
    answers = NEW | {"ends_on": in_days(90), "role": "partner", "version": user.version}

    changed = send(admin, f"/admin/users/{user.ref}/edit", **answers)

    assert changed.status_code == 303
    assert kim.get("/map").headers["location"].startswith("/sign-in")
    assert stored_of(db, kim.person).role == "partner"
    assert stored_of(db, kim.person).state == State.ACTIVE


def test_who_becomes_a_lead_waits_for_a_second_person(db, admin, as_):
    kim = as_("practitioner")
    user = stored_of(db, kim.person)
    answers = NEW | {"ends_on": in_days(90), "role": "cs_lead", "version": user.version}

    send(admin, f"/admin/users/{user.ref}/edit", **answers)

    assert stored_of(db, kim.person).state == State.WAITING
    assert "To be confirmed" in admin.get("/admin/users").text


def test_another_address_of_a_leads_account_must_be_confirmed_again(db, admin, as_):
    lead = as_("cs_lead", agency="AFC")
    user = stored_of(db, lead.person)
    answers = {
        "username": user.username,
        "name": user.name,
        "email": "somebody@else.example",
        "agency_code": "AFC",
        "role": "cs_lead",
        "ends_on": user.ends_on.isoformat(),
        "version": user.version,
    }

    send(admin, f"/admin/users/{user.ref}/edit", **answers)

    assert stored_of(db, lead.person).state == State.WAITING
    assert stored_of(db, lead.person).approved_by is None


def test_who_waits_as_a_lead_and_becomes_a_partner_waits_no_longer(db, admin, as_):
    lead = as_("cs_lead")
    ref = put(db, lead.person, state=State.WAITING, approved_by=None, approved_at=None)
    answers = NEW | {"role": "partner", "ends_on": in_days(90), "version": 1}

    send(admin, f"/admin/users/{ref}/edit", **answers)

    assert stored_of(db, lead.person).state == State.ACTIVE


def test_nobody_changes_their_own_role(db, admin, settings):
    user = stored_of(db, admin.person)
    answers = NEW | {"role": "practitioner", "ends_on": in_days(90), "version": user.version}

    answer = send(admin, f"/admin/users/{user.ref}/edit", **answers)

    assert answer.status_code == 403
    assert "Nobody changes their own role." in answer.text
    assert stored_of(db, admin.person).role == "administrator"


def test_nobody_changes_their_own_account_here(db, admin):
    user = stored_of(db, admin.person)
    answers = {
        "username": user.username,
        "name": "Another Name",
        "agency_code": user.agency_code,
        "role": user.role,
        "ends_on": user.ends_on.isoformat(),
        "version": user.version,
    }

    answer = send(admin, f"/admin/users/{user.ref}/edit", **answers)

    assert answer.status_code == 403
    assert "Ask another administrator." in answer.text
    assert "/edit" not in admin.get(f"/admin/users/{user.ref}").text


def test_who_saved_second_sees_both_versions_and_can_save_again(db, admin, as_):
    kim, other = as_("practitioner"), as_("administrator")
    user = stored_of(db, kim.person)
    url = f"/admin/users/{user.ref}/edit"
    base = NEW | {"ends_on": in_days(90), "version": user.version}
    send(other, url, **base | {"name": "Kim One"})

    late = send(admin, url, **base | {"name": "Kim Two"})
    version = re.search(r'name="version" value="(\d+)"', late.text)[1]
    again = send(admin, url, **base | {"name": "Kim Two", "version": version})

    assert late.status_code == 409
    assert re.search(r"Changed by administrator at \d\d:\d\d. Compare and save again.", late.text)
    assert "Kim One" in late.text
    assert "Kim Two" in late.text
    assert again.status_code == 303
    assert stored_of(db, kim.person).name == "Kim Two"


@pytest.mark.asvs("7.4.2")
def test_a_disabled_account_is_out_at_the_next_request(db, admin, as_):
    kim = as_("practitioner")
    ref = stored_of(db, kim.person).ref
    before = kim.get("/map").status_code

    answer = send(admin, f"/admin/users/{ref}/disable")

    assert before == 200
    assert answer.status_code == 303
    assert kim.get("/map").status_code == 303
    assert send(admin, f"/admin/users/{ref}/disable").status_code == 409
    assert [action for action, _ in trail(db, ref)] == ["user.disable", "user.revoke"]


def test_an_administrator_neither_disables_nor_invites_themselves(db, admin):
    ref = stored_of(db, admin.person).ref

    answers = [send(admin, f"/admin/users/{ref}/{what}") for what in ("disable", "invite")]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.asvs("6.4.3", "6.4.4")
def test_a_new_invitation_takes_everything_back_and_must_be_confirmed_again(db, admin, as_):
    lead = as_("cs_lead")
    ref = stored_of(db, lead.person).ref

    answer = send(admin, f"/admin/users/{ref}/invite")

    assert "/sign-in/invitation/" in answer.text
    assert identify(db, lead.person.cookie) is None
    assert stored_of(db, lead.person).state == State.INVITED
    assert stored_of(db, lead.person).approved_by is None


@pytest.mark.asvs("7.4.5")
def test_one_session_or_all_of_them_are_ended(db, admin, as_):
    kim = as_("practitioner")
    ref = stored_of(db, kim.person).ref
    page = admin.get(f"/admin/users/{ref}").text
    one = re.search(rf"/admin/users/{ref}/sessions/[\w-]+/end", page)[0]

    ended = send(admin, one)
    gone = identify(db, kim.person.cookie)

    assert ended.status_code == 303
    assert gone is None
    assert send(admin, f"/admin/users/{ref}/end-sessions").status_code == 303
    assert "Nowhere." in admin.get(f"/admin/users/{ref}").text


def test_a_session_is_ended_at_the_account_it_is_of(db, admin, as_):
    kim, lee = as_("practitioner"), as_("practitioner")
    refs = [stored_of(db, each.person).ref for each in (kim, lee)]
    page = admin.get(f"/admin/users/{refs[0]}").text
    one = re.search(rf"/admin/users/{refs[0]}/sessions/[\w-]+/end", page)[0]

    answer = send(admin, one.replace(refs[0], refs[1]))

    assert answer.status_code == 404
    assert identify(db, kim.person.cookie) is not None


def test_changes_ask_for_the_second_factor_again(db, as_):
    admin, kim = as_("administrator", stepped=False), as_("practitioner")
    ref = stored_of(db, kim.person).ref

    pages = [
        admin.get(f"/admin/users/{path}").headers["location"]
        for path in ("new", f"{ref}/edit", f"{ref}/disable", f"{ref}/invite", f"{ref}/tokens")
    ]

    assert pages[0] == "/account/confirm?next=/admin/users/new"
    assert all(where.startswith("/account/confirm?next=/admin/users/") for where in pages)
    assert send(admin, f"/admin/users/{ref}/disable").status_code == 303
    assert stored_of(db, kim.person).state == State.ACTIVE


@pytest.mark.parametrize("role", ["partner", "practitioner", "police_analyst", "vca_member"])
def test_administration_is_closed_to_everybody_else(as_, role):
    client = as_(role)

    paths = ("", "/users", "/users/new", "/roles", "/grants", "/grants/new", "/users/US-1")

    assert {client.get(f"/admin{path}").status_code for path in paths} == {403}
    assert 'href="/admin"' not in client.get("/").text


def test_a_lead_sees_who_people_are_and_not_how_they_sign_in(db, as_):
    lead, kim = as_("cs_lead"), as_("practitioner")
    ref = stored_of(db, kim.person).ref

    page = lead.get(f"/admin/users/{ref}")

    assert page.status_code == 200
    assert "Second factor" not in page.text
    assert "Signed in now" not in page.text
    assert "/edit" not in page.text
    assert lead.get(f"/admin/users/{ref}/edit").status_code == 403


def test_the_list_is_filtered_by_links_and_counted_in_a_sentence(db, admin, as_):
    for _ in range(3):
        as_("practitioner")

    everybody = admin.get("/admin/users").text
    leads = admin.get("/admin/users?role=cs_lead").text
    named = admin.get("/admin/users", params={"q": admin.person.username, "state": "ACTIVE"}).text

    assert "4 accounts." in everybody
    assert "No accounts match." in leads
    assert "1 account." in named
    assert "4 accounts." in admin.get("/admin/users?q=&role=&state=").text
    assert admin.get("/admin/users?rolle=cs_lead").status_code == 422
    assert admin.get("/admin/users?state=GONE").status_code == 422


def test_a_long_list_has_pages_of_25(db, admin, as_):
    for _ in range(25):
        as_("partner")

    first, second = (admin.get(f"/admin/users?page={n}").text for n in (1, 2))

    assert first.count('<th scope="row"') == 25
    assert second.count('<th scope="row"') == 1
    assert "page=2" in first


def test_accounts_that_wait_stand_first(db, admin, as_):
    as_("administrator")
    lead = as_("cs_lead")
    put(db, lead.person, state=State.WAITING, approved_by=None, approved_at=None, username="zz")

    page = admin.get("/admin/users").text

    assert (
        re.search(r'<th scope="row"[^>]*>.*?<span class="cm-secondary[^"]*">(\S+)</span>', page)[1]
        == "zz"
    )
    assert "1 waits for a second person" in page


def test_an_account_that_is_absent_is_not_found(admin):
    assert admin.get("/admin/users/US-000-0000").status_code == 404


def test_administrators_see_no_case_record_behind_an_account(db, admin, as_):
    kim = as_("practitioner", boroughs=(KINGSTON, RICHMOND))
    page = admin.get(f"/admin/users/{stored_of(db, kim.person).ref}").text

    assert "Kingston upon Thames, Richmond upon Thames" in page
    assert "Grants" not in re.search(r"<main.*</main>", page, re.S)[0]


@pytest.mark.asvs("6.3.7")
def test_who_is_signed_in_is_told_at_the_old_address_when_another_is_set(db, admin, as_):
    kim = as_("practitioner")
    execute = "update app.\"user\" set email = 'kim@kingston.example' where id = :id"
    with db.begin(SYSTEM) as session:
        session.execute(text(execute), {"id": kim.person.user_id})
    admin.app.state.mailer = RecordedMail()
    user = stored_of(db, kim.person)
    same = NEW | {"ends_on": in_days(90), "email": "kim@kingston.example"}

    send(admin, f"/admin/users/{user.ref}/edit", **same, version=user.version)
    assert kim.get("/map").status_code == 200
    assert admin.app.state.mailer.sent == []
    version = stored_of(db, kim.person).version
    other = same | {"email": "somebody@elsewhere.example", "version": version}
    assert send(admin, f"/admin/users/{user.ref}/edit", **other).status_code == 303

    assert [letter.to for letter in admin.app.state.mailer.sent] == ["kim@kingston.example"]
    assert kim.get("/map").headers["location"].startswith("/sign-in")
