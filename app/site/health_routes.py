"""What monitors ask: alive, able to serve, and the figures for Prometheus.

Strangers get one word. What was checked is told on this machine, the figures there and to the
addresses of `CONTEXTMAP_METRICS_FROM`. A proxy on this machine comes from the same address, so
whatever may have been passed on by one counts as a stranger: what has a header of a proxy, what
asks for another name than this machine's own, and HTTP/1.0, which proxies speak by default.
"""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from fastapi import APIRouter, Request, Response
from prometheus_client import Metric
from prometheus_client.metrics_core import GaugeMetricFamily

from app.accounts.deps import Db
from app.core import clock, disk, metrics
from app.core.errors import BusyError, NotFoundError, ReadOnlyError
from app.core.json import json_bytes
from app.core.replica import Replica
from app.site import figures, readiness

monitors = APIRouter(include_in_schema=False)

PASSED_ON = (
    *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"),
    *("forwarded", "via"),
)
OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


@monitors.get("/healthz")
async def healthz() -> Response:
    return Response(b'{"status":"alive"}', media_type="application/json")


@monitors.get("/readyz")
def readyz(request: Request, db: Db) -> Response:
    """Able to serve. What is watched besides (worker, disk) sends nobody away: the form works."""
    state = request.app.state
    found = readiness.look(db, state.settings, state.protections)
    told = found.told() if _is_here(request) else {}
    body = json_bytes({"status": "ready" if found.ready else "not ready"} | told)
    return Response(body, 200 if found.ready else 503, media_type="application/json")


@monitors.get("/metrics")
def prometheus(request: Request, db: Db) -> Response:
    """Figures without a value of any record; nobody else learns that the address exists."""
    settings = request.app.state.settings
    if not _may_scrape(request, settings.metrics_from):
        raise NotFoundError("Page not found. Check the address.")
    metrics.look_at_process("web", db.pools())
    room = disk.room(settings.data_dir)
    further = [
        _gauge("contextmap_disk_free_bytes", "Free on the disk of the data folder.", room.free),
        _gauge("contextmap_disk_bytes", "Size of the disk of the data folder.", room.total),
        *_of_replica(db.replica),
        *_of_database(db, request.app.state.figures),
    ]
    return Response(metrics.exposition(further), media_type=metrics.MEDIA_TYPE)


def _of_database(db: Db, minute: figures.Minute) -> list[Metric]:
    """One figure alone, when the database does not answer."""
    try:
        current, found = figures.now(db), minute.figures(db)
    except (BusyError, ReadOnlyError):
        return [_gauge("contextmap_database_up", "Whether the database answers.", 0)]
    return [
        _gauge("contextmap_database_up", "Whether the database answers.", 1),
        _gauge("contextmap_database_bytes", "Size of the database.", found.size),
        _gauge(
            "contextmap_workers", "Workers that were alive a minute ago.", current.workers.alive
        ),
        _gauge("contextmap_jobs_failed", "Failed jobs that are still kept.", current.failed),
        _gauge(
            "contextmap_seal_lag_seconds",
            "How long the oldest event of the audit has waited for its seal.",
            found.seal_lag_s,
        ),
        *_backup(current),
        _many(
            "contextmap_connections",
            "Connections of the database, by login.",
            ("login",),
            [((login,), n) for login, n in found.connections],
        ),
        _many(
            "contextmap_jobs",
            "Jobs that wait or are at work.",
            ("queue", "state"),
            [((lane.queue, "waiting"), lane.waiting) for lane in found.lanes]
            + [((lane.queue, "at work"), lane.at_work) for lane in found.lanes],
        ),
        _many(
            "contextmap_jobs_oldest_seconds",
            "How long the oldest waiting job has been due.",
            ("queue",),
            [((lane.queue,), lane.oldest_s) for lane in found.lanes],
        ),
        _many(
            "contextmap_job_runs_last_day",
            "Runs of each job that ended within a day.",
            ("job", "ended"),
            [((job, ended), n) for job, ended, n in found.runs],
        ),
    ]


def _of_replica(replica: Replica | None) -> list[Metric]:
    """As this process sees it; nothing where there is none."""
    if replica is None:
        return []
    told = {
        "contextmap_primary_up": ("Whether the primary takes changes.", replica.primary_up),
        "contextmap_replica_up": ("Whether the replica answers.", replica.up),
        "contextmap_replica_used": ("Whether reads go to the replica.", replica.answers),
        "contextmap_replica_lag_seconds": (
            "All that was committed longer ago is on the replica; looked at once a second.",
            replica.lag_s,
        ),
    }
    return [_gauge(name, words, float(value)) for name, (words, value) in told.items()]


def _backup(found: figures.Now) -> list[Metric]:
    """No figure, as long as there is no backup."""
    if found.backup_at is None:
        return []
    age_s = (clock.now() - found.backup_at).total_seconds()
    return [_gauge("contextmap_backup_age_seconds", "Since the last backup ended.", age_s)]


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _many(
    name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    made = GaugeMetricFamily(name, words, labels=labels)
    for label, value in values:
        made.add_metric(label, value)
    return made


def _may_scrape(request: Request, allowed: str) -> bool:
    if _is_here(request):
        return True
    peer = request.client.host if request.client else ""
    if _passed_on(request) or not _is_address(peer):
        return False
    networks = [ip_network(one.strip(), strict=False) for one in allowed.split(",") if one.strip()]
    return any(ip_address(peer) in network for network in networks)


def _is_here(request: Request) -> bool:
    peer = request.client.host if request.client else ""
    by_name = request.url.hostname in OWN_NAMES and request.scope["http_version"] != "1.0"
    return (
        _is_address(peer) and ip_address(peer).is_loopback and by_name and not _passed_on(request)
    )


def _passed_on(request: Request) -> bool:
    return any(name in request.headers for name in PASSED_ON)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
