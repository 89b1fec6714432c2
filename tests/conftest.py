"""Real PostGIS: one private cluster a run, migrated once into a template, cloned for the tests."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
from starlette.testclient import TestClient

from app.core.db import Database
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from tests.databases import CLAIMS_KEY, TEMPLATE, Bench, Logins, cloned, create_database, migrate
from tests.demonstration import (  # noqa: F401 - fixtures
    clusters_template,
    context_db,
    context_template,
    demo_db,
    demo_template,
)
from tests.people import HTML, LEAD, browser, sign_in_as

ROOT = Path(__file__).resolve().parents[1]
# How long one example takes says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile("contextmap", deadline=None)
hypothesis.settings.load_profile("contextmap")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory, worker_id) -> Iterator[PrivateCluster]:
    """A cluster of this worker's own; not durable, since nothing in it must last."""
    folder = Path(tempfile.mkdtemp(prefix=f"contextmap-test-{worker_id}-"))
    private = PrivateCluster(folder, durable=False)
    private.start()
    try:
        yield private
    finally:
        private.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(cluster) -> str:
    """Migrated, with the packaged boundaries, postcodes and code lists loaded."""
    from app.reference import service as reference

    create_database(cluster, TEMPLATE)
    migrate(cluster, TEMPLATE)
    database = Database(Logins(cluster, TEMPLATE), CLAIMS_KEY)
    reference.load_packaged(database)
    database.dispose()
    return TEMPLATE


@pytest.fixture(scope="session")
def bench(cluster, template) -> Bench:
    return Bench(cluster, template)


@pytest.fixture
def db(bench) -> Iterator[Database]:
    """The shipped data and nothing else, with real commits."""
    database = bench.ready()
    try:
        yield database
    finally:
        database.dispose()
        bench.emptied()


@pytest.fixture(scope="module")
def module_db(cluster, template, request) -> Iterator[Database]:
    """A clone for the tests of one file that only read what the file loaded."""
    with cloned(cluster, template, f"m{abs(hash(request.node.nodeid))}") as database:
        yield database


@pytest.fixture(scope="session")
def settings(tmp_path_factory) -> Settings:
    return Settings(
        data_dir=tmp_path_factory.mktemp("data"), demo=True, secret_key="a key of the tests only"
    )


@pytest.fixture(scope="session")
def house(tmp_path_factory) -> Settings:
    """With a name and TLS, so that the pages of passkeys are there."""
    return Settings(
        data_dir=tmp_path_factory.mktemp("house"),
        demo=True,
        secret_key="a key of the tests only",
        base_url="https://testserver",
    )


@pytest.fixture
def client(db, settings) -> Iterator[TestClient]:
    person = sign_in_as(db, "cs_lead", agency="AFC", user_id=LEAD.id)
    with browser(db, settings, person) as client:
        yield client


@pytest.fixture
def as_(db, settings):
    """A browser of a new person with this role."""
    with ExitStack() as opened:

        def signed_in(role, **options):
            person = sign_in_as(db, role, **options)
            client = opened.enter_context(browser(db, settings, person, headers=HTML))
            client.person = person
            return client

        yield signed_in


@pytest.fixture
def lead():
    return LEAD


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of open data and published cases beside the checkout."""
    found = Path(os.environ.get("CONTEXTMAP_SHARED", ROOT.parent / "shared"))
    if not found.is_dir():
        if os.environ.get("CONTEXTMAP_REQUIRE_SHARED") == "1":
            pytest.fail("CONTEXTMAP_REQUIRE_SHARED is set and ../shared is absent.")
        pytest.skip("shared cases not present")
    return found


@pytest.fixture(scope="session")
def worker_id(request) -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def pytest_terminal_summary(terminalreporter):
    """The names of what failed, for tests/again.py."""
    if path := os.environ.get("CONTEXTMAP_FAILED"):
        failed = [r for kind in ("failed", "error") for r in terminalreporter.stats.get(kind, [])]
        Path(path).write_text("".join(f"{name}\n" for name in sorted({r.nodeid for r in failed})))
