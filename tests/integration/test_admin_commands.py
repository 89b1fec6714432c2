"""`contextmap users` and `contextmap token` against a real database."""

import argparse
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text

from app import cli
from app.accounts.identity import identify
from app.accounts.models import User
from app.accounts.rules import State
from app.core import clock
from app.core.actor import job_actor
from app.core.command import Context
from app.core.errors import InvalidError, NotFoundError, RuleBrokenError
from tests.people import KINGSTON, SYSTEM, browser, sign_in_as

KIM = ("users", "create", "kim.example", "--name", "Kim Example", "--agency", "LA_KINGSTON")
KIM_HERE = (*KIM, "--role", "practitioner", "--borough", KINGSTON)


@pytest.fixture
def run(db, settings):
    """The command line without its own database."""

    def command(*arguments):
        asked = cli.parser().parse_args(arguments)
        with ExitStack() as stack:
            context = Context(settings, stack, lambda _: False)
            context._db = db
            return asked.func(asked, context)

    return command


def stored(db, username="kim.example"):
    with db.read(SYSTEM) as session:
        return session.scalar(select(User).where(User.username == username))


def put(db, username, **facts):
    with db.begin(SYSTEM) as session:
        user = session.scalar(select(User).where(User.username == username))
        for name, value in facts.items():
            setattr(user, name, value)


def trail(db):
    with db.read(job_actor("audit:seal", db_role="cs_audit")) as session:
        found = session.execute(text("select action, outcome, role from audit.event order by id"))
        return [tuple(row) for row in found]


def test_an_account_is_created_and_the_link_printed(run, db):
    told = run(*KIM_HERE, "--email", "kim@kingston.example")

    user = stored(db)
    assert re.fullmatch(r"http://127.0.0.1:8000/sign-in/invitation/[\w-]{40,}", told["invitation"])
    assert (told["ref"], told["state"], told["waits_for"]) == (user.ref, "INVITED", [])
    assert user.ends_on == clock.today() + timedelta(days=365)
    assert user.borough_codes == [KINGSTON]
    assert trail(db) == [("user.create", "done", "job"), ("user.invite", "done", "job")]


@pytest.mark.asvs("6.3.2")
def test_the_first_administrator_needs_nobody_and_opens_the_account_by_the_link(run, db, settings):
    told = run(*KIM, "--role", "administrator")

    with browser(db, settings, headers={"accept": "text/html"}) as client:
        page = client.get(told["invitation"].removeprefix("http://127.0.0.1:8000"))

    assert told["waits_for"] == []
    assert page.status_code in (200, 303)
    assert "too old" not in page.text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (("--role", "practitioner"), "--borough"),
        (("--role", "practitioner", "--borough", "E09000001"), "--borough"),
        (("--role", "partner", "--borough", KINGSTON, "--ends-on", "2020-01-01"), "--ends-on"),
        (("--role", "cs_lead", "--email", "nonsense"), "email"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_with_its_name(run, db, wrong, field):
    with pytest.raises(InvalidError) as refused:
        run(*KIM, *wrong)

    assert list(refused.value.fields) == [field]
    assert stored(db) is None


@pytest.mark.parametrize(
    "wrong",
    [
        (*KIM, "--role", "public"),
        (*KIM, "--role", "partner", "--ends-on", "soon"),
        ("token", "create", "--user", "kim.example", "--ttl", "25h"),
        ("token", "create", "--user", "kim.example", "--scope", "all"),
        ("users",),
    ],
)
def test_wrong_usage_ends_with_2(wrong):
    with pytest.raises(SystemExit) as ended:
        cli.main(wrong)

    assert ended.value.code == cli.WRONG_USAGE


def test_the_first_auditor_is_confirmed_on_the_host_and_the_audit_says_so(run, db):
    run(*KIM, "--role", "auditor")

    told = run("users", "confirm", "kim.example")

    assert told["waiting"] is False
    assert "no second person" in told["lines"][0]
    assert stored(db).approved_by is not None
    assert trail(db)[-1] == ("user.approve", "without_second_person", "job")


def test_the_host_confirms_nobody_once_there_is_an_auditor(run, db):
    sign_in_as(db, "auditor")
    run(*KIM, "--role", "auditor")

    with pytest.raises(RuleBrokenError, match="There is an auditor"):
        run("users", "confirm", "kim.example")

    assert stored(db).approved_by is None


def test_the_host_confirms_one_auditor_and_not_a_second_before_the_first_signs_in(run, db):
    for username in ("ash.example", "bel.example"):
        run("users", "create", username, *KIM[3:], "--role", "auditor")
    run("users", "confirm", "ash.example")

    with pytest.raises(RuleBrokenError, match="There is an auditor"):
        run("users", "confirm", "bel.example")

    run("users", "disable", "ash.example")
    assert run("users", "confirm", "bel.example")["confirmed"]


def test_an_auditor_whose_account_is_over_does_not_count(run, db):
    auditor = sign_in_as(db, "auditor")
    put(db, auditor.username, ends_on=clock.today() - timedelta(days=1))
    run(*KIM, "--role", "auditor")

    assert run("users", "confirm", "kim.example")["confirmed"]


@pytest.mark.parametrize("role", ["cs_lead", "police_analyst"])
def test_the_host_never_confirms_a_lead_or_an_analyst(run, db, role):
    run(*KIM, "--role", role)

    with pytest.raises(RuleBrokenError, match="Only an auditor's account"):
        run("users", "confirm", "kim.example")


def test_a_disabled_account_is_out(run, db):
    kim = sign_in_as(db, "practitioner")

    told = run("users", "disable", kim.username)

    assert told["state"] == State.DISABLED
    assert identify(db, kim.cookie) is None
    with pytest.raises(RuleBrokenError, match="disabled already"):
        run("users", "disable", kim.username)
    with pytest.raises(NotFoundError):
        run("users", "disable", "nobody.at-all")


def test_accounts_are_listed(run, db):
    run(*KIM_HERE)
    lead = sign_in_as(db, "cs_lead")

    told = run("users", "list")

    assert [user["username"] for user in told["users"]] == ["kim.example", lead.username]
    assert set(told["users"][0]) == {
        *("ref", "username", "name", "role", "agency", "boroughs", "state", "waiting"),
        *("ends_on", "last_sign_in_at"),
    }
    assert told["lines"][0] == "kim.example practitioner INVITED"


def test_a_token_acts_as_the_person_for_the_time_that_was_said(run, db, settings):
    lead = sign_in_as(db, "cs_lead", agency="AFC")

    told = run("token", "create", "--user", lead.username, "--ttl", "30m", "--scope", "read")

    with browser(db, settings) as client:
        bearer = {"authorization": f"Bearer {told['token']}"}
        assert client.get("/api/v1/places", headers=bearer).status_code == 200
        assert client.post("/api/v1/places", json={}, headers=bearer).status_code in (403, 422)
    assert set(told) == {"token", "user", "scope", "expires_at"}
    assert [action for action, _, _ in trail(db)] == ["token.create", "denied"]


def test_an_invited_account_gets_no_token(run):
    run(*KIM_HERE)

    with pytest.raises(RuleBrokenError, match="not active"):
        run("token", "create", "--user", "kim.example")


def test_a_command_is_asked_for_with_json_before_or_after_it():
    for arguments in (["--json", "users", "list"], ["users", "list", "--json"]):
        assert cli.parser().parse_args(arguments).json is True
    assert isinstance(cli.parser().parse_args(["users", "list"]), argparse.Namespace)


def test_of_two_auditors_confirmed_at_once_the_host_confirms_one(run, db):
    for name in ("ash.example", "bel.example"):
        run("users", "create", name, *KIM[3:], "--role", "auditor")
    together = Barrier(2)

    def confirm(name):
        together.wait()
        try:
            return run("users", "confirm", name)["confirmed"]
        except RuleBrokenError:
            return False

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(confirm, ("ash.example", "bel.example"))) == [False, True]
