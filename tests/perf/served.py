"""What a request costs: CPU of the application and of PostgreSQL, over real connections."""

import json
import socket
import subprocess
import sys
from statistics import median
from typing import Any
from urllib.parse import quote

from app.core.pages import SESSION_COOKIE
from tests.people import sign_in_as
from tests.perf.london import ROOT, London, serving
from tests.perf.measure import peak_mb, process_cpu_s


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ours_ms(
    place: London, paths: list[str], runs: int, *, kept_mb: int = 0, per_s: float = 0
) -> dict[str, Any]:
    """One worker of the real application, started as scripts/serve starts it; it keeps no tiles."""
    port = free_port()
    env = {
        "CONTEXTMAP_DATA_DIR": str(place.settings.data_dir),
        "CONTEXTMAP_DEMO": "0",
        "CONTEXTMAP_TILES_KEPT_MB": str(kept_mb),
    }
    command = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
    with serving(command, port, "/healthz", env) as pid:
        cookie = f"{SESSION_COOKIE}={sign_in_as(place.db, 'cs_lead').cookie}"
        found = loaded_ms(place, pid, port, paths, runs, rounds=5, cookie=cookie)
        if per_s:
            paced = load(port, paths * 10, cookie, connections=16, per_s=per_s)
            found |= {f"{key}_at_{per_s:g}": paced[key] for key in ("per_s", "p50_ms", "p95_ms")}
        return found


def tipg_ms(place: London, paths: list[str], runs: int) -> dict[str, Any]:
    """The peer over the same events as a plain table, as a superuser: no policy, no claims."""
    port = free_port()
    socket_dir = quote(str(place.cluster.socket_dir), safe="")
    env = {
        "DATABASE_URL": f"postgresql://postgres@{socket_dir}/contextmap",
        "TIPG_DB_SCHEMAS": '["peer"]',
    }
    with serving(["tipg.main:app"], port, "/healthz", env) as pid:
        return loaded_ms(place, pid, port, paths, runs, rounds=1)


def plain_ms(place: London, paths: list[str], runs: int) -> dict[str, Any]:
    """The framework as its documentation shows it, over the same plain table, as a superuser."""
    port = free_port()
    env = {"PLAIN_DSN": place.cluster.dsn("postgres")}
    command = ["--factory", "tests.perf.plain_features:app"]
    with serving(command, port, "/healthz", env) as pid:
        return loaded_ms(place, pid, port, paths, runs, rounds=1)


def loaded_ms(
    place: London,
    pid: int,
    port: int,
    paths: list[str],
    runs: int,
    *,
    rounds: int,
    cookie: str = "none=1",
    connections: int = 8,
) -> dict[str, Any]:
    """CPU of the application and of PostgreSQL per request, after a warm round."""
    load(port, paths, cookie, connections=connections)
    app_ms, database_ms, summary = [], [], {}
    for _ in range(runs):
        before = process_cpu_s(pid), place.cpu_s()
        summary = load(port, paths * rounds, cookie, connections=connections)
        each = 1000 / (len(paths) * rounds)
        app_ms.append((process_cpu_s(pid) - before[0]) * each)
        database_ms.append((place.cpu_s() - before[1]) * each)
    if set(summary["statuses"]) - {"200", "204"}:
        raise AssertionError(f"not every tile was answered: {summary['statuses']}")
    return {
        "total_ms": median(a + d for a, d in zip(app_ms, database_ms, strict=True)),
        "app_ms": round(median(app_ms), 3),
        "database_ms": round(median(database_ms), 3),
        "kb": summary["kb_mean"],
        "per_s": summary["per_s"],
        "p95_ms": summary["p95_ms"],
        "peak_mb": peak_mb(pid),
    }


def load(
    port: int, paths: list[str], cookie: str, *, connections: int = 8, per_s: float = 0
) -> dict[str, Any]:
    """As fast as answers come, or so many a second."""
    given = [str(port), str(connections), cookie, str(per_s)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.perf.load", *given],
        input="\n".join(paths),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return dict(json.loads(done.stdout))
