"""What row-level security costs at 200,000 places: the map's questions with and without policies.

The same statements on the same connection settings: as a practitioner with signed claims, and as
a superuser whom no policy holds, and who therefore gets more rows. Milliseconds of the whole
answer as the client waits for it, the 95th of a hundred; `cpu_*` are of the database process.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.accounts.install import prepare
from app.core.db import Database
from app.core.pages import SESSION_COOKIE
from app.core.postgres import PrivateCluster
from app.core.settings import Settings
from app.maps import queries
from app.maps.rules import Filters
from app.reference import service as reference
from tests import many
from tests.people import Person, sign_in_as
from tests.perf.bench_tiles import free_port, load
from tests.perf.london import serving
from tests.perf.measure import process_cpu_ms, row

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARTNERS = [KINGSTON, RICHMOND]
PEER = "the same SQL without policies"
EVERYTHING = Filters()
VIEW_TILES = (4, 3)  # of 256 pixels: what a map on a desk shows

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Crowd:
    """A folder with 200,000 places, one practitioner, and a login that no policy holds."""

    settings: Settings
    cluster: PrivateCluster
    db: Database
    person: Person

    def superuser(self) -> psycopg.Connection[Any]:
        options = "-c jit=off -c plan_cache_mode=force_generic_plan"
        dsn = self.cluster.dsn("postgres")
        return psycopg.connect(dsn, prepare_threshold=1, options=options)


@contextmanager
def crowd(places: int) -> Iterator[Crowd]:
    folder = Path(tempfile.mkdtemp(prefix="contextmap-bench-"))
    settings = Settings(data_dir=folder, demo=False, database_url=None)
    cluster = PrivateCluster(folder)
    cluster.start()
    try:
        prepare(settings)
        db = Database(settings, settings.claims_key())
        reference.load_packaged(db)
        many.load(cluster.dsn("postgres"), places)
        yield Crowd(settings, cluster, db, sign_in_as(db, "practitioner"))
        db.dispose()
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def rows(fast: bool) -> Iterator[dict[str, Any]]:
    n = 20_000 if fast else many.PLACES
    with crowd(n) as place:
        for z in (8, 12, 14, 16):
            chosen = tiles(place, z)
            ours, theirs = tile_times(place, chosen), tile_times_without(place, chosen)
            yield compared(f"access: places tile z{z}, {n:,} places", ours, theirs)
        for z in (12, 14, 16):
            chosen_boxes = boxes(z)
            ours, theirs = view_times(place, chosen_boxes), view_times_without(place, chosen_boxes)
            yield compared(f"access: map items in view z{z}, {n:,} places", ours, theirs)
        yield from whole_application(place, n)


def compared(name: str, ours: Times, theirs: Times) -> dict[str, Any]:
    more = {f"p50_{k}": round(float(np.percentile(v, 50)), 3) for k, v in ours.items()}
    more |= {"p95_cpu_ms": round(p95(ours["cpu_ms"]), 3), "peer_cpu_ms": p95(theirs["cpu_ms"])}
    unit = "ms in the database, p95"
    return row(name, p95(ours["ms"]), unit, PEER, p95(theirs["ms"]), **more)


def p95(values: Sequence[float]) -> float:
    return round(float(np.percentile(values, 95)), 3)


def tiles(place: Crowd, z: int) -> list[tuple[int, int, int]]:
    """Tiles with places of the practitioner's borough, each as often as makes a hundred."""
    shift = 2 * (22 - z)
    with place.superuser() as admin:
        found = admin.execute(
            "select distinct qk >> %s from app.place "
            "where %s = any(borough_codes) and qk is not null order by 1",
            (shift, KINGSTON),
        ).fetchall()
    rng = np.random.default_rng(7)
    drawn = rng.permutation(np.resize(np.array([key for (key,) in found]), max(100, len(found))))
    return [(z, unspread(int(key)), unspread(int(key) >> 1)) for key in drawn[:100]]


def unspread(key: int) -> int:
    return sum(((key >> (2 * bit)) & 1) << bit for bit in range(22))


def boxes(z: int) -> list[queries.Box]:
    """A hundred views of this zoom around the practitioner's borough."""
    rng = np.random.default_rng(8)
    wide, high = (side * 360 / 2**z for side in VIEW_TILES)
    middles = rng.normal((-0.29, 51.39), (0.02, 0.015), (100, 2))
    high *= np.cos(np.radians(51.4))
    return [(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2) for x, y in middles.tolist()]


def timed(pid: int, asks: Sequence[Callable[[], object]]) -> Times:
    """The first few are for plans and caches."""
    for ask in asks[:8]:
        ask()
    times: Times = {"ms": [], "cpu_ms": []}
    for ask in asks:
        cpu, began = process_cpu_ms(pid), time.perf_counter()
        ask()
        times["ms"].append((time.perf_counter() - began) * 1000)
        times["cpu_ms"].append(process_cpu_ms(pid) - cpu)
    return times


def tile_times(place: Crowd, chosen: Sequence[tuple[int, int, int]]) -> Times:
    with place.db.cursor(place.person.actor, keep_plans=True) as cursor:
        return timed(cursor.connection.info.backend_pid, tile_asks(cursor, chosen))


def tile_times_without(place: Crowd, chosen: Sequence[tuple[int, int, int]]) -> Times:
    with place.superuser() as admin, admin.cursor() as cursor:
        return timed(admin.info.backend_pid, tile_asks(cursor, chosen))


def tile_asks(
    cursor: psycopg.Cursor[Any], chosen: Sequence[tuple[int, int, int]]
) -> list[Callable[[], object]]:
    given = [queries.tile_parameters("places", tile, EVERYTHING, PARTNERS) for tile in chosen]
    return [lambda g=g: queries.tile(cursor, "places", g) for g in given]


def view_times(place: Crowd, chosen: Sequence[queries.Box]) -> Times:
    with place.db.read(place.person.actor) as session:
        return timed(backend(session), view_asks(session, chosen))


def view_times_without(place: Crowd, chosen: Sequence[queries.Box]) -> Times:
    dsn = place.cluster.dsn("postgres").replace("postgresql://", "postgresql+psycopg://", 1)
    options = {"prepare_threshold": 1, "options": "-c jit=off"}
    engine = create_engine(dsn, connect_args=options)
    with Session(engine) as session:
        return timed(backend(session), view_asks(session, chosen))


def view_asks(session: Session, chosen: Sequence[queries.Box]) -> list[Callable[[], object]]:
    return [lambda b=b: queries.in_box(session, EVERYTHING, PARTNERS, b) for b in chosen]


def backend(session: Session) -> int:
    raw = session.connection().connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw.info.backend_pid


def whole_application(place: Crowd, n: int) -> Iterator[dict[str, Any]]:
    """Through the real server with a signed-in session: sign-in check, claims, question, answer."""
    port = free_port()
    env = {"CONTEXTMAP_DATA_DIR": str(place.settings.data_dir), "CONTEXTMAP_DEMO": "0"}
    command = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
    cookie = f"{SESSION_COOKIE}={place.person.cookie}"
    with serving(command, port, "/healthz", env):
        for z in (12, 14, 16):
            around = [f"bbox={','.join(map(str, box))}&z={z}" for box in boxes(z)]
            paths = {
                "places tile": [f"/tiles/places/{z}/{x}/{y}.pbf" for z, x, y in tiles(place, z)],
                "map items": [f"/map/items?{query}" for query in around],
            }
            for what, asked in paths.items():
                load(port, asked[:20], cookie, connections=1)
                told = load(port, asked, cookie, connections=1)
                if set(told["statuses"]) - {"200", "204"}:
                    raise AssertionError(f"not every request was answered: {told['statuses']}")
                name = f"access: whole request, {what} z{z}, {n:,} places"
                yield row(
                    name, told["p95_ms"], "ms, p95", p50_ms=told["p50_ms"], kb=told["kb_mean"]
                )
