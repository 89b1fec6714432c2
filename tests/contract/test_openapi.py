"""The OpenAPI document holds for whatever is sent: schemathesis with all its checks.

Twenty examples an operation need 20 seconds a run; CONTEXTMAP_EXAMPLES=500 asks for more.
"""

import os
import secrets
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from app.accounts.identity import token_hash
from app.core import clock
from app.core.ids import new_id
from app.core.pages import SESSION_COOKIE
from app.main import ROUTERS, create_app
from tests.people import sign_in_as

EXAMPLES = int(os.environ.get("CONTEXTMAP_EXAMPLES", "20"))
PHASES = "examples,coverage,fuzzing,stateful"

# What a JSON schema cannot say: that a code stands in a list, that west is west of east, that a
# reason was given. So data of the right shape may be 422. Authority is given, not made up: the
# check `ignored_auth` leaves it out and changes it by itself.
CONFIG = """
[generation]
with-security-parameters = false

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]
"""
KNOWN = """
[[operations]]
include-path-regex = "{path}"
parameters = {{ {name} = "{value}" }}
"""
RECORDS = {
    ("^/api/v1/places/", "ref"): "select ref from app.place where sensitivity = 'PUBLIC_REALM'",
    ("^/api/v1/incidents/", "ref"): "select ref from app.incident",
    ("^/api/v1/children/", "ref"): "select ref from app.child",
    ("^/api/v1/clusters/runs/", "run_id"): "select id::text from app.cluster_run",
    ("^/api/v1/clusters/.key", "key"): "select content_id from app.cluster",
}


@pytest.fixture(scope="module")
def lead(contract_db):
    return sign_in_as(contract_db, "cs_lead", agency="AFC")


def schemathesis(live, folder, said: dict[str, str], config: str) -> subprocess.CompletedProcess:
    (folder / "schemathesis.toml").write_text(config)
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "--config-file", str(folder / "schemathesis.toml"), "run"]
    command += [f"{live.url}/api/v1/openapi.json", "--checks", "all", "--phases", PHASES]
    command += ["--max-examples", str(EXAMPLES), "--seed", "1", "--continue-on-failure"]
    command += ["--generation-database", "none", "--no-color"]
    for name, value in said.items():
        command += ["-H", f"{name}: {value}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def held(done: subprocess.CompletedProcess, live) -> None:
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert f"Selected: {operations()}/{operations()}" in done.stdout
    assert '"level":"error"' not in live.log.read_text()


def operations() -> int:
    return sum(
        route.include_in_schema and router.include_in_schema
        for router in ROUTERS
        for route in router.routes
    )


@pytest.mark.asvs("2.2.1")
def test_the_document_holds_for_a_person_and_records_that_exist(
    live, contract_db, cluster, tmp_path, lead
):
    config = CONFIG
    with psycopg.connect(cluster.dsn("postgres", "contract")) as admin:
        for (path, name), question in RECORDS.items():
            (value,) = admin.execute(question + " limit 1").fetchone()
            config += KNOWN.format(path=path, name=name, value=value)

    done = schemathesis(live, tmp_path, {"Cookie": f"{SESSION_COOKIE}={lead.cookie}"}, config)

    held(done, live)


@pytest.mark.asvs("2.2.2")
def test_the_document_holds_for_a_program_with_a_token(live, contract_db, tmp_path, lead):
    token = write_token(contract_db, lead)

    done = schemathesis(live, tmp_path, {"Authorization": f"Bearer {token}"}, CONFIG)

    held(done, live)


def write_token(db, person) -> str:
    token, now = secrets.token_urlsafe(32), clock.now()
    values = {
        "id": new_id(),
        "user": person.user_id,
        "hash": token_hash(token),
        "now": now,
        "until": now + timedelta(hours=1),
    }
    with psycopg.connect(db.logins.dsn("postgres"), autocommit=True) as admin:
        admin.execute(
            "insert into app.api_token (id, user_id, token_hash, scope, created_at, created_by,"
            " expires_at) values (%(id)s, %(user)s, %(hash)s, 'write', %(now)s, %(user)s,"
            " %(until)s)",
            values,
        )
    return token


def test_every_problem_is_of_the_one_shape(db, settings):
    document = create_app(db, settings).openapi()

    answers = [
        answer
        for operations_of in document["paths"].values()
        for operation in operations_of.values()
        for status, answer in operation["responses"].items()
        if status >= "4"
    ]
    assert answers
    kinds = {(*answer["content"],) for answer in answers}
    assert kinds == {("application/problem+json",)}
