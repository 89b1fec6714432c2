"""Local sign-in over HTTP: password, code, recovery code, invitation, setup."""

from re import findall, search

import pyotp
import pytest
from sqlalchemy import text

from app.accounts import queries, service
from app.accounts.rules import FAILED, LINK_OVER, WAIT
from app.core import clock
from app.core.pages import SESSION_COOKIE
from tests.entry import HTML, PASSWORD, account, events, give_password, see, send, sign_in, visitor
from tests.people import SYSTEM, browser, sign_in_as

CHOSEN = "violet anchor teapot 3"


@pytest.fixture
def kim(db, settings):
    return account(db, settings)


@pytest.fixture
def client(db, settings):
    with visitor(db, settings) as found:
        yield found


def test_a_password_and_a_code_open_the_page_that_was_asked_for(client, kim):
    asked = see(client, "/places?q=park")
    page = see(client, asked.headers["location"])
    first = give_password(client, kim.username, next="/places?q=park")
    closed = see(client, "/places")
    second = send(client, "/sign-in/code", code=kim.code())

    assert asked.headers["location"] == "/sign-in?next=/places%3Fq%3Dpark"
    assert 'name="next" value="/places?q=park"' in page.text
    assert (first.status_code, first.headers["location"]) == (303, "/sign-in/code")
    assert closed.headers["location"].startswith("/sign-in")
    assert (second.status_code, second.headers["location"]) == (303, "/places?q=park")
    assert see(client, "/places?q=park").status_code == 200


def test_capitals_and_spaces_around_a_username_do_not_matter(client, kim):
    assert sign_in(client, kim).status_code == 303
    assert give_password(client, f" {kim.username.upper()} ").status_code == 303


@pytest.mark.asvs("6.3.8")
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("kim", "wrong wrong wrong"),
        ("nobody", PASSWORD),
        ("kim", None),
        (None, PASSWORD),
        ("not a username at all \x00", PASSWORD),
        ("kim", "x" * 10_000),
    ],
)
def test_every_failure_of_the_password_is_one_sentence(client, kim, username, password):
    said = {"username": kim.username if username == "kim" else username, "password": password}

    refused = send(client, "/sign-in", **{name: words for name, words in said.items() if words})

    assert refused.status_code == 422
    assert refused.text.count(FAILED) == 2  # the summary, and beside the field
    assert PASSWORD not in refused.text
    assert SESSION_COOKIE not in client.cookies


@pytest.mark.parametrize("columns", ["state = 'DISABLED'", "ends_on = current_date - 2"])
def test_an_account_that_is_over_is_refused_in_the_same_sentence(db, client, kim, columns):
    with db.begin(SYSTEM) as session:
        session.execute(text(f'update app."user" set {columns}'))

    refused = give_password(client, kim.username)

    assert refused.status_code == 422
    assert FAILED in refused.text


def test_an_account_that_ends_between_password_and_code_is_not_opened(db, client, kim):
    give_password(client, kim.username)
    with db.begin(SYSTEM) as session:
        session.execute(text("""update app."user" set state = 'DISABLED'"""))

    refused = send(client, "/sign-in/code", code=kim.code())

    assert refused.status_code == 422
    assert see(client, "/places").status_code == 303


@pytest.mark.parametrize(
    "code", ["000000", "", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "x" * 1000]
)
def test_a_wrong_code_lets_nobody_in(client, kim, code):
    give_password(client, kim.username)

    refused = send(client, "/sign-in/code", code=code)

    assert refused.status_code == 422
    assert FAILED in refused.text
    assert see(client, "/places").status_code == 303


def test_a_code_without_a_password_leads_to_the_start(client, kim):
    refused = send(client, "/sign-in/code", code=kim.code())

    assert refused.headers["location"].startswith("/sign-in")


@pytest.mark.asvs("6.5.1")
def test_a_recovery_code_signs_in_once_however_it_is_typed_and_the_person_hears_of_it(client, kim):
    typed = kim.recovery[0].lower().replace("-", " ")
    give_password(client, kim.username)
    first = send(client, "/sign-in/code", code=typed)
    send(client, "/sign-out")
    give_password(client, kim.username)
    again = send(client, "/sign-in/code", code=typed)

    assert first.status_code == 303
    assert again.status_code == 422
    (letter,) = [mail for mail in client.letters if "recovery" in mail.subject]
    assert (letter.to, letter.subject) == (kim.email, "A recovery code was used")
    assert "9 of your recovery codes are left" in letter.text


@pytest.mark.asvs("16.3.1")
def test_sign_in_and_failures_are_audited_without_what_was_typed(db, cluster, client, kim):
    give_password(client, "nobody-of-this-name")
    give_password(client, kim.username, "wrong wrong wrong")
    sign_in(client, kim)

    found = events(cluster, db)
    kept = [(event["action"], event["outcome"], event["detail"]) for event in found]
    assert kept == [
        ("sign_in", "refused", {"why": "password"}),
        ("sign_in", "refused", {"why": "password"}),
        ("sign_in", "done", {"way": "totp"}),
    ]
    assert [event["object_ref"] is None for event in found] == [True, False, False]


@pytest.mark.asvs("16.2.5")
def test_nothing_that_was_typed_is_logged(client, kim, capfd, caplog):
    caplog.set_level("DEBUG")
    give_password(client, kim.username, "wrong wrong wrong")
    sign_in(client, kim)

    said = said_by_us(capfd, caplog)
    for typed in (kim.username, PASSWORD, "wrong wrong", kim.secret, kim.email):
        assert typed not in said


def test_demonstration_accounts_are_named_in_demo_mode_only(db, settings, client):
    sentence = "Demonstration accounts are in demo-accounts.json in the data folder."
    real = settings.model_copy(update={"demo": False})
    with visitor(db, real) as other:
        assert sentence not in see(other, "/sign-in").text
    assert sentence in see(client, "/sign-in").text


def test_a_work_account_comes_first_where_there_is_an_issuer(db, settings, client):
    linked = settings.model_copy(update={"oidc_issuer": "https://login.example"})
    with visitor(db, linked) as other:
        page = see(other, "/sign-in?next=/places")

    assert 'href="/sign-in/oidc?next=%2Fplaces"' in page.text
    assert "/sign-in/oidc" not in see(client, "/sign-in").text


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "/\\x"])
def test_only_pages_of_ours_are_gone_back_to(client, kim, elsewhere):
    assert f'value="{elsewhere}"' not in see(client, f"/sign-in?next={elsewhere}").text

    assert sign_in(client, kim, next=elsewhere).headers["location"] == "/"


def test_a_program_is_answered_with_a_problem(client):
    answer = client.get("/api/v1/places")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/sign-in-needed"


def test_a_link_from_elsewhere_comes_back_with_the_cookie_and_opens_the_page(client, kim):
    sign_in(client, kim)
    elsewhere = HTML | {"Sec-Fetch-Site": "cross-site"}
    goes_on = client.get("/sign-in?next=/places", headers=elsewhere)

    again = see(client, "/sign-in?next=/places")

    assert 'content="0; url=/sign-in?next=%2Fplaces"' in goes_on.text
    assert (again.status_code, again.headers["location"]) == (303, "/places")


def test_a_form_that_was_opened_without_the_cookie_is_taken(client, kim):
    sign_in(client, kim)
    client.post("/sign-in", data={"csrf": "of no cookie", "username": "x"}, headers=HTML)

    first = client.post(
        "/sign-in", data={"username": kim.username, "password": PASSWORD}, headers=HTML
    )

    assert first.status_code == 303


@pytest.mark.asvs("7.6.2")
def test_a_form_of_another_site_is_refused(client, kim):
    sent = {"username": kim.username, "password": PASSWORD}
    refused = client.post("/sign-in", data=sent, headers=HTML | {"Sec-Fetch-Site": "cross-site"})

    assert refused.status_code == 403


def said_by_us(capfd, caplog) -> str:
    """All that was written but for what the client of the test writes."""
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    return "\n".join([*capfd.readouterr(), *ours])


# Limits on guessing


@pytest.mark.asvs("6.3.1")
def test_the_eleventh_guess_within_five_minutes_waits(client, kim):
    for _ in range(10):
        assert give_password(client, kim.username, "wrong wrong wrong").status_code == 422

    waits = give_password(client, kim.username)

    assert waits.status_code == 429
    assert waits.headers["retry-after"] == "300"
    assert WAIT in waits.text


@pytest.mark.asvs("6.3.8")
def test_an_unknown_username_waits_just_the_same(client):
    for _ in range(10):
        give_password(client, "nobody")

    assert give_password(client, "nobody").status_code == 429


@pytest.mark.asvs("6.3.5")
def test_the_person_hears_of_the_fifth_failure_once(client, kim):
    for _ in range(7):
        give_password(client, kim.username, "wrong wrong wrong")

    (letter,) = client.letters
    assert letter.to == kim.email
    assert "5 failed tries" in letter.text
    assert kim.username not in letter.text


@pytest.mark.asvs("6.3.5", "8.2.4")
def test_a_browser_that_is_new_to_an_account_is_told_once(db, settings, client, kim):
    sign_in(client, kim)
    send(client, "/sign-out")
    sign_in(client, kim)
    other = account(db, settings)
    sign_in(client, other)
    sign_in(client, kim)

    words = "Your account was signed in to with another browser"
    assert [(mail.to, mail.subject) for mail in client.letters] == [
        (kim.email, words),
        (other.email, words),
    ]
    assert all(kim.username not in mail.text for mail in client.letters)
    assert str(kim.user_id) not in client.cookies["__Host-browser"]


# Invitations and setup


@pytest.fixture
def invite(db):
    admin = sign_in_as(db, "administrator", agency="AFC")

    def make(person) -> str:
        with db.begin(admin.actor) as session:
            user = queries.user_by_id(session, person.user_id)
            return service.invite(session, user, now=clock.now())

    return make


def secret_on(page) -> str:
    return search(r"data-secret>([A-Z2-7 ]+)<", page.text)[1].replace(" ", "")


def start(client, token):
    return send(client, f"/sign-in/invitation/{token}")


def set_up(client, token):
    start(client, token)
    secret = secret_on(see(client, "/sign-in/setup"))
    done = send(client, "/sign-in/setup", password=CHOSEN, code=pyotp.TOTP(secret).now())
    assert done.headers.get("location") == "/sign-in/setup/codes", done.text
    return secret, see(client, "/sign-in/setup/codes")


@pytest.mark.asvs("3.5.3")
def test_looking_at_an_invitation_spends_nothing_and_the_button_spends_it(client, kim, invite):
    token = invite(kim)
    for _ in range(3):
        assert see(client, f"/sign-in/invitation/{token}").status_code == 200

    spent = start(client, token)
    again = start(client, token)

    assert (spent.status_code, spent.headers["location"]) == (303, "/sign-in/setup")
    assert again.status_code == 404
    assert LINK_OVER in again.text
    assert see(client, f"/sign-in/invitation/{token}").status_code == 404


@pytest.mark.asvs("6.4.3")
def test_an_invitation_leads_to_an_account_with_two_factors(db, client, kim, invite):
    secret, page = set_up(client, invite(kim))
    codes = findall(r"<code>([0-9A-Z-]{14})</code>", page.text)

    entered = send(client, "/sign-in/setup/codes")

    assert len(set(codes)) == 10
    assert entered.headers["location"] == "/"
    assert see(client, "/places").status_code == 200
    send(client, "/sign-out")
    assert give_password(client, kim.username).status_code == 422
    assert give_password(client, kim.username, CHOSEN).status_code == 303
    assert send(client, "/sign-in/code", code=codes[3]).status_code == 303
    assert client.letters[0].subject == "Your account is set up"
    assert secret not in see(client, "/account").text


def test_the_code_that_confirmed_the_app_does_not_sign_in_again(client, kim, invite):
    secret, _ = set_up(client, invite(kim))
    code = pyotp.TOTP(secret).now()
    give_password(client, kim.username, CHOSEN)

    assert send(client, "/sign-in/code", code=code).status_code == 422


def test_a_reload_of_the_codes_shows_the_same_ones(client, kim, invite):
    _, page = set_up(client, invite(kim))

    assert findall(r"<code>(.*?)</code>", see(client, "/sign-in/setup/codes").text) == findall(
        r"<code>(.*?)</code>", page.text
    )
    assert see(client, "/sign-in/setup").headers["location"] == "/sign-in/setup/codes"


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "Use at least 12 characters."),
        ("password1234", "Many people choose"),
        ("", "Use at least 12 characters."),
    ],
)
def test_a_poor_password_or_code_is_said_beside_the_field(client, kim, invite, password, words):
    start(client, invite(kim))
    secret = secret_on(see(client, "/sign-in/setup"))

    refused = send(client, "/sign-in/setup", password=password, code="1")

    assert refused.status_code == 422
    assert words in refused.text
    assert "Enter the 6 digits that your app shows now." in refused.text
    assert secret_on(refused) == secret


def test_an_account_of_a_lead_waits_for_the_second_person(db, settings, client, invite):
    lead = account(db, settings, "cs_lead", agency="AFC")
    set_up(client, invite(lead))

    told = send(client, "/sign-in/setup/codes")

    assert "It opens when a second person has confirmed it." in told.text
    assert SESSION_COOKIE not in client.cookies
    assert give_password(client, lead.username, CHOSEN).status_code == 422


def test_setup_is_open_only_to_the_browser_that_spent_the_link(db, settings, client, kim, invite):
    start(client, invite(kim))
    with visitor(db, settings) as other:
        for path in ("/sign-in/setup", "/sign-in/setup/codes"):
            assert see(other, path).headers["location"].startswith("/sign-in")
            assert send(other, path).headers["location"].startswith("/sign-in")


def test_an_account_being_set_up_is_not_signed_in(client, kim, invite):
    start(client, invite(kim))

    assert see(client, "/places").status_code == 303
    assert send(client, "/sign-in/setup/codes").headers["location"] == "/sign-in/setup"


def test_nothing_of_an_invitation_is_logged(client, kim, invite, capfd, caplog):
    caplog.set_level("DEBUG")
    token = invite(kim)
    secret, _ = set_up(client, token)

    said = said_by_us(capfd, caplog)
    assert token not in said
    assert secret not in said


def test_somebody_signed_in_who_opens_an_invitation_becomes_the_invited_person(
    db, settings, kim, invite
):
    other = sign_in_as(db, "partner")
    with browser(db, settings, other) as client:
        start(client, invite(kim))

        assert see(client, "/sign-in/setup").status_code == 200
