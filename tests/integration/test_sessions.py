"""Sessions: no way around the second factor, limits on guessing, every way a session ends."""

import statistics
import threading
import time
from collections import Counter
from datetime import timedelta

import pyotp
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from app import main
from app.accounts.identity import identify
from app.accounts.permissions import PERMISSIONS, ROLES
from app.accounts.secrets import STRONG
from app.core import clock
from app.core.db import Database
from app.core.pages import SESSION_COOKIE
from tests.conftest import CLAIMS_KEY
from tests.entry import (
    CHEAP,
    HTML,
    PASSWORD,
    account,
    give_password,
    later,
    see,
    send,
    sign_in,
    visitor,
)
from tests.people import SYSTEM, browser, csrf, sign_in_as

IDLE = [(role.name, role.idle_min) for role in ROLES.values() if role.account]


@pytest.fixture
def kim(db, settings):
    return account(db, settings)


@pytest.fixture
def client(db, settings):
    with visitor(db, settings) as found:
        yield found


def is_signed_in(client) -> bool:
    return see(client, "/account").status_code == 200


def cookie_of(client) -> str:
    return client.cookies[SESSION_COOKIE]


# The second factor, on every account and for every page


@pytest.mark.asvs("6.3.3")
@pytest.mark.parametrize("role", [name for name, _ in IDLE])
def test_a_password_alone_opens_no_page_of_any_role(db, settings, client, role):
    who = account(db, settings, role, agency="AFC")
    give_password(client, who.username)

    opened = []
    for router in main.ROUTERS:
        for route in router.routes:
            known = PERMISSIONS.routes.get(f"GET {route.path}", "public")
            if isinstance(route, APIRoute) and "GET" in route.methods and known != "public":
                path = route.path.replace("{", "").replace("}", "")
                if client.get(path).status_code != 401:
                    opened.append(path)

    assert opened == []
    assert identify(db, cookie_of(client)) is None


@pytest.mark.asvs("6.3.3", "6.3.6")
def test_every_role_with_an_account_asks_for_a_second_factor():
    assert [role.name for role in ROLES.values() if role.account and not role.mfa] == []


@pytest.mark.asvs("6.3.4")
def test_an_account_without_a_second_factor_cannot_be_signed_in_to(db, client, kim):
    with db.begin(SYSTEM) as session:
        session.execute(
            text("update app.credential set totp_secret = null, recovery_hashes = '{}'")
        )
    give_password(client, kim.username)

    for code in ("", "000000", kim.code()):
        assert send(client, "/sign-in/code", code=code).status_code == 422
    assert not is_signed_in(client)


def test_a_secret_sealed_for_somebody_else_does_not_open(db, settings, client, kim):
    other = account(db, settings)
    with db.begin(SYSTEM) as session:
        session.execute(
            text("""
                update app.credential set totp_secret =
                    (select totp_secret from app.credential where user_id = :other)
                where user_id = :kim
            """),
            {"kim": kim.user_id, "other": other.user_id},
        )
    give_password(client, kim.username)

    assert send(client, "/sign-in/code", code=other.code()).status_code == 422


@pytest.mark.asvs("2.3.4", "15.4.2")
def test_a_code_counts_once_also_of_two_browsers_at_once(db, settings, kim):
    kim.code()  # of the step before: it would be over by the time it is entered
    code, led = kim.code(), []
    with visitor(db, settings) as first, visitor(db, settings) as second:
        for each in (first, second):
            give_password(each, kim.username)

        def enter(client):
            led.append(send(client, "/sign-in/code", code=code).status_code)

        threads = [threading.Thread(target=enter, args=(each,)) for each in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(led) == [303, 422]


@pytest.mark.asvs("6.5.1")
def test_a_replayed_code_and_an_earlier_one_are_refused(client, kim):
    sign_in(client, kim)
    send(client, "/sign-out")
    give_password(client, kim.username)
    step = kim.used

    for each in (step, step - 1):
        code = pyotp.TOTP(kim.secret).at(each * 30)
        assert send(client, "/sign-in/code", code=code).status_code == 422


# Limits on guessing


@pytest.mark.asvs("6.3.1")
def test_of_a_hundred_guesses_at_once_over_two_instances_ten_are_answered(
    db, settings, cluster, kim
):
    other = Database(db.logins, CLAIMS_KEY)
    answered = Counter()
    with visitor(db, settings) as one, visitor(other, settings) as two:
        for client in (one, two):
            # The framework looks at its routes when first asked, and warns if two threads do.
            client.get("/sign-in")

        def guess(client, n):
            for i in range(25):
                said = give_password(client, kim.username, f"wrong wrong {n} {i}")
                answered[said.status_code] += 1

        threads = [
            threading.Thread(target=guess, args=(client, n))
            for n, client in enumerate((one, two, one, two))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        locked_out = give_password(two, kim.username).status_code
    other.dispose()

    assert answered == {422: 10, 429: 90}
    assert locked_out == 429


@pytest.mark.asvs("6.3.1")
def test_guessing_codes_counts_like_guessing_passwords(client, kim):
    give_password(client, kim.username)
    for n in range(10):
        assert send(client, "/sign-in/code", code=f"{n:06}").status_code == 422

    assert send(client, "/sign-in/code", code=kim.code()).status_code == 429
    assert give_password(client, kim.username).status_code == 429


def test_guesses_of_many_usernames_from_one_source_wait(client, kim):
    for n in range(10):
        give_password(client, f"nobody-{n}")

    assert give_password(client, kim.username).status_code == 429


@pytest.mark.asvs("15.3.4")
def test_a_proxy_that_is_trusted_says_where_guesses_come_from(db, settings, kim):
    behind = settings.model_copy(update={"trusted_proxies": "testclient"})
    with visitor(db, behind) as client:
        for n in range(10):
            client.headers["x-forwarded-for"] = "198.51.100.7"
            give_password(client, f"nobody-{n}")
        waits = give_password(client, kim.username).status_code
        client.headers["x-forwarded-for"] = "198.51.100.7, 203.0.113.9"
        open_elsewhere = give_password(client, kim.username).status_code

    assert (waits, open_elsewhere) == (429, 303)


@pytest.mark.asvs("4.1.3", "15.3.4")
def test_what_a_stranger_forwards_is_not_believed(client, kim):
    for n in range(10):
        client.headers["x-forwarded-for"] = f"198.51.100.{n}"
        give_password(client, f"nobody-{n}")

    assert give_password(client, kim.username).status_code == 429


def test_after_five_minutes_of_patience_the_right_password_opens(db, client, kim):
    for _ in range(10):
        give_password(client, kim.username, "wrong wrong wrong")
    later(db, "sign_in_failure", "at", timedelta(minutes=4, seconds=50))
    early = give_password(client, kim.username).status_code
    later(db, "sign_in_failure", "at", timedelta(seconds=15))

    assert early == 429
    assert sign_in(client, kim).status_code == 303


def test_successes_do_not_count_against_anybody(client, kim):
    for _ in range(12):
        assert give_password(client, kim.username).status_code == 303


def test_failures_are_kept_without_saying_whose(db, client, kim):
    give_password(client, kim.username, "wrong wrong wrong")

    with db.read(SYSTEM) as session:
        kept = session.scalars(text("select key from app.sign_in_failure")).all()
    assert len(kept) == 2
    assert all(len(key) == 32 and kim.username.encode() not in bytes(key) for key in kept)


def medians_s(db, settings, clock_s, hasher, n) -> tuple[float, float]:
    """Of a known username and one that nobody has, asked for in turns."""
    who = account(db, settings, hasher=hasher)
    spent = {who.username: [], "nobody-of-this-name": []}
    with visitor(db, settings, hasher=hasher) as client:
        for i in range(-6, n):
            for name in sorted(spent, reverse=bool(i % 2)):
                with db.begin(SYSTEM) as session:
                    session.execute(text("delete from app.sign_in_failure"))
                began = clock_s()
                give_password(client, name, "wrong wrong wrong")
                if i >= 0:  # what comes before warms up
                    spent[name].append(clock_s() - began)
    known, unknown = (statistics.median(times) for times in spent.values())
    return known, unknown


@pytest.mark.asvs("6.3.8")
def test_an_unknown_username_takes_as_long_as_a_known_one(db, settings):
    known, unknown = medians_s(db, settings, time.perf_counter, CHEAP, 40)

    assert abs(known - unknown) < 0.005


def test_an_unknown_username_costs_a_whole_hash_as_a_known_one_does(db, settings):
    # The processor's time, not the clock's: 64 MiB thrice take longer on a busy machine.
    known, unknown = medians_s(db, settings, time.process_time, STRONG, 6)

    assert min(known, unknown) > 0.05
    assert abs(known - unknown) < 0.2 * max(known, unknown)


# How a session begins


@pytest.mark.asvs("7.2.2", "7.2.4")
def test_every_stage_has_a_token_of_its_own_and_earlier_ones_end(db, client, kim):
    planted = {"Cookie": f"{SESSION_COOKIE}=planted-by-somebody-else"}
    sent = {"username": kim.username, "password": PASSWORD}
    client.post("/sign-in", data=sent, headers=HTML | planted)
    with_password = cookie_of(client)
    send(client, "/sign-in/code", code=kim.code())
    signed_in = cookie_of(client)
    send(client, "/account/confirm", code=kim.code(), next="/")
    confirmed = cookie_of(client)

    assert len({"planted-by-somebody-else", with_password, signed_in, confirmed}) == 4
    assert identify(db, confirmed) is not None
    assert [identify(db, token) for token in (with_password, signed_in)] == [None, None]
    assert identify(db, "planted-by-somebody-else") is None


@pytest.mark.asvs("7.2.4")
def test_signing_in_again_ends_the_session_before_it(db, client, kim):
    sign_in(client, kim)
    first = cookie_of(client)
    sign_in(client, kim)

    assert identify(db, first) is None


@pytest.mark.asvs("7.2.1")
def test_no_token_is_in_the_database_as_it_is(db, cluster, client, kim):
    sign_in(client, kim)
    token = cookie_of(client)

    with db.read(SYSTEM) as session:
        kept = session.scalars(text("select token_hash from app.session")).all()
    assert all(len(each) == 32 and token.encode() not in bytes(each) for each in kept)


@pytest.mark.asvs("3.3.1", "3.3.2")
def test_the_cookie_is_for_this_host_over_tls_and_out_of_reach_of_scripts(client, kim):
    give_password(client, kim.username)
    answer = send(client, "/sign-in/code", code=kim.code())

    said = answer.headers["set-cookie"]
    for word in ("__Host-session=", "HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert word in said
    assert "Domain" not in said


# How a session ends


@pytest.mark.asvs("7.3.1")
@pytest.mark.parametrize(("role", "idle_min"), IDLE)
def test_a_session_ends_when_it_is_not_used(db, settings, client, role, idle_min):
    who = account(db, settings, role, agency="AFC")
    sign_in(client, who)
    later(db, "session", "last_seen_at", timedelta(minutes=idle_min - 1))
    in_time = is_signed_in(client)
    later(db, "session", "last_seen_at", timedelta(minutes=idle_min, seconds=1))

    led = see(client, "/account")
    told = see(client, led.headers["location"])

    assert in_time
    assert led.headers["location"] == "/sign-in?next=/account"
    words = f"did not use the service for {idle_min} minutes. Saved sections are safe."
    assert f"You were signed out because you {words}" in told.text


@pytest.mark.asvs("7.3.2")
def test_using_a_session_keeps_it_but_no_longer_than_ten_hours(db, client, kim):
    sign_in(client, kim)
    for _ in range(3):
        later(db, "session", "last_seen_at", timedelta(minutes=20))
        assert client.get("/account/stay").status_code == 204
    later(db, "session", "absolute_until", timedelta(hours=10))

    assert not is_signed_in(client)


@pytest.mark.asvs("7.4.1")
def test_signing_out_ends_the_session_in_the_database(db, client, kim):
    sign_in(client, kim)
    token = cookie_of(client)

    led = send(client, "/sign-out")

    assert led.headers["location"] == "/sign-in?done=out"
    assert SESSION_COOKIE not in client.cookies
    assert identify(db, token) is None
    assert "You are signed out." in see(client, "/sign-in?done=out").text


def test_a_form_of_another_session_signs_nobody_out(db, client, kim):
    sign_in(client, kim)

    refused = client.post("/sign-out", data={"csrf": "forged"}, headers=HTML)

    assert refused.status_code == 403
    assert is_signed_in(client)


@pytest.mark.asvs("7.5.2")
def test_signing_out_everywhere_ends_every_browser(db, settings, client, kim):
    sign_in(client, kim)
    with visitor(db, settings) as other:
        sign_in(other, kim)
        send(client, "/account/sign-out-everywhere")

        assert not is_signed_in(other)
    assert not is_signed_in(client)


@pytest.mark.asvs("7.5.2")
def test_one_browser_can_be_signed_out_by_its_owner_and_nobody_else(db, settings, client, kim):
    sign_in(client, kim)
    with visitor(db, settings) as other:
        sign_in(other, kim)
        theirs = identify(db, cookie_of(other)).session_id
        with browser(db, settings, sign_in_as(db, "cs_lead", agency="AFC")) as lead:
            refused = send(lead, f"/account/sessions/{theirs}/end")
        still = is_signed_in(other)
        send(client, f"/account/sessions/{theirs}/end")

        assert refused.status_code == 404
        assert still
        assert not is_signed_in(other)
    assert is_signed_in(client)


@pytest.mark.asvs("7.4.2")
@pytest.mark.parametrize("columns", ["state = 'DISABLED'", "ends_on = current_date - 2"])
def test_an_account_that_ends_is_signed_out_with_the_next_request(db, client, kim, columns):
    sign_in(client, kim)
    with db.begin(SYSTEM) as session:
        session.execute(text(f'update app."user" set {columns}'))

    assert not is_signed_in(client)


@pytest.mark.asvs("8.3.2")
def test_a_change_of_role_acts_on_the_next_request(db, client, kim):
    sign_in(client, kim)
    before = client.get("/incidents", headers=HTML).status_code
    with db.begin(SYSTEM) as session:
        session.execute(text("""update app."user" set role = 'partner'"""))

    after = client.get("/incidents", headers=HTML).status_code

    assert (before, after) == (200, 403)


@pytest.mark.asvs("6.2.2", "6.3.7", "7.4.3")
def test_a_new_password_signs_out_every_other_browser_and_is_told(db, settings, client, kim):
    sign_in(client, kim)
    with visitor(db, settings) as other:
        sign_in(other, kim)
        changed = send(
            client, "/account/password", current=PASSWORD, password="violet anchor teapot 3"
        )

        assert changed.headers["location"] == "/account"
        assert not is_signed_in(other)
    assert is_signed_in(client)
    assert client.letters[-1].subject == "Your password was changed"
    send(client, "/sign-out")
    assert give_password(client, kim.username, PASSWORD).status_code == 422
    assert give_password(client, kim.username, "violet anchor teapot 3").status_code == 303


# The second factor again


@pytest.fixture
def old(db, client, kim):
    """Signed in, with a second factor shown eleven minutes ago."""
    sign_in(client, kim)
    later(db, "session", "stepped_at", timedelta(minutes=11))
    return client


@pytest.mark.asvs("7.5.1")
@pytest.mark.parametrize("path", ["/account/password", "/account/recovery-codes", "/emergency"])
def test_what_needs_a_fresh_factor_leads_there_and_back(old, kim, path):
    asked = see(old, path)
    led = send(old, "/account/confirm", code=kim.code(), next=path)

    assert asked.headers["location"] == f"/account/confirm?next={path}"
    assert led.headers["location"] == path
    assert see(old, path).status_code == 200


def test_a_form_sent_too_late_leads_back_to_its_page(old):
    sent = send(old, "/account/password", password="violet anchor teapot 3")

    assert sent.headers["location"] == "/account/confirm?next=/account/password"


def test_a_wrong_code_confirms_nothing_and_counts(old, kim):
    for n in range(10):
        assert send(old, "/account/confirm", code=f"{n:06}", next="/emergency").status_code == 422

    assert send(old, "/account/confirm", code=kim.code()).status_code == 429
    assert see(old, "/emergency").status_code == 303


@pytest.mark.asvs("7.5.3")
def test_a_program_is_told_to_step_up_with_a_problem(old):
    answer = old.get("/emergency")

    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/step-up-needed"


def test_new_recovery_codes_are_shown_once_to_this_browser_and_end_the_old(db, client, kim):
    sign_in(client, kim)
    send(client, "/account/recovery-codes")
    shown = see(client, "/account/recovery-codes").text
    later(db, "credential", "changed_at", timedelta(minutes=11))
    gone = see(client, "/account/recovery-codes").text
    send(client, "/sign-out")
    give_password(client, kim.username)

    assert shown.count("<code>") == 10
    assert gone.count("<code>") == 0
    assert send(client, "/sign-in/code", code=kim.recovery[0]).status_code == 422
    code = shown.split("<code>")[1].partition("<")[0]
    assert send(client, "/sign-in/code", code=code).status_code == 303
    assert "How you sign in was changed" in [mail.subject for mail in client.letters]


# The own account


def test_the_account_page_says_what_one_may_and_did(db, client, kim):
    sign_in(client, kim)
    client.get("/places", headers=HTML)

    page = see(client, "/account").text

    for words in ("Practitioner", "Kingston Council", "Kingston upon Thames", "this browser"):
        assert words in page
    assert "Sign in" in page
    assert f"{clock.today().year}" in page


def test_nothing_of_anybody_else_is_on_the_account_page(db, settings, client, kim):
    other = account(db, settings, "practitioner")
    with visitor(db, settings) as theirs:
        sign_in(theirs, other)
    sign_in(client, kim)

    page = see(client, "/account").text
    assert other.username not in page
    assert page.count("(this browser)") == 1
    assert page.count('/end"') == 1


@pytest.mark.parametrize("role", [name for name, _ in IDLE])
def test_every_role_sees_its_account(db, settings, role):
    with browser(db, settings, sign_in_as(db, role, agency="AFC")) as client:
        assert see(client, "/account").status_code == 200
        assert csrf(client) in see(client, "/account").text
