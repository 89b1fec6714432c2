"""P6 and P7: vector tiles under signed claims, beside tipg without any, and the SQL alone."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import mapbox_vector_tile
import numpy as np

from app.core import postgis
from app.core.actor import job_actor
from app.core.pages import SESSION_COOKIE
from app.maps import queries
from app.maps.rules import Filters
from tests.people import LEAD, sign_in_as
from tests.perf.london import ROOT, London, london, serving
from tests.perf.measure import process_cpu_s, row

Tile = tuple[int, int, int]
HIGH, LOW = (14, 15, 16), range(8, 14)
EVERYTHING = Filters()


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 100_000 if fast else 1_000_000
    with london(n) as place:
        peer_table(place)
        places = count(place, "select count(*) from reference.place_point")
        sets = {
            f"P6 tile z14-16, {n:,} events": tiles(place, HIGH, 120 if fast else 400),
            f"P7 tile z8-13, {n:,} events": tiles(place, LOW, 60 if fast else 196),
        }
        runs = 1 if fast else 3
        ours = {name: ours_ms(place, chosen, runs) for name, chosen in sets.items()}
        theirs = {name: tipg_ms(place, chosen, runs) for name, chosen in sets.items()}
        for name, chosen in sets.items():
            found, peer = ours[name], theirs[name]
            more = {k: v for k, v in found.items() if k != "total_ms"} | {"places": places}
            more |= {f"peer_{k}": v for k, v in peer.items() if k != "total_ms"}
            yield row(
                name,
                found["total_ms"],
                "CPU ms, application and PostgreSQL",
                "tipg, no row-level security",
                peer["total_ms"],
                sql_alone_ms=round(pgbench_ms(place, chosen), 4),
                **more,
            )
        yield counted_row(place, n)


def counted_row(place: London, n: int) -> dict[str, Any]:
    """Every event is counted at each zoom: the sum over all tiles that hold any."""
    shown = {z: events_shown(place, z) for z in (*LOW, *HIGH)}
    if set(shown.values()) != {n}:
        raise AssertionError(f"{n} events, but the tiles of each zoom show {shown}")
    return row("P7 events counted at each zoom 8-16", n, "events", "in the table", n)


def count(place: London, statement: str) -> int:
    with place.db.cursor(job_actor("reference:load")) as cursor:
        found = cursor.execute(statement.encode()).fetchone()
    return int(found[0]) if found else 0


def every_tile(place: London, z: int) -> list[tuple[Tile, int]]:
    """Tiles of a zoom that hold events, with their number."""
    statement = (
        f"select mx >> {30 - z} as x, my >> {30 - z} as y, sum(n_events) "
        "from reference.place_point group by 1, 2 order by 1, 2"
    )
    with place.db.cursor(job_actor("reference:load")) as cursor:
        return [((z, x, y), int(n)) for x, y, n in cursor.execute(statement.encode())]


def tiles(place: London, zooms: Sequence[int], wanted: int) -> list[Tile]:
    """Drawn by the events they hold, since people look where things are; none twice."""
    rng = np.random.default_rng(3)
    every = [found for z in zooms for found in every_tile(place, z)]
    weight = np.array([n for _, n in every], dtype=float)
    size = min(wanted, len(every))
    picked = rng.choice(len(every), size, replace=False, p=weight / weight.sum())
    return [every[i][0] for i in picked]


def events_shown(place: London, z: int) -> int:
    """Through the tiles of a zoom, as a browser would add them up."""
    total = 0
    for tile, _ in every_tile(place, z):
        given = queries.tile_parameters("incidents", tile, EVERYTHING, [])
        with place.db.cursor(LEAD, keep_plans=True) as cursor:
            layers = mapbox_vector_tile.decode(queries.tile(cursor, "incidents", given))
        shown = layers["incidents" if z >= queries.SINGLE_ZOOM else "cells"]
        total += sum(feature["properties"]["n"] for feature in shown["features"])
    return total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ours_ms(place: London, chosen: Sequence[Tile], runs: int) -> dict[str, Any]:
    """One worker of the real application, started as scripts/serve starts it."""
    port = free_port()
    env = {"CONTEXTMAP_DATA_DIR": str(place.settings.data_dir), "CONTEXTMAP_DEMO": "0"}
    paths = [f"/tiles/incidents/{z}/{x}/{y}.pbf" for z, x, y in chosen]
    command = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
    with serving(command, port, "/healthz", env) as pid:
        cookie = f"{SESSION_COOKIE}={sign_in_as(place.db, 'cs_lead').cookie}"
        return loaded_ms(place, pid, port, paths, runs, rounds=5, cookie=cookie)


def tipg_ms(place: London, chosen: Sequence[Tile], runs: int) -> dict[str, Any]:
    """The peer over the same events as a plain table, as a superuser: no policy, no claims."""
    port = free_port()
    socket_dir = quote(str(place.cluster.socket_dir), safe="")
    env = {
        "DATABASE_URL": f"postgresql://postgres@{socket_dir}/contextmap",
        "TIPG_DB_SCHEMAS": '["peer"]',
    }
    paths = [f"/collections/peer.event/tiles/WebMercatorQuad/{z}/{x}/{y}" for z, x, y in chosen]
    with serving(["tipg.main:app"], port, "/healthz", env) as pid:
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
) -> dict[str, Any]:
    """CPU of the application and of PostgreSQL per request, 8 connections, after a warm round."""
    load(port, paths, cookie)
    app_ms, database_ms, summary = [], [], {}
    for _ in range(runs):
        before = process_cpu_s(pid), place.cpu_s()
        summary = load(port, paths * rounds, cookie)
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
    }


def load(port: int, paths: list[str], cookie: str, *, connections: int = 8) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.perf.load", str(port), str(connections), cookie],
        input="\n".join(paths),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return dict(json.loads(done.stdout))


def peer_table(place: London) -> None:
    """Every event a row, its point stored in the projection of the tiles, with a GiST index."""
    with place.admin() as admin:
        admin.execute("create schema peer")
        admin.execute("""
            create table peer.event as
            select row_number() over () as id, event.month, label.label as category,
                   ST_Transform(ST_SetSRID(ST_MakePoint(lon_e6 / 1e6, lat_e6 / 1e6), 4326),
                                3857)::geometry(Point, 3857) as geom
            from reference.police_event as event
            join reference.place_point as point on point.id = event.place_point_id
            join reference.police_label as label on label.id = event.category_id
        """)
        admin.execute("alter table peer.event add primary key (id)")
        admin.execute("create index on peer.event using gist (geom)")
        admin.execute("vacuum analyze peer.event")


def pgbench_ms(place: London, chosen: Sequence[Tile]) -> float:
    """PostgreSQL alone on the same statements, prepared, as a superuser: the limit."""
    cluster, scripts = place.cluster, []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # noqa: PTH101, S103 - the server's user reads the scripts
        for i, tile in enumerate(chosen[:60]):
            script = Path(folder) / f"{i}.sql"
            script.write_text(literal(tile))
            scripts += ["-f", str(script)]
        program = postgis.find_or_get(place.settings.data_dir / "postgis").bin / "pgbench"
        before = place.cpu_s()
        done = subprocess.run(
            [str(program), "-n", "-M", "prepared", "-c", "4", "-T", "3", "-h",
             str(cluster.socket_dir), "-U", "postgres", *scripts, "contextmap"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = re.search(r"transactions actually processed: (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stderr[-300:])
    return (place.cpu_s() - before) * 1000 / int(found[1])


def literal(tile: Tile) -> str:
    """The statement of a tile with its parameters written in."""
    given = queries.tile_parameters("incidents", tile, EVERYTHING, [])
    statement = (ROOT / f"app/maps/{queries.statement('incidents', given)}.sql").read_text()
    lines = [line for line in statement.splitlines() if not line.lstrip().startswith("--")]
    return re.sub(r"%\((\w+)\)s", lambda m: written(given[m[1]]), "\n".join(lines)) + ";\n"


def written(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    return f"'{{{','.join(value)}}}'" if isinstance(value, list) else f"'{value}'"
