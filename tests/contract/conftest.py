"""A running service with demonstration records, of the contract tests alone: they change it."""

from collections.abc import Iterator

import pytest

from app.clusters import service as clusters
from app.clusters.schemas import RunIn
from app.demo import service as demo
from app.maps.view import partner_codes
from tests.conftest import CLAIMS_KEY, cloned
from tests.live import Live, serving
from tests.people import LEAD


@pytest.fixture(scope="session")
def contract_db(cluster, template, settings) -> Iterator:
    with cloned(cluster, template, "contract") as db:
        demo.load_once(db)
        with db.begin(LEAD) as session:
            runs = clusters.ask(session, LEAD, RunIn(source="partnership"), partner_codes(settings))
        for run in runs:
            clusters.recompute(db, run.id)
        yield db


@pytest.fixture(scope="session")
def live(contract_db, cluster, tmp_path_factory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("contract")
    with serving(cluster.dsn("ROLE", "contract"), CLAIMS_KEY, folder) as running:
        yield running
