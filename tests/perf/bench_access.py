"""What row-level security costs at 200,000 places: the map's questions with and without policies.

The same statements on the same connection settings: as a practitioner with signed claims, and as
a superuser whom no policy holds, and who therefore gets more rows. The 95th of a hundred.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from sqlalchemy import Engine, create_engine
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
from tests.perf.london import serving
from tests.perf.measure import process_cpu_ms, row
from tests.perf.served import free_port, load

KINGSTON, RICHMOND = "E09000021", "E09000027"
PARTNERS = [KINGSTON, RICHMOND]
PEER = "the same SQL without policies"
EVERYTHING = Filters()
VIEW_TILES = (4, 3)  # of 256 pixels: what a map on a desk shows

Times = dict[str, list[float]]
Asking = tuple[int, Callable[[Any], object]]  # of which backend, and the question
Asker = Callable[[], AbstractContextManager[Asking]]


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
        engine = superuser_engine(place)
        with place.superuser() as admin:
            for z in (8, 12, 14, 16):
                chosen = tiles(place, z)[: 100 if z > 8 else 20]  # of these one holds everything
                ours = timed(tile_asker(place), chosen)
                theirs = timed(tile_asker_without(admin), chosen)
                yield compared(f"access: places tile z{z}, {n:,} places", ours, theirs)
        for z in (12, 14, 16):
            ours = timed(view_asker(place), boxes(z))
            theirs = timed(view_asker_without(engine), boxes(z))
            yield compared(f"access: map items in view z{z}, {n:,} places", ours, theirs)
        engine.dispose()
        yield from whole_application(place, n)


def superuser_engine(place: Crowd) -> Engine:
    dsn = place.cluster.dsn("postgres").replace("postgresql://", "postgresql+psycopg://", 1)
    options = {"prepare_threshold": 1, "options": "-c jit=off"}
    return create_engine(dsn, connect_args=options)


def compared(name: str, ours: Times, theirs: Times) -> dict[str, Any]:
    """CPU of the database process, since nothing is read from disk; the wait stands beside it."""
    more = {"p50": round(float(np.percentile(ours["cpu_ms"], 50)), 3)}
    more |= {"wait_p95_ms": p95(ours["ms"]), "peer_wait_p95_ms": p95(theirs["ms"])}
    unit = "ms in the database, p95 of CPU"
    return row(name, p95(ours["cpu_ms"]), unit, PEER, p95(theirs["cpu_ms"]), **more)


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


def timed(asker: Asker, asks: Sequence[Any]) -> Times:
    """Four to a transaction, for claims are good for seconds; one before them is not timed."""
    times: Times = {"ms": [], "cpu_ms": []}
    for at in range(0, len(asks), 4):
        with asker() as (pid, ask):
            ask(asks[at])
            for asked in asks[at : at + 4]:
                cpu, began = process_cpu_ms(pid), time.perf_counter()
                ask(asked)
                times["ms"].append((time.perf_counter() - began) * 1000)
                times["cpu_ms"].append(process_cpu_ms(pid) - cpu)
    return times


def tile_asker(place: Crowd) -> Asker:
    @contextmanager
    def asker() -> Iterator[Asking]:
        with place.db.cursor(place.person.actor, keep_plans=True) as cursor:
            yield cursor.connection.info.backend_pid, partial(tile, cursor)

    return asker


def tile_asker_without(admin: psycopg.Connection[Any]) -> Asker:
    @contextmanager
    def asker() -> Iterator[Asking]:
        with admin.cursor() as cursor:
            yield admin.info.backend_pid, partial(tile, cursor)

    return asker


def tile(cursor: psycopg.Cursor[Any], zxy: tuple[int, int, int]) -> bytes:
    return queries.tile(
        cursor,
        "places",
        queries.tile_parameters("places", zxy, EVERYTHING, PARTNERS),
        EVERYTHING,
    )


def view_asker(place: Crowd) -> Asker:
    @contextmanager
    def asker() -> Iterator[Asking]:
        with place.db.read(place.person.actor) as session:
            yield backend(session), partial(queries.in_box, session, EVERYTHING, PARTNERS)

    return asker


def view_asker_without(engine: Engine) -> Asker:
    @contextmanager
    def asker() -> Iterator[Asking]:
        with Session(engine) as session:
            yield backend(session), partial(queries.in_box, session, EVERYTHING, PARTNERS)

    return asker


def backend(session: Session) -> int:
    raw = session.connection().connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return int(raw.info.backend_pid)


def whole_application(place: Crowd, n: int) -> Iterator[dict[str, Any]]:
    """Through the real server with a signed-in session: sign-in check, claims, question, answer."""
    port = free_port()
    env = {"CONTEXTMAP_DATA_DIR": str(place.settings.data_dir), "CONTEXTMAP_DEMO": "0"}
    command = ["--factory", "app.main:app_from_env", "--no-server-header", "--no-proxy-headers"]
    cookie = f"{SESSION_COOKIE}={place.person.cookie}"
    with serving(command, port, "/healthz", env):
        for z in (12, 14, 16):
            around = [f"bbox={','.join(map(str, box))}&z={z}&totals=no" for box in boxes(z)]
            paths = {
                "places tile": [f"/tiles/places/{z}/{x}/{y}.pbf" for z, x, y in tiles(place, z)],
                "map items": [f"/map/items?{query}" for query in around],
                "map items with totals": [
                    f"/map/items?{q}".replace("totals=no", "totals=yes") for q in around
                ],
            }
            for what, asked in paths.items():
                if "totals" in what and z != 14:
                    continue
                load(port, asked[:20], cookie, connections=1)
                told = load(port, asked, cookie, connections=1)
                if set(told["statuses"]) - {"200", "204"}:
                    raise AssertionError(f"not every request was answered: {told['statuses']}")
                name = f"access: whole request, {what} z{z}, {n:,} places"
                yield row(
                    name, told["p95_ms"], "ms, p95", p50_ms=told["p50_ms"], kb=told["kb_mean"]
                )
