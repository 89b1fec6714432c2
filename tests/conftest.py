"""Real PostGIS: one private cluster a run, migrated once into a template, a clone per test."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from starlette.testclient import TestClient

from app.accounts.demo import DEMO_LEAD
from app.core.db import Database
from app.core.migrate import bootstrap_and_migrate
from app.core.postgres import PrivateCluster
from app.core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
CLAIMS_KEY = b"key of the tests, of no other use"
TEMPLATE = "template_contextmap"


@dataclass(frozen=True)
class Logins:
    """Logins of one database of the test cluster."""

    cluster: PrivateCluster
    dbname: str

    def dsn(self, role: str) -> str:
        return self.cluster.dsn(role, self.dbname)


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


def create_database(cluster: PrivateCluster, name: str, template: str = "template1") -> None:
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f'create database "{name}" template "{template}" strategy file_copy'.encode())


def migrate(cluster: PrivateCluster, name: str) -> None:
    bootstrap_and_migrate(
        cluster.dsn("postgres", name), cluster.dsn("cs_migrate", name), claims_key=CLAIMS_KEY
    )


@contextmanager
def cloned(cluster: PrivateCluster, template: str, name: str) -> Iterator[Database]:
    create_database(cluster, name, template)
    database = Database(Logins(cluster, name), CLAIMS_KEY)
    try:
        yield database
    finally:
        database.dispose()
        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f'drop database "{name}" with (force)'.encode())


@pytest.fixture
def db(cluster, template, request) -> Iterator[Database]:
    """A clone of the template for one test, with real commits."""
    with cloned(cluster, template, f"t{abs(hash(request.node.nodeid))}") as database:
        yield database


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


@pytest.fixture
def client(db, settings) -> Iterator[TestClient]:
    from app.main import create_app

    with TestClient(create_app(db, settings), follow_redirects=False) as browser:
        yield browser


@pytest.fixture
def lead():
    return DEMO_LEAD


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
