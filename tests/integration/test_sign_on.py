"""Sign-on with a work account and with passkeys, over HTTP, at a real issuer on loopback."""

from datetime import timedelta
from html import unescape
from re import search

import httpx
import psycopg
import pytest
from sqlalchemy import text

from app.accounts.permissions import ROLES
from app.accounts.visits import SYSTEM
from app.core import clock
from app.core.pages import SESSION_COOKIE
from app.core.settings import Settings
from tests.authenticator import SecurityKey
from tests.issuer import CLIENT_ID, CLIENT_SECRET, key, running, unsigned
from tests.people import HTML, browser, csrf, sign_in_as

HERE = "https://testserver"
EMAIL = "kim.example@kingston.example"


@pytest.fixture(scope="module")
def server():
    with running() as found:
        yield found


@pytest.fixture
def issuer(server):
    yield server
    server.sign, server.claims, server.metadata = None, {}, {}
    server.answer = lambda _: False


@pytest.fixture
def set_up(issuer, tmp_path):
    return Settings(
        data_dir=tmp_path,
        secret_key="a key of the tests only",
        base_url=HERE,
        oidc_issuer=issuer.url,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
    )


@pytest.fixture
def stranger(db, set_up):
    with browser(db, set_up) as client:
        yield client


@pytest.fixture
def kim(db):
    """A practitioner of Kingston whom nobody has linked to a work account yet."""
    person = sign_in_as(db, "practitioner")
    change(db, person, "email = 'Kim.Example@Kingston.example'")
    return person


def change(db, person, columns):
    statement = f'update app."user" set {columns} where id = :id'
    with db.begin(SYSTEM) as session:
        session.execute(text(statement), {"id": person.user_id})


def row(db, person):
    with db.read(SYSTEM) as session:
        found = session.execute(
            text('select * from app."user" where id = :id'), {"id": person.user_id}
        )
        return found.mappings().one()


def sign_on(client, path="/sign-in/oidc"):
    """To the issuer and back, as a browser goes."""
    started = client.get(path, headers=HTML)
    assert started.status_code == 303, started.text
    returned = httpx.get(started.headers["location"], trust_env=False)
    return client.get(returned.headers["location"], headers=HTML)


@pytest.fixture
def audited(db, cluster):
    """Action, outcome and reason of every event so far."""

    def trail() -> list[tuple]:
        with psycopg.connect(cluster.dsn("postgres", db.logins.dbname)) as admin:
            rows = admin.execute("select action, outcome, detail from audit.event order by id")
            return [(action, outcome, (said or {}).get("why")) for action, outcome, said in rows]

    return trail


def test_a_work_account_opens_the_page_that_was_asked_for(db, stranger, kim, audited):
    arrived = sign_on(stranger, "/sign-in/oidc?next=/places")

    assert arrived.status_code == 200
    assert 'content="0; url=/places"' in arrived.text
    assert stranger.get("/places", headers=HTML).status_code == 200
    assert kim.username not in arrived.text
    assert audited() == [("user.link", "done", None), ("sign_in", "done", None)]


@pytest.mark.asvs("3.3.3")
def test_the_cookie_of_the_session_is_for_this_host_and_out_of_reach_of_scripts(stranger, kim):
    arrived = sign_on(stranger)

    cookies = arrived.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("__Host-session="))
    for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert word in session
    assert "Domain" not in session


@pytest.mark.asvs("10.1.1")
def test_what_the_browser_keeps_on_its_way_is_sealed_and_gone_afterwards(stranger, kim):
    started = stranger.get("/sign-in/oidc")
    kept = started.headers["set-cookie"]

    arrived = sign_on(stranger)

    assert "SameSite=lax" in kept
    assert "Max-Age=600" in kept
    assert '__Host-oidc="";' in "".join(arrived.headers.get_list("set-cookie"))
    assert "__Host-oidc" not in stranger.cookies


def test_the_first_sign_on_links_and_later_ones_need_no_address(db, stranger, kim, issuer):
    sign_on(stranger)
    issuer.claims = {"email": None}
    stranger.cookies.clear()

    again = sign_on(stranger)

    assert again.status_code == 200
    linked = row(db, kim)
    assert (linked["oidc_issuer"], linked["oidc_subject"]) == (issuer.url, "subject-1")


def test_a_subject_set_by_an_administrator_needs_no_address(db, stranger, kim, issuer):
    change(db, kim, f"email = null, oidc_issuer = '{issuer.url}', oidc_subject = 'subject-1'")

    assert sign_on(stranger).status_code == 200


def test_the_role_is_ours_whatever_the_token_says(stranger, kim, issuer):
    issuer.claims = {"roles": ["administrator", "cs_lead"], "groups": ["leads"]}
    sign_on(stranger)

    assert stranger.post("/api/v1/clusters/runs", json={}).status_code == 403


REFUSALS = [
    ("wrong nonce", {"nonce": "of another attempt"}, "claims"),
    ("other audience", {"aud": "another service"}, "claims"),
    ("other issuer", {"iss": "https://elsewhere.example"}, "claims"),
    ("expired", {"exp": 1}, "claims"),
    ("unknown person", {"email": "somebody.else@kingston.example"}, "account"),
    ("address not verified", {"email_verified": False}, "account"),
]


@pytest.mark.parametrize(("claims", "why"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_a_sign_on_that_proves_nothing_is_refused_in_one_sentence_and_audited(
    db, stranger, kim, issuer, audited, claims, why
):
    issuer.claims = claims

    refused = sign_on(stranger)

    assert refused.status_code == 403
    assert "Your work account could not be signed in." in refused.text
    assert SESSION_COOKIE not in stranger.cookies
    assert audited() == [("sign_in", "refused", why)]


@pytest.mark.asvs("6.8.2")
@pytest.mark.parametrize("forged", ["none", "another key", "public key as secret"])
def test_a_forged_token_is_refused(db, stranger, kim, issuer, forged, audited):
    issuer.sign = {
        "none": unsigned,
        "another key": lambda said: issuer.signed(said, by=key("first")),
        "public key as secret": issuer.confused,
    }[forged]

    refused = sign_on(stranger)

    assert refused.status_code == 403
    assert audited() == [("sign_in", "refused", "signature")]


@pytest.mark.asvs("10.1.2")
def test_an_answer_counts_once(stranger, kim):
    started = stranger.get("/sign-in/oidc")
    kept = stranger.cookies["__Host-oidc"]
    back = httpx.get(started.headers["location"], trust_env=False).headers["location"]
    first = stranger.get(back, headers=HTML)

    without_the_cookie = stranger.get(back, headers=HTML)
    stranger.cookies.set("__Host-oidc", kept)
    with_the_cookie = stranger.get(back, headers=HTML)

    assert first.status_code == 200
    assert (without_the_cookie.status_code, with_the_cookie.status_code) == (403, 403)


@pytest.mark.asvs("10.1.2")
def test_an_answer_brought_by_another_browser_is_refused(db, set_up, kim, audited):
    with browser(db, set_up) as theirs, browser(db, set_up) as ours:
        started = theirs.get("/sign-in/oidc")
        back = httpx.get(started.headers["location"], trust_env=False).headers["location"]
        ours.get("/sign-in/oidc")
        refused = ours.get(back, headers=HTML)

    assert refused.status_code == 403
    assert SESSION_COOKIE not in ours.cookies
    assert audited() == [("sign_in", "refused", "state")]


def test_a_return_that_cannot_be_recorded_signs_nobody_in(db, cluster, stranger, kim):
    started = stranger.get("/sign-in/oidc", headers=HTML)
    back = httpx.get(started.headers["location"], trust_env=False).headers["location"]
    with psycopg.connect(cluster.dsn("postgres", db.logins.dbname), autocommit=True) as admin:
        admin.execute("revoke execute on function audit.log from cs_app")

    answer = stranger.get(back, headers={"accept": "application/json"})

    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/audit-failed"
    assert SESSION_COOKIE not in stranger.cookies


@pytest.mark.asvs("7.6.2")
@pytest.mark.parametrize("query", ["", "?state=x", "?code=x", "?error=access_denied&state=x"])
def test_a_return_without_a_departure_is_refused(stranger, query):
    refused = stranger.get(f"/sign-in/oidc/callback{query}", headers=HTML)

    assert refused.status_code == 403


@pytest.mark.asvs("6.8.1", "10.2.2")
def test_an_answer_in_the_name_of_another_issuer_is_refused(db, stranger, kim, audited):
    started = stranger.get("/sign-in/oidc")
    back = httpx.get(started.headers["location"], trust_env=False).headers["location"]
    other = back.partition("&iss=")[0] + "&iss=https%3A%2F%2Felsewhere.example"

    assert stranger.get(other, headers=HTML).status_code == 403
    assert audited() == [("sign_in", "refused", "declined")]


@pytest.mark.parametrize(
    "columns",
    ["state = 'DISABLED'", "ends_on = current_date - 2", "oidc_issuer = 'x', oidc_subject = 'y'"],
)
def test_an_account_that_is_over_or_linked_to_somebody_is_not_opened(db, stranger, kim, columns):
    change(db, kim, columns)

    assert sign_on(stranger).status_code == 403


def test_two_accounts_of_one_address_are_not_guessed_between(db, stranger, kim):
    change(db, sign_in_as(db, "partner"), f"email = '{EMAIL}'")

    assert sign_on(stranger).status_code == 403


@pytest.mark.asvs("6.3.4", "6.8.4")
def test_without_a_second_factor_anywhere_nobody_is_let_in(stranger, kim, issuer):
    issuer.claims = {"amr": ["pwd"]}

    refused = sign_on(stranger)

    assert refused.status_code == 403
    assert "did not ask for a second factor" in refused.text


def test_an_invited_person_with_two_factors_at_work_is_set_up(db, stranger, kim):
    change(db, kim, "state = 'INVITED'")

    sign_on(stranger)

    assert row(db, kim)["state"] == "ACTIVE"
    assert stranger.get("/places", headers=HTML).status_code == 200


def test_an_invited_lead_waits_for_a_second_person(db, stranger, kim):
    change(db, kim, "state = 'INVITED', role = 'cs_lead', approved_at = null, approved_by = null")

    told = sign_on(stranger)

    assert "a second person has confirmed it" in told.text
    assert row(db, kim)["state"] == "WAITING"
    assert SESSION_COOKIE not in stranger.cookies


@pytest.mark.asvs("3.7.2")
def test_only_pages_of_ours_are_gone_back_to(stranger, kim):
    arrived = sign_on(stranger, "/sign-in/oidc?next=https://elsewhere.example/")

    assert 'content="0; url=/"' in arrived.text


@pytest.mark.asvs("16.5.2")
def test_a_silent_issuer_is_said_in_words(db, set_up):
    silent = set_up.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    with browser(db, silent) as client:
        answer = client.get("/sign-in/oidc", headers=HTML)

    assert answer.status_code == 503
    assert "cannot be reached" in answer.text


def test_without_an_issuer_there_is_no_such_page(db, settings):
    with browser(db, settings) as client:
        assert client.get("/sign-in/oidc", headers=HTML).status_code == 404
        assert client.get("/sign-in/oidc/callback", headers=HTML).status_code == 404


@pytest.mark.asvs("10.1.1")
def test_nothing_of_a_token_is_logged(stranger, kim, issuer, capfd):
    tokens = []
    issuer.sign = lambda said: tokens.append(issuer.signed(said)) or tokens[-1]
    sign_on(stranger)
    issuer.claims = {"nonce": "wrong"}
    sign_on(stranger)

    said = "".join(capfd.readouterr())
    assert len(tokens) == 2
    for secret in (*tokens, *issuer.used, "subject-1", EMAIL, "another attempt"):
        assert secret not in said


# Passkeys


@pytest.fixture
def device():
    return SecurityKey(HERE)


@pytest.fixture
def at_account(db, set_up):
    person = sign_in_as(db, "practitioner")
    with browser(db, set_up, person) as client:
        yield client


@pytest.fixture
def enrolled(db, set_up, kim, device):
    """Kim has added the device."""
    with browser(db, set_up, kim) as own:
        add(own, device)
    return kim


def options(page) -> str:
    found = search(r'data-options="([^"]*)"', page.text)
    assert found, page.text
    return unescape(found[1])


def send(client, path, **fields):
    return client.post(path, data={"csrf": csrf(client)} | fields, headers=HTML)


def add(client, device, label="key on my lanyard"):
    page = client.get("/account/passkeys", headers=HTML)
    return send(client, "/account/passkeys", label=label, answer=device.added(options(page)))


def shown_page(client):
    return client.get("/sign-in/passkey", headers=HTML)


def asked_for_code(client, issuer):
    """A browser whose work account showed one factor only."""
    client.cookies.clear()
    issuer.claims = {"amr": ["pwd"]}
    arrived = sign_on(client)
    assert 'content="0; url=/sign-in/code"' in arrived.text
    return client


def test_a_passkey_is_added_and_listed(db, at_account, device, audited):
    added = add(at_account, device)

    page = at_account.get(added.headers["location"], headers=HTML)
    assert added.status_code == 303
    assert "key on my lanyard" in page.text
    assert "Not yet" in page.text
    assert ("passkey.create", "done", None) in audited()


def test_a_passkey_is_the_second_factor_of_a_work_account(stranger, enrolled, device, issuer):
    asked_for_code(stranger, issuer)
    before = stranger.cookies[SESSION_COOKIE]

    closed = stranger.get("/places", headers=HTML)
    page = stranger.get("/sign-in/passkey", headers=HTML)
    shown = send(stranger, "/sign-in/passkey", answer=device.shown(options(page)))

    assert closed.headers["location"].startswith("/sign-in")
    assert (shown.status_code, shown.headers["location"]) == (303, "/")
    assert stranger.cookies[SESSION_COOKIE] != before
    assert stranger.get("/places", headers=HTML).status_code == 200


def test_an_answer_of_a_passkey_counts_once(stranger, enrolled, device, issuer):
    asked_for_code(stranger, issuer)
    answer = device.shown(options(shown_page(stranger)))
    first = send(stranger, "/sign-in/passkey", answer=answer)
    asked_for_code(stranger, issuer)
    stranger.get("/sign-in/passkey", headers=HTML)

    replayed = send(stranger, "/sign-in/passkey", answer=answer)

    assert first.status_code == 303
    assert replayed.status_code == 422
    assert stranger.get("/places", headers=HTML).status_code == 303


@pytest.mark.parametrize("wrong", ["another site", "nothing", "copied"])
def test_a_passkey_that_does_not_fit_lets_nobody_in(
    stranger, enrolled, device, issuer, wrong, audited
):
    device.count = 5
    asked_for_code(stranger, issuer)
    send(stranger, "/sign-in/passkey", answer=device.shown(options(shown_page(stranger))))
    asked_for_code(stranger, issuer)
    asked = options(shown_page(stranger))
    if wrong == "another site":
        device.origin = "https://testserver.elsewhere.example"
    if wrong == "copied":
        device.count = 1

    answer = "" if wrong == "nothing" else device.shown(asked)
    refused = send(stranger, "/sign-in/passkey", answer=answer)

    assert refused.status_code == 422
    assert "That passkey was not accepted." in refused.text
    assert stranger.get("/places", headers=HTML).status_code == 303
    assert audited()[-1] == ("sign_in", "refused", "passkey")


def test_the_passkey_of_somebody_else_lets_nobody_in(db, stranger, enrolled, set_up, issuer):
    theirs = SecurityKey(HERE)
    with browser(db, set_up, sign_in_as(db, "partner")) as other:
        add(other, theirs)
    asked_for_code(stranger, issuer)
    asked = options(shown_page(stranger))

    refused = send(stranger, "/sign-in/passkey", answer=theirs.shown(asked))

    assert refused.status_code == 422


def test_a_passkey_confirms_again_that_it_is_you_with_a_new_cookie(db, set_up, enrolled, device):
    with db.begin(SYSTEM) as session:
        session.execute(text("update app.session set stepped_at = now() - interval '11 minutes'"))
    with browser(db, set_up, enrolled) as own, browser(db, set_up, enrolled) as old:
        page = own.get("/account/confirm/passkey?next=/account/passkeys", headers=HTML)
        shown = send(own, "/account/confirm/passkey", answer=device.shown(options(page)))
        own.cookies.delete(SESSION_COOKIE, domain="", path="/")
        after = own.get("/account/passkeys", headers=HTML)
        ended = old.get("/places", headers=HTML)

    assert shown.headers["location"] == "/account/passkeys"
    assert own.cookies[SESSION_COOKIE] != enrolled.cookie
    assert "data-options" in after.text
    assert ended.status_code == 303


def test_a_wrong_passkey_does_not_confirm(db, set_up, enrolled, audited):
    with browser(db, set_up, enrolled) as own:
        own.get("/account/confirm/passkey", headers=HTML)
        refused = send(own, "/account/confirm/passkey", answer="{}")

    assert refused.status_code == 422
    assert audited()[-1] == ("step_up", "refused", "passkey")


@pytest.mark.asvs("7.5.1")
def test_long_after_the_second_factor_no_passkey_is_added_or_removed(db, at_account, device):
    add(at_account, device)
    with db.begin(SYSTEM) as session:
        session.execute(text("update app.session set stepped_at = now() - interval '11 minutes'"))
        (passkey,) = session.execute(text("select id from app.passkey")).one()

    page = at_account.get("/account/passkeys", headers=HTML)
    added = send(at_account, "/account/passkeys", label="x", answer="{}")
    removed = send(at_account, f"/account/passkeys/{passkey}/remove")

    assert "data-options" not in page.text
    assert added.headers["location"].startswith("/account/confirm")
    assert removed.headers["location"].startswith("/account/confirm")


def test_a_removed_passkey_opens_nothing(db, stranger, enrolled, set_up, device, issuer, audited):
    with browser(db, set_up, enrolled) as own:
        with db.read(SYSTEM) as session:
            (passkey,) = session.execute(text("select id from app.passkey")).one()
        add(own, SecurityKey(HERE), "another")
        removed = send(own, f"/account/passkeys/{passkey}/remove")
        page = own.get("/account/passkeys", headers=HTML)
    asked_for_code(stranger, issuer)
    asked = options(shown_page(stranger))

    refused = send(stranger, "/sign-in/passkey", answer=device.shown(asked))

    assert removed.status_code == 303
    assert 'scope="row" class="govuk-table__header">another<' in page.text
    assert 'scope="row" class="govuk-table__header">key on' not in page.text
    assert refused.status_code == 422
    assert ("passkey.delete", "done", None) in audited()


def test_nobody_removes_the_passkey_of_somebody_else(db, at_account, device, set_up):
    add(at_account, device)
    with db.read(SYSTEM) as session:
        (passkey,) = session.execute(text("select id from app.passkey")).one()

    with browser(db, set_up, sign_in_as(db, "partner")) as other:
        answer = send(other, f"/account/passkeys/{passkey}/remove")

    assert answer.status_code == 404


def test_an_eleventh_passkey_and_the_same_one_twice_are_refused(at_account, device):
    add(at_account, device)
    twice = add(at_account, device)
    for _ in range(9):
        add(at_account, SecurityKey(HERE))

    page = at_account.get("/account/passkeys", headers=HTML)
    more = send(at_account, "/account/passkeys", label="x", answer="{}")

    assert twice.status_code == 422
    assert "as many passkeys as an account can hold" in page.text
    assert "You have 10 passkeys" in more.text


@pytest.mark.parametrize("fields", [{}, {"label": "x"}, {"label": "x" * 41, "answer": "{}"}])
def test_a_form_without_a_name_or_a_passkey_is_shown_again(at_account, fields):
    refused = send(at_account, "/account/passkeys", **fields)

    assert refused.status_code == 422
    assert "There is a problem" in refused.text


def test_an_old_challenge_is_refused(db, at_account, device, monkeypatch):
    page = at_account.get("/account/passkeys", headers=HTML)
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    monkeypatch.setattr("app.accounts.deps.stepped_up", lambda _: True)
    monkeypatch.setattr("app.accounts.passkey_routes.stepped_up", lambda _: True)

    refused = send(at_account, "/account/passkeys", label="x", answer=device.added(options(page)))

    assert refused.status_code == 422


def test_a_program_has_no_passkeys(db, set_up):
    from app.accounts.identity import token_hash
    from app.core.ids import new_id

    person = sign_in_as(db, "practitioner")
    with db.begin(SYSTEM) as session:
        session.execute(
            text(
                "insert into app.api_token (id, user_id, token_hash, scope, created_by, expires_at)"
                " values (:id, :user, :hash, 'write', :user, now() + interval '1 hour')"
            ),
            {"id": new_id(), "user": person.user_id, "hash": token_hash("a program's token")},
        )
    with browser(db, set_up) as client:
        answer = client.get(
            "/account/passkeys", headers={"Authorization": "Bearer a program's token"}
        )

    assert answer.status_code == 401


def test_where_browsers_know_no_passkeys_there_is_no_such_page(db, settings):
    with browser(db, settings, sign_in_as(db, "partner")) as client:
        assert client.get("/account/passkeys", headers=HTML).status_code == 404


@pytest.mark.parametrize("role", [name for name, role in ROLES.items() if role.account])
def test_every_role_may_have_passkeys(db, set_up, role, device):
    with browser(db, set_up, sign_in_as(db, role)) as client:
        assert add(client, device).status_code == 303


@pytest.mark.asvs("6.8.4", "7.6.1")
@pytest.mark.parametrize(
    ("since", "stepped"),
    [
        (timedelta(0), True),
        (timedelta(minutes=9), True),
        (timedelta(minutes=11), False),
        (timedelta(hours=9), False),
        (timedelta(days=-1), True),  # a clock that is wrong: as of now, and no longer
        (None, False),
    ],
)
def test_a_sign_in_of_this_morning_at_work_is_no_fresh_second_factor(
    db, stranger, kim, issuer, since, stepped
):
    issuer.claims = {"auth_time": since and int((clock.now() - since).timestamp())}
    if since == timedelta(0):
        issuer.claims = {}

    sign_on(stranger)

    page = stranger.get("/account/password", headers=HTML)
    assert page.status_code == (200 if stepped else 303)
    with db.read(SYSTEM) as session:
        last = session.scalar(text("select max(stepped_at) from app.session where stage = 'FULL'"))
    assert last is None or last <= clock.now()


@pytest.mark.asvs("7.6.1")
def test_the_issuer_is_asked_for_a_sign_in_of_the_last_ten_minutes(stranger):
    assert "max_age=600" in stranger.get("/sign-in/oidc").headers["location"]
