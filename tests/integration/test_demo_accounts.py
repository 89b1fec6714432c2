"""Demonstration accounts: one a role, at the real sign-in page, kept from start to start."""

import json
import stat

import pytest
from sqlalchemy import text

from app.accounts.permissions import ROLES
from app.accounts.secrets import factors_of
from app.demo import accounts
from tests.entry import CHEAP, Account, give_password, see, send, visitor
from tests.people import SYSTEM

WITH_ACCOUNT = {role.name for role in ROLES.values() if role.account}
EVERYBODY = len(WITH_ACCOUNT) + 1  # a second lead, who decides on what the first asks


@pytest.fixture
def folder(settings, tmp_path):
    return settings.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
def ensure(db, folder):
    return lambda: accounts.ensure(db, folder, factors_of(folder, CHEAP))


def told(folder):
    return json.loads((folder.data_dir / "demo-accounts.json").read_text())


def signs_in(db, folder, each) -> bool:
    who = Account(None, each["username"], each["totp_secret"], [], "")
    with visitor(db, folder) as client:
        if give_password(client, who.username, each["password"]).status_code != 303:
            return False
        send(client, "/sign-in/code", code=who.code())
        return see(client, "/account").status_code == 200


def test_every_role_has_an_account_that_signs_in(db, folder, ensure):
    assert ensure()

    found = told(folder)
    assert {each["role"] for each in found} == WITH_ACCOUNT
    assert len(found) == EVERYBODY
    assert all(set(each) == {"role", "username", "password", "totp_secret"} for each in found)
    assert [each["role"] for each in found if not signs_in(db, folder, each)] == []


def test_the_file_is_open_to_its_owner_only(folder, ensure):
    ensure()

    mode = (folder.data_dir / "demo-accounts.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert [path.name for path in folder.data_dir.iterdir()] == ["demo-accounts.json"]


def test_a_later_start_keeps_them(folder, ensure):
    ensure()
    before = told(folder)

    assert not ensure()
    assert told(folder) == before


@pytest.mark.parametrize("spoilt", [None, "", "[]", '[{"username": 1}]', "{}"])
def test_without_its_file_they_are_made_anew_and_the_old_secrets_end(db, folder, ensure, spoilt):
    ensure()
    before = told(folder)
    path = folder.data_dir / "demo-accounts.json"
    path.unlink() if spoilt is None else path.write_text(spoilt)

    assert ensure()

    assert not signs_in(db, folder, before[0])
    assert signs_in(db, folder, told(folder)[0])


def test_a_file_of_another_database_or_key_does_not_stand(db, folder, ensure):
    ensure()
    with db.begin(SYSTEM) as session:
        session.execute(text("update app.credential set totp_secret = null"))

    assert ensure()


def test_they_are_marked_as_synthetic_and_audited_as_one(db, folder, ensure):
    ensure()

    with db.read(SYSTEM) as session:
        assert session.scalar(text('select bool_and(is_synthetic) from app."user"')) is True
        assert session.scalar(text('select count(*) from app."user"')) == EVERYBODY


@pytest.mark.asvs("6.3.2")
def test_outside_demo_mode_nobody_signs_in_with_them(db, folder, ensure):
    ensure()

    assert accounts.close(db) == EVERYBODY
    assert accounts.close(db) == 0
    assert not signs_in(db, folder, told(folder)[0])
    assert ensure()
    assert signs_in(db, folder, told(folder)[0])
