"""A running service with demonstration records, of the contract tests alone: they change it."""

from collections.abc import Iterator

import pytest

from tests.conftest import CLAIMS_KEY, cloned
from tests.live import Live, serving


@pytest.fixture(scope="session")
def contract_db(cluster, clusters_template) -> Iterator:
    with cloned(cluster, clusters_template, "contract") as db:
        yield db


@pytest.fixture(scope="session")
def live(contract_db, cluster, tmp_path_factory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("contract")
    with serving(cluster.dsn("ROLE", "contract"), CLAIMS_KEY, folder) as running:
        yield running
