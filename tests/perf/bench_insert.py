"""P13: one report accepted, audited and committed, beside the insert of pgbench in the same minute.

One client at a time on one durable cluster, in turns, so that a slow minute of the disk is in both.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from app.core import postgis
from tests.perf.bench_intake import OURS, PLAIN, House, by_programs, house
from tests.perf.london import serving
from tests.perf.measure import cluster_cpu_s, process_cpu_s, row
from tests.perf.served import free_port

MUST_MS = 2.5  # more than the insert alone
TABLE = """
    create schema peer;
    create table peer.report (
        id uuid primary key default gen_random_uuid(), at timestamptz default now(),
        geom geometry(Point, 27700), borough text, words text);
    create index on peer.report using gist (geom);
"""
INSERT = """
\\set east random(516000, 530000)
\\set north random(163000, 175000)
insert into peer.report (geom, borough, words)
select at, (select gss_code from peer.area where ST_Contains(area.geom, at) limit 1),
       'Synthetic: what was noticed.'
from (select ST_SetSRID(ST_MakePoint(:east, :north), 27700) as at) as asked;
"""


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    turns, each = (3, 60) if fast else (7, 200)
    with house() as of, tempfile.TemporaryDirectory() as folder:
        _peer(of)
        script = Path(folder) / "insert.sql"
        Path(folder).chmod(0o755)
        script.write_text(INSERT)
        port, plain_port = free_port(), free_port()
        with (
            serving(PLAIN, plain_port, "/healthz", of.env) as plain_pid,
            serving(OURS, port, "/healthz", of.env) as pid,
        ):
            _sent(port, by_programs(0, each))  # warm
            _sent(plain_port, by_programs(0, each))
            told = [
                {
                    "insert": _pgbench(of, script, each),
                    "ours": _spent(of, pid, port, by_programs(each * (2 + 2 * turn), each)),
                    "plain": _spent(
                        of, plain_pid, plain_port, by_programs(each * (3 + 2 * turn), each)
                    ),
                }
                for turn in range(turns)
            ]
    yield from _figures(told)


def _figures(told: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    insert = {k: median(turn["insert"][k] for turn in told) for k in ("ms", "cpu")}
    ours = {k: median(turn["ours"][k] for turn in told) for k in ("p50", "p95", "app", "database")}
    plain = {k: median(turn["plain"][k] for turn in told) for k in ("p50", "app", "database")}
    more = median(turn["ours"]["p50"] - turn["insert"]["ms"] for turn in told)
    yield row(
        "P13 report accepted, audited, committed: p50",
        ours["p50"],
        "ms",
        "insert by pgbench, mean",
        insert["ms"],
        more_than_insert_ms=round(more, 3),
        p95_ms=ours["p95"],
        plain_route_p50_ms=plain["p50"],
    )
    yield row(
        "P13 report accepted, audited, committed: CPU",
        ours["app"] + ours["database"],
        "CPU ms, application and PostgreSQL",
        "same framework, plain insert",
        plain["app"] + plain["database"],
        app_ms=round(ours["app"], 3),
        database_ms=round(ours["database"], 3),
        insert_alone_ms=round(insert["cpu"], 3),
    )


def _peer(of: House) -> None:
    """What an insert with a borough and an index costs at the least."""
    with psycopg.connect(of.cluster.dsn("postgres"), autocommit=True) as admin:
        admin.execute(TABLE.encode())
        admin.execute(
            "create table peer.area as select area.code as gss_code, piece.geom "
            "from reference.area join reference.area_piece as piece on piece.area_id = area.id "
            "where area.kind = 'borough'"
        )
        admin.execute("create index on peer.area using gist (geom)")
        admin.execute("vacuum analyze peer.area")


def _pgbench(of: House, script: Path, n: int) -> dict[str, float]:
    program = postgis.find_or_get(of.settings.data_dir / "postgis").bin / "pgbench"
    before = cluster_cpu_s(of.cluster.pid() or 0)
    done = subprocess.run(
        [str(program), "-n", "-M", "prepared", "-c", "1", "-t", str(n), "-f", str(script),
         "-h", str(of.cluster.socket_dir), "-U", "postgres", "contextmap"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in done.stdout.splitlines() if line.startswith("latency average")]
    if done.returncode or not told:
        raise RuntimeError(done.stderr[-300:])
    spent = cluster_cpu_s(of.cluster.pid() or 0) - before
    return {"ms": float(told[0].split()[3]), "cpu": spent * 1000 / n}


def _spent(of: House, pid: int, port: int, requests: list[dict[str, Any]]) -> dict[str, float]:
    postmaster = of.cluster.pid() or 0
    before = process_cpu_s(pid), cluster_cpu_s(postmaster)
    waited = sorted(_sent(port, requests))
    each = 1000 / len(requests)
    return {
        "p50": waited[len(waited) // 2],
        "p95": waited[int(len(waited) * 0.95)],
        "app": (process_cpu_s(pid) - before[0]) * each,
        "database": (cluster_cpu_s(postmaster) - before[1]) * each,
    }


def _sent(port: int, requests: list[dict[str, Any]]) -> list[float]:
    """Milliseconds of each, one after the other on one connection; all were taken."""
    wire, waited = HTTPConnection("127.0.0.1", port, timeout=30), []
    for asked in requests:
        began = time.perf_counter()
        wire.request(asked["method"], asked["path"], asked["body"], asked["headers"])
        answer = wire.getresponse()
        answer.read()
        waited.append((time.perf_counter() - began) * 1000)
        if answer.status not in {200, 201, 202}:
            raise AssertionError(f"a report was answered {answer.status}")
    wire.close()
    return waited
