"""What monitors are told: one word to strangers, reasons and figures to this machine."""

import json
import time
import tomllib

import psycopg
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from app.accounts.permissions import PERMISSIONS, ROLES
from app.audit import service as audit
from app.core import disk, metrics
from app.core.actor import job_actor
from app.core.db import Database
from app.core.settings import ROOT, Settings
from app.core.version import VERSION
from app.site.readiness import NEEDED, WATCHED
from tests.people import HERE, HTML, browser, sign_in_as

OF_A_REPLICA = {"replica", "primary"}  # looked at where there is one: test_replica.py
QUEUED = text("""
    insert into queue.procrastinate_jobs (queue_name, task_name, status, args)
    values ('default', 'places:labels', 'todo', '{}')
""")
ALIVE = text("insert into queue.procrastinate_workers default values")


@pytest.fixture
def here(db, settings):
    with browser(db, settings, client=HERE) as client:
        yield client


def figures(client, **headers):
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def grown(before, after, name, **labels):
    key = (name, *sorted(labels.items()))
    return after.get(key, 0) - before.get(key, 0)


def test_strangers_learn_one_word(db, settings, here):
    stranger = browser(db, settings, client=("192.0.2.7", 50_000))
    through_a_proxy = here.get("/readyz", headers={"X-Forwarded-For": "192.0.2.7"})

    assert stranger.get("/readyz").json() == {"status": "ready"}
    assert through_a_proxy.json() == {"status": "ready"}
    assert stranger.get("/metrics").status_code == 404
    assert here.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        {"X-Forwarded-Proto": "https"},
        {"Via": "1.1 proxy"},
        {"Host": "contextmap.example"},
        {"Host": "127.0.0.1.contextmap.example"},
    ],
)
def test_a_proxy_on_this_machine_makes_nobody_one_of_this_machine(here, asked):
    """By what any proxy leaves as it was, or adds: its own headers, and the name asked for."""
    assert here.get("/readyz", headers=asked).json() == {"status": "ready"}
    assert here.get("/metrics", headers=asked).status_code == 404


def test_a_proxy_that_changes_the_name_and_adds_nothing_speaks_an_old_http(db, settings):
    """As nginx does where nobody configured it."""
    app = browser(db, settings, client=HERE).app

    class Old:
        async def __call__(self, scope, receive, send):
            await app({**scope, "http_version": "1.0"}, receive, send)

    with TestClient(Old(), base_url="http://127.0.0.1:8000", client=HERE) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_this_machine_asks_by_its_own_names(here, name):
    assert "checks" in here.get("/readyz", headers={"Host": name}).json()


@pytest.mark.parametrize(
    ("peer", "status"), [("192.0.2.7", 200), ("198.51.100.9", 200), ("192.0.2.8", 404)]
)
def test_figures_are_for_the_addresses_that_are_named(db, settings, peer, status):
    told = settings.model_copy(update={"metrics_from": "192.0.2.7, 198.51.100.0/24"})

    assert browser(db, told, client=(peer, 50_000)).get("/metrics").status_code == status


def test_a_network_that_cannot_be_read_stops_the_start():
    with pytest.raises(ValueError, match="METRICS_FROM"):
        Settings(metrics_from="everybody")


def test_each_answer_is_counted_under_its_template(db, settings, here):
    lead = browser(db, settings, sign_in_as(db, "cs_lead"), client=HERE)
    before = figures(here)

    for path in ("/places/PL-2345-6789-X", "/places", "/nowhere/at-all"):
        lead.get(path, headers=HTML)

    after = figures(here)
    answers = "contextmap_answers_total"
    assert grown(before, after, answers, route="/places/{ref}", method="read", status="4xx") == 1
    assert grown(before, after, answers, route="/places", method="read", status="2xx") == 1
    assert grown(before, after, answers, route="none", method="read", status="4xx") == 1
    by_role = "contextmap_answers_by_role_total"
    assert grown(before, after, by_role, role="cs_lead", status="2xx") == 1
    seconds = "contextmap_answer_seconds_count"
    assert grown(before, after, seconds, route="/places", method="read") == 1


def test_the_form_is_counted_together_and_once_a_minute(here, monkeypatch):
    metrics.public.tell()
    before = figures(here)
    here.get("/report", headers=HTML)

    at_once = figures(here)
    monkeypatch.setattr(metrics.public, "since", time.monotonic() - metrics.PUBLIC_EVERY_S)
    metrics.public.tell_if_due()
    later = figures(here)

    form = {"route": "public form", "method": "read", "status": "2xx"}
    assert grown(before, at_once, "contextmap_answers_total", **form) == 0
    assert grown(before, later, "contextmap_answers_total", **form) == 1
    routes = {str(dict(key[1:]).get("route")) for key in later}  # /reports is of staff
    assert not {route for route in routes if f"{route}/".startswith("/report/")}


def test_the_database_tells_of_jobs_workers_and_sizes(db, here):
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(QUEUED)
        session.execute(ALIVE)

    found = figures(here)

    assert found["contextmap_jobs", ("queue", "default"), ("state", "waiting")] == 1
    assert found["contextmap_workers",] == 1
    assert found["contextmap_database_up",] == 1
    assert found["contextmap_database_bytes",] > 1_000_000
    assert found["contextmap_disk_free_bytes",] > 0
    assert found["contextmap_process_resident_bytes", ("process", "web")] > 10_000_000
    assert found["contextmap_process_descriptors", ("process", "web")] > 3
    assert found["contextmap_seal_lag_seconds",] >= 0
    assert found["contextmap_connections", ("login", "cs_job")] >= 1


SCREEN = text("""
    insert into queue.procrastinate_jobs (queue_name, task_name, status, args, scheduled_at)
    values ('default', 'reports:screen', 'todo', '{}', now() - make_interval(secs => :ago))
""")


@pytest.mark.asvs("16.2.5")
def test_no_figure_moves_when_somebody_reports(db, here, monkeypatch):
    """Whatever a report touches: its job, its connection, its event of the audit, the size."""
    pools = {"cs_public": (0, 1), "cs_app": (0, 1)}
    monkeypatch.setattr(Database, "pools", lambda _: dict(pools))
    metrics.public.tell()
    before = figures(here)

    with db.begin(job_actor("site:readyz")) as session:
        session.execute(SCREEN, {"ago": 0})
    with db.begin(job_actor("site:alerts")) as session:
        audit.record(session, "report.submit", "report", None)
    pools["cs_public"] = (1, 4)
    after = figures(here)

    moved = {key for key in after if before.get(key) != after[key]}
    of_this_process = ("contextmap_answer", "contextmap_process", "contextmap_disk")
    assert {key for key in moved if not key[0].startswith(of_this_process)} == set()


def test_a_minute_later_they_tell_but_never_of_a_report_of_this_moment(db, here, monkeypatch):
    figures(here)
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(SCREEN, {"ago": 1})
        session.execute(QUEUED)
    waiting = ("contextmap_jobs", ("queue", "default"), ("state", "waiting"))

    at_once = figures(here).get(waiting, 0)
    here.app.state.figures.until = time.monotonic()
    later = figures(here)[waiting]
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(SCREEN, {"ago": 61})
    here.app.state.figures.until = time.monotonic()
    stuck = figures(here)[waiting]

    assert (at_once, later, stuck) == (0, 1, 2)


def test_how_many_of_the_form_are_in_use_is_never_told(db, here):
    held = {"login": "cs_public", "state": "in use"}
    metrics.look_at_process("web", {"cs_public": (3, 4), "cs_app": (1, 2)})

    found = figures(here)

    assert ("contextmap_pool_connections", *sorted(held.items())) not in found
    assert found["contextmap_pool_connections", ("login", "cs_app"), ("state", "in use")] >= 0


def test_a_database_whose_log_would_hold_values_is_said(db, cluster, here):
    quiet = here.get("/readyz").json()["needed"]
    with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f"alter database \"{db.logins.dbname}\" set log_min_messages = 'warning'")
        try:
            db.dispose()
            told = here.get("/readyz").json()["needed"]
        finally:
            admin.execute(f'alter database "{db.logins.dbname}" reset log_min_messages')
            db.dispose()

    assert not [words for words in quiet if "log of the database" in words]
    assert [words for words in told if "log_min_messages = log" in words]


def test_every_label_is_from_a_closed_list(db, settings, here):
    lead = browser(db, settings, sign_in_as(db, "cs_lead"), client=HERE)
    before = figures(here)  # of other tests in this process, which make routes of their own
    lead.get("/places/PL-2345-6789-X?state=ACTIVE", headers=HTML)
    lead.request("BREW", "/map")
    routes = {route.partition(" ")[2] for route in PERMISSIONS.routes}
    closed = {
        "route": routes | {"none", "public form", *metrics.FILES},
        "method": {"read", "change"},
        "status": {"2xx", "3xx", "4xx", "5xx"},
        "role": set(ROLES),
        "lane": {"public", "staff", "files"},
        "process": {"web", "worker"},
        "login": {"cs_app", "cs_job", "cs_audit", "cs_public", "cs_backup", "cs_migrate"},
    }

    moved = [key for key, value in figures(here).items() if before.get(key) != value]
    assert (
        "contextmap_answers_total",
        ("method", "change"),
        ("route", "/map"),
        ("status", "4xx"),
    ) in moved
    for key in moved:
        for label, value in key[1:]:
            if label in closed:
                assert value in closed[label], key
            else:
                assert label in {"le", "state", "queue", "job", "ended"}, key


def test_a_worker_that_is_away_and_a_full_disk_are_said_and_send_nobody_away(db, here, monkeypatch):
    monkeypatch.setattr(disk, "room", lambda _: disk.Room(100, 5))

    answer = here.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["watched"] == {"disk": False, "worker": False, "copies": True}
    assert {WATCHED["worker"], WATCHED["disk"]} <= set(answer.json()["needed"])
    with db.begin(job_actor("site:readyz")) as session:
        session.execute(ALIVE)
    assert here.get("/readyz").json()["watched"]["worker"] is True


def test_whatever_can_fail_has_a_sentence_for_an_operator(here):
    told = json.loads(here.get("/readyz").content)

    assert told["checks"].keys() <= NEEDED.keys()
    assert told["watched"].keys() == WATCHED.keys() - OF_A_REPLICA


def test_ready_is_told_within_fifty_milliseconds(here):
    here.get("/readyz")

    def took():
        began = time.perf_counter()
        here.get("/readyz")
        return time.perf_counter() - began

    assert min(took() for _ in range(40)) < 0.05


def test_the_version_is_the_one_that_is_built():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == VERSION
