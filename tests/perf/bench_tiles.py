"""P6 to P9: vector tiles and 1,000 features under signed claims, beside tipg without any.

Beside them the SQL alone, as PostgreSQL answers a superuser.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np

from app.core import postgis
from app.core.actor import job_actor
from app.maps import queries
from app.maps.rules import Filters
from tests.people import LEAD
from tests.perf.features import features_rows
from tests.perf.london import London, london
from tests.perf.measure import row
from tests.perf.served import ours_ms, tipg_ms

Tile = tuple[int, int, int]
HIGH, LOW = (14, 15, 16), range(8, 14)
EVERYTHING = Filters()
# The days are in the months that the bench's file holds; the default map shows as many.
DATED = {
    "90 days": "period=own&from=2022-03-01&to=2022-05-29",
    "12 months": "period=own&from=2021-06-01&to=2022-05-31",
    "one borough": "period=all&borough=E09000021",
}


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
        asked = {name: tile_paths(chosen) for name, chosen in sets.items()}
        ours = {name: ours_ms(place, paths, runs) for name, paths in asked.items()}
        theirs = {name: tipg_ms(place, peer_paths(c), runs) for name, c in sets.items()}
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
        first, low = sets
        yield filtered_row(place, sets[first], runs, theirs[first]["total_ms"])
        for name, query in DATED.items():
            yield dated_row(place, name, tile_paths(sets[low], query), theirs[low]["total_ms"])
        yield again_row(place, sets[first], runs)
        yield from features_rows(place, runs)


def tile_paths(chosen: Sequence[Tile], query: str = "period=all") -> list[str]:
    return [f"/tiles/incidents/{z}/{x}/{y}.pbf?{query}" for z, x, y in chosen]


def dated_row(place: London, name: str, paths: list[str], peer_ms: float) -> dict[str, Any]:
    """A period or a borough at low zooms, where counts are kept ready by month and borough."""
    found = ours_ms(place, paths, 3)
    return row(
        f"P7 tile z8-13, {name}",
        found.pop("total_ms"),
        "CPU ms, application and PostgreSQL",
        "tipg, no filter, no row-level security",
        peer_ms,
        **found,
    )


def filtered_row(
    place: London, chosen: Sequence[Tile], runs: int, peer_ms: float
) -> dict[str, Any]:
    """With as many filters in force as a tile of incidents can answer."""
    query = "period=12m&borough=E09000021&grade=unprompted&dark=yes&day=SCHOOL_DAY"
    found = ours_ms(place, tile_paths(chosen, query), runs)
    return row(
        "P6 tile z14-16, five filters in force",
        found.pop("total_ms"),
        "CPU ms, application and PostgreSQL",
        "tipg, no filter, no row-level security",
        peer_ms,
        **found,
    )


def again_row(place: London, chosen: Sequence[Tile], runs: int) -> dict[str, Any]:
    """One tile over and over: kept by the server, while who asks is looked up each time."""
    found = ours_ms(place, tile_paths(chosen[:1]) * 200, runs, kept_mb=64, per_s=500)
    return row(
        "P8 the same tile again, kept by the server",
        found.pop("total_ms"),
        "CPU ms, application and PostgreSQL",
        "goal",
        0.25,
        **found,
    )


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
            layers = mapbox_vector_tile.decode(queries.tile(cursor, "incidents", given, EVERYTHING))
        shown = layers["incidents" if z >= queries.SINGLE_ZOOM else "cells"]
        total += sum(feature["properties"]["n"] for feature in shown["features"])
    return total


def peer_paths(chosen: Sequence[Tile]) -> list[str]:
    collection = "/collections/peer.event/tiles/WebMercatorQuad"
    return [f"{collection}/{z}/{x}/{y}" for z, x, y in chosen]


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
    statement = queries.sql(queries.statement("incidents", given), EVERYTHING)
    lines = [line for line in statement.splitlines() if not line.lstrip().startswith("--")]
    return re.sub(r"%\((\w+)\)s", lambda m: written(given[m[1]]), "\n".join(lines)) + ";\n"


def written(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    return f"'{{{','.join(value)}}}'" if isinstance(value, list) else f"'{value}'"
