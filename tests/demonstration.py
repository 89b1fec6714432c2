"""The demonstration, loaded once a worker: a clone of it takes a twentieth of loading it again."""

from collections.abc import Iterator

import pytest

from app.core.db import Database
from tests.databases import cloned
from tests.people import LEAD


@pytest.fixture(scope="session")
def demo_template(cluster, template) -> Iterator[str]:
    """Demonstration records. Nobody connects to it: tests change clones of it."""
    from app.demo import service as demo

    with cloned(cluster, template, "template_demo") as database:
        demo.load(database)
        database.dispose()
        yield "template_demo"


@pytest.fixture(scope="session")
def clusters_template(cluster, demo_template, settings) -> Iterator[str]:
    """The same, and one finished run over the records of the partnership."""
    from app.clusters import service as clusters
    from app.clusters.schemas import RunIn
    from app.maps.view import partner_codes

    with cloned(cluster, demo_template, "template_clusters") as database:
        with database.begin(LEAD) as session:
            wanted = RunIn(source="partnership")
            runs = clusters.ask(session, LEAD, wanted, partner_codes(settings))
        for run in runs:
            clusters.recompute(database, run.id)
        database.dispose()
        yield "template_clusters"


@pytest.fixture(scope="module")
def demo_db(cluster, demo_template, request) -> Iterator[Database]:
    """A clone of the demonstration for the tests of one file."""
    with cloned(cluster, demo_template, f"demo{abs(hash(request.node.nodeid))}") as database:
        yield database


@pytest.fixture(scope="session")
def context_template(cluster, demo_template) -> Iterator[str]:
    """The same, and work with its places: assessments, plans, meetings, reviews."""
    from app.demo import context

    with cloned(cluster, demo_template, "template_context") as database:
        context.load_once(database)
        database.dispose()
        yield "template_context"


@pytest.fixture(scope="module")
def context_db(cluster, context_template, request) -> Iterator[Database]:
    """A clone of the demonstration with its work, for the tests of one file."""
    with cloned(cluster, context_template, f"work{abs(hash(request.node.nodeid))}") as database:
        yield database
