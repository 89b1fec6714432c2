"""What no other file shows: the own password, the way out, what is not served, the log."""

import json
import logging
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.accounts.passwords import LONGEST, problem
from app.accounts.secrets import Factors
from app.core import log
from app.core.actor import job_actor
from app.core.pages import SESSION_COOKIE
from tests.entry import CHEAP, HTML, PASSWORD, account, give_password, see, send, sign_in, visitor
from tests.people import SYSTEM, csrf
from tests.routes import CHANGES, Clients

AUDIT = job_actor("audit:seal", db_role="cs_audit")
ANOTHER = "violet anchor teapot 3"


@pytest.fixture
def kim(db, settings):
    return account(db, settings)


@pytest.fixture
def client(db, settings):
    with visitor(db, settings) as found:
        yield found


@pytest.fixture(scope="module")
def clients(module_db, house) -> Clients:
    return Clients(module_db, house)


def change(client, **answers):
    return send(client, "/account/password", **{"password": ANOTHER} | answers)


@pytest.mark.asvs("6.2.3")
def test_a_new_password_needs_the_current_one(db, client, kim):
    sign_in(client, kim)

    for current in ("", PASSWORD.upper(), PASSWORD + " ", ANOTHER):
        refused = change(client, current=current)
        assert refused.status_code == 422
        assert "This is not your current password." in refused.text
    changed = change(client, current=PASSWORD)

    assert changed.headers["location"] == "/account"
    with db.read(AUDIT) as session:
        told = session.scalars(
            text("select outcome from audit.event where action = 'user.password' order by id")
        ).all()
    assert told == ["refused"] * 4 + ["done"]


@pytest.mark.asvs("6.3.1")
def test_guesses_of_the_current_password_are_counted_like_those_at_the_door(client, kim):
    sign_in(client, kim)

    said = [change(client, current=f"wrong {n} lamp").status_code for n in range(11)]

    assert said == [422] * 10 + [429]
    assert change(client, current=PASSWORD).status_code == 429
    assert client.letters[-1].subject != "Your password was changed"


@pytest.mark.asvs("6.2.8", "6.2.9")
def test_a_password_counts_to_its_last_character_and_in_its_own_capitals():
    factors = Factors(b"s" * 32, b"r" * 32, b"f" * 32, hasher=CHEAP)
    longest = ("Otter Lantern Gravel 7 " * 20)[:LONGEST]

    for password in (longest[:64], longest):
        stored = factors.hashed(password)
        assert problem(password) is None
        assert factors.password_matches(stored, password)
        assert not factors.password_matches(stored, password[:-1])
        assert not factors.password_matches(stored, password[:-1] + "~")
        assert not factors.password_matches(stored, password.lower())
        assert not factors.password_matches(stored, f" {password}")


@pytest.mark.asvs("6.2.10")
def test_a_password_of_three_years_ago_still_opens(db, client, kim):
    with db.begin(SYSTEM) as session:
        session.execute(text("update app.credential set changed_at = now() - interval '3 years'"))

    assert give_password(client, kim.username).headers["location"] == "/sign-in/code"


@pytest.mark.asvs("14.3.1")
def test_signing_out_clears_what_the_browser_kept(client, kim):
    sign_in(client, kim)

    answer = send(client, "/sign-out")

    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "max-age=0" in answer.headers["set-cookie"].lower()


HIDDEN = (
    *("/docs", "/redoc", "/swagger", "/debug", "/console", "/admin/debug", "/server-status"),
    *("/.git/HEAD", "/.env", "/static/.git/HEAD", "/pyproject.toml", "/app/main.py", "/actuator"),
)


@pytest.mark.asvs("13.4.2", "13.4.5")
@pytest.mark.parametrize("path", HIDDEN)
def test_nothing_of_debugging_is_served(clients, path):
    for role in ("nobody", "cs_lead", "administrator"):
        answer = clients[role].get(path, headers=HTML)

        assert answer.status_code in {303, 404}, role
        assert answer.headers.get("location", "/sign-in").startswith("/sign-in"), role


@pytest.mark.asvs("13.4.2", "13.4.5")
def test_the_description_of_the_addresses_is_for_who_is_signed_in(clients):
    assert clients["nobody"].app.debug is False
    assert clients["nobody"].get("/openapi.json").status_code in {401, 404}


@pytest.mark.asvs("15.3.7")
def test_a_field_counts_only_from_where_it_belongs(clients):
    """The token of a form in its address, a field, a cookie: the form itself has none."""
    client = clients["cs_lead"]
    token = csrf(client)
    forms = [route for route in CHANGES if route.is_form and route.role() == "cs_lead"]

    assert forms
    for route in forms:
        for given in (
            {"params": {"csrf": token}},
            {"headers": HTML | {"csrf": token, "X-CSRF-Token": token}},
            {
                "headers": HTML
                | {"Cookie": f"csrf={token}; {SESSION_COOKIE}={client.cookies[SESSION_COOKIE]}"}
            },
        ):
            answer = client.post(route.address(), data={"name": "x"}, **given)
            assert answer.status_code in {403, 422}, (route, given)


@pytest.mark.asvs("15.3.7")
def test_of_a_name_given_twice_one_value_is_checked_and_used(client, kim):
    """A right token beside a wrong one does not count, in whatever order a proxy would read."""
    sign_in(client, kim)
    right = csrf(client)

    said = [
        client.post("/sign-out", content=f"csrf={first}&csrf={last}", headers=FORM).status_code
        for first, last in ((right, "x"), ("x", right))
    ]

    assert sorted(said) == [303, 403]
    assert see(client, "/account").status_code != 200


FORM = HTML | {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def lines(monkeypatch):
    found = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())
    monkeypatch.setattr(log._out, "handlers", [handler])
    before = log._out.level
    log._out.setLevel(logging.INFO)
    yield found
    log._out.setLevel(before)


@pytest.mark.asvs("16.2.2")
def test_a_line_of_the_log_says_its_time_in_utc(lines):
    log.info("answered", route="/places", status=200)

    said = datetime.fromisoformat(json.loads(lines[0])["time"])
    assert said.utcoffset() == timedelta(0)


FORGED = '{"event":"sign_in","role":"administrator"}'


@pytest.mark.asvs("16.4.1")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\x1b[2K", "\0"])
def test_nobody_writes_a_line_into_the_log(clients, lines, end):
    log.info(f"answered{end}{FORGED}", route=f"/places{end}{FORGED}")
    clients["cs_lead"].get(
        f"/places/x%0A{FORGED}{end.encode().hex()}",
        headers=HTML | {"User-Agent": FORGED, "X-Request-Id": FORGED},
    )

    assert lines
    for line in lines:
        assert json.loads(line)["event"] != "sign_in"
        assert len(line.splitlines()) == 1 or end == "\u2028"
        assert not any(sign in line for sign in ("\n", "\r", "\x1b", "\0"))
    assert not any(FORGED in line for line in lines[1:])
