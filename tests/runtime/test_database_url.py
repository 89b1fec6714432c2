"""A server of the operator: roles with passwords, made once, mended when their file is lost."""

import json
import os
import re
import stat

import psycopg
import pytest

from app.accounts.install import prepare
from app.core.errors import InvalidError
from app.core.postgres import PrivateCluster
from app.core.prepare import OF_PROCESSES
from app.core.settings import Settings


@pytest.fixture
def settings(private, tmp_path) -> Settings:
    """A server that asks for passwords over TCP, on a loopback address of this test's own."""
    address = f"127.0.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 2}"
    private.start()
    with psycopg.connect(private.dsn("postgres"), autocommit=True) as admin:
        admin.execute("alter user postgres password 'boot'")
        admin.execute(f"alter system set listen_addresses = '{address}'")
    private.stop()
    with (private.pgdata / "pg_hba.conf").open("a") as hba:
        hba.write("host all all 127.0.0.0/8 scram-sha-256\n")
    private.start()
    url = f"postgresql://postgres:boot@{address}/contextmap"
    return Settings(data_dir=tmp_path, database_url=url)


def who(dsn):
    with psycopg.connect(dsn) as connection:
        return connection.execute("select current_user").fetchone()[0]


@pytest.mark.asvs("13.2.1", "13.2.3")
def test_roles_log_in_with_passwords_made_at_the_first_start(settings):
    first, second = prepare(settings), prepare(settings)

    file = settings.roles_file
    assert (first, second) == (True, False)
    assert [who(settings.dsn(role)) for role in ("cs_app", "cs_job")] == ["cs_app", "cs_job"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_lost_file_of_passwords_is_mended(settings):
    prepare(settings)
    before = settings.dsn("cs_app")
    settings.roles_file.unlink()

    prepare(settings)

    assert who(settings.dsn("cs_app")) == "cs_app"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(before)


@pytest.mark.asvs("13.2.2")
@pytest.mark.parametrize("kind", OF_PROCESSES)
def test_who_serves_needs_no_login_of_the_address_and_only_its_own_roles(settings, kind):
    own = settings.roles_file.parent / kind / settings.roles_file.name
    own.parent.mkdir()
    prepare(settings)
    bare = re.sub("//.*@", "//", settings.database_url.get_secret_value())

    serving = Settings(data_dir=settings.data_dir, database_url=bare, db_roles_file=own)

    assert [who(serving.dsn(role)) for role in OF_PROCESSES[kind]] == [*OF_PROCESSES[kind]]
    assert {*json.loads(own.read_text())} == {*OF_PROCESSES[kind]}
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    with pytest.raises(InvalidError, match="names no login"):
        prepare(serving)


def test_nothing_private_is_started_beside_it(settings):
    from app.core.command import serving

    with serving(settings):
        running = PrivateCluster(settings.data_dir).pid()

    assert running is None
